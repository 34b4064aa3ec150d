//! `InviteLinkService`.

use tonic::{Request, Response, Status};

use super::lists::{page_size, unreadable};
use super::{Api, parse, pb, render};
use crate::domain::{Grant, Until, Uses};
use crate::service::{LinkOutcome, LinkTerms, MadeLink};
use crate::transport::error::{Failure, Problem, expected};

type Answer<T> = Result<Response<T>, Status>;

/// Reads what a link does. Nothing said is a member's seat.
fn grant(number: i32) -> Result<Grant, Failure> {
    match pb::InviteLinkGrant::try_from(number) {
        Ok(pb::InviteLinkGrant::Unspecified | pb::InviteLinkGrant::Member) => Ok(Grant::Member),
        Ok(pb::InviteLinkGrant::Manager) => Ok(Grant::Manager),
        Ok(pb::InviteLinkGrant::Request) => Ok(Grant::Request),
        Err(_) => Err(Failure::field("grant", Problem::InvalidChoice)),
    }
}

fn max_uses(uses: i64) -> Result<Uses, Failure> {
    let invalid = || Failure::field("max_uses", Problem::Expected(expected::USES));
    Uses::new(uses).ok_or_else(invalid)
}

#[tonic::async_trait]
impl pb::invite_link_service_server::InviteLinkService for Api {
    async fn create_invite_link(
        &self,
        request: Request<pb::CreateInviteLinkRequest>,
    ) -> Answer<pb::CreateInviteLinkResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let now = self.service.now();
        let until = match parse::until(message.until, now)? {
            Until::At(until) => Some(until),
            Until::Unsaid | Until::Never | Until::For(_) => None,
        };
        let grant = grant(message.grant)?;
        let max_uses = message.max_uses.map(max_uses).transpose()?;
        let terms = LinkTerms { grant, until, max_uses };
        let options = parse::options(message.validate_only, None);
        self.limits.count_users(&call.caller, 1)?;
        let made = self.service.create_link(&call, space.clone(), terms, options).await;
        let MadeLink { link, secret } = made.map_err(Failure::from)?;
        let link = Some(render::invite_link(&space, &link, now));
        let secret = secret.unwrap_or_default();
        Ok(self.answer(pb::CreateInviteLinkResponse { link, secret }))
    }

    async fn list_invite_links(
        &self,
        request: Request<pb::ListInviteLinksRequest>,
    ) -> Answer<pb::ListInviteLinksResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        let limit = page_size(message.page_size)?;
        let query = format!("ListInviteLinks {space}");
        let after = self.pages.open(&query, &message.page_token)?;
        let after = after.map(|id| id.parse().map_err(|_| unreadable())).transpose()?;
        let page = self.service.list_links(&call, &space, after.unwrap_or_default(), limit).await;
        let page = page.map_err(Failure::from)?;
        let last = page.items.last().filter(|_| page.more);
        let next_page_token = last.map(|link| self.pages.seal(&query, &link.id.to_string()));
        let now = self.service.now();
        let links = page.items.iter().map(|link| render::invite_link(&space, link, now)).collect();
        let next_page_token = next_page_token.unwrap_or_default();
        Ok(self.answer(pb::ListInviteLinksResponse { links, next_page_token }))
    }

    async fn revoke_invite_link(
        &self,
        request: Request<pb::RevokeInviteLinkRequest>,
    ) -> Answer<pb::RevokeInviteLinkResponse> {
        let call = self.admit(&request)?;
        let message = request.into_inner();
        let space = parse::space_name("space", &message.space)?;
        if message.id < 1 {
            return Err(Failure::field("id", Problem::Expected(expected::POSITIVE)).into());
        }
        let options = parse::options(message.validate_only, None);
        self.limits.count_users(&call.caller, 1)?;
        let revoked = self.service.revoke_link(&call, space.clone(), message.id, options).await;
        let LinkOutcome { link, changed } = revoked.map_err(Failure::from)?;
        let link = Some(render::invite_link(&space, &link, self.service.now()));
        Ok(self.answer(pb::RevokeInviteLinkResponse { link, changed }))
    }
}
