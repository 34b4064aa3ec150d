//! From messages to domain values. What comes in is read here, once.

use std::fmt::Display;

use prost_types::Timestamp;

use super::render::{privacy_number, status_number};
use super::{attributes, pb};
use crate::domain::{
    Attendance, Capacity, Command, Content, Contribution, CoolDown, DisplayName, Kind, LinkHash,
    Millis, NewSpace, Note, Offer, Privacy, SourceTime, SpaceName, SpacePatch, Status, Until,
    UserId, Users, UsersError,
};
use crate::service::{MembershipQuestion, Options, hash_of_secret};
use crate::transport::error::{Failure, Problem, expected};

/// Reads a required resource name.
pub fn space_name(field: impl Display, text: &str) -> Result<SpaceName, Failure> {
    required(&field, text)?;
    SpaceName::parse(text).map_err(|_| Failure::field(field, Problem::Expected(expected::SPACE)))
}

/// Reads a required community id.
pub fn community(text: &str) -> Result<SpaceName, Failure> {
    required("community_id", text)?;
    let invalid = Problem::Expected(expected::COMMUNITY_ID);
    SpaceName::of(Kind::Community, text).map_err(|_| Failure::field("community_id", invalid))
}

/// Reads a required user id.
pub fn user(field: impl Display, text: &str) -> Result<UserId, Failure> {
    required(&field, text)?;
    UserId::parse(text).map_err(|_| Failure::field(field, Problem::Expected(expected::USER)))
}

/// Reads a user id that may be left out.
pub fn optional_user(field: impl Display, text: &str) -> Result<Option<UserId>, Failure> {
    if text.is_empty() { Ok(None) } else { user(field, text).map(Some) }
}

/// Reads the secret of an invite link, which may be left out. Every text may be one.
pub fn link(space: &SpaceName, secret: &str) -> Option<LinkHash> {
    if secret.is_empty() { None } else { hash_of_secret(space, secret) }
}

/// Reads a join, by a link if one is brought.
pub fn join(space: &SpaceName, secret: &str) -> Command {
    link(space, secret).map_or(Command::Join, Command::JoinByLink)
}

/// Reads user ids; says which one is wrong.
pub fn user_ids(field: &str, texts: &[String]) -> Result<Vec<UserId>, Failure> {
    if texts.len() > Users::MAX {
        return Err(Failure::field(field, Problem::TooManyUsers));
    }
    let invalid = Problem::Expected(expected::USER);
    let read = |(index, text): (usize, &String)| {
        UserId::parse(text).map_err(|_| Failure::field(format_args!("{field}[{index}]"), invalid))
    };
    texts.iter().enumerate().map(read).collect()
}

/// Reads the users of a call with many.
pub fn users(texts: &[String]) -> Result<Users, Failure> {
    Users::new(user_ids("users", texts)?).map_err(|error| users_failure("users", error))
}

/// Reads the pairs of a question about many memberships.
pub fn membership_keys(keys: &[pb::MembershipKey]) -> Result<Vec<MembershipQuestion>, Failure> {
    if keys.is_empty() {
        return Err(Failure::field("keys", Problem::Empty));
    }
    if keys.len() > Users::MAX {
        return Err(Failure::field("keys", Problem::TooManyKeys));
    }
    let read = |(index, key): (usize, &pb::MembershipKey)| {
        let field = |name| format!("keys[{index}].{name}");
        let negative = Problem::Expected(expected::NOT_NEGATIVE);
        if key.at_least_version < 0 {
            return Err(Failure::field(field("at_least_version"), negative));
        }
        Ok(MembershipQuestion {
            space: space_name(field("space"), &key.space)?,
            user: optional_user(field("user"), &key.user)?,
            at_least_version: key.at_least_version,
            minimum: minimum(field("minimum_status"), key.minimum_status)?,
        })
    };
    keys.iter().enumerate().map(read).collect()
}

/// Reads the least that somebody must be. Nobody passes who is BLOCKED, so nobody is asked to be.
fn minimum(field: String, number: i32) -> Result<Status, Failure> {
    let known = pb::MembershipStatus::try_from(number).ok();
    if known == Some(pb::MembershipStatus::Unspecified) {
        return Ok(Status::Member);
    }
    let minimum = Status::ALL.iter().copied().find(|s| known == Some(status_number(*s)));
    let minimum = minimum.filter(|status| *status != Status::Blocked);
    minimum.ok_or_else(|| Failure::field(field, Problem::InvalidChoice))
}

