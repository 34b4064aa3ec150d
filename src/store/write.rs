//! Writing down what a batch of commands changed in the memberships of its spaces.
//!
//! One statement settles each space on its own: it moves those whose number is still the one that was
//! believed, writes memberships and events for them alone, and names them. Whatever changes a membership
//! moves its space's number, so a space that was not moved has changed meanwhile, and its commands are
//! decided again; the others are done.
//!
//! A row that was only *assumed* to be absent is looked for by the same statement, and its space left out
//! if it is there. READ COMMITTED is enough for that. Whoever puts such a row there moves the number in
//! the same transaction. If they committed before this statement began, it sees the row. If they commit
//! later, then either they hold the space's row, so that the UPDATE waits for them and, looking again at
//! the number as it is then, leaves the space out; or this statement holds it first, and they wait.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{DbBackend, Value};

use super::connection::Connection;
use super::error::Error;
use super::most_bytes;
use super::pieces::Piece;
use super::rows::{Cell, Rows, list, packed};
use super::write_sql::{
    END_POSTGRES, WRITE_ENDING_POSTGRES, WRITE_ENDINGS_POSTGRES, WRITE_NEW_POSTGRES,
    WRITE_ONE_NEW_POSTGRES, WRITE_ONE_POSTGRES, WRITE_POSTGRES, WRITE_SQLITE, WRITE_UNTIL_SQLITE,
};
use crate::domain::{
    Attendance, Event, Membership, Millis, Space, SpaceName, Status, Subject, UserId,
};

/// A space whose memberships changed.
#[derive(Clone, Debug)]
pub struct MovedSpace {
    /// The space as it is now.
    pub space: Space,
    /// The number that it had when it was looked at.
    pub believed: i64,
    /// Its creator, if that is somebody else now.
    pub new_creator: Option<UserId>,
}

/// What a batch changed in memberships.
#[derive(Debug, Default)]
pub struct Changes {
    /// When all of it happened.
    pub at: Millis,
    /// The spaces, each once.
    pub spaces: Vec<MovedSpace>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// The memberships that the events are about, as they are now.
    pub memberships: BTreeMap<(SpaceName, UserId), Membership>,
    /// Spaces whose new members were assumed to have no row.
    pub assumed: BTreeSet<SpaceName>,
    /// Before when nobody's time ends, of spaces where that is another moment now; also where nothing else
    /// has changed, which are locked then.
    pub next_until: BTreeMap<SpaceName, Option<Millis>>,
}

/// The role of a change that leaves its membership as it is now; others were overtaken in the same write.
const LAST: &str = "last";
/// The same, if the membership was assumed to have no row.
const ASSUMED: &str = "assumed";

