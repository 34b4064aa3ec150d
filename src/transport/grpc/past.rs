//! What was, and what happened to one user. A page token is bound to the query that made it.

use super::lists::{check_after_sequence, page_size, unreadable};
use super::parse::source_time;
use super::{Api, parse, pb, render};
use crate::domain::sight::told_to_subject;
use crate::domain::{Event, SourceTime, SpaceName, UserId};
use crate::service::{Call, Moment, PastMembers, UserEvents};
use crate::transport::error::{Failure, Problem, expected};

/// Reads a moment that may be left out.
pub fn moment(at: Option<pb::Moment>) -> Result<Option<Moment>, Failure> {
    use pb::moment::ToldBy;
    let Some(at) = at else { return Ok(None) };
    let told_by = at.told_by.ok_or_else(|| Failure::field("at", Problem::Required))?;
    Ok(Some(match told_by {
        ToldBy::Sequence(number) if number > 0 => Moment::Sequence(number),
        ToldBy::Sequence(_) => {
            let expected = Problem::Expected(expected::PAST_SEQUENCE);
            return Err(Failure::field("at.sequence", expected));
        }
        ToldBy::Time(time) => Moment::Time(SourceTime::millis(source_time("at.time", time)?)),
    }))
}

pub async fn memberships(
    api: &Api,
    call: &Call,
    message: pb::ListMembershipsRequest,
    at: Moment,
) -> Result<pb::ListMembershipsResponse, Failure> {
    let space = parse::space_name("space", &message.space)?;
    let statuses = parse::statuses(&message.statuses)?;
    let limit = page_size(message.page_size)?;
    let attendance = parse::optional_attendance(message.attendance)?;
    let query = format!("ListMemberships {space} {statuses:?} {attendance:?} {at:?}");
    // Later pages are of the same number, whatever comes to be known of the time.
    let after = match api.pages.open(&query, &message.page_token)? {
        None => None,
        Some(cursor) => {
            let (number, user) = cursor.split_once('/').ok_or_else(unreadable)?;
            let number = number.parse().map_err(|_| unreadable())?;
            Some((number, UserId::parse(user).map_err(|_| unreadable())?))
        }
    };
    let wanted = PastMembers { statuses, attendance, after, limit };
    let (number, page) = api.service.list_past_memberships(call, &space, at, wanted).await?;
    let next_page_token = page.next.map(|user| api.pages.seal(&query, &format!("{number}/{user}")));
    Ok(pb::ListMembershipsResponse {
        next_page_token: next_page_token.unwrap_or_default(),
        memberships: page.items.into_iter().map(render::membership).collect(),
    })
}

pub async fn user_events(
    api: &Api,
    call: &Call,
    message: pb::ListMembershipEventsRequest,
    user: UserId,
) -> Result<pb::ListMembershipEventsResponse, Failure> {
    check_after_sequence(&message)?;
    let limit = page_size(message.page_size)?;
    let space = match message.space.as_str() {
        "" if message.after_sequence > 0 => {
            return Err(Failure::field("after_sequence", Problem::Contradictory));
        }
        "" => None,
        name => Some(parse::space_name("space", name)?),
    };
    let query = format!("ListMembershipEvents {space:?} of {user}");
    let after = api.pages.open(&query, &message.page_token)?;
    let after = after.map(|cursor| event_key(&cursor).ok_or_else(unreadable)).transpose()?;
    let UserEvents { page, are_own } = match &space {
        Some(space) => {
            let after = after.map_or(message.after_sequence, |(_, number)| number);
            api.service.list_user_events_in(call, space, &user, after, limit).await?
        }
        None => api.service.list_user_events(call, user, after, limit).await?,
    };
    let last = page.items.last().filter(|_| page.more);
    let next_page_token =
        last.map(|event| api.pages.seal(&query, &format!("{} {}", event.space, event.seq)));
    let shown = |event| if are_own { own_event(event) } else { render::event(event) };
    Ok(pb::ListMembershipEventsResponse {
        next_page_token: next_page_token.unwrap_or_default(),
        events: page.items.into_iter().map(shown).collect(),
    })
}

fn event_key(cursor: &str) -> Option<(SpaceName, i64)> {
    let (space, number) = cursor.split_once(' ')?;
    Some((SpaceName::parse(space).ok()?, number.parse().ok()?))
}

/// An event as the user sees it to whom it happened.
fn own_event(event: Event) -> pb::MembershipEvent {
    let (event, names_actor) = told_to_subject(event);
    let mut shown = render::event(event);
    if !names_actor {
        shown.actor.clear();
    }
    shown
}