/// What is wrong with a list of users.
pub fn users_failure(field: &str, error: UsersError) -> Failure {
    let problem = match error {
        UsersError::Empty => Problem::Empty,
        UsersError::TooMany => Problem::TooManyUsers,
        UsersError::Contradictory => Problem::Contradictory,
    };
    Failure::field(field, problem)
}

/// Reads a time of another system.
pub fn source_time(field: impl Display, time: Timestamp) -> Result<SourceTime, Failure> {
    let micros = time.seconds.checked_mul(1_000_000);
    let micros = micros.and_then(|micros| micros.checked_add(i64::from(time.nanos) / 1_000));
    let is_normal = (0..1_000_000_000).contains(&time.nanos);
    let read = micros.filter(|_| is_normal).and_then(SourceTime::new);
    read.ok_or_else(|| Failure::field(field, Problem::Expected(expected::TIME)))
}

/// Reads the first of our moments that is not before a time.
pub fn moment_from(field: &str, time: Timestamp) -> Result<Millis, Failure> {
    Ok((source_time(field, time)?.micros() + 999) / 1_000)
}

/// Reads when something is to end, which may be left out.
pub fn until(time: Option<Timestamp>, now: Millis) -> Result<Until, Failure> {
    let Some(Timestamp { seconds, nanos }) = time else { return Ok(Until::Unsaid) };
    let millis = seconds.checked_mul(1_000);
    let millis = millis.and_then(|millis| millis.checked_add(i64::from(nanos) / 1_000_000));
    let is_time = (0..1_000_000_000).contains(&nanos);
    // What is a time to the directory is one here.
    let time = millis.filter(|_| is_time).and_then(SourceTime::of_millis);
    let time = time.map(SourceTime::millis).filter(|time| *time > now);
    let expected = || Failure::field("until", Problem::Expected(expected::UNTIL));
    time.map(Until::At).ok_or_else(expected)
}

/// The same, or that nothing is to end.
pub fn until_or_never(time: Option<Timestamp>, never: bool, now: Millis) -> Result<Until, Failure> {
    match (time, never) {
        (_, false) => until(time, now),
        (None, true) => Ok(Until::Never),
        (Some(_), true) => Err(Failure::field("without_end", Problem::Contradictory)),
    }
}

/// Reads what is said with something, which may be left out.
pub fn note(field: &str, text: &str) -> Result<Option<Note>, Failure> {
    let invalid = |_| Failure::field(field, Problem::Expected(expected::NOTE));
    (!text.is_empty()).then(|| Note::new(text).map_err(invalid)).transpose()
}

/// Reads the role that an invitation offers; that of a member, if nothing is said.
pub fn offer(field: &str, number: i32) -> Result<Offer, Failure> {
    let known = pb::MembershipStatus::try_from(number).ok();
    if known == Some(pb::MembershipStatus::Unspecified) {
        return Ok(Offer::default());
    }
    let offer = Offer::ALL.iter().find(|offer| known == Some(status_number(offer.status())));
    offer.copied().ok_or_else(|| Failure::field(field, Problem::InvalidChoice))
}

/// Reads a text to look for, which may be left out.
pub fn search(field: &str, text: String) -> Result<String, Failure> {
    let is_legal = !text.contains('\0') && text.chars().count() <= DisplayName::MAX;
    let invalid = || Failure::field(field, Problem::Expected(expected::SEARCH));
    if is_legal { Ok(text) } else { Err(invalid()) }
}

fn required(field: impl Display, text: &str) -> Result<(), Failure> {
    if text.is_empty() { Err(Failure::field(field, Problem::Required)) } else { Ok(()) }
}

