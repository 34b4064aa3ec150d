//! A database for each test: a SQLite file always, and on PostgreSQL where there is one.

use std::io::Write;
use std::sync::Once;
use std::sync::atomic::{AtomicU32, Ordering};

use sea_orm::{ConnectionTrait, Database as SeaDatabase};
use tempfile::TempDir;

/// Names the PostgreSQL server on which tests may make and drop databases.
const VARIABLE: &str = "ROSTER_TEST_POSTGRES_URL";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Sqlite,
    Postgres,
}

/// An empty database.
pub struct Database {
    pub url: String,
    made: Made,
}

enum Made {
    Sqlite { _directory: TempDir },
    Postgres { server: String, name: String },
}

impl Database {
    pub async fn new(engine: Engine) -> Self {
        match engine {
            Engine::Sqlite => {
                let directory = tempfile::tempdir().unwrap();
                let url = format!("sqlite:{}", directory.path().join("roster.db").display());
                Self { url, made: Made::Sqlite { _directory: directory } }
            }
            Engine::Postgres => {
                static COUNT: AtomicU32 = AtomicU32::new(0);
                let server = std::env::var(VARIABLE).unwrap();
                let n = COUNT.fetch_add(1, Ordering::Relaxed);
                let name = format!("roster_test_{}_{n}", std::process::id());
                statement(&server, &format!("CREATE DATABASE {name}")).await;
                let base = server.rsplit_once('/').unwrap().0;
                Self { url: format!("{base}/{name}"), made: Made::Postgres { server, name } }
            }
        }
    }

    pub async fn drop(self) {
        if let Made::Postgres { server, name } = self.made {
            statement(&server, &format!("DROP DATABASE {name} WITH (FORCE)")).await;
        }
    }
}

async fn statement(server: &str, sql: &str) {
    let connection = SeaDatabase::connect(server).await.unwrap();
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}

/// Where the tests run. Output of passing tests is captured, this line is not.
pub fn engines() -> Vec<Engine> {
    static SAID: Once = Once::new();
    if std::env::var_os(VARIABLE).is_some() {
        return vec![Engine::Sqlite, Engine::Postgres];
    }
    SAID.call_once(|| {
        let _ = writeln!(std::io::stderr(), "PostgreSQL is skipped: {VARIABLE} is not set");
    });
    vec![Engine::Sqlite]
}

/// Runs a test on every engine, each time on an empty database. The database is dropped even if
/// the test fails.
pub async fn on_every_engine<F: Future<Output = ()> + Send + 'static>(
    test: impl Fn(Engine, String) -> F,
) {
    for engine in engines() {
        let database = Database::new(engine).await;
        let outcome = tokio::spawn(test(engine, database.url.clone())).await;
        database.drop().await;
        if let Err(error) = outcome {
            eprintln!("failed on {engine:?}");
            std::panic::resume_unwind(error.into_panic());
        }
    }
}

#[test]
fn postgres_is_not_skipped_in_ci() {
    let in_ci = std::env::var("CI").is_ok_and(|ci| ci == "true");
    assert!(!in_ci || std::env::var_os(VARIABLE).is_some(), "CI must set {VARIABLE}");
}
