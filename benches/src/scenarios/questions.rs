//! The questions that can be asked about the members of the first space.

use roster_proto::v1 as pb;

use super::crowd::Crowd;
use crate::ids::user;
use crate::load::Run;
use crate::server::{Failed, admin_token, bearer, space};

/// How many are checked in a call.
pub const CHECKED: usize = 100;
/// How many are on a page.
pub const PAGE: i32 = 100;
/// So far apart are those that are asked about one after the other: everywhere, in no order.
const APART: usize = 7_919;
/// So many different checks there are.
const CHECKS: usize = 1_000;

/// Someone who may ask about everybody asks about each of so many members.
pub async fn look_up(
    crowd: &Crowd,
    callers: usize,
    operations: usize,
    members: usize,
) -> Result<Run, Failed> {
    let bearer = bearer(&admin_token()?);
    let message =
        |n| pb::GetMembershipRequest { space: space(1), user: user(n * APART % members), at: None };
    crowd.all_as(&bearer, callers, operations, message).await
}

/// Users ask about themselves.
pub async fn look_up_own(crowd: &Crowd, callers: usize, operations: usize) -> Result<Run, Failed> {
    let message = || pb::GetMembershipRequest { space: space(1), ..Default::default() };
    crowd.each(callers, operations, |n| (n * APART, message())).await
}

/// Each call asks about a hundred of so many members. The same hundreds as in `fill_keys.sql`.
pub async fn check(
    crowd: &Crowd,
    callers: usize,
    operations: usize,
    members: usize,
) -> Result<Run, Failed> {
    let bearer = bearer(&admin_token()?);
    let key =
        |n| pb::MembershipKey { space: space(1), user: user(n % members), ..Default::default() };
    // Made beforehand: an id takes longer to make than to send.
    let messages = (0..operations.min(CHECKS)).map(|n| pb::CheckMembershipsRequest {
        keys: (0..CHECKED).map(|i| key(n * APART + i * 613)).collect(),
    });
    let messages: Vec<_> = messages.collect();
    crowd.all_as(&bearer, callers, operations, |n| messages[n % CHECKS].clone()).await
}

/// The page of members that this token stands for; the first if it is empty.
pub async fn list(
    crowd: &Crowd,
    callers: usize,
    operations: usize,
    page_token: &str,
) -> Result<Run, Failed> {
    let bearer = bearer(&admin_token()?);
    crowd.all_as(&bearer, callers, operations, |_| page(page_token.into(), PAGE)).await
}

/// A request for a page of members.
pub fn page(page_token: String, page_size: i32) -> pb::ListMembershipsRequest {
    pb::ListMembershipsRequest { space: space(1), page_size, page_token, ..Default::default() }
}

/// Users ask for their own spaces.
pub async fn my_spaces(crowd: &Crowd, callers: usize, operations: usize) -> Result<Run, Failed> {
    let call = |n| (n * APART, pb::ListUserSpacesRequest::default());
    crowd.each(callers, operations, call).await
}
