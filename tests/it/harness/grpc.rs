//! The gRPC surface, with the least ceremony.

use roster_proto::v1::membership_service_client::MembershipServiceClient;
use roster_proto::v1::people_service_client::PeopleServiceClient;
use roster_proto::v1::space_service_client::SpaceServiceClient;
use roster_proto::v1::{self as pb, MembershipStatus, Privacy};
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};
use tonic_types::StatusExt;

use super::App;
use super::app::{admin_token, token};

/// A client that speaks for any user.
#[derive(Clone)]
pub struct Grpc {
    pub channel: Channel,
    pub memberships: MembershipServiceClient<Channel>,
    pub spaces: SpaceServiceClient<Channel>,
    pub people: PeopleServiceClient<Channel>,
}

/// The status after a call, or the reason of its refusal.
pub type Answer = Result<MembershipStatus, String>;

/// A message with this token.
pub fn with_token<T>(token: &str, message: T) -> Request<T> {
    let mut request = Request::new(message);
    let value = format!("Bearer {token}").parse().unwrap();
    request.metadata_mut().insert("authorization", value);
    request
}

/// A message of this user.
pub fn of<T>(user: &str, message: T) -> Request<T> {
    with_token(&token(user), message)
}

/// A message of a service.
pub fn of_service<T>(message: T) -> Request<T> {
    with_token(&admin_token(), message)
}

/// The reason that a refusal carries.
pub fn reason_of(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map_or_else(|| format!("no ErrorInfo: {status:?}"), |info| info.reason)
}

fn answer(membership: Option<pb::Membership>) -> MembershipStatus {
    membership.unwrap().status()
}

impl Grpc {
    pub async fn connect(app: &App) -> Self {
        let endpoint = Endpoint::from_shared(format!("http://{}", app.grpc)).unwrap();
        let channel = endpoint.connect().await.unwrap();
        Self {
            memberships: MembershipServiceClient::new(channel.clone()),
            spaces: SpaceServiceClient::new(channel.clone()),
            people: PeopleServiceClient::new(channel.clone()),
            channel,
        }
    }

    /// Makes a space whose creator is `ada`, or `1` where users are numbers.
    pub async fn create(&self, name: &str, privacy: Privacy, creator: &str, seats: Option<i64>) {
        let message = pb::CreateSpaceRequest {
            name: name.into(),
            privacy: privacy.into(),
            creator: creator.into(),
            capacity: seats,
            ..Default::default()
        };
        self.spaces.clone().create_space(of_service(message)).await.unwrap();
    }

    pub async fn join(&self, user: &str, space: &str) -> Answer {
        let message = pb::JoinOrAcceptInviteRequest { space: space.into(), ..Default::default() };
        let answered = self.memberships.clone().join_or_accept_invite(of(user, message)).await;
        answered.map(|a| answer(a.into_inner().membership)).map_err(|s| reason_of(&s))
    }

    pub async fn leave(&self, user: &str, space: &str) -> Answer {
        self.remove(user, space, "").await
    }

    pub async fn remove(&self, by: &str, space: &str, user: &str) -> Answer {
        let message = pb::LeaveOrRemoveRequestRequest {
            space: space.into(),
            user: user.into(),
            ..Default::default()
        };
        let answered = self.memberships.clone().leave_or_remove_request(of(by, message)).await;
        answered.map(|a| answer(a.into_inner().membership)).map_err(|s| reason_of(&s))
    }

    pub async fn invite(&self, by: &str, space: &str, users: &[&str]) -> Result<(), String> {
        let users = users.iter().map(ToString::to_string).collect();
        let message =
            pb::InviteOrAcceptUsersRequest { space: space.into(), users, ..Default::default() };
        let answered = self.memberships.clone().invite_or_accept_users(of(by, message)).await;
        answered.map(|_| ()).map_err(|s| reason_of(&s))
    }

    pub async fn remove_invitations(
        &self,
        by: &str,
        space: &str,
        users: &[&str],
    ) -> Result<(), String> {
        let users = users.iter().map(ToString::to_string).collect();
        let message =
            pb::RemoveInvitationsRequest { space: space.into(), users, ..Default::default() };
        let answered = self.memberships.clone().remove_invitations(of(by, message)).await;
        answered.map(|_| ()).map_err(|s| reason_of(&s))
    }

    pub async fn add(&self, by: &str, space: &str, users: &[&str]) -> Result<(), String> {
        let users = users.iter().map(ToString::to_string).collect();
        let message = pb::AddUsersRequest { space: space.into(), users, ..Default::default() };
        let answered = self.memberships.clone().add_users(of(by, message)).await;
        answered.map(|_| ()).map_err(|s| reason_of(&s))
    }

