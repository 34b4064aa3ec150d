//! `ModerationService`: many users at once, found by a filter.

use std::fmt::Display;

use prost_types::Timestamp;
use tonic::{Request, Response, Status};

use super::lists::unreadable;
use super::parse::source_time;
use super::{Api, parse, pb};
use crate::domain::{SourceTime, Sweep, UserId, Users};
use crate::service::{Call, SweepQuery, Swept};
use crate::transport::error::{Failure, Problem, expected};

type Answer<T> = Result<Response<T>, Status>;

/// What all three calls need to know.
struct Step<'a> {
    sweep: Sweep,
    space: &'a str,
    prefix: &'a str,
    before: Option<(&'static str, Timestamp)>,
    page_size: i32,
    page_token: &'a str,
}

/// What all three answer.
struct Stepped {
    changed_count: i32,
    next_page_token: String,
    full: bool,
}

impl Api {
    async fn step(&self, call: &Call, step: Step<'_>) -> Result<Stepped, Failure> {
        let space = parse::space_name("space", step.space)?;
        let prefix = prefix("user_prefix", step.prefix)?;
        let time = |(field, time)| source_time(field, time).map(SourceTime::millis);
        let before = step.before.map(time).transpose()?;
        let limit = page_size(step.page_size)?;
        let query = format!("{} {space} {prefix} {before:?}", step.sweep);
        let after = self.pages.open(&query, step.page_token)?;
        let after = after.map(|user| UserId::parse(&user).map_err(|_| unreadable())).transpose()?;
        self.limits.count_users(&call.caller, limit)?;
        let wanted = SweepQuery { sweep: step.sweep, prefix, before, after, limit: limit as u64 };
        let Swept { changed, next, is_full } = self.service.moderate(call, &space, wanted).await?;
        Ok(Stepped {
            changed_count: i32::try_from(changed).unwrap_or(i32::MAX),
            next_page_token: next
                .map(|user| self.pages.seal(&query, user.as_str()))
                .unwrap_or_default(),
            full: is_full,
        })
    }
}

/// Reads how many users a step is about at most.
fn page_size(asked: i32) -> Result<usize, Failure> {
    match usize::try_from(asked) {
        Ok(0) => Ok(Users::MAX),
        Ok(size) => Ok(size.min(Users::MAX)),
        Err(_) => Err(Failure::field("page_size", Problem::Expected(expected::NOT_NEGATIVE))),
    }
}

/// Reads the beginning of a user id, which may be left out.
fn prefix(field: impl Display, text: &str) -> Result<String, Failure> {
    let is_one = text.is_empty() || UserId::parse(text).is_ok();
    let wrong = || Failure::field(field, Problem::Expected(expected::USER_PREFIX));
    if is_one { Ok(text.to_owned()) } else { Err(wrong()) }
}

#[tonic::async_trait]
impl pb::moderation_service_server::ModerationService for Api {
    async fn accept_requests(
        &self,
        request: Request<pb::AcceptRequestsRequest>,
    ) -> Answer<pb::AcceptRequestsResponse> {
        let call = self.admit(&request)?;
        let message = request.get_ref();
        let step = Step {
            sweep: Sweep::AcceptRequests,
            space: &message.space,
            prefix: &message.user_prefix,
            before: message.requested_before.map(|time| ("requested_before", time)),
            page_size: message.page_size,
            page_token: &message.page_token,
        };
        let Stepped { changed_count, next_page_token, full } = self.step(&call, step).await?;
        Ok(self.answer(pb::AcceptRequestsResponse { changed_count, next_page_token, full }))
    }

    async fn reject_requests(
        &self,
        request: Request<pb::RejectRequestsRequest>,
    ) -> Answer<pb::RejectRequestsResponse> {
        let call = self.admit(&request)?;
        let message = request.get_ref();
        let step = Step {
            sweep: Sweep::RejectRequests,
            space: &message.space,
            prefix: &message.user_prefix,
            before: message.requested_before.map(|time| ("requested_before", time)),
            page_size: message.page_size,
            page_token: &message.page_token,
        };
        let Stepped { changed_count, next_page_token, .. } = self.step(&call, step).await?;
        Ok(self.answer(pb::RejectRequestsResponse { changed_count, next_page_token }))
    }

    async fn remove_members(
        &self,
        request: Request<pb::RemoveMembersRequest>,
    ) -> Answer<pb::RemoveMembersResponse> {
        let call = self.admit(&request)?;
        let message = request.get_ref();
        let step = Step {
            sweep: Sweep::RemoveMembers,
            space: &message.space,
            prefix: &message.user_prefix,
            before: message.joined_before.map(|time| ("joined_before", time)),
            page_size: message.page_size,
            page_token: &message.page_token,
        };
        let Stepped { changed_count, next_page_token, .. } = self.step(&call, step).await?;
        Ok(self.answer(pb::RemoveMembersResponse { changed_count, next_page_token }))
    }
}
