//! The schema goes up and down whole, once, and never backwards by accident.

use std::time::Duration;

use roster::store::{Store, place};
use roster_proto::v1::Privacy;
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement, TransactionTrait,
};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::harness::{App, Engine, on_every_engine};

/// The row that a server locks before it changes the schema.
const LOCK: &str = "CREATE TABLE schema_lock (id INTEGER PRIMARY KEY);
    INSERT INTO schema_lock (id) VALUES (1)";
/// Longer than any other statement of the server waits for a lock.
const LONG: Duration = Duration::from_secs(3);

async fn open(url: &str) -> Store {
    Store::open(url, 1).await.unwrap()
}

/// Our tables and indexes, as the database describes them.
async fn schema(database: &DatabaseConnection) -> Vec<String> {
    let backend = database.get_database_backend();
    let sql = match backend {
        DbBackend::Sqlite => {
            "SELECT COALESCE(sql, name) AS what FROM sqlite_master
             WHERE name NOT LIKE 'seaql%' AND tbl_name NOT LIKE 'seaql%' ORDER BY 1"
        }
        _ => {
            "SELECT table_name || '.' || column_name || ' ' || data_type AS what
             FROM information_schema.columns
             WHERE table_schema = 'public' AND table_name NOT LIKE 'seaql%'
             UNION ALL
             SELECT indexdef FROM pg_indexes
             WHERE schemaname = 'public' AND tablename NOT LIKE 'seaql%' ORDER BY 1"
        }
    };
    let rows = database.query_all_raw(Statement::from_string(backend, sql)).await.unwrap();
    rows.into_iter().map(|row| row.try_get("", "what").unwrap()).collect()
}

async fn steps(database: &DatabaseConnection) -> i64 {
    let sql = "SELECT COUNT(*) AS n FROM seaql_migrations";
    let statement = Statement::from_string(database.get_database_backend(), sql);
    database.query_one_raw(statement).await.unwrap().unwrap().try_get("", "n").unwrap()
}

#[tokio::test]
async fn the_schema_goes_up_down_and_up_again() {
    on_every_engine(|_, url| async move {
        let store = open(&url).await;
        let beside = Database::connect(&url).await.unwrap();
        store.migrate().await.unwrap();
        let first = schema(&beside).await;
        assert!(first.iter().any(|what| what.contains("membership_by_user")), "{first:?}");
        store.migrate().await.unwrap();
        assert_eq!(schema(&beside).await, first, "a second time changes nothing");
        store.migrate_down().await.unwrap();
        assert_eq!(schema(&beside).await, [""; 0]);
        assert_eq!(steps(&beside).await, 0);
        store.migrate_down().await.unwrap();
        store.migrate().await.unwrap();
        assert_eq!(schema(&beside).await, first);
        beside.close().await.unwrap();
        store.close().await;
        let app = App::start(&url).await;
        app.client().await.create("courses/1", Privacy::Open, "ada", None).await;
        app.stop().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_servers_at_once_make_the_schema_once() {
    on_every_engine(|_, url| async move {
        let mut starting = JoinSet::new();
        for _ in 0..8 {
            let url = url.clone();
            starting.spawn(async move { App::try_start(&url).await });
        }
        let started = starting.join_all().await.into_iter();
        let apps: Vec<_> = started.collect::<Result<_, _>>().unwrap();
        let client = apps[0].client().await;
        client.create("courses/1", Privacy::Open, "ada", None).await;
        for app in &apps {
            app.client().await.join("linus", "courses/1").await.unwrap();
        }
        assert_eq!(client.events("courses/1").await.len(), 2);
        let beside = Database::connect(&url).await.unwrap();
        assert_eq!(steps(&beside).await, 5);
        beside.close().await.unwrap();
        for app in apps {
            app.stop().await;
        }
    })
    .await;
}

#[tokio::test]
async fn a_newer_schema_is_refused() {
    on_every_engine(|_, url| async move {
        let store = open(&url).await;
        store.migrate().await.unwrap();
        let newer = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m2999_1_new', 1)";
        let beside = Database::connect(&url).await.unwrap();
        beside.execute_unprepared(newer).await.unwrap();
        let before = schema(&beside).await;
        let refused = "the database's schema is newer than this program; run the newer version";
        assert_eq!(store.migrate().await.unwrap_err().to_string(), refused);
        assert_eq!(store.migrate_down().await.unwrap_err().to_string(), refused);
        let error = App::try_start(&url).await.err().unwrap();
        let place = place(&url).unwrap();
        assert_eq!(error.to_string(), format!("database {place}: {refused}"));
        assert_eq!(schema(&beside).await, before);
        beside.close().await.unwrap();
        store.close().await;
    })
    .await;
}

#[tokio::test]
async fn a_server_waits_for_another_ones_long_migration() {
    on_every_engine(|engine, url| async move {
        if engine == Engine::Sqlite {
            // SQLite suits one server.
            return;
        }
        let beside = Database::connect(&url).await.unwrap();
        beside.execute_unprepared(LOCK).await.unwrap();
        let locked = beside.begin().await.unwrap();
        let lock = "SELECT id FROM schema_lock WHERE id = 1 FOR UPDATE";
        locked.execute_unprepared(lock).await.unwrap();
        let store = open(&url).await;
        let same = store.clone();
        let migrating = async move { same.migrate().await };
        let mut migrating = Box::pin(migrating);
        let early = timeout(LONG, &mut migrating).await;
        assert!(early.is_err(), "{early:?}");
        locked.rollback().await.unwrap();
        beside.close().await.unwrap();
        migrating.as_mut().await.unwrap();
        drop(migrating);
        store.close().await;
    })
    .await;
}
