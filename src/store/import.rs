//! Writing down what is moved in from elsewhere: sets of many thousand rows, in transactions that the
//! caller bounds. Whatever it writes about a space, it moves the space's number in the same transaction,
//! as every other writer does.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use sea_orm::sea_query::Values;
use sea_orm::{DbBackend, FromQueryResult, QueryResult};
use tokio::sync::watch;

use super::Store;
use super::claim::Claim;
use super::connection::Connection;
use super::convert::{content_row, read, space_row};
use super::entity::{membership_event, space, space_content, space_term};
use super::error::Error;
use super::import_rows::{
    content_cells, push_event, space_cells, term_cells, with_membership_cells,
};
use super::import_sql::{
    CONTENT, END_MEMBERSHIPS, EVENT, HEADS, MEMBERSHIP, MOVE_SPACES, PUT_MEMBERSHIPS, SPACE, Sql,
    TERM,
};
use super::import_task::{Job, Task, Worker};
use super::load::{Key, Loaded};
use super::new_rows::{NewRows, Table};
use super::rows::{Cell, Rows};
use super::settings::STATEMENT_LIMIT;
use super::target::{Role, Target};
use super::terms;
use super::waiting::{FORGET_NODES, Tickets, count_nodes, nodes, put_statements, turning};
use crate::domain::{
    Content, CoolDown, Counts, Event, Life, Membership, Millis, People, Space, SpaceName,
    SpaceRecord,
};

/// How many rows a statement over a set has at most.
const SET: usize = 10_000;
/// How long a statement may take where nobody else waits.
const ALONE: Duration = Duration::from_secs(600);
/// What SQLite keeps in memory where nobody else waits, so that the pages of the indexes on users, which are
/// in no order, need not be read and written again and again: 256 MiB, said in KiB below zero. Its log grows
/// to as much.
const CACHE_ALONE: [&str; 2] = ["PRAGMA cache_size = -262144", "PRAGMA wal_autocheckpoint = 65536"];
/// What PostgreSQL need not be afraid of there.
const PATIENT_ALONE: [&str; 2] =
    ["SET statement_timeout = 0", "SET idle_in_transaction_session_timeout = 0"];

/// A connection that moves memberships in, in a task of its own. What is handed in is written in this order;
/// what went wrong is told by the next call.
pub struct Importer {
    backend: DbBackend,
    task: Task,
    held: watch::Receiver<Duration>,
}

/// A space as its rows.
pub struct ImportedSpace {
    row: space::Model,
    content: Option<space_content::Model>,
    terms: Vec<space_term::Model>,
}

/// What is there under a space's name.
pub struct Head {
    /// The name.
    pub space: SpaceName,
    /// The number of the last event.
    pub seq: i64,
    /// The event with the number that was asked for.
    pub event: Option<Event>,
}

impl ImportedSpace {
    /// One that comes with its history, in which so many users have which status, and the first ceases then
    /// to have it.
    pub fn restored(
        record: &SpaceRecord,
        counts: Counts,
        seq: i64,
        next_until: Option<Millis>,
    ) -> Self {
        if let (Some((space, content)), Life::Living { .. }) = (record.space(0), &record.life) {
            return Self::changed(&Space { seq, counts, next_until, ..space }, Some(&content));
        }
        let deleted_at = match &record.life {
            Life::Living { .. } => None,
            Life::Deleted(at) => Some(*at),
        };
        let row = space::Model {
            name: record.name.to_string(),
            privacy: record.privacy.to_string(),
            creator: String::new(),
            contribution: record.contribution.to_string(),
            capacity: None,
            seq,
            invited_count: 0,
            requested_count: 0,
            member_count: 0,
            manager_count: 0,
            blocked_count: 0,
            created_at: record.created_at.unwrap_or_default(),
            deleted_at,
            hides_members: 0,
            going_count: 0,
            next_until: None,
            cool_down: CoolDown::default().seconds(),
            waitlist: 0,
            waitlisted_count: 0,
        };
        Self { row, content: None, terms: Vec::new() }
    }

    /// One that changed; with its content if it is new.
    pub fn changed(space: &Space, content: Option<&Content>) -> Self {
        let terms = content.map(|content| terms::rows_of(space, content)).unwrap_or_default();
        let content = content.map(|content| content_row(&space.name, content));
        Self { row: space_row(space), content, terms }
    }
}

