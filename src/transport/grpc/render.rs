//! From domain values to messages.

use prost_types::Timestamp;

use super::{attributes, pb};
use crate::domain::{
    Attendance, Capacity, Content, Contribution, Counts, Event, EventName, Grant, Link, Membership,
    Millis, Note, Origin, Person, Privacy, Space, SpaceField, SpaceName, Status, Subject, Tag,
    Uses,
};
use crate::service::{CheckedMembership, ListedSpace, Target, TargetOutcome};
use crate::transport::error::Failure;

/// A status as the contract numbers it.
pub const fn status_number(status: Status) -> pb::MembershipStatus {
    match status {
        Status::Absent => pb::MembershipStatus::Absent,
        Status::Invited => pb::MembershipStatus::Invited,
        Status::Requested => pb::MembershipStatus::Requested,
        Status::Member => pb::MembershipStatus::Member,
        Status::Manager => pb::MembershipStatus::Manager,
        Status::Creator => pb::MembershipStatus::Creator,
        Status::Blocked => pb::MembershipStatus::Blocked,
        Status::Waitlisted => pb::MembershipStatus::Waitlisted,
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

/// An answer as the contract numbers it.
pub const fn attendance_number(answer: Option<Attendance>) -> pb::Attendance {
    match answer {
        None => pb::Attendance::Unspecified,
        Some(Attendance::Going) => pb::Attendance::Going,
        Some(Attendance::NotGoing) => pb::Attendance::NotGoing,
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
        EventName::Imported => Name::Imported,
        EventName::Going => Name::Going,
        EventName::NotGoing => Name::NotGoing,
        EventName::AttendanceCleared => Name::AttendanceCleared,
        EventName::Expired => Name::Expired,
        EventName::TermsChanged => Name::TermsChanged,
        EventName::Erased => Name::Erased,
        EventName::Archived => Name::Archived,
        EventName::Waitlisted => Name::Waitlisted,
        EventName::WaitlistLeft => Name::WaitlistLeft,
        EventName::WaitlistRemoved => Name::WaitlistRemoved,
        EventName::SeatGiven => Name::SeatGiven,
        EventName::LinkCreated => Name::LinkCreated,
        EventName::LinkRevoked => Name::LinkRevoked,
        EventName::Updated => Name::Updated,
        EventName::Deleted => Name::Deleted,
    }
}

fn timestamp(at: Millis) -> Timestamp {
    let nanos = i32::try_from(at.rem_euclid(1000) * 1_000_000).unwrap_or_default();
    Timestamp { seconds: at.div_euclid(1000), nanos }
}

/// What is known of somebody, as a message.
pub fn person(person: Person) -> pb::Person {
    let micros = person.changed_at.micros();
    let nanos = i32::try_from(micros % 1_000_000 * 1_000).unwrap_or_default();
    let about = pb::Person {
        user: person.user.to_string(),
        change_time: Some(Timestamp { seconds: micros / 1_000_000, nanos }),
        deleted: person.profile.is_none(),
        ..pb::Person::default()
    };
    let Some(profile) = person.profile else { return about };
    pb::Person {
        username: profile.username.to_string(),
        real_name: profile.real_name.to_string(),
        avatar: profile.avatar.to_string(),
        external_id: profile.external_id,
        join_time: profile.joined_at.map(timestamp),
        locale: profile.locale.to_string(),
        bio: profile.bio.to_string(),
        location: profile.location.to_string(),
        description: profile.description.to_string(),
        gender: profile.gender.to_string(),
        website: profile.website.to_string(),
        tags: profile.tags.into_iter().map(person_tag).collect(),
        reputation: profile.reputation,
        staff: profile.is_staff,
        ..about
    }
}

fn person_tag(tag: Tag) -> pb::PersonTag {
    let Tag { id, title, description, color } = tag;
    let (title, description) = (title.to_string(), description.to_string());
    pb::PersonTag { id, title, description, color: color.to_string() }
}

/// A membership as a message.
pub fn membership(membership: Membership) -> pb::Membership {
    let said = said(membership.status, membership.note);
    let offered = matches!(membership.status, Status::Invited).then(|| membership.offered.status());
    pb::Membership {
        space: membership.space.as_str().into(),
        user: membership.user.as_str().into(),
        status: status_number(membership.status).into(),
        version: membership.version,
        invited_by: membership.invited_by.map(|user| user.as_str().into()).unwrap_or_default(),
        join_time: membership.joined_at.map(timestamp),
        change_time: (membership.changed_at > 0).then(|| timestamp(membership.changed_at)),
        attendance: attendance_number(membership.attendance).into(),
        until: membership.until.map(timestamp),
        waitlist_position: 0,
        message: said.message,
        reason: said.reason,
        offered_status: offered.map_or(0, |status| status_number(status).into()),
        origin: membership.origin.as_ref().map(origin),
    }
}

/// What was said of a status, by what it is called.
#[derive(Default)]
struct Said {
    message: String,
    reason: String,
}

fn said(status: Status, note: Option<Note>) -> Said {
    let text = note.map(|note| note.to_string()).unwrap_or_default();
    match status {
        Status::Blocked => Said { reason: text, ..Said::default() },
        Status::Absent
        | Status::Invited
        | Status::Requested
        | Status::Waitlisted
        | Status::Member
        | Status::Manager
        | Status::Creator => Said { message: text, ..Said::default() },
    }
}

fn origin(origin: &Origin) -> pb::MembershipOrigin {
    use pb::MembershipOriginKind as Kind;
    let (kind, by, link) = match origin {
        Origin::Joined => (Kind::Joined, None, None),
        Origin::Request => (Kind::Request, None, None),
        Origin::Invitation { by } => (Kind::Invitation, Some(by), None),
        Origin::Link { id } => (Kind::Link, None, Some(id)),
        Origin::Added { by } => (Kind::Added, by.as_ref(), None),
        Origin::WaitingList => (Kind::WaitingList, None, None),
        Origin::Imported => (Kind::Imported, None, None),
        Origin::Created => (Kind::Created, None, None),
    };
    pb::MembershipOrigin {
        kind: kind.into(),
        by: by.map(ToString::to_string).unwrap_or_default(),
        link: link.map(ToString::to_string).unwrap_or_default(),
    }
}

/// The same of somebody at this place of the waiting list, if they wait.
pub fn membership_at(of: Membership, position: Option<i64>) -> pb::Membership {
    pb::Membership { waitlist_position: position.unwrap_or_default(), ..membership(of) }
}

/// What a link does as the contract numbers it.
pub const fn grant_number(grant: Grant) -> pb::InviteLinkGrant {
    match grant {
        Grant::Member => pb::InviteLinkGrant::Member,
        Grant::Manager => pb::InviteLinkGrant::Manager,
        Grant::Request => pb::InviteLinkGrant::Request,
    }
}

/// An invite link as a message.
pub fn invite_link(space: &SpaceName, link: &Link, now: Millis) -> pb::InviteLink {
    pb::InviteLink {
        space: space.to_string(),
        id: link.id,
        grant: grant_number(link.new.grant).into(),
        until: link.new.until.map(timestamp),
        max_uses: link.new.max_uses.map(Uses::number),
        uses: link.uses,
        created_by: link.created_by.to_string(),
        create_time: Some(timestamp(link.created_at)),
        revoke_time: link.revoked_at.map(timestamp),
        live: link.is_live(now),
    }
}

/// A membership in short.
pub fn membership_check(checked: CheckedMembership) -> pb::MembershipCheck {
    let CheckedMembership { membership, passes } = checked;
    let status = status_number(membership.status).into();
    pb::MembershipCheck { status, version: membership.version, passes }
}

/// One user's result of a call with many.
pub fn result(target: Target) -> pb::MembershipResult {
    let outcome = match target.outcome {
        TargetOutcome::Changed => pb::MembershipOutcome::Changed,
        TargetOutcome::Unchanged => pb::MembershipOutcome::Unchanged,
        TargetOutcome::Blocked => pb::MembershipOutcome::Blocked,
        TargetOutcome::CoolingDown => pb::MembershipOutcome::CoolingDown,
        TargetOutcome::Refused(_) => pb::MembershipOutcome::Refused,
    };
    let refused = match target.outcome {
        TargetOutcome::Refused(refused) => Some(Failure::from(refused)),
        TargetOutcome::Changed
        | TargetOutcome::Unchanged
        | TargetOutcome::Blocked
        | TargetOutcome::CoolingDown => None,
    };
    pb::MembershipResult {
        membership: Some(membership(target.membership)),
        outcome: outcome.into(),
        reason: refused.as_ref().map_or(0, |failure| failure.reason.into()),
        message: refused.map(|failure| failure.message).unwrap_or_default(),
    }
}

/// A space as a message; only those who manage it see how many people wait or are blocked.
pub fn space(space: &Space, content: &Content, manages: bool) -> pb::Space {
    let for_managers = |count| if manages { count } else { 0 };
    pb::Space {
        name: space.name.to_string(),
        display_name: content.display_name.to_string(),
        privacy: privacy_number(space.privacy).into(),
        creator: space.creator.to_string(),
        contribution: contribution_number(space.contribution).into(),
        capacity: space.capacity.map(Capacity::seats),
        attributes: Some(attributes::render(&content.attributes)),
        member_count: space.shown_seats(manages),
        invited_count: for_managers(space.counts.invited),
        requested_count: for_managers(space.counts.requested),
        blocked_count: for_managers(space.counts.blocked),
        version: space.seq,
        create_time: Some(timestamp(space.created_at)),
        going_count: space.shown_going(manages),
        invite_cool_down_seconds: space.cool_down.seconds(),
        waitlist: space.waitlist,
        waitlisted_count: for_managers(space.counts.waitlisted),
        status_counts: manages.then(|| status_counts(space.counts)),
    }
}

const fn status_counts(counts: Counts) -> pb::StatusCounts {
    pb::StatusCounts {
        invited: counts.of(Status::Invited),
        requested: counts.of(Status::Requested),
        member: counts.of(Status::Member),
        manager: counts.of(Status::Manager),
        creator: counts.of(Status::Creator),
        blocked: counts.of(Status::Blocked),
        waitlisted: counts.of(Status::Waitlisted),
    }
}

/// A space and what a user is to it, as a message.
pub fn user_space(listed: ListedSpace) -> pb::UserSpace {
    let manages = listed.membership.status.manages();
    pb::UserSpace {
        space: Some(space(&listed.space, &listed.content, manages)),
        membership: Some(membership(listed.membership)),
    }
}

/// An event as a message.
pub fn event(event: Event) -> pb::MembershipEvent {
    let whole = pb::MembershipEvent {
        space: event.space.to_string(),
        sequence: event.seq,
        name: event_name_number(event.name).into(),
        actor: event.by.actor.to_string(),
        service: event.by.service.map(|service| service.to_string()).unwrap_or_default(),
        cause: event.by.cause.to_string(),
        time: Some(timestamp(event.by.at)),
        until: event.until.map(timestamp),
        origin: event.origin.as_ref().map(origin),
        ..pb::MembershipEvent::default()
    };
    match event.subject {
        Subject::Membership { user, from, to } => {
            let Said { message, reason } = said(to, event.note);
            pb::MembershipEvent {
                user: user.to_string(),
                from: status_number(from).into(),
                to: status_number(to).into(),
                message,
                reason,
                ..whole
            }
        }
        Subject::Space { fields } => pb::MembershipEvent {
            updated_fields: fields.iter().map(SpaceField::to_string).collect(),
            ..whole
        },
    }
}
