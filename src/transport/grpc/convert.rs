//! Between messages and domain values. What comes in is parsed here, once.

use std::fmt::Display;

use prost_types::Timestamp;

use super::{attributes, pb};
use crate::domain::{
    Contribution, Event, EventName, Kind, Membership, Millis, NewSpace, Privacy, Space, SpaceName,
    SpacePatch, Status, UserId, Users, UsersError,
};
use crate::service::{ListedSpace, Target, TargetOutcome};
use crate::transport::error::{Failure, Problem};

const MAX_DISPLAY_NAME: usize = 255;

/// Reads a required resource name.
pub fn space_name(field: impl Display, text: &str) -> Result<SpaceName, Failure> {
    required(&field, text)?;
    SpaceName::parse(text).map_err(|_| Failure::field(field, Problem::Invalid))
}

/// Reads a required community id.
pub fn community(text: &str) -> Result<SpaceName, Failure> {
    required("community_id", text)?;
    let name = SpaceName::of(Kind::Community, text);
    name.map_err(|_| Failure::field("community_id", Problem::Invalid))
}

/// Reads a required user id.
pub fn user(field: impl Display, text: &str) -> Result<UserId, Failure> {
    required(&field, text)?;
    UserId::parse(text).map_err(|_| Failure::field(field, Problem::Invalid))
}

/// Reads a user id that may be left out.
pub fn optional_user(field: impl Display, text: &str) -> Result<Option<UserId>, Failure> {
    if text.is_empty() { Ok(None) } else { user(field, text).map(Some) }
}

/// Reads user ids; says which one is wrong.
pub fn user_ids(field: &str, texts: &[String]) -> Result<Vec<UserId>, Failure> {
    if texts.len() > Users::MAX {
        return Err(Failure::field(field, Problem::TooMany));
    }
    let read = |(index, text): (usize, &String)| {
        UserId::parse(text)
            .map_err(|_| Failure::field(format_args!("{field}[{index}]"), Problem::Invalid))
    };
    texts.iter().enumerate().map(read).collect()
}

/// Reads the users of a call with many.
pub fn users(texts: &[String]) -> Result<Users, Failure> {
    Users::new(user_ids("users", texts)?).map_err(|error| users_failure("users", error))
}

/// Reads the pairs of a question about many memberships.
pub fn membership_keys(
    keys: &[pb::MembershipKey],
) -> Result<Vec<(SpaceName, Option<UserId>)>, Failure> {
    if keys.is_empty() {
        return Err(Failure::field("keys", Problem::Empty));
    }
    if keys.len() > Users::MAX {
        return Err(Failure::field("keys", Problem::TooMany));
    }
    let read = |(index, key): (usize, &pb::MembershipKey)| {
        let space = space_name(format_args!("keys[{index}].space"), &key.space)?;
        Ok((space, optional_user(format_args!("keys[{index}].user"), &key.user)?))
    };
    keys.iter().enumerate().map(read).collect()
}

/// What is wrong with a list of users.
pub fn users_failure(field: &str, error: UsersError) -> Failure {
    let problem = match error {
        UsersError::Empty => Problem::Empty,
        UsersError::TooMany => Problem::TooMany,
        UsersError::Contradictory => Problem::Contradictory,
    };
    Failure::field(field, problem)
}

fn required(field: impl Display, text: &str) -> Result<(), Failure> {
    if text.is_empty() { Err(Failure::field(field, Problem::Required)) } else { Ok(()) }
}

/// Reads a filter; an empty one means everybody with a seat.
pub fn statuses(filter: &[i32]) -> Result<Vec<Status>, Failure> {
    if filter.is_empty() {
        return Ok(vec![Status::Member, Status::Manager, Status::Creator]);
    }
    let choice = |number: &i32| {
        let known = pb::MembershipStatus::try_from(*number).ok();
        let status = Status::ALL.iter().find(|s| known == Some(status_number(**s)));
        let status = status.copied().filter(|s| *s != Status::Absent);
        status.ok_or_else(|| Failure::field("statuses", Problem::InvalidChoice))
    };
    let mut statuses = filter.iter().map(choice).collect::<Result<Vec<_>, _>>()?;
    statuses.sort_unstable();
    statuses.dedup();
    Ok(statuses)
}

