//! One write transaction over many spaces: lock, load, write, commit, each with one statement for
//! the whole set.

use std::collections::BTreeSet;

use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, DbBackend, EntityTrait,
    FromQueryResult, IntoActiveModel, QueryFilter, Statement, TransactionTrait, Value,
};

use super::connect::{Store, immediate};
use super::entity::{membership, membership_event, space};
use super::error::Error;
use super::sets::RowSet;
use crate::domain::{Event, Membership, Space, SpaceName, Status, UserId};

/// A membership's key.
pub type Key = (SpaceName, UserId);

/// Everything that a batch changed.
#[derive(Debug, Default)]
pub struct Changes {
    /// Memberships as they are now; those that became ABSENT lose their row.
    pub memberships: Vec<Membership>,
    /// What happened, in order.
    pub events: Vec<Event>,
    /// Spaces that are new.
    pub created: Vec<Space>,
    /// Spaces that were changed themselves.
    pub updated: Vec<Space>,
    /// Spaces whose memberships changed: event number, counts and creator.
    pub moved: Vec<Space>,
    /// Spaces that are to go, with their memberships and history.
    pub deleted: Vec<SpaceName>,
}

impl Changes {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.memberships.is_empty()
            && self.events.is_empty()
            && self.created.is_empty()
            && self.updated.is_empty()
            && self.moved.is_empty()
            && self.deleted.is_empty()
    }
}

/// An open write transaction. Dropping it undoes everything.
pub struct Batch {
    transaction: DatabaseTransaction,
    backend: DbBackend,
}

impl Store {
    /// Begins a write transaction.
    pub async fn begin(&self) -> Result<Batch, Error> {
        let transaction = self.writes.begin_with_options(immediate()).await?;
        let backend = transaction.get_database_backend();
        Ok(Batch { transaction, backend })
    }
}

