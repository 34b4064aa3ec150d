//! Which database, and how it is opened, brought up to date and closed.

use std::time::Duration;

use migrations::{MigrationStatus, Migrator, MigratorTrait};
use sea_orm::sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};
use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, DbErr, RuntimeErr,
    SqliteTransactionMode, TransactionOptions, TransactionTrait,
};
use tokio::time::sleep;

use super::Store;
use super::connection::Connection;
use super::counts::Counts;
use super::error::Error;
use super::people::PeopleWriter;
use super::readers::Readers;
use super::target::{BUSY_TIMEOUT, Role, Target};

/// How often a SQLite file is tried that others are opening too, and how long after another.
const OPENING_TRIES: u32 = 40;
const OPENING_PAUSE: Duration = Duration::from_millis(50);

impl Store {
    /// Opens the database at `url`: `sqlite:{path}` or `postgres://…`, with so many connections for
    /// reading. A SQLite file is made if it is not there; once it was opened it is not made again.
    pub async fn open(url: &str, readers: u32) -> Result<Self, Error> {
        let target = Target::parse(url)?;
        match &target {
            Target::Postgres(_) => refuse_pooling_by_transaction(&target).await?,
            Target::Sqlite(file) => {
                if !file.is_there() {
                    tracing::info!(database = %target.place(), "there is no such file: making it");
                }
                connect(setup_options(url)).await?.close().await?;
                file.identify();
            }
        }
        let readers = Readers::start(&target, readers);
        let people_writer = PeopleWriter::start(&target);
        Ok(Self { url: url.into(), target, readers, counts: Counts::default(), people_writer })
    }

    /// Brings the schema up to date, whole or not at all. Of several replicas that start at once
    /// one does it while the others wait. A newer schema is refused.
    pub async fn migrate(&self) -> Result<(), Error> {
        let setup = connect(setup_options(&self.url)).await?;
        let done = migrate(&setup).await;
        setup.close().await.map_err(Error::from)?;
        done
    }

    /// Takes the whole schema down again, with all data. For development.
    pub async fn migrate_down(&self) -> Result<(), Error> {
        let setup = connect(setup_options(&self.url)).await?;
        let mut done = Migrator::down(&setup, None).await.map_err(schema_error);
        if done.is_ok() && !self.is_sqlite() {
            done = setup.execute_unprepared(DROP_LOCK).await.map(drop).map_err(Error::from);
        }
        setup.close().await.map_err(Error::from)?;
        done
    }
}

/// One step of the schema.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SchemaStep {
    /// What it is called.
    pub name: String,
    /// Whether the database has it.
    pub is_made: bool,
}

/// The steps of the schema, oldest first. Changes nothing: a SQLite file that is not there has none of
/// them, and is not made.
pub async fn schema(url: &str) -> Result<Vec<SchemaStep>, Error> {
    let target = Target::parse(url)?;
    if target.file().is_some_and(|path| !path.exists()) {
        let steps = Migrator::migrations().into_iter();
        return Ok(steps.map(|step| step_of(step.name(), false)).collect());
    }
    // Whatever is wrong with the way there, this connection says it; a pool only says that time is up.
    let mut first = Connection::new(target, Role::Reader);
    first.open().await?;
    first.close().await;
    let setup = connect(looking_options(url)).await?;
    let found = Migrator::get_migration_with_status_read_only(&setup).await.map_err(schema_error);
    setup.close().await.map_err(Error::from)?;
    let is_made = |step: &migrations::Migration| step.status() == MigrationStatus::Applied;
    Ok(found?.iter().map(|step| step_of(step.name(), is_made(step))).collect())
}

fn step_of(name: &str, is_made: bool) -> SchemaStep {
    SchemaStep { name: name.to_owned(), is_made }
}

/// A row that whoever changes the schema locks; every server that speaks SQL has such locks.
const MAKE_LOCK: &str = "CREATE TABLE IF NOT EXISTS schema_lock (id INTEGER PRIMARY KEY);
    INSERT INTO schema_lock (id) VALUES (1) ON CONFLICT DO NOTHING";
