//! Rows to domain values. A row that cannot be read is reported as corrupt, never as missing.

use super::entity::{membership, space};
use super::error::Error;
use super::packs::Cells;
use crate::domain::{
    Action, Actor, Contribution, Counts, Event, EventName, Membership, Privacy, Space, SpaceName,
    Status, UserId,
};

/// Reads one column, or says where the unreadable value stands.
fn read<T>(
    (table, column): (&'static str, &'static str),
    key: &str,
    value: &str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, Error> {
    let corrupt = || Error::Corrupt { table, column, key: key.into(), value: value.into() };
    parse(value).ok_or_else(corrupt)
}

fn space_name(text: &str) -> Option<SpaceName> {
    SpaceName::parse(text).ok()
}

fn user_id(text: &str) -> Option<UserId> {
    UserId::parse(text).ok()
}

/// Reads a privacy that stands alone.
pub(super) fn privacy_of(key: &str, word: &str) -> Result<Privacy, Error> {
    read(("space", "privacy"), key, word, Privacy::from_word)
}

/// Reads a status that stands alone.
pub(super) fn status_of(key: &str, word: &str) -> Result<Status, Error> {
    read(("membership", "status"), key, word, Status::from_word)
}

/// Reads an inviter that stands alone.
fn inviter_of(key: &str, id: &str) -> Result<UserId, Error> {
    read(("membership", "invited_by"), key, id, user_id)
}

fn actor(text: &str) -> Option<Actor> {
    match text.strip_prefix("service/") {
        Some(service) => user_id(service).map(Actor::Service),
        None => user_id(text).map(Actor::User),
    }
}

impl TryFrom<space::Model> for Space {
    type Error = Error;

    fn try_from(row: space::Model) -> Result<Self, Error> {
        let key = &row.name;
        Ok(Self {
            name: read(("space", "name"), key, key, space_name)?,
            privacy: privacy_of(key, &row.privacy)?,
            creator: read(("space", "creator"), key, &row.creator, user_id)?,
            contribution: read(
                ("space", "contribution"),
                key,
                &row.contribution,
                Contribution::from_word,
            )?,
            display_name: row.display_name.into(),
            capacity: row.capacity,
            attributes: row.attributes.into(),
            seq: row.seq,
            counts: Counts {
                invited: row.invited_count,
                requested: row.requested_count,
                members: row.member_count,
                managers: row.manager_count,
                creators: 1,
                blocked: row.blocked_count,
            },
            created_at: row.created_at,
        })
    }
}

impl TryFrom<membership::Model> for Membership {
    type Error = Error;

    fn try_from(row: membership::Model) -> Result<Self, Error> {
        let key = &row.space;
        Ok(Self {
            space: read(("membership", "space"), key, key, space_name)?,
            user: read(("membership", "user_id"), key, &row.user_id, user_id)?,
            status: status_of(key, &row.status)?,
            version: row.version,
            invited_by: row.invited_by.as_ref().map(|id| inviter_of(key, id)).transpose()?,
            joined_at: row.joined_at,
            changed_at: row.changed_at,
        })
    }
}

/// The columns that [`space`] reads.
pub(super) const SPACE: &[&str] = space::COLUMNS;

/// Reads a packed space.
pub(super) fn space(cells: &mut Cells<'_>) -> Result<Space, Error> {
    let row = space::Model {
        name: cells.next()?,
        privacy: cells.next()?,
        display_name: cells.next()?,
        creator: cells.next()?,
        contribution: cells.next()?,
        capacity: cells.next()?,
        attributes: cells.next()?,
        seq: cells.next()?,
        invited_count: cells.next()?,
        requested_count: cells.next()?,
        member_count: cells.next()?,
        manager_count: cells.next()?,
        blocked_count: cells.next()?,
        created_at: cells.next()?,
    };
    row.try_into()
}

/// The columns that [`membership_in`] reads.
pub(super) const MEMBERSHIP: &[&str] =
    &["user_id", "status", "version", "invited_by", "joined_at", "changed_at"];

/// Reads a packed membership of this space.
pub(super) fn membership_in(space: SpaceName, cells: &mut Cells<'_>) -> Result<Membership, Error> {
    let user = read(("membership", "user_id"), space.as_str(), cells.next()?, user_id)?;
    state_of(space, user, cells)
}

/// The columns that [`state_of`] reads: all but the user.
pub(super) const STATE: &[&str] = MEMBERSHIP.split_at(1).1;

/// Reads a packed membership whose space and user are known.
pub(super) fn state_of(
    space: SpaceName,
    user: UserId,
    cells: &mut Cells<'_>,
) -> Result<Membership, Error> {
    let status = status_of(space.as_str(), cells.next()?)?;
    let version = cells.next()?;
    let inviter: Option<&str> = cells.next()?;
    let invited_by = inviter.map(|id| inviter_of(space.as_str(), id)).transpose()?;
    let (joined_at, changed_at) = (cells.next()?, cells.next()?);
    Ok(Membership { space, user, status, version, invited_by, joined_at, changed_at })
}

/// The columns that [`event_in`] reads.
pub(super) const EVENT: &[&str] =
    &["seq", "user_id", "actor", "from_status", "to_status", "name", "cause", "at"];

/// Reads a packed event of this space.
pub(super) fn event_in(space: SpaceName, cells: &mut Cells<'_>) -> Result<Event, Error> {
    const TABLE: &str = "membership_event";
    let key = space.as_str();
    Ok(Event {
        seq: cells.next()?,
        user: read((TABLE, "user_id"), key, cells.next()?, user_id)?,
        actor: read((TABLE, "actor"), key, cells.next()?, actor)?,
        from: read((TABLE, "from_status"), key, cells.next()?, Status::from_word)?,
        to: read((TABLE, "to_status"), key, cells.next()?, Status::from_word)?,
        name: read((TABLE, "name"), key, cells.next()?, EventName::from_word)?,
        cause: read((TABLE, "cause"), key, cells.next()?, Action::from_word)?,
        at: cells.next()?,
        space,
    })
}
