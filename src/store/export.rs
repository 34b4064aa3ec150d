//! A whole database as records, of one moment, in order of name, with as much in memory as a page has.

use std::collections::VecDeque;

use sea_orm::{
    AccessMode, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend,
    FromQueryResult, IsolationLevel, Statement, TransactionOptions, TransactionTrait, Value,
};

use super::connect::{connect, looking_options};
use super::entity::{membership, membership_event, person, space, space_content};
use super::error::Error;
use crate::domain::{
    Content, Event, Life, Membership, MembershipRecord, Person, Record, Space, SpaceRecord,
};

/// How many rows are read at a time.
const PAGE: i64 = 5_000;
/// How many spaces are: each may have 64 KiB of attributes.
const SPACES: i64 = 200;

const PEOPLE: &str = "SELECT * FROM person WHERE user_id > $1 ORDER BY user_id LIMIT $2";
const SPACE: &str = "SELECT * FROM space WHERE name > $1 ORDER BY name LIMIT $2";
const CONTENT: &str = "SELECT * FROM space_content WHERE space > $1 ORDER BY space LIMIT $2";
pub(super) const EVENT: &str = "SELECT * FROM membership_event WHERE (space, seq) > ($1, $2)
    ORDER BY space, seq LIMIT $3";
pub(super) const MEMBERSHIP: &str = "SELECT * FROM membership WHERE (space, user_id) > ($1, $2)
    ORDER BY space, user_id LIMIT $3";

/// A table that is read from its beginning to its end, page by page.
struct Cursor<M> {
    sql: &'static str,
    page: i64,
    /// The key of the last row that was read.
    after: fn(Option<&M>) -> Vec<Value>,
    last: Vec<Value>,
    rows: VecDeque<M>,
    is_over: bool,
}

impl<M: FromQueryResult> Cursor<M> {
    fn new(sql: &'static str, page: i64, after: fn(Option<&M>) -> Vec<Value>) -> Self {
        Self { sql, page, after, last: after(None), rows: VecDeque::new(), is_over: false }
    }

    /// Reads the next page if nothing is left of the one before.
    async fn fill(&mut self, moment: &DatabaseTransaction) -> Result<(), Error> {
        if !self.rows.is_empty() || self.is_over {
            return Ok(());
        }
        let values = self.last.iter().cloned().chain([self.page.into()]);
        let backend = moment.get_database_backend();
        let statement = Statement::from_sql_and_values(backend, self.sql, values);
        let rows = moment.query_all_raw(statement).await?;
        self.is_over = (rows.len() as i64) < self.page;
        let rows = rows.iter().map(|row| M::from_query_result(row, ""));
        self.rows = rows.collect::<Result<_, _>>()?;
        self.last = (self.after)(self.rows.back());
        Ok(())
    }

    /// The next row, if it belongs to what is asked for.
    async fn next_if(
        &mut self,
        moment: &DatabaseTransaction,
        belongs: impl Fn(&M) -> bool,
    ) -> Result<Option<M>, Error> {
        self.fill(moment).await?;
        Ok(if self.rows.front().is_some_and(belongs) { self.rows.pop_front() } else { None })
    }
}

/// Everything that a database had at one moment.
pub struct Export {
    database: DatabaseConnection,
    moment: DatabaseTransaction,
    people: Cursor<person::Model>,
    spaces: Cursor<space::Model>,
    contents: Cursor<space_content::Model>,
    events: Cursor<membership_event::Model>,
    memberships: Cursor<membership::Model>,
    current: Option<String>,
}

fn text(value: Option<&String>) -> Value {
    value.map_or("", String::as_str).into()
}

impl Export {
    /// Opens a database and holds the moment fast. Others may go on writing.
    pub async fn open(url: &str) -> Result<Self, Error> {
        let database = connect(looking_options(url)).await?;
        let is_sqlite = database.get_database_backend() == DbBackend::Sqlite;
        // On SQLite every transaction that reads sees one moment.
        let options = TransactionOptions {
            isolation_level: (!is_sqlite).then_some(IsolationLevel::RepeatableRead),
            access_mode: (!is_sqlite).then_some(AccessMode::ReadOnly),
            ..TransactionOptions::default()
        };
        let moment = database.begin_with_options(options).await?;
        Ok(Self {
            database,
            moment,
            people: Cursor::new(PEOPLE, PAGE, |row| vec![text(row.map(|row| &row.user_id))]),
            spaces: Cursor::new(SPACE, SPACES, |row| vec![text(row.map(|row| &row.name))]),
            contents: Cursor::new(CONTENT, SPACES, |row| vec![text(row.map(|row| &row.space))]),
            events: Cursor::new(EVENT, PAGE, |row| {
                vec![text(row.map(|row| &row.space)), row.map_or(0, |row| row.seq).into()]
            }),
            memberships: Cursor::new(MEMBERSHIP, PAGE, |row| {
                vec![text(row.map(|row| &row.space)), text(row.map(|row| &row.user_id))]
            }),
            current: None,
        })
    }