/// Reads a privacy that this kind of space can have.
pub fn privacy(kind: Kind, number: i32) -> Result<Privacy, Failure> {
    let known = pb::Privacy::try_from(number).ok();
    if known == Some(pb::Privacy::Unspecified) {
        return Err(Failure::field("privacy", Problem::Required));
    }
    let found = Privacy::ALL.iter().find(|p| known == Some(privacy_number(**p)));
    let possible = found.copied().filter(|privacy| privacy.exists_for(kind));
    possible.ok_or_else(|| Failure::field("privacy", Problem::InvalidChoice))
}

fn contribution(number: i32) -> Result<Option<Contribution>, Failure> {
    match pb::Contribution::try_from(number) {
        Ok(pb::Contribution::Unspecified) => Ok(None),
        Ok(pb::Contribution::Anyone) => Ok(Some(Contribution::Anyone)),
        Ok(pb::Contribution::Admins) => Ok(Some(Contribution::Admins)),
        Err(_) => Err(Failure::field("contribution", Problem::InvalidChoice)),
    }
}

fn display_name(text: &str) -> Result<std::sync::Arc<str>, Failure> {
    let legal = text.chars().count() <= MAX_DISPLAY_NAME && !text.chars().any(char::is_control);
    if legal { Ok(text.into()) } else { Err(Failure::field("display_name", Problem::Invalid)) }
}

/// Reads a new space.
pub fn new_space(message: pb::CreateSpaceRequest) -> Result<(SpaceName, NewSpace), Failure> {
    let name = space_name("name", &message.name)?;
    let new = NewSpace {
        privacy: privacy(name.kind(), message.privacy)?,
        display_name: display_name(&message.display_name)?,
        creator: user("creator", &message.creator)?,
        contribution: contribution(message.contribution)?.unwrap_or(Contribution::Anyone),
        capacity: message.capacity.map(capacity).transpose()?,
        attributes: attributes::to_text(message.attributes)?.into(),
    };
    Ok((name, new))
}

/// Reads changes to a space.
pub fn space_patch(message: pb::UpdateSpaceRequest) -> Result<(SpaceName, SpacePatch), Failure> {
    let name = space_name("name", &message.name)?;
    let limit = |n| if n == 0 { Ok(None) } else { capacity(n).map(Some) };
    let text = |attributes| attributes::to_text(Some(attributes)).map(Into::into);
    let patch = SpacePatch {
        privacy: message.privacy.map(|number| privacy(name.kind(), number)).transpose()?,
        display_name: message.display_name.as_deref().map(display_name).transpose()?,
        contribution: message.contribution.map(contribution).transpose()?.flatten(),
        capacity: message.capacity.map(limit).transpose()?,
        attributes: message.attributes.map(text).transpose()?,
    };
    Ok((name, patch))
}

fn capacity(n: i64) -> Result<i64, Failure> {
    if n >= 1 { Ok(n) } else { Err(Failure::field("capacity", Problem::Invalid)) }
}

const fn status_number(status: Status) -> pb::MembershipStatus {
    match status {
        Status::Absent => pb::MembershipStatus::Absent,
        Status::Invited => pb::MembershipStatus::Invited,
        Status::Requested => pb::MembershipStatus::Requested,
        Status::Member => pb::MembershipStatus::Member,
        Status::Manager => pb::MembershipStatus::Manager,
        Status::Creator => pb::MembershipStatus::Creator,
        Status::Blocked => pb::MembershipStatus::Blocked,
    }
}

/// A privacy as the contract numbers it.
pub const fn privacy_number(privacy: Privacy) -> pb::Privacy {
    match privacy {
        Privacy::Open => pb::Privacy::Open,
        Privacy::Private => pb::Privacy::Private,
        Privacy::Secret => pb::Privacy::Secret,
        Privacy::Draft => pb::Privacy::Draft,
    }
}

/// A contribution mode as the contract numbers it.
pub const fn contribution_number(contribution: Contribution) -> pb::Contribution {
    match contribution {
        Contribution::Anyone => pb::Contribution::Anyone,
        Contribution::Admins => pb::Contribution::Admins,
    }
}