    pub async fn change_roles(
        &self,
        by: &str,
        space: &str,
        managers: &[&str],
        members: &[&str],
        removed: &[&str],
    ) -> Result<(), String> {
        let list = |users: &[&str]| users.iter().map(ToString::to_string).collect();
        let message = pb::ChangeRolesRequest {
            space: space.into(),
            managers: list(managers),
            members: list(members),
            removed: list(removed),
            ..Default::default()
        };
        let answered = self.memberships.clone().change_roles(of(by, message)).await;
        answered.map(|_| ()).map_err(|s| reason_of(&s))
    }

    pub async fn block(&self, by: &str, space: &str, user: &str) -> Result<(), String> {
        let message = pb::BlockUsersRequest {
            space: space.into(),
            users: vec![user.to_owned()],
            ..Default::default()
        };
        let answered = self.memberships.clone().block_users(of(by, message)).await;
        answered.map(|_| ()).map_err(|s| reason_of(&s))
    }

    pub async fn unblock(&self, by: &str, space: &str, user: &str) -> Result<(), String> {
        let message = pb::UnblockUsersRequest {
            space: space.into(),
            users: vec![user.to_owned()],
            ..Default::default()
        };
        let answered = self.memberships.clone().unblock_users(of(by, message)).await;
        answered.map(|_| ()).map_err(|s| reason_of(&s))
    }

    pub async fn transfer(&self, by: &str, space: &str, user: &str) -> Answer {
        let message = pb::TransferOwnershipRequest {
            space: space.into(),
            user: user.into(),
            ..Default::default()
        };
        let answered = self.memberships.clone().transfer_ownership(of(by, message)).await;
        answered.map(|a| answer(a.into_inner().membership)).map_err(|s| reason_of(&s))
    }

    /// Says whether these users go, or the caller.
    pub async fn attend(
        &self,
        by: &str,
        space: &str,
        users: &[&str],
        attendance: pb::Attendance,
    ) -> Result<Vec<pb::MembershipResult>, String> {
        let users = users.iter().map(ToString::to_string).collect();
        let attendance = attendance.into();
        let message = pb::SetAttendanceRequest {
            space: space.into(),
            users,
            attendance,
            ..Default::default()
        };
        let answered = self.memberships.clone().set_attendance(of(by, message)).await;
        answered.map(|a| a.into_inner().results).map_err(|s| reason_of(&s))
    }

    /// What a user is to a space, as a service sees it.
    pub async fn status(&self, space: &str, user: &str) -> MembershipStatus {
        self.membership(space, user).await.status()
    }

    /// The same with all that is known of it.
    pub async fn membership(&self, space: &str, user: &str) -> pb::Membership {
        let message = pb::GetMembershipRequest { space: space.into(), user: user.into(), at: None };
        let answered = self.memberships.clone().get_membership(of_service(message)).await;
        answered.unwrap().into_inner().membership.unwrap()
    }

    pub async fn space(&self, name: &str) -> pb::Space {
        let message = pb::GetSpaceRequest { name: name.into(), ..Default::default() };
        let answered = self.spaces.clone().get_space(of_service(message)).await;
        answered.unwrap().into_inner().space.unwrap()
    }

    /// The whole history of a space.
    pub async fn events(&self, space: &str) -> Vec<pb::MembershipEvent> {
        let mut events: Vec<pb::MembershipEvent> = Vec::new();
        loop {
            let message = pb::ListMembershipEventsRequest {
                space: space.into(),
                after_sequence: events.last().map_or(0, |event| event.sequence),
                page_size: 1000,
                ..Default::default()
            };
            let mut memberships = self.memberships.clone();
            let answered = memberships.list_membership_events(of_service(message)).await;
            let page = answered.unwrap().into_inner();
            events.extend(page.events);
            if page.next_page_token.is_empty() {
                return events;
            }
        }
    }

    /// Everybody with one of these statuses.
    pub async fn list(&self, space: &str, statuses: &[MembershipStatus]) -> Vec<pb::Membership> {
        let message = pb::ListMembershipsRequest {
            space: space.into(),
            statuses: statuses.iter().map(|status| (*status).into()).collect(),
            page_size: 1000,
            ..Default::default()
        };
        let answered = self.memberships.clone().list_memberships(of_service(message)).await;
        answered.unwrap().into_inner().memberships
    }
}
