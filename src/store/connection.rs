//! One connection, which belongs to one task. Every statement has a deadline, and a connection on which
//! anything went wrong is closed, never used again: both drivers have lost acknowledged changes through
//! connections that came back from an error in an unknown state.

use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use sea_orm::sea_query::Values;
use sea_orm::sqlx::sqlite::SqliteConnectOptions;
use sea_orm::sqlx::{
    AssertSqlSafe, ConnectOptions, Connection as _, PgConnection, SqliteConnection, query_with,
};
use sea_orm::{DbBackend, DbErr, QueryResult, RuntimeErr, SqlxError, Statement, Value};
use sea_query_sqlx::SqlxValues;
use tokio::time::{Instant, timeout};

use super::error::Error;
use super::metrics::{Counted, Metrics};
use super::new_rows::{self, NewRows};
use super::settings;
use super::target::{Role, Target, Turn};

/// How long it may take to open a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(1);
/// What a statement may take on top of the server's own limit before the server counts as silent.
const MARGIN: Duration = Duration::from_millis(500);
/// How many instructions SQLite runs between two looks at whether it is to stop.
const INSTRUCTIONS_BETWEEN_LOOKS: i32 = 10_000;

/// A connection that opens itself when it is needed. Its methods must run to their end: whoever drops
/// one of their futures must drop the connection too.
pub struct Connection {
    target: Target,
    role: Role,
    metrics: Metrics,
    open: Option<Open>,
    /// Whether a transaction was begun on it and has not ended: it must not be replaced then.
    is_in_transaction: bool,
    /// Keeps this program's other writers away from SQLite's file until the transaction has ended.
    turn: Option<Turn>,
    /// How often the way to the database had been found dead when this was opened.
    opened_after: u64,
}

struct Open {
    driver: Driver,
    _counted: Counted,
}

/// What a connection is to do.
enum Work {
    Run(Cow<'static, str>, Values),
    Add(NewRows),
}

enum Driver {
    Postgres(Box<PgConnection>),
    Sqlite { connection: SqliteConnection, stop: Arc<AtomicBool> },
}

impl Connection {
    /// A connection that is not open yet.
    pub(super) fn new(target: Target, role: Role) -> Self {
        let (metrics, is_in_transaction) = (Metrics::new(role), false);
        Self { target, role, metrics, open: None, is_in_transaction, turn: None, opened_after: 0 }
    }

    /// The database's kind.
    pub(super) fn backend(&self) -> DbBackend {
        self.target.backend()
    }

    /// Whether this is SQLite, which has one writer at a time.
    pub fn is_sqlite(&self) -> bool {
        self.backend() == DbBackend::Sqlite
    }

    /// Whether it is open, so that what it did before still holds.
    pub fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether the way to the server holds back what is longer than one packet.
    pub(super) fn has_nagle(&self) -> bool {
        self.target.has_nagle()
    }

    /// Opens it, if it is not open. Never in the middle of a transaction: what came before would be
    /// undone, and what follows would be for good.
    pub async fn open(&mut self) -> Result<(), Error> {
        self.target.check()?;
        if self.is_in_transaction {
            return Ok(());
        }
        let deaths = self.target.deaths();
        if self.opened_after < deaths {
            self.open = None;
        }
        if self.open.is_none() {
            self.opened_after = deaths;
            let opening = Driver::new(&self.target, self.role);
            let opened = timeout(CONNECT_LIMIT, opening).await.map_err(|_| Error::silent());
            let driver = opened.flatten().inspect_err(|_| self.metrics.open_failed())?;
            self.open = Some(Open { driver, _counted: self.metrics.opened() });
        }
        Ok(())
    }

