//! `ErasureService`: forgetting users.

use tonic::{Request, Response, Status};

use super::{Api, parse, pb};
use crate::domain;
use crate::service::Impact;
use crate::transport::error::{Failure, Problem, expected};

const DEFAULT_STEP: u64 = 100;
const MAX_STEP: u64 = 1_000;

#[tonic::async_trait]
impl pb::erasure_service_server::ErasureService for Api {
    async fn erase_user(
        &self,
        request: Request<pb::EraseUserRequest>,
    ) -> Result<Response<pb::EraseUserResponse>, Status> {
        let call = self.admit(&request)?;
        let message = request.get_ref();
        let user = parse::user("user", &message.user)?;
        let successor = parse::optional_user("successor", &message.successor)?;
        if successor.as_ref() == Some(&user) {
            return Err(Failure::field("successor", Problem::Contradictory).into());
        }
        let limit = match u64::try_from(message.page_size) {
            Ok(0) => DEFAULT_STEP,
            Ok(size) => size.min(MAX_STEP),
            Err(_) => {
                let problem = Problem::Expected(expected::NOT_NEGATIVE);
                return Err(Failure::field("page_size", problem).into());
            }
        };
        if message.validate_only {
            let impact = self.service.preview_erasure(&call, &user).await;
            let impact = Some(told(impact.map_err(Failure::from)?));
            return Ok(self.answer(pb::EraseUserResponse { impact, ..Default::default() }));
        }
        let step = self.service.erase_user(&call, &user, successor, limit).await;
        let step = step.map_err(Failure::from)?;
        let small = |count| i32::try_from(count).unwrap_or(i32::MAX);
        Ok(self.answer(pb::EraseUserResponse {
            impact: None,
            space_count: small(step.spaces),
            inherited_count: small(step.inherited),
            archived_count: small(step.archived),
            done: step.is_done,
        }))
    }
}

fn told(impact: Impact) -> pb::ErasureImpact {
    let of = |status| {
        let found = impact.memberships.iter().filter(|(its, _)| *its == status);
        found.map(|(_, count)| count).sum()
    };
    pb::ErasureImpact {
        space_count: impact.spaces,
        creator_count: of(domain::Status::Creator),
        manager_count: of(domain::Status::Manager),
        member_count: of(domain::Status::Member),
        invited_count: of(domain::Status::Invited),
        requested_count: of(domain::Status::Requested),
        blocked_count: of(domain::Status::Blocked),
        waitlisted_count: of(domain::Status::Waitlisted),
        sent_invitation_count: impact.sent_invitations,
        subject_event_count: impact.subject_events,
        actor_event_count: impact.actor_events,
        person: impact.has_person,
    }
}
