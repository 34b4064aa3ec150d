//! Databases that cannot be opened: one clear line, and no password in it.

use roster::store::Store;

use crate::harness::{Engine, on_every_engine};

async fn error(url: &str) -> String {
    Store::open(url, 1).await.err().unwrap_or_else(|| panic!("{url} was opened")).to_string()
}

#[tokio::test]
async fn an_address_that_is_none_is_not_repeated() {
    for url in [
        "",
        "nonsense",
        "sqlite:",
        "sqlite://",
        "sqlite::memory:",
        "sqlite://?mode=memory",
        "sqlite:roster.db?mode=memory",
        "mysql://roster:hunter2@db/roster",
        "postgresq://roster:hunter2@db/roster",
        "postgres://roster:hunter2@db:port/roster",
        "/var/lib/hunter2.db",
    ] {
        let error = error(url).await;
        let expected = "the database's address must be sqlite:FILE or postgres://USER@HOST/NAME";
        assert_eq!(error, expected, "{url}");
    }
}

#[tokio::test]
async fn a_database_that_is_not_there_is_said_in_one_line() {
    on_every_engine(|engine, url| async move {
        let (missing, expected) = match engine {
            Engine::Sqlite => {
                ("sqlite:/nowhere/at/all/roster.db".to_owned(), "unable to open database file")
            }
            Engine::Postgres => (format!("{url}_missing"), "does not exist"),
        };
        let error = error(&missing).await;
        assert!(error.contains(expected), "{error}");
        assert!(error.starts_with("the database "), "{error}");
        assert_eq!(error.lines().count(), 1, "{error}");
    })
    .await;
    let nobody_listens = error("postgres://roster:hunter2@127.0.0.1:1/roster").await;
    assert!(nobody_listens.starts_with("the database does not answer"), "{nobody_listens}");
    assert!(!nobody_listens.contains("hunter2"), "{nobody_listens}");
}
