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

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{DbBackend, Value};

use super::connection::Connection;
use super::error::Error;
use super::most_bytes;
use super::pieces::Piece;
use super::rows::{Cell, Rows, list, packed};
use super::waiting::{Tickets, node_rows, nodes, put_tickets, turning};
use super::write_sql::{
    END_POSTGRES, WRITE_ENDING_POSTGRES, WRITE_ENDINGS_POSTGRES, WRITE_NEW_POSTGRES,
    WRITE_NEW_WITH_POSTGRES, WRITE_ONE_NEW_POSTGRES, WRITE_ONE_POSTGRES, WRITE_POSTGRES,
};
use super::write_terms::Terms;
use crate::domain::{
    Attendance, Event, Link, LinkNumber, Membership, Millis, Space, SpaceName, Status, Subject,
    UserId,
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
    /// What changed in waiting lists.
    pub tickets: BTreeMap<SpaceName, Tickets>,
    /// The invite links that were used or ended, as they are now.
    pub links: BTreeMap<(SpaceName, LinkNumber), Link>,
}

/// The role of a change that leaves its membership as it is now; others were overtaken in the same write.
const LAST: &str = "last";
/// The same, if the membership was assumed to have no row.
const ASSUMED: &str = "assumed";

/// What becomes of the memberships of a write, and so its statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Direction {
    /// All of them begin.
    Begin,
    /// They do, and what is to be said beside is of origins, invite links and waiting lists alone: it is said along.
    BeginWith,
    /// They have another status now, or some of them.
    Change,
    /// All of them end.
    End,
}

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
    let terms = changes.terms();
    let direction = changes.direction(&terms, pieces.len() == 1);
    let (is_told_along, is_divided) =
        (direction == Direction::BeginWith, changes.begins() && changes.ends());
    let has_more =
        !is_told_along && (changes.has_links() || changes.has_nodes() || !terms.is_empty());
    let is_one_statement = pieces.len() == 1 && !has_more && !is_divided;
    if !is_locked && is_one_statement {
        // Outside of a transaction a statement commits itself.
        let moved = changes.write_piece(connection, pieces.into_iter().next(), direction).await;
        return moved.map_err(Error::at_commit);
    }
    if !is_locked {
        connection.begin().await?;
    }
    let mut moved: Option<BTreeSet<SpaceName>> = None;
    for piece in pieces {
        let piece = piece.of(moved.as_ref());
        let settled = changes.write_piece(connection, Some(piece), direction).await?;
        moved.get_or_insert_default().extend(settled);
    }
    let moved = moved.unwrap_or_default();
    if is_divided {
        changes.end(connection, &moved).await?;
    }
    if has_more {
        // Links before the terms, which say of what is told there where it came from.
        changes.put_links(connection, &moved).await?;
        changes.put_terms(connection, terms, &moved).await?;
        let tickets = changes.tickets.iter().filter(|(name, _)| moved.contains(*name));
        put_tickets(connection, tickets).await?;
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

    /// Whether nodes of waiting lists change.
    pub(super) fn has_nodes(&self) -> bool {
        !nodes(&self.tickets).is_empty() || !turning(&self.tickets).is_empty()
    }

    /// What becomes of its memberships.
    pub(super) fn direction(&self, terms: &Terms<'_>, is_one_piece: bool) -> Direction {
        match (self.begins(), self.ends(), self.is_all_new()) {
            (false, true, _) => Direction::End,
            (true, true, _) | (_, false, false) => Direction::Change,
            (_, false, true) => {
                let says_more = self.has_links() || self.has_nodes() || !terms.is_empty();
                let are_nodes_told = turning(&self.tickets).is_empty();
                let is_told_along = is_one_piece && terms.are_origins() && are_nodes_told;
                if says_more && is_told_along { Direction::BeginWith } else { Direction::Begin }
            }
        }
    }

    /// Whether no membership had a row before.
    pub(super) fn is_all_new(&self) -> bool {
        self.events.iter().all(|event| match &event.subject {
            Subject::Membership { from, .. } => *from == Status::Absent,
            Subject::Space { .. } => false,
        })
    }

    async fn write_piece(
        &self,
        connection: &mut Connection,
        piece: Option<Piece<'_>>,
        direction: Direction,
    ) -> Result<BTreeSet<SpaceName>, Error> {
        let Some(piece) = piece.filter(|piece| !piece.events.is_empty()) else {
            return Ok(BTreeSet::new());
        };
        let (one, set) = match direction {
            Direction::Begin => (Some(WRITE_ONE_NEW_POSTGRES), WRITE_NEW_POSTGRES),
            Direction::BeginWith => (None, WRITE_NEW_WITH_POSTGRES),
            Direction::Change => (Some(WRITE_ONE_POSTGRES), WRITE_POSTGRES),
            Direction::End => (Some(WRITE_ENDING_POSTGRES), WRITE_ENDINGS_POSTGRES),
        };
        let (sql, values) = match one.zip(self.values_of_one()) {
            Some(of_one) => of_one,
            None => {
                (set, self.values(connection.backend(), &piece.events, &piece.continued, direction))
            }
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

    /// The parameters of a write of these events and their spaces.
    pub(super) fn values(
        &self,
        backend: DbBackend,
        events: &[&Event],
        continued: &BTreeSet<&SpaceName>,
        direction: Direction,
    ) -> Vec<Value> {
        let concerned: BTreeSet<_> = events.iter().map(|event| &event.space).collect();
        let mut spaces = Rows::new(backend, 11);
        // In order of name, so that two writers never wait for each other.
        let mut moved: Vec<_> =
            self.spaces.iter().filter(|moved| concerned.contains(&moved.space.name)).collect();
        moved.sort_unstable_by(|a, b| a.space.name.cmp(&b.space.name));
        for MovedSpace { space, believed, new_creator } in moved {
            let believed = if continued.contains(&space.name) { space.seq } else { *believed };
            spaces.push(space_cells(space, believed, new_creator.as_ref()));
        }
        let (changes, more) = self.rows(backend, events, direction);
        let along = (direction == Direction::BeginWith).then(|| {
            let nodes = node_rows(backend, &nodes(&self.tickets));
            self.link_values(backend).chain(nodes.values())
        });
        let values = spaces.values().chain(changes.values()).chain([self.at.into()]);
        values.chain(more).chain(along.into_iter().flatten()).collect()
    }

    /// Events as rows, and what follows the time on PostgreSQL; on SQLite that ends each row.
    fn rows(
        &self,
        backend: DbBackend,
        events: &[&Event],
        direction: Direction,
    ) -> (Rows, Vec<Value>) {
        let columns = match direction {
            Direction::Begin => 0,
            Direction::BeginWith => 2,
            Direction::Change | Direction::End => 1,
        };
        let (mut changes, mut more) = (Rows::new(backend, 13), Rows::new(backend, columns));
        for event in events {
            self.with_cells(event, |cells, last| {
                let (told, kept);
                let beside = match direction {
                    Direction::Begin => [Cell::NoText; 2],
                    Direction::BeginWith => {
                        told = event.untold_origin().map(ToString::to_string);
                        kept = last.and_then(Membership::untold_origin).map(ToString::to_string);
                        [told.as_deref().into(), kept.as_deref().into()]
                    }
                    Direction::Change | Direction::End => [event.previous.into(), Cell::NoInt],
                };
                let beside = beside.into_iter().take(columns);
                match backend {
                    DbBackend::Sqlite => changes.push(cells.into_iter().chain(beside)),
                    _ => {
                        changes.push(cells);
                        more.push(beside);
                    }
                }
            });
        }
        let more = if backend == DbBackend::Sqlite { Vec::new() } else { more.values().collect() };
        (changes, more)
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
        self.with_cells(event, |row, _| {
            values.extend(row.into_iter().skip(1).take(cells).map(Value::from));
        });
        if !self.is_all_new() {
            values.push(event.previous.into());
        }
        Some(values)
    }

    /// Hands on what is written of an event, and the membership if it is the last about that.
    fn with_cells(
        &self,
        event: &Event,
        mut hand_on: impl FnMut([Cell<'_>; 13], Option<&Membership>),
    ) {
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
        let cells = [
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
        ];
        hand_on(cells, last);
    }
}

fn space_cells<'a>(
    space: &'a Space,
    believed: i64,
    new_creator: Option<&'a UserId>,
) -> [Cell<'a>; 11] {
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
        Cell::Int(space.counts.waitlisted),
    ]
}
