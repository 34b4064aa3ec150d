//! Opening a database: pools, pragmas, time limits, and the schema.

use std::time::Duration;

use migrations::{Migrator, MigratorTrait};
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::time::sleep;

use super::error::Error;
use super::lines::{Lines, PATIENCE};

/// How long a statement may wait for another transaction's lock.
const LOCK_TIMEOUT: &str = "2000";
/// How long a statement may run. Above the longest deadline of a call there is nobody to answer.
const STATEMENT_TIMEOUT: &str = "30000";
/// How long SQLite waits for another process that writes to the same file.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);
/// How much of a SQLite file each connection keeps in memory: 8 MiB, said in KiB below zero.
const CACHE_SIZE: &str = "-8192";
/// How long SQLite's log grows before its pages are written back: 32 MiB. Pages that many commits
/// touch are then written back once.
const PAGES_BEFORE_CHECKPOINT: &str = "8192";
/// How often a SQLite file is tried that others are opening too, and how long after another.
const OPENING_TRIES: u32 = 40;
const OPENING_PAUSE: Duration = Duration::from_millis(50);
/// A pooled connection that has rested this long is tried before it is used.
const IDLE_BEFORE_PING: Duration = Duration::from_secs(5);
/// A random number that only schema changes of this program lock.
const MIGRATION_LOCK: i64 = 0x0072_6f73_7465_7201;

/// An open database: one pool for reading, one for the ledger.
#[derive(Clone)]
pub struct Store {
    pub(super) reads: Lines,
    pub(super) writes: Lines,
}

impl Store {
    /// Opens the database at `url`: `sqlite:{path}` or `postgres://…`. SQLite files are made when
    /// missing. `writers` is how many transactions the ledger has open at once (SQLite: one).
    pub async fn open(url: &str, writers: u32, readers: u32) -> Result<Self, Error> {
        let is_sqlite = url.starts_with("sqlite:");
        // One for each writer's statements and one for his transactions; SQLite needs only this.
        let connections = if is_sqlite { 1 } else { writers * 2 };
        if !is_usable(url) {
            return Err(Error::BadAddress);
        }
        let mut reads = options(url, readers);
        reads.min_connections(1);
        let mut writes = options(url, connections);
        // A connection to a server belongs to the runtime that opens it: the first write does.
        writes.connect_lazy(!is_sqlite);
        let (reads, writes) = (connect(reads).await?, connect(writes).await?);
        Ok(Self { reads: Lines::new(reads, readers), writes: Lines::new(writes, writers) })
    }

    /// Whether this is SQLite, which has one writer at a time.
    pub fn is_sqlite(&self) -> bool {
        self.writes.backend() == DbBackend::Sqlite
    }

    /// Asks the database for a sign of life.
    pub async fn ping(&self) -> Result<(), Error> {
        self.query("SELECT 1".into(), Vec::new()).await.map(drop)
    }

    /// Brings the schema up to date, whole or not at all. Of several replicas that start at once
    /// one does it while the others wait. A newer schema is refused.
    pub async fn migrate(&self) -> Result<(), Error> {
        let transaction = self.writes.pool.begin_with_options(immediate()).await?;
        if !self.is_sqlite() {
            // However long it takes: another replica may be at it, and the tables may be large.
            let lock = format!(
                "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0;
                 SELECT pg_advisory_xact_lock({MIGRATION_LOCK})"
            );
            transaction.execute_unprepared(&lock).await?;
        }
        Migrator::up(&transaction, None).await.map_err(schema_error)?;
        Ok(transaction.commit().await?)
    }

    /// Takes the whole schema down again, with all data. For development.
    pub async fn migrate_down(&self) -> Result<(), Error> {
        Migrator::down(&self.writes.pool, None).await.map_err(schema_error)
    }

    /// Closes both pools once their work is done.
    pub async fn close(&self) {
        for lines in [&self.reads, &self.writes] {
            if let Err(error) = lines.close().await {
                tracing::warn!(%error, "the database did not close cleanly");
            }
        }
    }
}

/// A server, or a file: what is kept in memory, each connection would have to itself.
fn is_usable(url: &str) -> bool {
    let Some(file) = url.strip_prefix("sqlite:") else {
        return url.starts_with("postgres://") || url.starts_with("postgresql://");
    };
    let (path, parameters) = file.split_once('?').unwrap_or((file, ""));
    let is_file = !path.trim_matches('/').is_empty() && path != ":memory:";
    is_file && !parameters.contains("mode=memory")
}

/// Several processes that make the same SQLite file at once are in each other's way, and SQLite does
/// not wait by itself for that.
async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, Error> {
    let mut tries = OPENING_TRIES;
    loop {
        let error = match Database::connect(options.clone()).await {
            Ok(connection) => return Ok(connection),
            // Not an answer of a database: the address could not be read.
            Err(DbErr::Conn(RuntimeErr::Internal(_))) => return Err(Error::BadAddress),
            Err(error) => Error::from(error),
        };
        tries -= 1;
        if tries == 0 || !matches!(error, Error::Contention(_)) {
            return Err(error);
        }
        sleep(OPENING_PAUSE).await;
    }
}

/// SQLite takes its write lock at once, or a transaction that reads first could fail later on.
pub(super) fn immediate() -> TransactionOptions {
    TransactionOptions {
        sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
        ..TransactionOptions::default()
    }
}

/// The migrator reports a step that it does not know as a custom error, and nothing else so.
fn schema_error(error: DbErr) -> Error {
    match error {
        DbErr::Custom(_) => Error::SchemaTooNew,
        error => error.into(),
    }
}

fn options(url: &str, connections: u32) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        .test_before_acquire_if_idle_for(IDLE_BEFORE_PING)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(|sqlite| {
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .busy_timeout(BUSY_TIMEOUT)
                .pragma("cache_size", CACHE_SIZE)
                .pragma("wal_autocheckpoint", PAGES_BEFORE_CHECKPOINT)
        })
        .map_sqlx_postgres_opts(|postgres| {
            postgres.application_name("roster").options([
                ("lock_timeout", LOCK_TIMEOUT),
                ("statement_timeout", STATEMENT_TIMEOUT),
                // A set's size would tempt the planner to plan anew for each set.
                ("plan_cache_mode", "force_generic_plan"),
                // Every statement finds its rows by key. Without this a plan that was made when a
                // table was small would go on scanning it when it is large.
                ("enable_seqscan", "off"),
                ("enable_hashjoin", "off"),
                ("enable_mergejoin", "off"),
                // Pages are read in the order of an index, however few rows the planner expects.
                ("enable_bitmapscan", "off"),
            ])
        });
    options
}
