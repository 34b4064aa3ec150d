//! One write to many spaces: load, then write, each with one statement for the whole set.

use std::collections::{BTreeMap, BTreeSet};

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait, IntoActiveModel, QueryFilter, QueryResult, Statement, TransactionTrait, Value,
};

use super::changes::{Changes, Step, UNCHANGED, key_set, name_set, row, steps};
use super::connect::{Store, immediate};
use super::convert;
use super::entity::{membership, membership_event, space};
use super::error::Error;
use super::lines::Lines;
use super::packs::{By, MEMBERSHIP_BY_KEY, found, look_up, numbered, packed, rows};
use super::sets::{MOST_BYTES, RowSet, pieces};
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
    writes: &'a Lines,
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
        let writes = &self.writes;
        let backend = writes.backend();
        let written_by = BTreeMap::new();
        let mut batch = Batch { writes, transaction: None, backend, written_by };
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
        self.transaction = Some(self.writes.pool.begin_with_options(immediate()).await?);
        Ok(())
    }

    /// In order of name, so that two writers never wait for each other.
    async fn lock(&self, names: &BTreeSet<SpaceName>) -> Result<(), Error> {
        let mut values = Vec::new();
        let names = name_set(names.iter()).source(self.backend, &mut values);
        let sql = format!(
            "SELECT 1 FROM space WHERE name IN (SELECT k_name FROM {names} k)
             ORDER BY name FOR UPDATE"
        );
        if let Some(transaction) = &self.transaction {
            transaction.execute_raw(statement(self.backend, sql, values)).await?;
        }
        Ok(())
    }

    /// Those of the spaces that exist and those of the memberships that have a row, as they were at
    /// one moment.
    pub async fn load(
        &mut self,
        names: &BTreeSet<SpaceName>,
        keys: &BTreeSet<Key>,
    ) -> Result<(Vec<Space>, Vec<Membership>), Error> {
        let keys: Vec<_> = keys.iter().collect();
        let length = |(space, user): &&Key| 2 * space.as_str().len() + user.as_str().len();
        let mut pieces = pieces(&keys, length);
        if self.transaction.is_none() && pieces.len() > 1 {
            // Several looks see one moment only behind a lock.
            self.begin().await?;
            self.lock(names).await?;
        }
        let mut of_space = convert::SPACE.to_vec();
        of_space.extend((self.backend == DbBackend::Postgres).then_some("xmin"));
        let first = pieces.next().unwrap_or_default();
        let (sql, values) = look_up(
            self.backend,
            (name_set(names.iter()), &of_space),
            (keys_of(first), convert::MEMBERSHIP),
        );
        let row = self.query(sql, values).await?;
        let spaces = self.spaces(packed(row.as_ref(), 0)?.as_deref())?;
        let mut memberships = memberships(packed(row.as_ref(), 1)?.as_deref(), first)?;
        for piece in pieces {
            memberships.extend(self.find(piece, MEMBERSHIP_BY_KEY).await?);
        }
        Ok((spaces, memberships))
    }

    fn spaces(&mut self, packed: Option<&str>) -> Result<Vec<Space>, Error> {
        let mut spaces = Vec::new();
        for mut cells in rows(packed) {
            cells.next::<i64>()?;
            let space = convert::space(&mut cells)?;
            if self.backend == DbBackend::Postgres {
                self.written_by.insert(space.name.clone(), cells.next()?);
            }
            spaces.push(space);
        }
        Ok(spaces)
    }

    /// The rows of these memberships, where there are any.
    pub async fn memberships(&self, keys: &BTreeSet<Key>) -> Result<Vec<Membership>, Error> {
        self.find_all(keys, MEMBERSHIP_BY_KEY).await
    }

    /// The open invitations that these users have sent.
    pub async fn invitations_by(&self, senders: &BTreeSet<Key>) -> Result<Vec<Membership>, Error> {
        self.find_all(senders, MEMBERSHIP_BY_INVITER).await
    }

    async fn find_all(&self, keys: &BTreeSet<Key>, by: By) -> Result<Vec<Membership>, Error> {
        let keys: Vec<_> = keys.iter().collect();
        let mut found = Vec::new();
        for piece in pieces(&keys, |(space, user)| space.as_str().len() + user.as_str().len()) {
            found.extend(self.find(piece, by).await?);
        }
        Ok(found)
    }

    async fn find(&self, keys: &[&Key], by: By) -> Result<Vec<Membership>, Error> {
        let mut values = Vec::new();
        let sql = found(self.backend, keys_of(keys), &mut values, by, convert::MEMBERSHIP);
        let row = self.query(sql, values).await?;
        memberships(packed(row.as_ref(), 0)?.as_deref(), keys)
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
        if self.transaction.is_none() && (writes.len() > 1 || changes.touch_spaces()) {
            self.begin().await?;
        }
        let Some(transaction) = self.transaction else {
            for (sql, values) in writes {
                // Outside of a transaction a statement commits itself.
                let written = self.writes.run(sql, values).await;
                written.map_err(|error| Error::from(error).at_commit())?;
            }
            return Ok(());
        };
        write_spaces(&transaction, changes).await?;
        for (sql, values) in writes {
            transaction.execute_raw(statement(self.backend, sql, values)).await?;
        }
        transaction.commit().await.map_err(|error| Error::from(error).at_commit())
    }

    /// The steps as few statements: on PostgreSQL each of a length that is sent at once, on SQLite
    /// one text that holds them all.
    fn writes(&self, steps: Vec<Step>) -> Vec<(String, Vec<Value>)> {
        if self.backend != DbBackend::Postgres {
            return (!steps.is_empty()).then(|| self.in_a_row(steps)).into_iter().collect();
        }
        let pieces = steps.into_iter().flat_map(|Step { sql, rows, is_checked }| {
            let pieces = rows.split(MOST_BYTES).into_iter();
            pieces.map(move |rows| Step { sql: sql.clone(), rows, is_checked })
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
    fn at_once(&self, steps: Vec<Step>) -> (String, Vec<Value>) {
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
        (sql, values)
    }

    fn in_a_row(&self, steps: Vec<Step>) -> (String, Vec<Value>) {
        let mut values = Vec::new();
        let steps = steps.into_iter().map(|Step { sql, rows, .. }| {
            let source = rows.source(self.backend, &mut values);
            sql.replace("{rows}", &source)
        });
        (steps.collect::<Vec<_>>().join(";"), values)
    }

    async fn query(&self, sql: String, values: Vec<Value>) -> Result<Option<QueryResult>, DbErr> {
        match &self.transaction {
            Some(transaction) => {
                transaction.query_one_raw(statement(self.backend, sql, values)).await
            }
            None => Ok(self.writes.run(sql, values).await?.into_iter().next()),
        }
    }
}

/// New, changed and deleted spaces, which are rare.
async fn write_spaces(db: &DatabaseTransaction, changes: &Changes) -> Result<(), DbErr> {
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

fn statement(backend: DbBackend, sql: String, values: Vec<Value>) -> Statement {
    Statement::from_sql_and_values(backend, sql, values)
}

// The index holds only those who have been invited by somebody, and SQLite wants to hear it.
const MEMBERSHIP_BY_INVITER: By = By {
    table: "membership",
    on: "t.space = k_space AND t.invited_by = k_user AND t.invited_by IS NOT NULL",
};

fn keys_of(keys: &[&Key]) -> RowSet {
    key_set(keys.iter().map(|(space, user)| (space, user)))
}

fn memberships(packed: Option<&str>, keys: &[&Key]) -> Result<Vec<Membership>, Error> {
    let membership = |found| {
        let ((space, _), mut cells): (&&Key, _) = found?;
        convert::membership_in(space.clone(), &mut cells)
    };
    numbered(packed, keys).map(membership).collect()
}