const DROP_LOCK: &str = "DROP TABLE IF EXISTS schema_lock";
const TAKE_LOCK: &str = "SELECT id FROM schema_lock WHERE id = 1 FOR UPDATE";

async fn migrate(setup: &DatabaseConnection) -> Result<(), Error> {
    let is_sqlite = setup.get_database_backend() == DbBackend::Sqlite;
    if !is_sqlite {
        // That a table is there already is no news.
        setup.execute_unprepared("SET client_min_messages = warning").await?;
        let mut tries = OPENING_TRIES;
        // Two servers that make the same table at once are in each other's way.
        while let Err(error) = setup.execute_unprepared(MAKE_LOCK).await {
            tries -= 1;
            if tries == 0 {
                return Err(error.into());
            }
            sleep(OPENING_PAUSE).await;
        }
    }
    let transaction = setup.begin_with_options(immediate()).await?;
    if !is_sqlite {
        transaction.execute_unprepared(TAKE_LOCK).await?;
    }
    Migrator::up(&transaction, None).await.map_err(schema_error)?;
    Ok(transaction.commit().await?)
}

/// SQLite takes its write lock at once, or a transaction that reads first could fail later on.
fn immediate() -> TransactionOptions {
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

/// One connection without limits: another replica may be changing the schema, and tables may be large.
pub(super) fn setup_options(url: &str) -> ConnectOptions {
    let mut options = ConnectOptions::new(url);
    options.max_connections(1).acquire_timeout(Duration::from_secs(5)).sqlx_logging(false);
    options.map_sqlx_sqlite_opts(|sqlite| {
        sqlite
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .busy_timeout(BUSY_TIMEOUT)
    });
    options.map_sqlx_postgres_opts(|postgres| postgres.extra_float_digits(None));
    options
}

/// The same, but what is not there is not made.
pub(super) fn looking_options(url: &str) -> ConnectOptions {
    let mut options = setup_options(url);
    let looking = |sqlite: SqliteConnectOptions| sqlite.create_if_missing(false).read_only(true);
    options.map_sqlx_sqlite_opts(move |sqlite| looking(sqlite).busy_timeout(BUSY_TIMEOUT));
    options
}

/// Several processes that make the same SQLite file at once are in each other's way, and SQLite does
/// not wait by itself for that.
pub(super) async fn connect(options: ConnectOptions) -> Result<DatabaseConnection, Error> {
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

/// Two connections that are open at the same time have a session each, unless somebody between hands
/// one session to both in turn.
async fn refuse_pooling_by_transaction(target: &Target) -> Result<(), Error> {
    const SESSION: &str = "SELECT pg_backend_pid()";
    let mut first = Connection::new(target.clone(), Role::Reader);
    let mut second = Connection::new(target.clone(), Role::Reader);
    let mut sessions = Vec::new();
    for connection in [&mut first, &mut second] {
        let rows = connection.run(SESSION, []).await.map_err(as_pooling)?;
        let session = rows.first().map(|row| row.try_get_by::<i32, _>(0)).transpose()?;
        sessions.push(session);
    }
    first.close().await;
    second.close().await;
    if sessions.first() == sessions.last() { Err(Error::PooledByTransaction) } else { Ok(()) }
}

/// A prepared statement that is there already, or is not there any more, is another connection's.
fn as_pooling(error: Error) -> Error {
    match &error {
        Error::Rejected(rejected) => {
            let text = rejected.to_string();
            if text.contains("prepared statement") { Error::PooledByTransaction } else { error }
        }
        Error::Contention(_)
        | Error::Unavailable(_)
        | Error::InDoubt(_)
        | Error::Overloaded
        | Error::Corrupt { .. }
        | Error::BadAddress
        | Error::PooledByTransaction
        | Error::SchemaTooNew
        | Error::Claimed(_)
        | Error::Unlockable { .. } => error,
    }
}