impl Store {
    /// A connection that moves memberships in beside those who use the database. What it is given to `hold`
    /// is let go when it has come to its end.
    pub fn importer(&self, hold: impl Send + 'static) -> Importer {
        let connection = Connection::new(self.target.clone(), Role::Writer);
        Importer::start(connection, STATEMENT_LIMIT, false, hold)
    }
}

impl Importer {
    fn start(
        connection: Connection,
        limit: Duration,
        is_trial: bool,
        hold: impl Send + 'static,
    ) -> Self {
        let backend = connection.backend();
        let (held_now, held) = watch::channel(Duration::ZERO);
        let worker = Worker { connection, limit, is_trial, began: None, held: held_now };
        Self { backend, task: Task::start(worker, hold), held }
    }

    /// Opens a database that nobody else uses, as the claim on it says, so many times: once where there can be
    /// only one who writes. Of a trial nothing stays.
    pub async fn open(
        url: &str,
        claim: Claim,
        is_trial: bool,
        most: usize,
    ) -> Result<Vec<Self>, Error> {
        let (target, claim) = (Target::parse(url)?, Arc::new(claim));
        let mut importers = Vec::new();
        loop {
            let mut connection = Connection::new(target.clone(), Role::Writer);
            connection.open().await?;
            let is_sqlite = connection.backend() == DbBackend::Sqlite;
            for setting in if is_sqlite { CACHE_ALONE } else { PATIENT_ALONE } {
                connection.run(setting, []).await?;
            }
            importers.push(Self::start(connection, ALONE, is_trial, claim.clone()));
            if is_sqlite || importers.len() >= most {
                return Ok(importers);
            }
        }
    }

    /// Commits what was handed in until now, unless this is a trial.
    pub async fn commit(&mut self) -> Result<(), Error> {
        self.task.tell(Job::Commit).await
    }

    /// For how long the last transaction that was committed kept others waiting.
    pub fn held(&self) -> Duration {
        *self.held.borrow()
    }

    /// Begins a part of the transaction that can be undone on its own.
    pub async fn mark(&mut self) -> Result<(), Error> {
        self.task.tell(Job::Mark).await
    }

    /// Undoes what was handed in since the mark.
    pub async fn undo(&mut self) -> Result<(), Error> {
        self.task.tell(Job::Undo).await
    }

    /// Waits until all is written and takes leave of the database. What was not committed is undone.
    pub async fn close(self) -> Result<(), Error> {
        self.task.end().await
    }

    /// What is there under these names.
    pub async fn heads(&mut self, wanted: &[(&SpaceName, i64)]) -> Result<Vec<Head>, Error> {
        let mut rows = Rows::new(self.backend, HEADS.columns);
        wanted
            .iter()
            .for_each(|(name, seq)| rows.push([Cell::Text(name.as_str()), Cell::Int(*seq)]));
        let (sql, values) = self.statement(&HEADS, rows);
        let found = self.task.ask(|to| Job::Ask(sql.into(), values, to)).await?;
        found.iter().map(head).collect()
    }

    /// Locks these spaces until the transaction ends, and says what they are; not who is in them, but for
    /// those whose time is over now.
    pub async fn lock(
        &mut self,
        spaces: BTreeSet<SpaceName>,
        now: Millis,
    ) -> Result<Loaded, Error> {
        self.task.ask(|to| Job::Lock(spaces, now, to)).await
    }

    /// Looks for these memberships.
    pub async fn look(&mut self, keys: Vec<Key>) -> Result<Vec<Membership>, Error> {
        self.task.ask(|to| Job::Look(keys, to)).await
    }

    /// Writes words about people, and says of how many something newer is known now.
    pub async fn put_people(&mut self, people: People) -> Result<usize, Error> {
        self.task.ask(|to| Job::PutPeople(people, to)).await
    }

    /// Adds spaces that are not there.
    pub async fn add_spaces(&mut self, spaces: &[ImportedSpace]) -> Result<(), Error> {
        self.add(&SPACE, spaces, |space, rows| rows.push(space_cells(&space.row))).await?;
        self.add_contents(spaces).await
    }

    /// Writes spaces anew that are there, or were.
    pub async fn move_spaces(&mut self, spaces: &[ImportedSpace]) -> Result<(), Error> {
        self.put(&MOVE_SPACES, spaces, |space, rows| rows.push(space_cells(&space.row))).await?;
        self.add_contents(spaces).await
    }

