//! Rows to domain values and back. A row that cannot be read is reported as corrupt, never as missing.

use super::entity::{membership, membership_event, space, space_content};
use super::error::Error;
use super::rows::Cells;
use crate::domain::origin::{begins, implied};
use crate::domain::{
    Action, Actor, Attendance, Attributes, Authorship, Capacity, Content, Contribution, CoolDown,
    Counts, DisplayName, Event, EventName, Membership, Note, Offer, Origin, Privacy, Space,
    SpaceField, SpaceName, SpaceState, Status, Subject, UserId,
};

/// Reads one column, or says where the unreadable value stands.
pub(super) fn read<T>(
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

/// Reads an answer that stands alone, or that nobody gave.
pub(super) fn attendance_of(key: &str, word: Option<&str>) -> Result<Option<Attendance>, Error> {
    let of = |word| read(("membership", "attendance"), key, word, Attendance::from_word);
    word.map(of).transpose()
}

pub(super) fn actor(text: &str) -> Option<Actor> {
    Actor::parse(text).ok()
}

/// What is read of a row beside what everybody has.
struct Terms {
    origin: Option<Origin>,
    note: Option<Note>,
    offered: Offer,
}

impl Terms {
    fn read(
        table: &'static str,
        key: &str,
        [origin, note, offered]: [Option<&str>; 3],
    ) -> Result<Self, Error> {
        let note_of = |text: &str| Note::new(text).ok();
        let offered_of = |word| read((table, "offered"), key, word, Offer::from_word);
        Ok(Self {
            origin: origin
                .map(|text| read((table, "origin"), key, text, Origin::parse))
                .transpose()?,
            note: note.map(|text| read((table, "note"), key, text, note_of)).transpose()?,
            offered: offered.map(offered_of).transpose()?.unwrap_or_default(),
        })
    }
}

fn field_list(text: &str) -> Option<Vec<SpaceField>> {
    text.split_ascii_whitespace().map(SpaceField::from_word).collect()
}

/// Reads a packed space, or what is left of one: all columns in the order of the model.
pub(super) fn state(cells: &mut Cells<'_>) -> Result<(SpaceName, SpaceState), Error> {
    let row = space::Model {
        name: cells.next()?,
        privacy: cells.next()?,
        creator: cells.next()?,
        contribution: cells.next()?,
        capacity: cells.next()?,
        seq: cells.next()?,
        invited_count: cells.next()?,
        requested_count: cells.next()?,
        member_count: cells.next()?,
        manager_count: cells.next()?,
        blocked_count: cells.next()?,
        created_at: cells.next()?,
        deleted_at: cells.next()?,
        hides_members: cells.next()?,
        going_count: cells.next()?,
        next_until: cells.next()?,
        waitlist: cells.next()?,
        waitlisted_count: cells.next()?,
        cool_down: cells.next()?,
    };
    let (name, seq) = (read(("space", "name"), &row.name, &row.name, space_name)?, row.seq);
    let snapshot = match row.deleted_at {
        Some(_) => None,
        None => Some(crate::domain::Snapshot::new(row.try_into()?, [])),
    };
    Ok((name, SpaceState { snapshot, seq }))
}

impl TryFrom<space::Model> for Space {
    type Error = Error;

    fn try_from(row: space::Model) -> Result<Self, Error> {
        let key = &row.name;
        let column = |column| ("space", column);
        Ok(Self {
            name: read(column("name"), key, key, space_name)?,
            privacy: privacy_of(key, &row.privacy)?,
            creator: read(column("creator"), key, &row.creator, user_id)?,
            contribution: read(
                column("contribution"),
                key,
                &row.contribution,
                Contribution::from_word,
            )?,
            capacity: capacity_of(key, row.capacity)?,
            cool_down: cool_down_of(key, row.cool_down)?,
            waitlist: row.waitlist != 0,
            hides_members: row.hides_members != 0,
            seq: row.seq,
            counts: Counts {
                invited: row.invited_count,
                requested: row.requested_count,
                waitlisted: row.waitlisted_count,
                members: row.member_count,
                managers: row.manager_count,
                creators: 1,
                blocked: row.blocked_count,
                going: row.going_count,
            },
            created_at: row.created_at,
            next_until: row.next_until,
        })
    }
}

/// The most seats of a space, read from its column.
pub(super) fn capacity_of(key: &str, seats: Option<i64>) -> Result<Option<Capacity>, Error> {
    let capacity = |seats: &str| seats.parse().ok().and_then(Capacity::new);
    let seats = seats.map(|seats| seats.to_string());
    seats.map(|seats| read(("space", "capacity"), key, &seats, capacity)).transpose()
}

/// For how long somebody who declined is not invited again, read from its column of seconds.
fn cool_down_of(key: &str, seconds: i64) -> Result<CoolDown, Error> {
    let cool_down = |seconds: &str| seconds.parse().ok().and_then(CoolDown::from_seconds);
    read(("space", "cool_down"), key, &seconds.to_string(), cool_down)
}

/// A space as its row.
pub(super) fn space_row(space: &Space) -> space::Model {
    space::Model {
        name: space.name.to_string(),
        privacy: space.privacy.to_string(),
        creator: space.creator.to_string(),
        contribution: space.contribution.to_string(),
        capacity: space.capacity.map(Capacity::seats),
        seq: space.seq,
        invited_count: space.counts.invited,
        requested_count: space.counts.requested,
        member_count: space.counts.members,
        manager_count: space.counts.managers,
        blocked_count: space.counts.blocked,
        created_at: space.created_at,
        deleted_at: None,
        hides_members: i64::from(space.hides_members),
        going_count: space.counts.going,
        next_until: space.next_until,
        cool_down: space.cool_down.seconds(),
        waitlist: i64::from(space.waitlist),
        waitlisted_count: space.counts.waitlisted,
    }
}

impl TryFrom<space_content::Model> for Content {
    type Error = Error;

    fn try_from(row: space_content::Model) -> Result<Self, Error> {
        let column = |column| ("space_content", column);
        let name = |text: &str| DisplayName::new(text).ok();
        let attributes = |text: &str| Attributes::new(text).ok();
        Ok(Self {
            display_name: read(column("display_name"), &row.space, &row.display_name, name)?,
            attributes: read(column("attributes"), &row.space, &row.attributes, attributes)?,
        })
    }
}

/// A space's content as its row.
pub(super) fn content_row(space: &SpaceName, content: &Content) -> space_content::Model {
    space_content::Model {
        space: space.to_string(),
        display_name: content.display_name.to_string(),
        attributes: content.attributes.to_string(),
    }
}

impl TryFrom<membership::Model> for Membership {
    type Error = Error;

    fn try_from(row: membership::Model) -> Result<Self, Error> {
        let key = &row.space;
        let column = |column| ("membership", column);
        let inviter = |id: &String| read(column("invited_by"), key, id, user_id);
        let status = status_of(key, &row.status)?;
        let invited_by = row.invited_by.as_ref().map(inviter).transpose()?;
        let terms = [&row.origin, &row.note, &row.offered].map(Option::as_deref);
        let Terms { origin, note, offered } = Terms::read("membership", key, terms)?;
        Ok(Self {
            space: read(column("space"), key, key, space_name)?,
            user: read(column("user_id"), key, &row.user_id, user_id)?,
            status,
            version: row.version,
            origin: origin.or_else(|| implied(status, invited_by.as_ref())),
            invited_by,
            joined_at: row.joined_at,
            attendance: attendance_of(key, row.attendance.as_deref())?,
            changed_at: row.changed_at,
            until: row.until,
            note,
            offered,
        })
    }
}

/// Reads a packed membership of this space: user, then what [`membership_of`] reads.
pub(super) fn membership_in(space: SpaceName, cells: &mut Cells<'_>) -> Result<Membership, Error> {
    let user = read(("membership", "user_id"), space.as_str(), cells.next()?, user_id)?;
    membership_of(space, user, cells)
}

/// Reads the rest of a packed membership: status, version, invited_by, joined_at, changed_at, attendance,
/// until, origin, note, offered.
pub(super) fn membership_of(
    space: SpaceName,
    user: UserId,
    cells: &mut Cells<'_>,
) -> Result<Membership, Error> {
    let status = status_of(space.as_str(), cells.next()?)?;
    let version = cells.next()?;
    let inviter: Option<&str> = cells.next()?;
    let inviter_of = |id| read(("membership", "invited_by"), space.as_str(), id, user_id);
    let invited_by = inviter.map(inviter_of).transpose()?;
    let (joined_at, changed_at) = (cells.next()?, cells.next()?);
    let attendance = attendance_of(space.as_str(), cells.next()?)?;
    let until = cells.next()?;
    let terms = [cells.next()?, cells.next()?, cells.next()?];
    let Terms { origin, note, offered } = Terms::read("membership", space.as_str(), terms)?;
    let origin = origin.or_else(|| implied(status, invited_by.as_ref()));
    Ok(Membership {
        space,
        user,
        status,
        version,
        invited_by,
        joined_at,
        attendance,
        changed_at,
        until,
        origin,
        note,
        offered,
    })
}

impl TryFrom<membership_event::Model> for Event {
    type Error = Error;

    fn try_from(row: membership_event::Model) -> Result<Self, Error> {
        let key = &row.space;
        let column = |column| ("membership_event", column);
        let status = |name, word: &str| read(column(name), key, word, Status::from_word);
        let subject = match row.user_id.as_str() {
            "" => {
                let fields = row.fields.as_deref().unwrap_or_default();
                Subject::Space { fields: read(column("fields"), key, fields, field_list)? }
            }
            user => Subject::Membership {
                user: read(column("user_id"), key, user, user_id)?,
                from: status("from_status", &row.from_status)?,
                to: status("to_status", &row.to_status)?,
            },
        };
        let service = |id: &String| read(column("service"), key, id, user_id);
        let name = read(column("name"), key, &row.name, EventName::from_word)?;
        let actor = read(column("actor"), key, &row.actor, actor)?;
        let terms = [&row.origin, &row.note, &row.offered].map(Option::as_deref);
        let Terms { origin, note, offered } = Terms::read("membership_event", key, terms)?;
        let told = || match &subject {
            Subject::Membership { from, .. } => begins(name, *from, &actor, None),
            Subject::Space { .. } => None,
        };
        Ok(Self {
            space: read(column("space"), key, key, space_name)?,
            seq: row.seq,
            name,
            origin: origin.or_else(told),
            subject,
            previous: row.previous,
            until: row.until,
            note,
            offered,
            by: Authorship {
                actor,
                service: row.service.as_ref().map(service).transpose()?,
                cause: read(column("cause"), key, &row.cause, Action::from_word)?,
                at: row.at,
            },
        })
    }
}

/// An event as its row. One about the space itself belongs to nobody, and nobody's status changed.
pub(super) fn event_row(event: &Event) -> membership_event::Model {
    let (user_id, from, to, fields) = match &event.subject {
        Subject::Membership { user, from, to } => (user.to_string(), *from, *to, None),
        Subject::Space { fields } => {
            let words: Vec<_> = fields.iter().map(|field| field.word()).collect();
            (String::new(), Status::Absent, Status::Absent, Some(words.join(" ")))
        }
    };
    membership_event::Model {
        space: event.space.to_string(),
        seq: event.seq,
        user_id,
        actor: event.by.actor.to_string(),
        from_status: from.to_string(),
        to_status: to.to_string(),
        name: event.name.to_string(),
        cause: event.by.cause.to_string(),
        at: event.by.at,
        service: event.by.service.as_ref().map(UserId::to_string),
        fields,
        until: event.until,
        previous: event.previous,
        origin: event.untold_origin().map(ToString::to_string),
        note: event.note.as_ref().map(ToString::to_string),
        offered: event.untold_offer().map(|offer| offer.word().to_owned()),
    }
}
