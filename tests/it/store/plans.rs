//! Every statement that is asked often, and how the databases carry it out among 100,000 memberships: by
//! key, never by going through a table.

use std::time::Duration;

use roster::domain::{SpaceName, UserId};
use roster::store::{Connection, Example, Role, Store, statements};
use sea_orm::sea_query::Values;
use sea_orm::{DbBackend, Value};

use crate::golden::golden;
use crate::harness::{Engine, on_every_engine};

/// How long it may take to fill a table.
const PATIENCE: Duration = Duration::from_secs(60);

/// 200 spaces of 500 members each, with an event each.
const FILL_POSTGRES: &[&str] = &[
    "INSERT INTO space (name, privacy, creator, contribution, seq, invited_count, requested_count,
        member_count, manager_count, blocked_count, created_at)
     SELECT 'courses/' || s, 'open', 'user-1', 'anyone', 500, 0, 0, 499, 0, 0, 0
     FROM generate_series(1, 200) s",
    "INSERT INTO space_content SELECT name, name, '{}' FROM space",
    "INSERT INTO space_term SELECT name, 'bread', 'courses', 0 FROM space",
    "INSERT INTO space_term SELECT name, 'at' || name, 'courses', 0 FROM space",
    "INSERT INTO space_term SELECT name, '#7', 'courses', 0 FROM space",
    "INSERT INTO membership (space, user_id, status, version, changed_at)
     SELECT 'courses/' || (u % 200 + 1), 'user-' || u,
        CASE WHEN u <= 200 THEN 'creator' WHEN u % 50 = 0 THEN 'requested' ELSE 'member' END, 1, 0
     FROM generate_series(1, 100000) u",
    "INSERT INTO membership_event
        (space, seq, user_id, actor, from_status, to_status, name, cause, at)
     SELECT 'courses/' || (u % 200 + 1), u / 200 + 1, 'user-' || u, 'user-' || u, 'absent', 'member',
        'joined', 'join', 0 FROM generate_series(1, 99999) u",
    "INSERT INTO person SELECT 'user-' || u, 1, u % 10 = 0, 'anna' || u, 'Anna Muller ' || u, '', NULL,
        NULL, '', '', '', '', '', '', '[]', 0, false FROM generate_series(1, 100000) u",
    "INSERT INTO person_word SELECT 'anna' || u, 'user-' || u FROM generate_series(1, 100000) u",
    "INSERT INTO person_word SELECT 'muller', 'user-' || u FROM generate_series(1, 100000) u",
    "ANALYZE",
];

/// The same in SQLite's words.
fn fill(engine: Engine) -> Vec<String> {
    let for_sqlite = |sql: &&str| {
        let sql = sql.replace("generate_series(1, 200) s", "n WHERE s <= 200");
        let sql = sql.replace("generate_series(1, 100000) u", "n WHERE u <= 100000");
        let sql = sql.replace("generate_series(1, 99999) u", "n WHERE u <= 99999");
        let numbers = "WITH RECURSIVE n (u, s) AS (
            SELECT 1, 1 UNION ALL SELECT u + 1, s + 1 FROM n WHERE u < 100000)";
        if sql.starts_with("INSERT") { format!("{numbers} {sql}") } else { sql }
    };
    match engine {
        Engine::Postgres => FILL_POSTGRES.iter().map(ToString::to_string).collect(),
        Engine::Sqlite => FILL_POSTGRES.iter().map(for_sqlite).collect(),
    }
}

async fn lines(connection: &mut Connection, sql: String, column: usize) -> Vec<String> {
    let rows = connection.run(sql, []).await.unwrap();
    rows.iter().map(|row| row.try_get_by::<String, _>(column).unwrap()).collect()
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(Some(text)) => format!("'{}'", text.replace('\'', "''")),
        Value::BigInt(Some(n)) => n.to_string(),
        Value::Int(Some(n)) => n.to_string(),
        Value::BigUnsigned(Some(n)) => n.to_string(),
        Value::String(None) | Value::BigInt(None) => "NULL".to_owned(),
        other => panic!("{other:?} has no literal"),
    }
}

