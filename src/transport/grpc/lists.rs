//! The paged questions. A page token is bound to the query that made it.

use super::{Api, parse, pb, render};
use crate::domain::{Kind, SpaceName, UserId};
use crate::service::{
    AllSpacesQuery, Call, MemberCursor, MemberQuery, PeopleCursor, PeopleQuery, UserSpaces,
};
use crate::transport::error::{Failure, Problem, expected};

const DEFAULT_PAGE: u64 = 50;
const MAX_PAGE: u64 = 1_000;

pub(super) fn page_size(asked: i32) -> Result<u64, Failure> {
    match u64::try_from(asked) {
        Ok(0) => Ok(DEFAULT_PAGE),
        Ok(size) => Ok(size.min(MAX_PAGE)),
        Err(_) => Err(Failure::field("page_size", Problem::Expected(expected::NOT_NEGATIVE))),
    }
}

/// A cursor that we signed but cannot read is from another version of this program.
pub(super) fn unreadable() -> Failure {
    Failure::field("page_token", Problem::Expected(expected::PAGE_TOKEN))
}

fn collection(word: &str) -> Result<Option<Kind>, Failure> {
    let unknown = || Failure::field("collection", Problem::InvalidChoice);
    if word.is_empty() { Ok(None) } else { Kind::from_word(word).ok_or_else(unknown).map(Some) }
}

pub async fn all_spaces(
    api: &Api,
    call: &Call,
    message: pb::ListSpacesRequest,
) -> Result<pb::ListSpacesResponse, Failure> {
    let kind = collection(&message.collection)?;
    let privacy = parse::optional_privacy(message.privacy)?;
    let creator = parse::optional_user("creator", &message.creator)?;
    let limit = page_size(message.page_size)?;
    let search = parse::search("search", message.search)?;
    let since =
        message.created_since.map(|time| parse::moment_from("created_since", time)).transpose()?;
    let query = format!("ListSpaces {kind:?} {privacy:?} {creator:?} {search:?} {since:?}");
    let after = api.pages.open(&query, &message.page_token)?;
    let after = after.map(|name| SpaceName::parse(&name).map_err(|_| unreadable())).transpose()?;
    let wanted =
        AllSpacesQuery { kind, privacy, creator, search, created_since: since, after, limit };
    let page = api.service.list_spaces(call, wanted).await?;
    let last = page.items.last().filter(|_| page.more);
    let next_page_token = last.map(|(space, _)| api.pages.seal(&query, space.name.as_str()));
    let shown = |(space, content)| render::space(&space, &content, true);
    Ok(pb::ListSpacesResponse {
        next_page_token: next_page_token.unwrap_or_default(),
        spaces: page.items.into_iter().map(shown).collect(),
    })
}

pub async fn people(
    api: &Api,
    call: &Call,
    message: pb::ListUsersRequest,
) -> Result<pb::ListUsersResponse, Failure> {
    let search = parse::search("search", message.search)?;
    let limit = page_size(message.page_size)?;
    let query = format!("ListUsers {search:?}");
    let after = match api.pages.open(&query, &message.page_token)? {
        Some(cursor) => {
            let (word, user) = cursor.split_once('/').ok_or_else(unreadable)?;
            PeopleCursor { word: word.into(), user: user.into() }
        }
        None => PeopleCursor::default(),
    };
    let wanted = PeopleQuery { search, after, limit, ..PeopleQuery::default() };
    let page = api.service.list_people(call, wanted).await?;
    let last = page.items.last().filter(|_| page.more).map(|found| &found.cursor);
    // Neither a word nor an id has a slash.
    let next_page_token =
        last.map(|PeopleCursor { word, user }| api.pages.seal(&query, &format!("{word}/{user}")));
    Ok(pb::ListUsersResponse {
        next_page_token: next_page_token.unwrap_or_default(),
        people: page.items.into_iter().map(|found| render::person(found.person)).collect(),
    })
}

