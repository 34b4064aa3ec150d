//! One write to many spaces: load, then write, each with one statement for the whole set.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseExecutor,
    DatabaseTransaction, DbBackend, EntityTrait, IntoActiveModel, QueryFilter, QueryResult,
    Statement, TransactionTrait, Value,
};

use super::changes::{Changes, Step, UNCHANGED, key_set, name_set, row, steps};
use super::connect::{Store, immediate};
use super::convert;
use super::entity::{membership, membership_event, space};
use super::error::Error;
use super::packs::{Join, join, pack, packed, rows};
use super::reads::select;
use super::sets::{MOST_BYTES, RowSet};
use crate::domain::{Membership, Space, SpaceName, UserId};

/// A membership's key.
pub type Key = (SpaceName, UserId);

/// How other writers are kept out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Locking {
    /// Nothing is locked while the batch is decided. The write finds out whether anybody changed one
    /// of its spaces since they were loaded, and then changes nothing. Two round trips in all.
    /// SQLite has one writer at a time, so there this is the same as pessimistic.
    Optimistic,
    /// The spaces are locked first: for whoever has met another writer, and for what takes more than
    /// one look.
    Pessimistic,
}

/// A write that has begun. Dropping it undoes everything.
pub struct Batch<'a> {
    connection: &'a DatabaseConnection,
    transaction: Option<DatabaseTransaction>,
    backend: DbBackend,
    /// Which transaction wrote the row of each space that was loaded, in PostgreSQL's numbers.
    written_by: BTreeMap<SpaceName, String>,
}

impl Store {
    /// Begins a write to these spaces.
    pub async fn batch(
        &self,
        names: &BTreeSet<SpaceName>,
        locking: Locking,
    ) -> Result<Batch<'_>, Error> {
        let connection = &self.writes;
        let backend = connection.get_database_backend();
        let written_by = BTreeMap::new();
        let mut batch = Batch { connection, transaction: None, backend, written_by };
        if backend != DbBackend::Postgres {
            batch.begin().await?;
        } else if locking == Locking::Pessimistic {
            batch.begin().await?;
            batch.lock(names).await?;
        }
        Ok(batch)
    }
}