/// Writes the changes down for good and names the spaces that were settled. With `is_locked` the
/// connection is in a transaction that has locked the spaces, and this commits it.
pub async fn write(
    connection: &mut Connection,
    changes: &Changes,
    is_locked: bool,
) -> Result<BTreeSet<SpaceName>, Error> {
    if connection.backend() == DbBackend::Sqlite {
        let (sql, values) = changes.statement_for_sqlite();
        connection.run_to_commit(sql, values).await?;
        return Ok(changes.names().cloned().collect());
    }
    let pieces = changes.pieces(most_bytes(connection.has_nagle()));
    let (begins, ends, is_timed) = (changes.begins(), changes.ends(), changes.is_timed());
    let is_one_statement = pieces.len() == 1 && !is_timed && !(begins && ends);
    if !is_locked && is_one_statement {
        // Outside of a transaction a statement commits itself.
        let moved = changes.write_piece(connection, pieces.into_iter().next(), ends).await;
        return moved.map_err(Error::at_commit);
    }
    if !is_locked {
        connection.begin().await?;
    }
    let mut moved: Option<BTreeSet<SpaceName>> = None;
    for piece in pieces {
        let piece = piece.of(moved.as_ref());
        let settled = changes.write_piece(connection, Some(piece), ends && !begins).await?;
        moved.get_or_insert_default().extend(settled);
    }
    let moved = moved.unwrap_or_default();
    if begins && ends {
        changes.end(connection, &moved).await?;
    }
    if is_timed {
        changes.put_until(connection, &moved).await?;
    }
    connection.commit().await?;
    Ok(moved)
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.spaces.is_empty() && self.next_until.is_empty()
    }

    fn names(&self) -> impl Iterator<Item = &SpaceName> {
        self.spaces.iter().map(|moved| &moved.space.name)
    }

    fn begins(&self) -> bool {
        self.memberships.values().any(|membership| membership.status != Status::Absent)
    }

    fn ends(&self) -> bool {
        self.memberships.values().any(|membership| membership.status == Status::Absent)
    }

    /// Whether no membership had a row before.
    fn is_all_new(&self) -> bool {
        self.events.iter().all(|event| match &event.subject {
            Subject::Membership { from, .. } => *from == Status::Absent,
            Subject::Space { .. } => false,
        })
    }

    async fn write_piece(
        &self,
        connection: &mut Connection,
        piece: Option<Piece<'_>>,
        ends: bool,
    ) -> Result<BTreeSet<SpaceName>, Error> {
        let Some(piece) = piece.filter(|piece| !piece.events.is_empty()) else {
            return Ok(BTreeSet::new());
        };
        let [one, set] = match (ends, self.is_all_new()) {
            (true, _) => [WRITE_ENDING_POSTGRES, WRITE_ENDINGS_POSTGRES],
            (false, true) => [WRITE_ONE_NEW_POSTGRES, WRITE_NEW_POSTGRES],
            (false, false) => [WRITE_ONE_POSTGRES, WRITE_POSTGRES],
        };
        let (sql, values) = match self.values_of_one() {
            Some(values) => (one, values),
            None => (set, self.values(connection.backend(), &piece.events, &piece.continued)),
        };
        let answer = connection.run(sql, values).await?;
        let moved = packed(&answer, 0)?;
        let moved: BTreeSet<&str> = list(moved.as_deref()).collect();
        Ok(self.names().filter(|name| moved.contains(name.as_str())).cloned().collect())
    }

    async fn end(
        &self,
        connection: &mut Connection,
        moved: &BTreeSet<SpaceName>,
    ) -> Result<(), Error> {
        let ended = self.memberships.values();
        let ended = ended.filter(|m| m.status == Status::Absent && moved.contains(&m.space));
        let ended: Vec<_> = ended.collect();
        let Some(longest) =
            ended.iter().map(|m| m.space.as_str().len() + m.user.as_str().len()).max()
        else {
            return Ok(());
        };
        for ended in ended.chunks((most_bytes(connection.has_nagle()) / (longest + 2)).max(1)) {
            let mut rows = Rows::new(connection.backend(), 2);
            for membership in ended {
                let user = membership.user.as_str();
                rows.push([Cell::Text(membership.space.as_str()), Cell::Text(user)]);
            }
            connection.run(END_POSTGRES, rows.values()).await?;
        }
        Ok(())
    }

    /// The statement that writes all of it on SQLite.
    pub(super) fn statement_for_sqlite(&self) -> (Cow<'static, str>, Vec<Value>) {
        let events: Vec<_> = self.events.iter().collect();
        let mut values = self.values(DbBackend::Sqlite, &events, &BTreeSet::new());
        if !self.is_timed() {
            return (WRITE_SQLITE.into(), values);
        }
        values.extend(self.all_until_values(DbBackend::Sqlite));
        (WRITE_UNTIL_SQLITE.into(), values)
    }

    /// The parameters of a write of these events and their spaces.
    pub(super) fn values(
        &self,
        backend: DbBackend,
        events: &[&Event],
        continued: &BTreeSet<&SpaceName>,
    ) -> Vec<Value> {
        let concerned: BTreeSet<_> = events.iter().map(|event| &event.space).collect();
        let mut spaces = Rows::new(backend, 10);
        // In order of name, so that two writers never wait for each other.
        let mut moved: Vec<_> =
            self.spaces.iter().filter(|moved| concerned.contains(&moved.space.name)).collect();
        moved.sort_unstable_by(|a, b| a.space.name.cmp(&b.space.name));
        for MovedSpace { space, believed, new_creator } in moved {
            let believed = if continued.contains(&space.name) { space.seq } else { *believed };
            spaces.push(space_cells(space, believed, new_creator.as_ref()));
        }
        let mut changes = Rows::new(backend, 13);
        for event in events {
            self.with_cells(event, |cells| changes.push(cells));
        }
        spaces.values().chain(changes.values()).chain([self.at.into()]).collect()
    }

    /// The parameters of a write of one event, if there is just one.
    pub(super) fn values_of_one(&self) -> Option<Vec<Value>> {
        let ([moved], [event]) = (&*self.spaces, &*self.events) else { return None };
        let MovedSpace { space, believed, new_creator } = moved;
        let mut values: Vec<_> =
            space_cells(space, *believed, new_creator.as_ref()).map(Value::from).into();
        values.push(self.at.into());
        // What ends was nobody's invitation, began at no time and has no answer; the space is named already.
        let cells = if self.ends() { 9 } else { 12 };
        self.with_cells(event, |row| {
            values.extend(row.into_iter().skip(1).take(cells).map(Value::from));
        });
        Some(values)
    }

    /// Hands on what is written of an event.
    fn with_cells(&self, event: &Event, mut hand_on: impl FnMut([Cell<'_>; 13])) {
        let Subject::Membership { user, from, to } = &event.subject else { return };
        let membership = self.memberships.get(&(event.space.clone(), user.clone()));
        let last = membership.filter(|m| m.version == event.seq);
        let role = match last {
            Some(_) if self.assumed.contains(&event.space) => Some(ASSUMED),
            Some(_) => Some(LAST),
            None => None,
        };
        // Most users act for themselves. The actor is not repeated then.
        let actor = (event.by.actor.user() != Some(user)).then(|| event.by.actor.to_string());
        hand_on([
            Cell::Text(event.space.as_str()),
            Cell::Text(user.as_str()),
            Cell::Int(event.seq),
            Cell::Text(from.word()),
            Cell::Text(to.word()),
            Cell::Text(event.name.word()),
            Cell::Text(event.by.cause.word()),
            actor.as_deref().into(),
            event.by.service.as_ref().map(UserId::as_str).into(),
            role.into(),
            last.and_then(|m| m.invited_by.as_ref()).map(UserId::as_str).into(),
            last.and_then(|m| m.joined_at).map(|at| self.at - at).into(),
            last.and_then(|m| m.attendance).map(Attendance::word).into(),
        ]);
    }
}

fn space_cells<'a>(
    space: &'a Space,
    believed: i64,
    new_creator: Option<&'a UserId>,
) -> [Cell<'a>; 10] {
    [
        Cell::Text(space.name.as_str()),
        Cell::Int(believed),
        Cell::Int(space.seq),
        new_creator.map(UserId::as_str).into(),
        Cell::Int(space.counts.invited),
        Cell::Int(space.counts.requested),
        Cell::Int(space.counts.members),
        Cell::Int(space.counts.managers),
        Cell::Int(space.counts.blocked),
        Cell::Int(space.counts.going),
    ]
}