impl Batch {
    /// Locks these spaces against every other writer, in order of name so that two writers never
    /// wait for each other, and returns those that exist.
    pub async fn lock(&self, names: &BTreeSet<SpaceName>) -> Result<Vec<Space>, Error> {
        let mut values = Vec::new();
        let names = RowSet::new().text("k_name", names.iter().map(ToString::to_string));
        let source = names.source(self.backend, &mut values);
        // SQLite has locked the whole database already.
        let lock =
            if self.backend == DbBackend::Postgres { "ORDER BY name FOR UPDATE" } else { "" };
        let sql =
            format!("SELECT * FROM space WHERE name IN (SELECT k_name FROM {source} k) {lock}");
        let rows = space::Model::find_by_statement(self.statement(sql, values));
        rows.all(&self.transaction).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// The rows of these memberships, where there are any.
    pub async fn memberships(&self, keys: &BTreeSet<Key>) -> Result<Vec<Membership>, Error> {
        self.load(keys, "m.user_id = k_user").await
    }

    /// The open invitations that these users have sent.
    pub async fn invitations_by(&self, senders: &BTreeSet<Key>) -> Result<Vec<Membership>, Error> {
        // The index holds only those who have been invited by somebody, and SQLite wants to hear it.
        self.load(senders, "m.invited_by = k_user AND m.invited_by IS NOT NULL").await
    }

    async fn load(&self, keys: &BTreeSet<Key>, on: &str) -> Result<Vec<Membership>, Error> {
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let mut values = Vec::new();
        let source = key_set(keys.iter().map(|(space, user)| (space, user)))
            .source(self.backend, &mut values);
        // CROSS JOIN keeps SQLite from scanning memberships instead of looking them up.
        let sql = format!(
            "SELECT m.* FROM {source} k CROSS JOIN membership m WHERE m.space = k_space AND {on}"
        );
        let rows = membership::Model::find_by_statement(self.statement(sql, values));
        rows.all(&self.transaction).await?.into_iter().map(TryInto::try_into).collect()
    }

    /// Writes everything down.
    pub async fn write(&self, changes: &Changes) -> Result<(), Error> {
        for name in &changes.deleted {
            self.delete(name).await?;
        }
        if !changes.created.is_empty() {
            let rows = changes.created.iter().map(|space| row(space).into_active_model());
            space::Entity::insert_many(rows).exec_without_returning(&self.transaction).await?;
        }
        for space in &changes.updated {
            let row = row(space).into_active_model().reset_all();
            space::Entity::update(row).exec(&self.transaction).await?;
        }
        match self.backend {
            DbBackend::Postgres => self.write_at_once(steps(changes)).await,
            _ => self.write_one_by_one(steps(changes)).await,
        }
    }

    /// One round trip. The steps touch different rows, so their order does not matter.
    async fn write_at_once(&self, steps: Vec<Step>) -> Result<(), Error> {
        let mut values = Vec::new();
        let mut parts = Vec::new();
        for (index, step) in steps.into_iter().enumerate() {
            let source = step.rows.source(self.backend, &mut values);
            parts.push(format!("s{index} AS ({})", step.sql.replace("{rows}", &source)));
        }
        if parts.is_empty() {
            return Ok(());
        }
        let sql = format!("WITH {} SELECT 1", parts.join(", "));
        self.transaction.execute_raw(self.statement(sql, values)).await?;
        Ok(())
    }

    async fn write_one_by_one(&self, steps: Vec<Step>) -> Result<(), Error> {
        for step in steps {
            let mut values = Vec::new();
            let source = step.rows.source(self.backend, &mut values);
            let statement = self.statement(step.sql.replace("{rows}", &source), values);
            self.transaction.execute_raw(statement).await?;
        }
        Ok(())
    }

    /// Deletes a space with its memberships and its history.
    async fn delete(&self, name: &SpaceName) -> Result<(), Error> {
        let name = name.as_str();
        let of_space = membership_event::Column::Space.eq(name);
        let db = &self.transaction;
        membership_event::Entity::delete_many().filter(of_space).exec(db).await?;
        let of_space = membership::Column::Space.eq(name);
        membership::Entity::delete_many().filter(of_space).exec(db).await?;
        space::Entity::delete_by_id(name).exec(db).await?;
        Ok(())
    }

    fn statement(&self, sql: String, values: Vec<Value>) -> Statement {
        Statement::from_sql_and_values(self.backend, sql, values)
    }

    /// Ends the transaction without a change.
    pub async fn cancel(self) -> Result<(), Error> {
        Ok(self.transaction.rollback().await?)
    }

    /// Makes the changes last.
    pub async fn commit(self) -> Result<(), Error> {
        self.transaction.commit().await.map_err(|error| Error::from(error).at_commit())
    }
}

/// One statement over a set of rows, which takes the place of `{rows}`.
struct Step {
    sql: &'static str,
    rows: RowSet,
}

/// What has to be written, as sets. Empty sets are left out.
fn steps(changes: &Changes) -> Vec<Step> {
    let (gone, kept): (Vec<_>, Vec<_>) =
        changes.memberships.iter().partition(|m| m.status == Status::Absent);
    let mut steps = Vec::new();
    if !gone.is_empty() {
        let rows = key_set(gone.iter().map(|m| (&m.space, &m.user)));
        steps.push(Step { sql: DELETE_MEMBERSHIPS, rows });
    }
    if !kept.is_empty() {
        steps.push(Step { sql: SAVE_MEMBERSHIPS, rows: membership_set(&kept) });
    }
    if !changes.events.is_empty() {
        steps.push(Step { sql: APPEND_EVENTS, rows: event_set(&changes.events) });
    }
    if !changes.moved.is_empty() {
        steps.push(Step { sql: MOVE_SPACES, rows: moved_set(&changes.moved) });
    }
    steps
}

const DELETE_MEMBERSHIPS: &str =
    "DELETE FROM membership WHERE (space, user_id) IN (SELECT k_space, k_user FROM {rows} k)";

// SQLite needs the WHERE to tell the upsert's ON from a join's.
const SAVE_MEMBERSHIPS: &str = "
    INSERT INTO membership (space, user_id, status, version, invited_by, joined_at, changed_at)
    SELECT k_space, k_user, k_status, k_version, k_invited_by, k_joined_at, k_changed_at
    FROM {rows} k WHERE true
    ON CONFLICT (space, user_id) DO UPDATE SET
        status = excluded.status, version = excluded.version, invited_by = excluded.invited_by,
        joined_at = excluded.joined_at, changed_at = excluded.changed_at";

const APPEND_EVENTS: &str = "
    INSERT INTO membership_event
        (space, seq, user_id, actor, from_status, to_status, name, cause, at)
    SELECT k_space, k_seq, k_user, k_actor, k_from, k_to, k_name, k_cause, k_at FROM {rows} k";

const MOVE_SPACES: &str = "
    UPDATE space SET
        seq = k_seq, creator = k_creator, invited_count = k_invited,
        requested_count = k_requested, member_count = k_members, manager_count = k_managers,
        blocked_count = k_blocked
    FROM {rows} k WHERE name = k_space";

fn key_set<'a>(keys: impl Iterator<Item = (&'a SpaceName, &'a UserId)> + Clone) -> RowSet {
    RowSet::new()
        .text("k_space", keys.clone().map(|(space, _)| space.to_string()))
        .text("k_user", keys.map(|(_, user)| user.to_string()))
}