    async fn add_contents(&mut self, spaces: &[ImportedSpace]) -> Result<(), Error> {
        let contents: Vec<_> = spaces.iter().filter_map(|space| space.content.as_ref()).collect();
        // A content may be as long as hundreds of events.
        for contents in contents.chunks(100) {
            self.add(&CONTENT, contents, |content, rows| rows.push(content_cells(content))).await?;
        }
        let terms: Vec<_> = spaces.iter().flat_map(|space| &space.terms).collect();
        self.add(&TERM, &terms, |term, rows| rows.push(term_cells(term))).await
    }

    /// Adds entries to histories.
    pub async fn add_events(&mut self, events: &[Event]) -> Result<(), Error> {
        self.add(&EVENT, events, push_event).await
    }

    /// Adds memberships of users who had none.
    pub async fn add_memberships(&mut self, of: &[&Membership]) -> Result<(), Error> {
        let push = |of: &&Membership, rows: &mut NewRows| {
            with_membership_cells(of, |cells| rows.push(cells));
        };
        self.add(&MEMBERSHIP, of, push).await
    }

    /// Takes memberships away that have ended.
    pub async fn end_memberships(&mut self, of: &[&Membership]) -> Result<(), Error> {
        self.put(&END_MEMBERSHIPS, of, |of, rows| {
            rows.push([Cell::Text(of.space.as_str()), Cell::Text(of.user.as_str())]);
        })
        .await
    }

    /// Writes memberships that are there as they are now.
    pub async fn put_memberships(&mut self, of: &[&Membership]) -> Result<(), Error> {
        let push = |of: &&Membership, rows: &mut Rows| {
            with_membership_cells(of, |cells| rows.push(cells));
        };
        self.put(&PUT_MEMBERSHIPS, of, push).await
    }

    /// Counts tickets of waiting lists that were given out (1) or came back (-1).
    pub async fn put_tickets(
        &mut self,
        tickets: &BTreeMap<SpaceName, Tickets>,
    ) -> Result<(), Error> {
        for nodes in nodes(tickets).chunks(SET) {
            for (sql, values) in put_statements(self.backend, nodes, usize::MAX) {
                self.task.tell(Job::Run(sql.into(), Values(values))).await?;
            }
        }
        self.count_anew(turning(tickets).into_iter().map(SpaceName::as_str)).await
    }

    /// Counts those who wait in these spaces, with all of their memberships.
    pub async fn count_lists(&mut self, spaces: &[ImportedSpace]) -> Result<(), Error> {
        let waited_for = spaces.iter().filter(|space| space.row.waitlisted_count > 0);
        self.count_anew(waited_for.map(|space| space.row.name.as_str())).await
    }

    async fn count_anew(&mut self, spaces: impl Iterator<Item = &str>) -> Result<(), Error> {
        for space in spaces {
            for sql in [FORGET_NODES.to_owned(), count_nodes(self.backend)] {
                let values = Values(vec![space.into()]);
                self.task.tell(Job::Run(sql.into(), values)).await?;
            }
        }
        Ok(())
    }

    async fn add<T>(
        &mut self,
        table: &Table,
        items: &[T],
        push: impl Fn(&T, &mut NewRows),
    ) -> Result<(), Error> {
        let mut left = items;
        while !left.is_empty() {
            let (items, later) = left.split_at(NewRows::together(self.backend, left.len()));
            let mut rows = NewRows::new(self.backend, table, items.len());
            items.iter().for_each(|item| push(item, &mut rows));
            self.task.tell(Job::Add(rows)).await?;
            left = later;
        }
        Ok(())
    }

    async fn put<T>(
        &mut self,
        sql: &Sql,
        items: &[T],
        push: impl Fn(&T, &mut Rows),
    ) -> Result<(), Error> {
        for items in items.chunks(SET) {
            let mut rows = Rows::new(self.backend, sql.columns);
            items.iter().for_each(|item| push(item, &mut rows));
            let (sql, values) = self.statement(sql, rows);
            self.task.tell(Job::Run(sql.into(), values)).await?;
        }
        Ok(())
    }

    fn statement(&self, sql: &Sql, rows: Rows) -> (String, Values) {
        (sql.of(self.backend).to_owned(), Values(rows.values().collect()))
    }
}

fn head(row: &QueryResult) -> Result<Head, Error> {
    let name: String = row.try_get("", "head")?;
    let is_name = |text: &str| SpaceName::parse(text).ok();
    let event = membership_event::Model::from_query_result_optional(row, "")?;
    Ok(Head {
        space: read(("space", "name"), &name, &name, is_name)?,
        seq: row.try_get("", "head_seq")?,
        event: event.map(Event::try_from).transpose()?,
    })
}
