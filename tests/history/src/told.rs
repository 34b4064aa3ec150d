//! Between the contract's messages and what is recorded.

use prost_types::Timestamp;
use roster_proto::v1 as pb;

use crate::record::{Answer, EventSeen, LinkSeen, Seen, SpaceSeen};

/// A moment in the contract's form.
pub fn timestamp(at: i64) -> Timestamp {
    let nanos = i32::try_from(at.rem_euclid(1000) * 1_000_000).unwrap_or_default();
    Timestamp { seconds: at.div_euclid(1000), nanos }
}

/// A moment in milliseconds.
pub fn millis(at: &Timestamp) -> i64 {
    at.seconds * 1000 + i64::from(at.nanos) / 1_000_000
}

/// A status in the domain's word.
pub fn status(number: i32) -> String {
    let name = pb::MembershipStatus::try_from(number).unwrap_or_default().as_str_name();
    name.trim_start_matches("MEMBERSHIP_STATUS_").to_lowercase()
}

/// A status as the contract numbers it.
pub fn status_number(word: &str) -> i32 {
    let name = format!("MEMBERSHIP_STATUS_{}", word.to_uppercase());
    pb::MembershipStatus::from_str_name(&name).unwrap_or_default().into()
}

/// A privacy as the contract numbers it.
pub fn privacy_number(word: &str) -> i32 {
    let name = format!("PRIVACY_{}", word.to_uppercase());
    pb::Privacy::from_str_name(&name).unwrap_or_default().into()
}

/// An answer as the contract numbers it.
pub fn attendance_number(going: Option<bool>) -> i32 {
    match going {
        Some(true) => pb::Attendance::Going,
        Some(false) => pb::Attendance::NotGoing,
        None => pb::Attendance::None,
    }
    .into()
}

/// A membership.
pub fn member(told: Option<pb::Membership>) -> Seen {
    let told = told.unwrap_or_default();
    let attendance = match pb::Attendance::try_from(told.attendance) {
        Ok(pb::Attendance::Going) => Some(true),
        Ok(pb::Attendance::NotGoing) => Some(false),
        _ => None,
    };
    Seen {
        user: told.user,
        status: status(told.status),
        version: told.version,
        attendance,
        until: told.until.as_ref().map(millis),
        invited_by: told.invited_by,
    }
}

/// One result for each user.
pub fn many(results: Vec<pb::MembershipResult>) -> Answer {
    let result = |it: pb::MembershipResult| {
        let name = pb::MembershipOutcome::try_from(it.outcome).unwrap_or_default().as_str_name();
        let mut outcome = name.trim_start_matches("MEMBERSHIP_OUTCOME_").to_lowercase();
        if outcome == "refused" {
            let reason = pb::ErrorReason::try_from(it.reason).unwrap_or_default().as_str_name();
            outcome = format!("refused {}", reason.trim_start_matches("ERROR_REASON_"));
        }
        (member(it.membership), outcome)
    };
    Answer::Many(results.into_iter().map(result).collect())
}

/// One membership after a command.
pub fn one(told: Option<pb::Membership>, changed: bool) -> Answer {
    Answer::One { member: member(told), changed: Some(changed) }
}

/// A space.
pub fn space(told: Option<pb::Space>) -> Answer {
    let told = told.unwrap_or_default();
    let name = pb::Privacy::try_from(told.privacy).unwrap_or_default().as_str_name();
    Answer::Space(Box::new(SpaceSeen {
        privacy: name.trim_start_matches("PRIVACY_").to_lowercase(),
        creator: told.creator,
        capacity: told.capacity,
        version: told.version,
        seats: told.member_count,
        going: told.going_count,
        counts: told.status_counts.map(|counts| {
            let pb::StatusCounts { invited, requested, waitlisted, .. } = counts;
            let pb::StatusCounts { member, manager, creator, blocked, .. } = counts;
            [invited, requested, waitlisted, member, manager, creator, blocked]
        }),
        waitlist: told.waitlist,
    }))
}

/// What a link does, as the contract numbers it.
pub fn grant_number(word: &str) -> i32 {
    let name = format!("INVITE_LINK_GRANT_{}", word.to_uppercase());
    pb::InviteLinkGrant::from_str_name(&name).unwrap_or_default().into()
}

/// An invite link.
pub fn link(told: Option<pb::InviteLink>) -> LinkSeen {
    let told = told.unwrap_or_default();
    let name = pb::InviteLinkGrant::try_from(told.grant).unwrap_or_default().as_str_name();
    LinkSeen {
        id: told.id,
        grant: name.trim_start_matches("INVITE_LINK_GRANT_").to_lowercase(),
        until: told.until.as_ref().map(millis),
        max_uses: told.max_uses,
        uses: told.uses,
        created_by: told.created_by,
        revoked: told.revoke_time.is_some(),
        live: told.live,
    }
}

/// An event.
pub fn event(told: pb::MembershipEvent) -> EventSeen {
    let name = pb::MembershipEventName::try_from(told.name).unwrap_or_default().as_str_name();
    let is_about_somebody = !told.user.is_empty();
    let word = |number| if is_about_somebody { status(number) } else { String::new() };
    EventSeen {
        sequence: told.sequence,
        name: name.trim_start_matches("MEMBERSHIP_EVENT_NAME_").to_lowercase(),
        from: word(told.from),
        to: word(told.to),
        user: told.user,
        actor: told.actor,
        cause: told.cause,
        at: told.time.as_ref().map(millis).unwrap_or_default(),
        until: told.until.as_ref().map(millis),
    }
}