    /// How many memberships and events there are.
    pub async fn rows(&self) -> Result<i64, Error> {
        const COUNT: &str = "SELECT (SELECT COUNT(*) FROM membership_event)
            + (SELECT COUNT(*) FROM membership) AS found";
        let statement = Statement::from_string(self.moment.get_database_backend(), COUNT);
        let row = self.moment.query_one_raw(statement).await?;
        Ok(row.map(|row| row.try_get("", "found")).transpose()?.unwrap_or_default())
    }

    /// The next record: people first, then each space with its events and its memberships.
    pub async fn next(&mut self) -> Result<Option<Record>, Error> {
        let moment = &self.moment;
        if let Some(row) = self.people.next_if(moment, |_| true).await? {
            return Ok(Some(Record::Person(Box::new(Person::try_from(row)?))));
        }
        if let Some(space) = &self.current {
            if let Some(row) = self.events.next_if(moment, |row| row.space == *space).await? {
                return Ok(Some(Record::Event(Box::new(Event::try_from(row)?))));
            }
            if let Some(row) = self.memberships.next_if(moment, |row| row.space == *space).await? {
                return Ok(Some(Record::Membership(membership_record(row.try_into()?))));
            }
        }
        let Some(row) = self.spaces.next_if(moment, |_| true).await? else {
            self.refuse_strays().await?;
            return Ok(None);
        };
        let content = self.contents.next_if(moment, |content| content.space == row.name).await?;
        self.current = Some(row.name.clone());
        Ok(Some(Record::Space(Box::new(space_record(row, content)?))))
    }

    /// A row that belongs to no space stops its table where it stands.
    async fn refuse_strays(&mut self) -> Result<(), Error> {
        let moment = &self.moment;
        let event = self.events.next_if(moment, |_| true).await?.map(|row| row.space);
        let membership = self.memberships.next_if(moment, |_| true).await?.map(|row| row.space);
        let content = self.contents.next_if(moment, |_| true).await?.map(|row| row.space);
        match event.or(membership).or(content) {
            None => Ok(()),
            Some(space) => Err(stray(space)),
        }
    }

    /// Lets go of the moment.
    pub async fn close(self) -> Result<(), Error> {
        self.moment.rollback().await?;
        Ok(self.database.close().await?)
    }
}

fn stray(space: String) -> Error {
    Error::Corrupt { table: "space", column: "name", key: space.clone(), value: space }
}

fn space_record(
    row: space::Model,
    content: Option<space_content::Model>,
) -> Result<SpaceRecord, Error> {
    let (deleted_at, seq, created_at) = (row.deleted_at, row.seq, row.created_at);
    if let Some(at) = deleted_at {
        // A row of which little is left names nobody.
        let row = space::Model { creator: "-".into(), ..row };
        let Space { name, privacy, contribution, .. } = row.try_into()?;
        let life = Life::Deleted(at);
        let (seq, created_at) = (Some(seq), Some(created_at));
        return Ok(SpaceRecord { name, privacy, contribution, created_at, seq, life });
    }
    let content: Content = content.ok_or_else(|| stray(row.name.clone()))?.try_into()?;
    let Space { name, privacy, contribution, creator, capacity, waitlist, cool_down, .. } =
        row.try_into()?;
    let life = Life::Living { creator, capacity, waitlist, cool_down, content };
    let (seq, created_at) = (Some(seq), Some(created_at));
    Ok(SpaceRecord { name, privacy, contribution, created_at, seq, life })
}

fn membership_record(of: Membership) -> MembershipRecord {
    MembershipRecord {
        space: of.space,
        user: of.user,
        status: of.status,
        version: Some(of.version),
        invited_by: of.invited_by,
        joined_at: of.joined_at,
        attendance: of.attendance,
        changed_at: Some(of.changed_at),
        until: of.until,
    }
}