    /// Runs one statement.
    pub async fn run(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<Vec<QueryResult>, Error> {
        let values = Values(values.into_iter().collect());
        self.run_within(settings::STATEMENT_LIMIT, sql.into(), values).await
    }

    /// Runs a statement that SeaORM made.
    pub async fn run_built(&mut self, statement: Statement) -> Result<Vec<QueryResult>, Error> {
        let values = statement.values.unwrap_or(Values(Vec::new()));
        self.run_within(settings::STATEMENT_LIMIT, statement.sql.into(), values).await
    }

    /// Runs one statement that may take longer than others; `limit` is the server's own.
    pub async fn run_within(
        &mut self,
        limit: Duration,
        sql: Cow<'static, str>,
        values: Values,
    ) -> Result<Vec<QueryResult>, Error> {
        self.work(limit, Work::Run(sql, values)).await
    }

    /// Adds rows to a table that has none with their keys.
    pub(super) async fn add(&mut self, limit: Duration, rows: NewRows) -> Result<(), Error> {
        self.work(limit, Work::Add(rows)).await.map(drop)
    }

    async fn work(&mut self, limit: Duration, work: Work) -> Result<Vec<QueryResult>, Error> {
        self.open().await?;
        // Taken out, so that after an error it is gone.
        let Some(mut open) = self.open.take() else { return Err(Error::silent()) };
        let is_in_transaction = std::mem::take(&mut self.is_in_transaction);
        let turn = self.turn.take();
        let began = Instant::now();
        let error = match timeout(limit + MARGIN, open.driver.work(work)).await {
            Ok(Ok(rows)) => {
                self.open = Some(open);
                (self.is_in_transaction, self.turn) = (is_in_transaction, turn);
                self.metrics.answered(began.elapsed());
                return Ok(rows);
            }
            Ok(Err(error)) => DbErr::Query(RuntimeErr::SqlxError(error.into())).into(),
            Err(_) => {
                open.driver.interrupt();
                self.target.found_dead();
                Error::silent()
            }
        };
        self.metrics.broke();
        Err(error)
    }

    /// Begins a transaction. A plain statement, since a transaction of the driver's may be a savepoint
    /// inside another one, and its commit none.
    pub async fn begin(&mut self) -> Result<(), Error> {
        let begin = match self.backend() {
            DbBackend::Sqlite => "BEGIN IMMEDIATE",
            _ => "BEGIN",
        };
        let turn = self.target.turn().await?;
        self.run(begin, []).await?;
        (self.is_in_transaction, self.turn) = (true, turn);
        Ok(())
    }

    /// Commits. SQLite refuses this outside of a transaction, so success means that the outermost one
    /// ended. PostgreSQL only warns, but this connection is the one that began it.
    pub async fn commit(&mut self) -> Result<(), Error> {
        self.run_to_commit("COMMIT", []).await
    }

    /// Runs statements of which the last one commits.
    pub(super) async fn run_to_commit(
        &mut self,
        sql: impl Into<Cow<'static, str>>,
        values: impl IntoIterator<Item = Value>,
    ) -> Result<(), Error> {
        if !self.is_in_transaction {
            return Err(Error::silent());
        }
        #[cfg(feature = "defects")]
        let sql = crate::defects::without_commit(&sql.into());
        self.run(sql, values).await.map_err(Error::at_commit)?;
        (self.is_in_transaction, self.turn) = (false, None);
        Ok(())
    }

    /// Undoes the transaction.
    pub async fn rollback(&mut self) -> Result<(), Error> {
        self.run("ROLLBACK", []).await?;
        (self.is_in_transaction, self.turn) = (false, None);
        Ok(())
    }

    /// Takes leave of the server.
    pub async fn close(&mut self) {
        let closed = match self.open.take().map(|open| open.driver) {
            Some(Driver::Postgres(connection)) => connection.close().await,
            Some(Driver::Sqlite { connection, .. }) => connection.close().await,
            None => Ok(()),
        };
        if let Err(error) = closed {
            tracing::debug!(%error, "a connection did not close cleanly");
        }
    }
}

impl Driver {
    async fn new(target: &Target, role: Role) -> Result<Self, Error> {
        match target {
            Target::Postgres(server) => {
                let mut connection = server.options().connect().await.map_err(failed)?;
                settings::apply(&mut connection, role).await.map_err(failed)?;
                Ok(Self::Postgres(Box::new(connection)))
            }
            Target::Sqlite(file) => Self::sqlite(file.options()).await.map_err(failed),
        }
    }

    async fn sqlite(options: &SqliteConnectOptions) -> Result<Self, SqlxError> {
        let mut connection = options.connect().await?;
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let go_on = move || !stopped.load(Ordering::Relaxed);
        let mut handle = connection.lock_handle().await?;
        handle.set_progress_handler(INSTRUCTIONS_BETWEEN_LOOKS, go_on);
        drop(handle);
        Ok(Self::Sqlite { connection, stop })
    }

    async fn work(&mut self, work: Work) -> Result<Vec<QueryResult>, SqlxError> {
        let (sql, values) = match (work, &mut *self) {
            (Work::Run(sql, values), _) => (sql, values),
            (Work::Add(NewRows::Few { sql, values }), _) => (sql.into(), Values(values)),
            (Work::Add(NewRows::Copied { sql, data }), Self::Postgres(connection)) => {
                return new_rows::copy(connection, &sql, data).await.map(|()| Vec::new());
            }
            (Work::Add(NewRows::Inserted { sql, values }), Self::Sqlite { connection, .. }) => {
                return new_rows::insert(connection, sql, values).await.map(|()| Vec::new());
            }
            (Work::Add(NewRows::Copied { .. }), Self::Sqlite { .. })
            | (Work::Add(NewRows::Inserted { .. }), Self::Postgres(_)) => {
                return Err(new_rows::not_ours());
            }
        };
        // Whatever comes from outside is among the values.
        let (sql, values) = (AssertSqlSafe(sql), SqlxValues(values));
        match self {
            Self::Postgres(connection) => {
                let rows = query_with(sql, values).fetch_all(&mut **connection).await?;
                Ok(rows.into_iter().map(QueryResult::from).collect())
            }
            Self::Sqlite { connection, .. } => {
                let rows = query_with(sql, values).fetch_all(connection).await?;
                Ok(rows.into_iter().map(QueryResult::from).collect())
            }
        }
    }

    /// SQLite works on a thread of its own, which goes on until it is told to stop. A server ends by its
    /// own limit.
    fn interrupt(&self) {
        match self {
            Self::Postgres(_) => {}
            Self::Sqlite { stop, .. } => stop.store(true, Ordering::Relaxed),
        }
    }
}

fn failed(error: SqlxError) -> Error {
    DbErr::Conn(RuntimeErr::SqlxError(error.into())).into()
}