impl Batch<'_> {
    async fn begin(&mut self) -> Result<(), Error> {
        self.transaction = Some(self.connection.begin_with_options(immediate()).await?);
        Ok(())
    }

    fn db(&self) -> DatabaseExecutor<'_> {
        match &self.transaction {
            Some(transaction) => transaction.into(),
            None => self.connection.into(),
        }
    }

    /// In order of name, so that two writers never wait for each other.
    async fn lock(&self, names: &BTreeSet<SpaceName>) -> Result<(), Error> {
        let mut values = Vec::new();
        let names = name_set(names).source(self.backend, &mut values);
        let sql = format!(
            "SELECT 1 FROM space WHERE name IN (SELECT k_name FROM {names} k)
             ORDER BY name FOR UPDATE"
        );
        self.db().execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    /// Those of the spaces that exist and those of the memberships that have a row, as they were at
    /// one moment.
    pub async fn load(
        &mut self,
        names: &BTreeSet<SpaceName>,
        keys: &BTreeSet<Key>,
    ) -> Result<(Vec<Space>, Vec<Membership>), Error> {
        let mut pieces =
            key_set(keys.iter().map(|(space, user)| (space, user))).split(MOST_BYTES).into_iter();
        if self.transaction.is_none() && pieces.len() > 1 {
            // Several looks see one moment only behind a lock.
            self.begin().await?;
            self.lock(names).await?;
        }
        let mut values = Vec::new();
        let names = name_set(names).source(self.backend, &mut values);
        let first = pieces.next().unwrap_or_default().source(self.backend, &mut values);
        let writer = if self.backend == DbBackend::Postgres { "s.xmin" } else { "NULL" };
        let mut columns = select("s", convert::SPACE);
        columns.push(writer.into());
        let sql = format!(
            "SELECT (SELECT {} FROM {names} k {}), ({})",
            pack(&columns),
            join(self.backend, Join::Inner, "space", "s", "s.name = k_name"),
            self.found(&first, BY_USER),
        );
        let row = self.query(sql, values).await?;
        let mut memberships = memberships(packed(row.as_ref(), 1)?.as_deref())?;
        let spaces = self.spaces(packed(row.as_ref(), 0)?.as_deref())?;
        for piece in pieces {
            memberships.extend(self.find(piece, BY_USER).await?);
        }
        Ok((spaces, memberships))
    }

    fn spaces(&mut self, packed: Option<&str>) -> Result<Vec<Space>, Error> {
        let mut spaces = Vec::new();
        for mut cells in rows(packed) {
            let space = convert::space(&mut cells)?;
            if let Some(writer) = cells.next()? {
                self.written_by.insert(space.name.clone(), writer);
            }
            spaces.push(space);
        }
        Ok(spaces)
    }

    /// The rows of these memberships, where there are any.
    pub async fn memberships(&self, keys: &BTreeSet<Key>) -> Result<Vec<Membership>, Error> {
        self.find_all(keys, BY_USER).await
    }

    /// The open invitations that these users have sent.
    pub async fn invitations_by(&self, senders: &BTreeSet<Key>) -> Result<Vec<Membership>, Error> {
        self.find_all(senders, BY_INVITER).await
    }

    async fn find_all(&self, keys: &BTreeSet<Key>, on: &str) -> Result<Vec<Membership>, Error> {
        let mut found = Vec::new();
        if !keys.is_empty() {
            for piece in key_set(keys.iter().map(|(space, user)| (space, user))).split(MOST_BYTES) {
                found.extend(self.find(piece, on).await?);
            }
        }
        Ok(found)
    }

    async fn find(&self, keys: RowSet, on: &str) -> Result<Vec<Membership>, Error> {
        let mut values = Vec::new();
        let sql = self.found(&keys.source(self.backend, &mut values), on);
        let row = self.query(sql, values).await?;
        memberships(packed(row.as_ref(), 0)?.as_deref())
    }

    fn found(&self, keys: &str, on: &str) -> String {
        let mut columns = vec!["m.space".to_owned()];
        columns.extend(select("m", convert::MEMBERSHIP));
        let join = join(self.backend, Join::Inner, "membership", "m", on);
        format!("SELECT {} FROM {keys} k {join}", pack(&columns))
    }

    /// Ends the write without a change.
    pub async fn cancel(self) -> Result<(), Error> {
        match self.transaction {
            Some(transaction) => Ok(transaction.rollback().await?),
            None => Ok(()),
        }
    }

    /// Writes everything down for good, or nothing.
    pub async fn commit(mut self, changes: &Changes) -> Result<(), Error> {
        let writes = self.writes(steps(changes, self.backend, &self.written_by));
        if self.transaction.is_none() && writes.len() > 1 {
            self.begin().await?;
        }
        self.write_spaces(changes).await?;
        for write in writes {
            self.write(write).await?;
        }
        let Some(transaction) = self.transaction else { return Ok(()) };
        transaction.commit().await.map_err(|error| Error::from(error).at_commit())
    }

    /// New, changed and deleted spaces, which are rare.
    async fn write_spaces(&self, changes: &Changes) -> Result<(), Error> {
        let db = &self.db();
        for name in &changes.deleted {
            let name = name.as_str();
            let events = membership_event::Column::Space.eq(name);
            membership_event::Entity::delete_many().filter(events).exec(db).await?;
            let memberships = membership::Column::Space.eq(name);
            membership::Entity::delete_many().filter(memberships).exec(db).await?;
            space::Entity::delete_by_id(name).exec(db).await?;
        }
        if !changes.created.is_empty() {
            let rows = changes.created.iter().map(|space| row(space).into_active_model());
            space::Entity::insert_many(rows).exec_without_returning(db).await?;
        }
        for space in &changes.updated {
            let row = row(space).into_active_model().reset_all();
            space::Entity::update(row).exec(db).await?;
        }
        Ok(())
    }

    /// The steps as few statements: on PostgreSQL each of a length that is sent at once, on SQLite
    /// one text that holds them all.
    fn writes(&self, steps: Vec<Step>) -> Vec<Statement> {
        if self.backend != DbBackend::Postgres {
            return (!steps.is_empty()).then(|| self.in_a_row(steps)).into_iter().collect();
        }
        let pieces = steps.into_iter().flat_map(|Step { sql, rows, is_checked }| {
            let pieces = rows.split(MOST_BYTES).into_iter();
            pieces.map(move |rows| Step { sql, rows, is_checked })
        });
        let mut packets: Vec<Vec<Step>> = Vec::new();
        let mut room = 0;
        for piece in pieces {
            let bytes = piece.rows.bytes();
            match packets.last_mut().filter(|_| bytes <= room) {
                Some(packet) => packet.push(piece),
                None => {
                    packets.push(vec![piece]);
                    room = MOST_BYTES;
                }
            }
            room = room.saturating_sub(bytes);
        }
        packets.into_iter().map(|packet| self.at_once(packet)).collect()
    }

    /// One statement that fails, and so does nothing, if one of its spaces was changed meanwhile: it
    /// divides by zero. Its parts touch different rows, so their order does not matter.
    fn at_once(&self, steps: Vec<Step>) -> Statement {
        let mut values = Vec::new();
        let (mut parts, mut found) = (Vec::new(), Vec::new());
        for (n, Step { sql, rows, is_checked }) in steps.into_iter().enumerate() {
            if is_checked {
                values.push((rows.rows() as i64).into());
                found.push(format!("(SELECT COUNT(*) FROM step_{n}) = ${}", values.len()));
            }
            let check = if is_checked { UNCHANGED } else { "" };
            let sql = sql.replace("{rows}", &rows.source(self.backend, &mut values));
            parts.push(format!("step_{n} AS ({sql}{check})"));
        }
        found.push("true".into());
        let sql = format!("WITH {} SELECT 1 / ({})::int", parts.join(", "), found.join(" AND "));
        self.statement(sql, values)
    }

    fn in_a_row(&self, steps: Vec<Step>) -> Statement {
        let mut values = Vec::new();
        let steps = steps.into_iter().map(|Step { sql, rows, .. }| {
            let source = rows.source(self.backend, &mut values);
            sql.replace("{rows}", &source)
        });
        let sql = steps.collect::<Vec<_>>().join(";");
        self.statement(sql, values)
    }

    /// Outside of a transaction a statement commits itself.
    async fn write(&self, write: Statement) -> Result<(), Error> {
        let written = self.db().execute_raw(write).await;
        written.map(drop).map_err(|error| match self.transaction {
            Some(_) => Error::from(error),
            None => Error::from(error).at_commit(),
        })
    }

    async fn query(&self, sql: String, values: Vec<Value>) -> Result<Option<QueryResult>, Error> {
        Ok(self.db().query_one_raw(self.statement(sql, values)).await?)
    }

    fn statement(&self, sql: String, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.backend, sql, values)
    }
}

const BY_USER: &str = "m.space = k_space AND m.user_id = k_user";
// The index holds only those who have been invited by somebody, and SQLite wants to hear it.
const BY_INVITER: &str = "m.space = k_space AND m.invited_by = k_user AND m.invited_by IS NOT NULL";

fn memberships(packed: Option<&str>) -> Result<Vec<Membership>, Error> {
    rows(packed).map(|mut cells| convert::membership(&mut cells)).collect()
}
