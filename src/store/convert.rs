//! Rows to domain values. A row that cannot be read is reported as corrupt, never as missing.

use super::entity::{membership, membership_event, space};
use super::error::Error;
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
        let inviter = |text: &String| read(("membership", "invited_by"), key, text, user_id);
        Ok(Self {
            space: read(("membership", "space"), key, key, space_name)?,
            user: read(("membership", "user_id"), key, &row.user_id, user_id)?,
            status: status_of(key, &row.status)?,
            version: row.version,
            invited_by: row.invited_by.as_ref().map(inviter).transpose()?,
            joined_at: row.joined_at,
            changed_at: row.changed_at,
        })
    }
}

impl TryFrom<membership_event::Model> for Event {
    type Error = Error;

    fn try_from(row: membership_event::Model) -> Result<Self, Error> {
        const TABLE: &str = "membership_event";
        let key = &row.space;
        Ok(Self {
            space: read((TABLE, "space"), key, key, space_name)?,
            seq: row.seq,
            user: read((TABLE, "user_id"), key, &row.user_id, user_id)?,
            actor: read((TABLE, "actor"), key, &row.actor, actor)?,
            from: read((TABLE, "from_status"), key, &row.from_status, Status::from_word)?,
            to: read((TABLE, "to_status"), key, &row.to_status, Status::from_word)?,
            name: read((TABLE, "name"), key, &row.name, EventName::from_word)?,
            cause: read((TABLE, "cause"), key, &row.cause, Action::from_word)?,
            at: row.at,
        })
    }
}
