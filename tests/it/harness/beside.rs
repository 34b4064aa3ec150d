//! Somebody else at the server's database.

use std::time::Duration;

use sea_orm::{
    ConnectOptions, ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement,
};

/// A connection of its own, whatever becomes of the server's.
pub struct Beside(DatabaseConnection);

impl Beside {
    pub async fn at(url: &str) -> Self {
        let mut options = ConnectOptions::new(url);
        options.max_connections(1).sqlx_logging(false).idle_timeout(Duration::from_secs(600));
        Self(Database::connect(options).await.unwrap())
    }

    /// Does this, which may be several statements.
    pub async fn run(&self, sql: &str) {
        self.0.execute_unprepared(sql).await.unwrap();
    }

    /// The one number that this finds.
    pub async fn number(&self, sql: &str) -> i64 {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        let row = self.0.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by::<i64, _>(0).unwrap()
    }

    /// Every row of a table, in words.
    pub async fn rows(&self, table: &str) -> String {
        let sql = match self.0.get_database_backend() {
            DbBackend::Sqlite => {
                let columns = "group_concat('quote(' || name || ')', ' || '' '' || ')";
                let all = format!("SELECT {columns} FROM pragma_table_info('{table}')");
                let all = self.text(&all).await;
                format!("SELECT group_concat(r, ';') FROM (SELECT {all} r FROM {table} ORDER BY 1)")
            }
            _ => format!("SELECT string_agg(t::text, ';' ORDER BY t::text) FROM {table} t"),
        };
        self.text(&sql).await
    }

    /// The one text that this finds; empty where there is none.
    async fn text(&self, sql: &str) -> String {
        let statement = Statement::from_string(self.0.get_database_backend(), sql);
        let row = self.0.query_one_raw(statement).await.unwrap().unwrap();
        row.try_get_by::<Option<String>, _>(0).unwrap().unwrap_or_default()
    }

    /// Ends every session that the server has on PostgreSQL.
    pub async fn end_sessions(&self) {
        let sql = "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'roster'";
        self.run(sql).await;
    }

    pub async fn close(self) {
        self.0.close().await.unwrap();
    }
}