pub async fn memberships(
    api: &Api,
    call: &Call,
    message: pb::ListMembershipsRequest,
) -> Result<pb::ListMembershipsResponse, Failure> {
    let space = parse::space_name("space", &message.space)?;
    let statuses = parse::statuses(&message.statuses)?;
    let limit = page_size(message.page_size)?;
    let attendance = parse::optional_attendance(message.attendance)?;
    let query = format!("ListMemberships {space} {statuses:?} {attendance:?}");
    let after = api.pages.open(&query, &message.page_token)?;
    let after = after.map(|user| UserId::parse(&user).map_err(|_| unreadable())).transpose()?;
    let after = after.map(|user| MemberCursor { since: 0, user });
    let wanted = MemberQuery { statuses, attendance, after, limit, ..MemberQuery::default() };
    let page = api.service.list_memberships(call, &space, wanted).await?;
    let last = page.items.last().filter(|_| page.more);
    let next_page_token = last.map(|m| api.pages.seal(&query, m.user.as_str()));
    Ok(pb::ListMembershipsResponse {
        next_page_token: next_page_token.unwrap_or_default(),
        memberships: page.items.into_iter().map(render::membership).collect(),
    })
}

pub async fn user_spaces(
    api: &Api,
    call: &Call,
    message: pb::ListUserSpacesRequest,
) -> Result<pb::ListUserSpacesResponse, Failure> {
    let user = parse::optional_user("user", &message.user)?;
    let kind = collection(&message.collection)?;
    let statuses = parse::statuses(&message.statuses)?;
    let limit = page_size(message.page_size)?;
    let of = user.as_ref().or(call.actor.user());
    let query = format!("ListUserSpaces {of:?} {kind:?} {statuses:?}");
    let after = api.pages.open(&query, &message.page_token)?;
    let after = after.map(|name| SpaceName::parse(&name).map_err(|_| unreadable())).transpose()?;
    let wanted = UserSpaces { kind, statuses };
    let page = api.service.list_user_spaces(call, user, wanted, after, limit).await?;
    let last = page.items.last().filter(|_| page.more);
    let next_page_token = last.map(|listed| api.pages.seal(&query, listed.space.name.as_str()));
    Ok(pb::ListUserSpacesResponse {
        next_page_token: next_page_token.unwrap_or_default(),
        spaces: page.items.into_iter().map(render::user_space).collect(),
    })
}

/// The number after which a history goes on, which a page token says too.
pub(super) fn check_after_sequence(
    message: &pb::ListMembershipEventsRequest,
) -> Result<(), Failure> {
    if message.after_sequence < 0 {
        return Err(Failure::field("after_sequence", Problem::Expected(expected::NOT_NEGATIVE)));
    }
    if message.after_sequence > 0 && !message.page_token.is_empty() {
        return Err(Failure::field("after_sequence", Problem::Contradictory));
    }
    Ok(())
}

pub async fn membership_events(
    api: &Api,
    call: &Call,
    message: pb::ListMembershipEventsRequest,
) -> Result<pb::ListMembershipEventsResponse, Failure> {
    let space = parse::space_name("space", &message.space)?;
    check_after_sequence(&message)?;
    let limit = page_size(message.page_size)?;
    let query = format!("ListMembershipEvents {space}");
    let after = match api.pages.open(&query, &message.page_token)? {
        Some(sequence) => sequence.parse().map_err(|_| unreadable())?,
        None => message.after_sequence,
    };
    let page = api.service.list_events(call, &space, after, limit).await?;
    let last = page.items.last().filter(|_| page.more);
    let next_page_token = last.map(|event| api.pages.seal(&query, &event.seq.to_string()));
    Ok(pb::ListMembershipEventsResponse {
        next_page_token: next_page_token.unwrap_or_default(),
        events: page.items.into_iter().map(render::event).collect(),
    })
}
