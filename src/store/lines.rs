//! Connections that are kept from one statement to the next. A pool asks each connection for a sign of
//! life when it is given back, which takes as long as many a statement does.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sea_orm::sea_query::Values;
use sea_orm::sqlx::pool::PoolConnection;
use sea_orm::sqlx::{AssertSqlSafe, Postgres, Sqlite, query_with};
use sea_orm::{DatabaseConnection, DbBackend, DbErr, QueryResult, RuntimeErr, SqlxError, Value};
use sea_query_sqlx::SqlxValues;
use tokio::sync::Semaphore;
use tokio::time::{Instant, timeout};

/// A connection is kept for so long. Then the pool looks after it, and closes it if it is dead or old.
const KEPT: Duration = Duration::from_secs(5);
/// How long a statement waits for a connection.
pub const PATIENCE: Duration = Duration::from_secs(1);

/// A pool, and those of its connections that are kept. Copies share both.
#[derive(Clone)]
pub struct Lines {
    /// For whatever is more than a statement.
    pub pool: DatabaseConnection,
    /// How many more may be in use.
    free: Arc<Semaphore>,
    /// Those that nobody uses now; `None` when all is closed.
    kept: Arc<Mutex<Option<Vec<Line>>>>,
}

struct Line {
    connection: Connection,
    taken: Instant,
}

enum Connection {
    Postgres(PoolConnection<Postgres>),
    Sqlite(PoolConnection<Sqlite>),
}

impl Lines {
    /// At most so many of the pool's connections are kept and used here.
    pub fn new(pool: DatabaseConnection, most: u32) -> Self {
        let free = Arc::new(Semaphore::new(most as usize));
        Self { pool, free, kept: Arc::new(Mutex::new(Some(Vec::new()))) }
    }

    /// The database's kind.
    pub fn backend(&self) -> DbBackend {
        self.pool.get_database_backend()
    }

    /// Runs one statement. Must not be broken off: the connection would be kept in an unknown state.
    pub async fn run(&self, sql: String, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        let place = timeout(PATIENCE, self.free.acquire()).await;
        let Ok(Ok(_place)) = place else { return Err(failed(SqlxError::PoolTimedOut)) };
        let mut line = match self.take() {
            Some(line) => line,
            None => Line::open(&self.pool).await?,
        };
        let answer = line.run(sql, values).await;
        if let Some(kept) = self.kept().as_mut() {
            match answer {
                Ok(_) => kept.push(line),
                // If this one is dead, so are the others, most likely: the pool finds out.
                Err(_) => kept.clear(),
            }
        }
        answer
    }

    fn take(&self) -> Option<Line> {
        let now = Instant::now();
        let mut kept = self.kept();
        let kept = kept.as_mut()?;
        kept.retain(|line| now - line.taken < KEPT);
        kept.pop()
    }

    fn kept(&self) -> MutexGuard<'_, Option<Vec<Line>>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes the pool once its work is done.
    pub async fn close(&self) -> Result<(), DbErr> {
        drop(self.kept().take());
        self.pool.clone().close().await
    }
}

fn failed(error: SqlxError) -> DbErr {
    DbErr::Conn(RuntimeErr::SqlxError(error.into()))
}

impl Line {
    async fn open(pool: &DatabaseConnection) -> Result<Self, DbErr> {
        let opened = match pool.get_database_backend() {
            DbBackend::Postgres => {
                pool.get_postgres_connection_pool().acquire().await.map(Connection::Postgres)
            }
            _ => pool.get_sqlite_connection_pool().acquire().await.map(Connection::Sqlite),
        };
        Ok(Self { connection: opened.map_err(failed)?, taken: Instant::now() })
    }

    async fn run(&mut self, sql: String, values: Vec<Value>) -> Result<Vec<QueryResult>, DbErr> {
        // Whatever comes from outside is among the values.
        let (sql, values) = (AssertSqlSafe(sql), SqlxValues(Values(values)));
        let rows = match &mut self.connection {
            Connection::Postgres(connection) => {
                let rows = query_with(sql, values).fetch_all(&mut **connection).await;
                rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
            }
            Connection::Sqlite(connection) => {
                let rows = query_with(sql, values).fetch_all(&mut **connection).await;
                rows.map(|rows| rows.into_iter().map(QueryResult::from).collect())
            }
        };
        rows.map_err(|error| DbErr::Query(RuntimeErr::SqlxError(error.into())))
    }
}
