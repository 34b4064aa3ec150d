//! Invite links over gRPC.

use roster_proto::v1 as pb;
use roster_proto::v1::invite_link_service_client::InviteLinkServiceClient;
use tonic::transport::Channel;

use super::grpc::{Answer, Grpc, of, of_service, reason_of};

/// A link of a space that makes members, without an end.
pub fn new_link(space: &str) -> pb::CreateInviteLinkRequest {
    pb::CreateInviteLinkRequest { space: space.into(), ..Default::default() }
}

/// The same for so many uses.
pub fn link_for(space: &str, uses: i64) -> pb::CreateInviteLinkRequest {
    pb::CreateInviteLinkRequest { max_uses: Some(uses), ..new_link(space) }
}

impl Grpc {
    pub fn links(&self) -> InviteLinkServiceClient<Channel> {
        InviteLinkServiceClient::new(self.channel.clone())
    }

    /// Makes a link, and tells its number and its secret.
    pub async fn create_link(
        &self,
        by: &str,
        new: pb::CreateInviteLinkRequest,
    ) -> Result<(i64, String), String> {
        let made = self.links().create_invite_link(of(by, new)).await;
        let made = made.map_err(|status| reason_of(&status))?.into_inner();
        Ok((made.link.unwrap().id, made.secret))
    }

    /// Ends a link, and says whether that changed anything.
    pub async fn revoke_link(&self, by: &str, space: &str, id: i64) -> Result<bool, String> {
        let message = pb::RevokeInviteLinkRequest { space: space.into(), id, ..Default::default() };
        let revoked = self.links().revoke_invite_link(of(by, message)).await;
        revoked.map(|done| done.into_inner().changed).map_err(|status| reason_of(&status))
    }

    /// All links of a space, as a service sees them.
    pub async fn all_links(&self, space: &str) -> Vec<pb::InviteLink> {
        let message = pb::ListInviteLinksRequest {
            space: space.into(),
            page_size: 1_000,
            ..Default::default()
        };
        self.links().list_invite_links(of_service(message)).await.unwrap().into_inner().links
    }

    /// One of them.
    pub async fn link(&self, space: &str, id: i64) -> pb::InviteLink {
        self.all_links(space).await.into_iter().find(|link| link.id == id).unwrap()
    }

    /// Joins by a link.
    pub async fn join_by(&self, user: &str, space: &str, link: &str) -> Answer {
        let message = pb::JoinOrAcceptInviteRequest {
            space: space.into(),
            link: link.into(),
            ..Default::default()
        };
        let answered = self.memberships.clone().join_or_accept_invite(of(user, message)).await;
        let membership = answered.map(|a| a.into_inner().membership.unwrap());
        membership.map(|membership| membership.status()).map_err(|status| reason_of(&status))
    }
}
