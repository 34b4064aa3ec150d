//! Writing down what is moved in from elsewhere: sets of many thousand rows, in transactions that the
//! caller bounds. Whatever it writes about a space, it moves the space's number in the same transaction,
//! as every other writer does.

use std::time::Duration;

use sea_orm::sea_query::Values;
use sea_orm::{FromQueryResult, QueryResult};

use super::connection::Connection;
use super::convert::{content_row, read, space_row};
use super::entity::{membership_event, space, space_content, space_term};
use super::error::Error;
use super::import_rows::{content_cells, membership_cells, push_event, space_cells, term_cells};
use super::import_sql::{
    ADD_CONTENTS, ADD_EVENTS, ADD_SPACES, ADD_TERMS, HEADS, MOVE_SPACES, PUT_MEMBERSHIPS, Sql,
};
use super::load::{Loaded, Wanted, lock};
use super::people;
use super::rows::{Cell, Rows};
use super::settings::STATEMENT_LIMIT;
use super::target::{Role, Target};
use super::terms;
use super::{Store, claim::Claim};
use crate::domain::{
    Content, Counts, Event, Life, Membership, People, Space, SpaceName, SpaceRecord,
};

/// How many rows a statement writes at most.
const SET: usize = 10_000;
/// How long a statement may take where nobody else waits.
const ALONE: Duration = Duration::from_secs(600);

/// A connection that moves memberships in.
pub struct Importer {
    connection: Connection,
    limit: Duration,
    /// Whether nothing is to stay of what is written.
    is_trial: bool,
    has_begun: bool,
    _claim: Option<Claim>,
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
    /// One that comes with its history, in which so many users have which status.
    pub fn restored(record: &SpaceRecord, counts: Counts, seq: i64) -> Self {
        if let (Some((space, content)), Life::Living { .. }) = (record.space(0), &record.life) {
            return Self::changed(&Space { seq, counts, ..space }, Some(&content));
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
    /// A connection that moves memberships in beside those who use the database.
    pub fn importer(&self) -> Importer {
        Importer::new(self.target.clone(), STATEMENT_LIMIT, false)
    }
}

impl Importer {
    fn new(target: Target, limit: Duration, is_trial: bool) -> Self {
        let connection = Connection::new(target, Role::Writer);
        Self { connection, limit, is_trial, has_begun: false, _claim: None }
    }

    /// Opens a database that nobody else uses, as the claim on it says. Of a trial nothing stays.
    pub async fn open(url: &str, claim: Claim, is_trial: bool) -> Result<Self, Error> {
        let mut importer = Self::new(Target::parse(url)?, ALONE, is_trial);
        importer._claim = Some(claim);
        importer.connection.open().await?;
        if !importer.connection.is_sqlite() {
            for limit in ["statement_timeout", "idle_in_transaction_session_timeout"] {
                importer.connection.run(format!("SET {limit} = 0"), []).await?;
            }
        }
        Ok(importer)
    }

    /// Begins a transaction. A trial is one transaction from its beginning to its end.
    pub async fn begin(&mut self) -> Result<(), Error> {
        if !self.has_begun {
            self.connection.begin().await?;
            self.has_begun = true;
        }
        Ok(())
    }

    /// Commits, unless this is a trial.
    pub async fn commit(&mut self) -> Result<(), Error> {
        if self.has_begun && !self.is_trial {
            self.has_begun = false;
            self.connection.commit().await?;
        }
        Ok(())
    }

    /// Undoes the transaction; of a connection that is gone it is undone already.
    pub async fn rollback(&mut self) -> Result<(), Error> {
        if std::mem::take(&mut self.has_begun) && self.connection.is_open() {
            self.connection.rollback().await?;
        }
        Ok(())
    }

    /// Begins a part of the transaction that can be undone on its own.
    pub async fn mark(&mut self) -> Result<(), Error> {
        self.begin().await?;
        self.connection.run("SAVEPOINT one_space", []).await.map(drop)
    }

    /// Undoes what was written since the mark.
    pub async fn undo(&mut self) -> Result<(), Error> {
        self.connection.run("ROLLBACK TO SAVEPOINT one_space", []).await.map(drop)
    }

    /// Takes leave of the database.
    pub async fn close(mut self) -> Result<(), Error> {
        let undone = self.rollback().await;
        self.connection.close().await;
        undone
    }

    /// What is there under these names.
    pub async fn heads(&mut self, wanted: &[(&SpaceName, i64)]) -> Result<Vec<Head>, Error> {
        let mut rows = Rows::new(self.connection.backend(), HEADS.columns);
        wanted
            .iter()
            .for_each(|(name, seq)| rows.push([Cell::Text(name.as_str()), Cell::Int(*seq)]));
        let found = self.run(&HEADS, rows).await?;
        found.iter().map(head).collect()
    }

    /// Locks these spaces, and loads what is known of them.
    pub async fn load(&mut self, wanted: &Wanted) -> Result<Loaded, Error> {
        lock(&mut self.connection, &wanted.spaces).await?;
        wanted.load(&mut self.connection).await
    }

    /// Writes words about people, and says of how many something newer is known now.
    pub async fn put_people(&mut self, people: &People) -> Result<usize, Error> {
        people::put(&mut self.connection, people).await
    }

    /// Adds spaces that are not there.
    pub async fn add_spaces(&mut self, spaces: &[ImportedSpace]) -> Result<(), Error> {
        self.put_spaces(&ADD_SPACES, spaces).await
    }

    /// Writes spaces anew that are there, or were.
    pub async fn move_spaces(&mut self, spaces: &[ImportedSpace]) -> Result<(), Error> {
        self.put_spaces(&MOVE_SPACES, spaces).await
    }

    async fn put_spaces(&mut self, sql: &Sql, spaces: &[ImportedSpace]) -> Result<(), Error> {
        self.put(sql, spaces, |space, rows| rows.push(space_cells(&space.row))).await?;
        let contents: Vec<_> = spaces.iter().filter_map(|space| space.content.as_ref()).collect();
        // A content may be as long as hundreds of events.
        for contents in contents.chunks(100) {
            self.put(&ADD_CONTENTS, contents, |content, rows| rows.push(content_cells(content)))
                .await?;
        }
        let terms: Vec<_> = spaces.iter().flat_map(|space| &space.terms).collect();
        self.put(&ADD_TERMS, &terms, |term, rows| rows.push(term_cells(term))).await
    }

    /// Adds entries to histories.
    pub async fn add_events(&mut self, events: &[Event]) -> Result<(), Error> {
        self.put(&ADD_EVENTS, events, push_event).await
    }

    /// Writes memberships as they are now.
    pub async fn put_memberships(&mut self, memberships: &[Membership]) -> Result<(), Error> {
        self.put(&PUT_MEMBERSHIPS, memberships, |of, rows| rows.push(membership_cells(of))).await
    }

    async fn put<T>(
        &mut self,
        sql: &Sql,
        items: &[T],
        push: impl Fn(&T, &mut Rows),
    ) -> Result<(), Error> {
        for items in items.chunks(SET) {
            let mut rows = Rows::new(self.connection.backend(), sql.columns);
            items.iter().for_each(|item| push(item, &mut rows));
            self.run(sql, rows).await?;
        }
        Ok(())
    }

    async fn run(&mut self, sql: &Sql, rows: Rows) -> Result<Vec<QueryResult>, Error> {
        let sql = sql.of(self.connection.backend()).to_owned();
        let values = Values(rows.values().collect());
        self.connection.run_within(self.limit, sql.into(), values).await
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