const fn event_name_number(name: EventName) -> pb::MembershipEventName {
    use pb::MembershipEventName as Name;
    match name {
        EventName::Created => Name::Created,
        EventName::Joined => Name::Joined,
        EventName::Requested => Name::Requested,
        EventName::RequestWithdrawn => Name::RequestWithdrawn,
        EventName::RequestAccepted => Name::RequestAccepted,
        EventName::RequestRejected => Name::RequestRejected,
        EventName::Invited => Name::Invited,
        EventName::InvitationAccepted => Name::InvitationAccepted,
        EventName::InvitationDeclined => Name::InvitationDeclined,
        EventName::InvitationRevoked => Name::InvitationRevoked,
        EventName::Added => Name::Added,
        EventName::Promoted => Name::Promoted,
        EventName::Demoted => Name::Demoted,
        EventName::Left => Name::Left,
        EventName::Removed => Name::Removed,
        EventName::Blocked => Name::Blocked,
        EventName::Unblocked => Name::Unblocked,
        EventName::OwnershipReceived => Name::OwnershipReceived,
        EventName::OwnershipGiven => Name::OwnershipGiven,
    }
}

fn timestamp(at: Millis) -> Timestamp {
    let nanos = i32::try_from(at.rem_euclid(1000) * 1_000_000).unwrap_or_default();
    Timestamp { seconds: at.div_euclid(1000), nanos }
}

/// A membership as a message.
pub fn membership(membership: Membership) -> pb::Membership {
    pb::Membership {
        space: membership.space.as_str().into(),
        user: membership.user.as_str().into(),
        status: status_number(membership.status).into(),
        version: membership.version,
        invited_by: membership.invited_by.map(|user| user.as_str().into()).unwrap_or_default(),
        join_time: membership.joined_at.map(timestamp),
        change_time: (membership.changed_at > 0).then(|| timestamp(membership.changed_at)),
    }
}

/// A membership in short.
pub fn membership_check(membership: Membership) -> pb::MembershipCheck {
    let status = status_number(membership.status).into();
    pb::MembershipCheck { status, version: membership.version }
}

/// One user's result of a call with many.
pub fn result(target: Target) -> pb::MembershipResult {
    let outcome = match target.outcome {
        TargetOutcome::Changed => pb::MembershipOutcome::Changed,
        TargetOutcome::Unchanged => pb::MembershipOutcome::Unchanged,
        TargetOutcome::Blocked => pb::MembershipOutcome::Blocked,
    };
    pb::MembershipResult {
        membership: Some(membership(target.membership)),
        outcome: outcome.into(),
    }
}

/// A space as a message; only those who manage it see how many people wait or are blocked.
pub fn space(space: &Space, manages: bool) -> pb::Space {
    let for_managers = |count| if manages { count } else { 0 };
    pb::Space {
        name: space.name.to_string(),
        display_name: space.display_name.to_string(),
        privacy: privacy_number(space.privacy).into(),
        creator: space.creator.to_string(),
        contribution: contribution_number(space.contribution).into(),
        capacity: space.capacity,
        attributes: Some(attributes::from_text(&space.attributes)),
        member_count: space.counts.seats(),
        invited_count: for_managers(space.counts.invited),
        requested_count: for_managers(space.counts.requested),
        blocked_count: for_managers(space.counts.blocked),
        version: space.seq,
        create_time: Some(timestamp(space.created_at)),
    }
}

/// A space and what a user is to it, as a message.
pub fn user_space(listed: ListedSpace) -> pb::UserSpace {
    let manages = matches!(listed.membership.status, Status::Manager | Status::Creator);
    pb::UserSpace {
        space: Some(space(&listed.space, manages)),
        membership: Some(membership(listed.membership)),
    }
}

/// An event as a message.
pub fn event(event: Event) -> pb::MembershipEvent {
    pb::MembershipEvent {
        space: event.space.to_string(),
        sequence: event.seq,
        user: event.user.to_string(),
        actor: event.actor.to_string(),
        from: status_number(event.from).into(),
        to: status_number(event.to).into(),
        name: event_name_number(event.name).into(),
        cause: event.cause.to_string(),
        time: Some(timestamp(event.at)),
    }
}