/// The plan that is kept for every number of rows.
async fn plan_on_postgres(connection: &mut Connection, example: &Example) -> Vec<String> {
    let gathers = if example.name.ends_with("newest first") { "on" } else { "off" };
    connection.run(format!("SET enable_bitmapscan = {gathers}"), []).await.unwrap();
    connection.run(format!("PREPARE example AS {}", example.sql), []).await.unwrap();
    let values: Vec<_> = example.values.iter().map(literal).collect();
    let values = values.join(", ");
    let values = if values.is_empty() { values } else { format!(" ({values})") };
    let explain = format!("EXPLAIN (COSTS OFF) EXECUTE example{values}");
    let plan = lines(connection, explain, 0).await;
    connection.run("DEALLOCATE example", []).await.unwrap();
    plan
}

async fn plan_on_sqlite(connection: &mut Connection, example: &Example) -> Vec<String> {
    let mut plan = Vec::new();
    for sql in example.sql.split(';').filter(|sql| sql.trim() != "COMMIT") {
        let explain = format!("EXPLAIN QUERY PLAN {sql}");
        let rows = connection.run(explain, example.values.clone()).await.unwrap();
        plan.extend(rows.iter().map(|row| row.try_get_by::<String, _>(3).unwrap()));
    }
    plan
}

/// A line of a plan that goes through one of our tables.
fn scans(line: &str) -> bool {
    let line = line.trim().trim_start_matches("->").trim();
    let ours = [
        "space",
        "space_content",
        "membership",
        "membership_event",
        "person",
        "person_word",
        "space_term",
    ];
    let on_postgres = line.starts_with("Seq Scan on") && {
        let table = line.split_whitespace().nth(3).unwrap_or_default();
        ours.contains(&table)
    };
    // SQLite says nothing of keys when it goes through a table or an index.
    let aliases = ["s", "m", "o", "i", "w", "r", "t"];
    let aliases = [&aliases[..], &ours].concat();
    let on_sqlite = line
        .strip_prefix("SCAN ")
        .is_some_and(|rest| aliases.contains(&rest.split_whitespace().next().unwrap_or_default()));
    on_postgres || on_sqlite
}

#[tokio::test]
async fn every_statement_finds_its_rows_by_key() {
    on_every_engine(|engine, url| async move {
        let store = Store::open(&url, 1).await.unwrap();
        store.migrate().await.unwrap();
        let mut connection = store.connection(Role::Writer);
        if engine == Engine::Postgres {
            connection.run("SET statement_timeout = 0", []).await.unwrap();
        }
        for sql in fill(engine) {
            connection.run_within(PATIENCE, sql.into(), Values(Vec::new())).await.unwrap();
        }
        let space = SpaceName::parse("courses/42").unwrap();
        let users = ["user-41", "user-241"].map(|user| UserId::parse(user).unwrap());
        let (backend, file) = match engine {
            Engine::Postgres => (DbBackend::Postgres, "plans_postgres.txt"),
            Engine::Sqlite => (DbBackend::Sqlite, "plans_sqlite.txt"),
        };
        let (mut shown, mut scanning) = (String::new(), Vec::new());
        for example in statements(backend, &space, [&users[0], &users[1]]) {
            let plan = match engine {
                Engine::Postgres => plan_on_postgres(&mut connection, &example).await,
                Engine::Sqlite => plan_on_sqlite(&mut connection, &example).await,
            };
            let found = plan.iter().filter(|line| scans(line));
            scanning.extend(found.map(|line| format!("{}: {line}", example.name)));
            let (sql, plan) = (example.sql.trim(), plan.join("\n"));
            shown.push_str(&format!("== {}\n\n{sql}\n\n{plan}\n\n", example.name));
        }
        connection.close().await;
        store.close().await;
        assert_eq!(scanning, [""; 0]);
        golden(file, &shown);
    })
    .await;
}