/// Reads how a command is to be carried out.
pub const fn options(validate_only: bool, atomic: Option<bool>) -> Options {
    Options { validate_only, each: matches!(atomic, Some(false)) }
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

/// Reads an answer to whether somebody goes: `None` is none any more.
pub fn attendance(number: i32) -> Result<Option<Attendance>, Failure> {
    match pb::Attendance::try_from(number) {
        Ok(pb::Attendance::Unspecified) => Err(Failure::field("attendance", Problem::Required)),
        Ok(pb::Attendance::None) => Ok(None),
        Ok(pb::Attendance::Going) => Ok(Some(Attendance::Going)),
        Ok(pb::Attendance::NotGoing) => Ok(Some(Attendance::NotGoing)),
        Err(_) => Err(Failure::field("attendance", Problem::InvalidChoice)),
    }
}

/// Reads an answer that is looked for, which may be left out.
pub fn optional_attendance(number: i32) -> Result<Option<Attendance>, Failure> {
    let is_said = pb::Attendance::try_from(number) != Ok(pb::Attendance::Unspecified);
    let sought = is_said.then(|| attendance(number)).transpose()?;
    // Who gave none is in no index.
    let nobody = || Failure::field("attendance", Problem::InvalidChoice);
    sought.map(|answer| answer.ok_or_else(nobody)).transpose()
}

/// Reads a privacy that may be left out.
pub fn optional_privacy(number: i32) -> Result<Option<Privacy>, Failure> {
    let known = pb::Privacy::try_from(number).ok();
    if known == Some(pb::Privacy::Unspecified) {
        return Ok(None);
    }
    let found = Privacy::ALL.iter().find(|p| known == Some(privacy_number(**p)));
    found.copied().map(Some).ok_or_else(|| Failure::field("privacy", Problem::InvalidChoice))
}

/// Reads a privacy that this kind of space can have.
fn privacy(kind: Kind, number: i32) -> Result<Privacy, Failure> {
    let given = optional_privacy(number)?;
    let given = given.ok_or_else(|| Failure::field("privacy", Problem::Required))?;
    let possible = Some(given).filter(|privacy| privacy.exists_for(kind));
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

fn display_name(text: &str) -> Result<DisplayName, Failure> {
    let invalid = Problem::Expected(expected::DISPLAY_NAME);
    DisplayName::new(text).map_err(|_| Failure::field("display_name", invalid))
}

fn capacity(seats: i64) -> Result<Capacity, Failure> {
    let invalid = Problem::Expected(expected::CAPACITY);
    Capacity::new(seats).ok_or_else(|| Failure::field("capacity", invalid))
}

fn cool_down(seconds: Option<i64>) -> Result<Option<CoolDown>, Failure> {
    let invalid =
        || Failure::field("invite_cool_down_seconds", Problem::Expected(expected::COOL_DOWN));
    let read = |seconds| CoolDown::from_seconds(seconds).ok_or_else(invalid);
    seconds.map(read).transpose()
}

/// What a new space is to be called.
pub enum NewName {
    /// This.
    Given(SpaceName),
    /// Whatever the server chooses.
    Chosen(Kind),
}

fn new_name(text: &str) -> Result<NewName, Failure> {
    match text.strip_suffix("/-").and_then(Kind::from_word) {
        Some(kind) => Ok(NewName::Chosen(kind)),
        None => space_name("name", text).map(NewName::Given),
    }
}

/// Reads a new space.
pub fn new_space(message: pb::CreateSpaceRequest) -> Result<(NewName, NewSpace), Failure> {
    let name = new_name(&message.name)?;
    let kind = match &name {
        NewName::Given(name) => name.kind(),
        NewName::Chosen(kind) => *kind,
    };
    let new = NewSpace {
        privacy: privacy(kind, message.privacy)?,
        creator: user("creator", &message.creator)?,
        contribution: contribution(message.contribution)?.unwrap_or(Contribution::Anyone),
        capacity: message.capacity.map(capacity).transpose()?,
        cool_down: cool_down(message.invite_cool_down_seconds)?.unwrap_or_default(),
        waitlist: message.waitlist,
        content: Content {
            display_name: display_name(&message.display_name)?,
            attributes: attributes::parse(message.attributes.unwrap_or_default())?,
        },
        invitees: None,
    };
    Ok((name, new))
}

/// Reads changes to a space.
pub fn space_patch(message: pb::UpdateSpaceRequest) -> Result<(SpaceName, SpacePatch), Failure> {
    let name = space_name("name", &message.name)?;
    let limit = |seats| if seats == 0 { Ok(None) } else { capacity(seats).map(Some) };
    let patch = SpacePatch {
        privacy: message.privacy.map(|number| privacy(name.kind(), number)).transpose()?,
        display_name: message.display_name.as_deref().map(display_name).transpose()?,
        contribution: message.contribution.map(contribution).transpose()?.flatten(),
        capacity: message.capacity.map(limit).transpose()?,
        cool_down: cool_down(message.invite_cool_down_seconds)?,
        waitlist: message.waitlist,
        attributes: message.attributes.map(attributes::parse).transpose()?,
        if_version: message.if_version,
        if_attributes: None,
    };
    Ok((name, patch))
}
