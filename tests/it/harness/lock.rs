//! Somebody else who holds the lock that a write needs.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DatabaseTransaction,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait,
};
use tokio::time::{interval, timeout};

use super::Engine;

const PATIENCE: Duration = Duration::from_secs(10);

/// A lock on one space (PostgreSQL) or on the whole database (SQLite) until it is released.
pub struct Lock {
    transaction: DatabaseTransaction,
    beside: DatabaseConnection,
    engine: Engine,
}

impl Lock {
    pub async fn on(engine: Engine, url: &str, space: &str) -> Self {
        let mut options = ConnectOptions::new(url);
        options.max_connections(2).sqlx_logging(false);
        let beside = Database::connect(options).await.unwrap();
        let immediate = TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        };
        let transaction = beside.begin_with_options(immediate).await.unwrap();
        if engine == Engine::Postgres {
            let sql = format!("SELECT 1 FROM space WHERE name = '{space}' FOR UPDATE");
            transaction.execute_unprepared(&sql).await.unwrap();
        }
        Self { transaction, beside, engine }
    }

    /// Locks one row of PostgreSQL's: `table` WHERE `row`.
    pub async fn on_row(url: &str, table: &str, row: &str) -> Self {
        let sql = format!("SELECT 1 FROM {table} WHERE {row} FOR UPDATE");
        Self::by(url, &sql).await
    }

    /// Locks a whole PostgreSQL table, so that not even readers get at it.
    pub async fn on_table(url: &str, table: &str) -> Self {
        let sql = format!("LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE");
        Self::by(url, &sql).await
    }

    async fn by(url: &str, sql: &str) -> Self {
        let beside = Database::connect(url).await.unwrap();
        let transaction = beside.begin().await.unwrap();
        transaction.execute_unprepared(sql).await.unwrap();
        Self { transaction, beside, engine: Engine::Postgres }
    }

    /// Waits until a server has met the lock: waits for it, or has put the space aside, which ends with a
    /// ROLLBACK. SQLite does not tell.
    pub async fn contended(&self) {
        if self.engine == Engine::Sqlite {
            return;
        }
        let sql = "SELECT 1 FROM pg_stat_activity
                   WHERE datname = current_database() AND (wait_event_type = 'Lock'
                       OR application_name = 'roster' AND query = 'ROLLBACK')";
        let backend = self.beside.get_database_backend();
        let mut ticks = interval(Duration::from_millis(10));
        let waiting = async {
            loop {
                ticks.tick().await;
                let statement = Statement::from_string(backend, sql);
                if self.beside.query_one_raw(statement).await.unwrap().is_some() {
                    return;
                }
            }
        };
        timeout(PATIENCE, waiting).await.expect("somebody waits for the lock");
    }

    pub async fn release(self) {
        self.transaction.rollback().await.unwrap();
        self.beside.close().await.unwrap();
    }
}
