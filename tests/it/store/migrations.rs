//! The schema goes up and down whole, once, and never backwards by accident.

use std::time::Duration;

use roster::store::{Store, place};
use roster_proto::v1::{self as pb, Privacy};
use sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement, TransactionTrait,
};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::harness::{App, Engine, of, on_every_engine};

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
        assert_eq!(steps(&beside).await, 15);
        beside.close().await.unwrap();
        for app in apps {
            app.stop().await;
        }
    })
    .await;
}

/// The rows by which spaces are found.
async fn terms(database: &DatabaseConnection) -> Vec<String> {
    let sql = "SELECT kind || ' ' || is_hidden || ' ' || term || ' ' || space AS what
               FROM space_term ORDER BY space, term";
    let statement = Statement::from_string(database.get_database_backend(), sql);
    let rows = database.query_all_raw(statement).await.unwrap();
    rows.into_iter().map(|row| row.try_get("", "what").unwrap()).collect()
}

#[tokio::test]
async fn spaces_that_were_there_before_terms_are_found_by_them() {
    on_every_engine(|_, url| async move {
        let app = App::start(&url).await;
        let client = app.client().await;
        client.create("courses/1", Privacy::Open, "ada", None).await;
        client.create("groups/2", Privacy::Secret, "ada", None).await;
        client.create("courses/3", Privacy::Open, "ada", None).await;
        drop(client);
        app.stop().await;
        let beside = Database::connect(&url).await.unwrap();
        beside
            .execute_unprepared(
                "UPDATE space_content SET display_name = 'Ünlü''s 山田 ΣΊΣ 9',
                     attributes = '{\"categories\":[7,{\"id\":8},\"x\"]}' WHERE space = 'courses/1';
                 UPDATE space_content SET display_name = '–' WHERE space = 'courses/3';
                 DROP TABLE space_term;
                 DELETE FROM seaql_migrations WHERE version LIKE '%000006%'",
            )
            .await
            .unwrap();
        let app = App::start(&url).await;
        let expected = [
            "courses 0 #7 courses/1",
            "courses 0 #8 courses/1",
            "courses 0 9 courses/1",
            "courses 0 s courses/1",
            "courses 0 unlu courses/1",
            "courses 0 σισ courses/1",
            "courses 0 山田 courses/1",
            "courses 0 田 courses/1",
        ];
        let filled = terms(&beside).await;
        assert_eq!(filled[..8], expected);
        assert_eq!(filled[8..].iter().filter(|row| !row.starts_with("groups 1 ")).count(), 0);
        // The program makes the same of them.
        let touch = |space: &str| pb::UpdateSpaceRequest {
            name: space.into(),
            capacity: Some(50),
            ..Default::default()
        };
        let mut spaces = app.client().await.spaces;
        for space in ["courses/1", "groups/2", "courses/3"] {
            spaces.update_space(of("ada", touch(space))).await.unwrap();
        }
        assert_eq!(terms(&beside).await, filled);
        let delete = pb::DeleteSpaceRequest { name: "courses/1".into(), ..Default::default() };
        spaces.delete_space(of("ada", delete)).await.unwrap();
        assert_eq!(terms(&beside).await, filled[8..]);
        beside.close().await.unwrap();
        drop(spaces);
        app.stop().await;
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