fn membership_set(kept: &[&Membership]) -> RowSet {
    let rows = || kept.iter();
    key_set(rows().map(|m| (&m.space, &m.user)))
        .text("k_status", rows().map(|m| m.status.to_string()))
        .int("k_version", rows().map(|m| m.version))
        .optional_text("k_invited_by", rows().map(|m| m.invited_by.as_ref().map(UserId::to_string)))
        .optional_int("k_joined_at", rows().map(|m| m.joined_at))
        .int("k_changed_at", rows().map(|m| m.changed_at))
}

fn event_set(events: &[Event]) -> RowSet {
    let rows = || events.iter();
    key_set(rows().map(|e| (&e.space, &e.user)))
        .int("k_seq", rows().map(|e| e.seq))
        .text("k_actor", rows().map(|e| e.actor.to_string()))
        .text("k_from", rows().map(|e| e.from.to_string()))
        .text("k_to", rows().map(|e| e.to.to_string()))
        .text("k_name", rows().map(|e| e.name.to_string()))
        .text("k_cause", rows().map(|e| e.cause.to_string()))
        .int("k_at", rows().map(|e| e.at))
}

fn moved_set(spaces: &[Space]) -> RowSet {
    let rows = || spaces.iter();
    RowSet::new()
        .text("k_space", rows().map(|s| s.name.to_string()))
        .text("k_creator", rows().map(|s| s.creator.to_string()))
        .int("k_seq", rows().map(|s| s.seq))
        .int("k_invited", rows().map(|s| s.counts.invited))
        .int("k_requested", rows().map(|s| s.counts.requested))
        .int("k_members", rows().map(|s| s.counts.members))
        .int("k_managers", rows().map(|s| s.counts.managers))
        .int("k_blocked", rows().map(|s| s.counts.blocked))
}

fn row(space: &Space) -> space::Model {
    space::Model {
        name: space.name.to_string(),
        privacy: space.privacy.to_string(),
        display_name: space.display_name.to_string(),
        creator: space.creator.to_string(),
        contribution: space.contribution.to_string(),
        capacity: space.capacity,
        attributes: space.attributes.to_string(),
        seq: space.seq,
        invited_count: space.counts.invited,
        requested_count: space.counts.requested,
        member_count: space.counts.members,
        manager_count: space.counts.managers,
        blocked_count: space.counts.blocked,
        created_at: space.created_at,
    }
}
