//! Hand-written SQL on SQLite: one durable transaction for each join, in a loop, no server.

use std::path::Path;
use tokio::time::Instant;

use rusqlite::{Connection, params};

use crate::ids::user;
use crate::server::Failed;

const SCHEMA: &str = "
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE bare_membership (
        space TEXT NOT NULL, member TEXT NOT NULL, status INTEGER NOT NULL, since INTEGER NOT NULL,
        PRIMARY KEY (space, member)
    ) WITHOUT ROWID;
    CREATE INDEX bare_by_member ON bare_membership (member, space);
    CREATE TABLE bare_event (
        id INTEGER PRIMARY KEY, space TEXT NOT NULL, member TEXT NOT NULL, what INTEGER NOT NULL,
        at INTEGER NOT NULL
    );";

/// Joins per second of one connection that commits each join.
pub fn joins_per_second(folder: &Path, operations: usize, spaces: usize) -> Result<f64, Failed> {
    let file = folder.join("bare.db");
    let _ = std::fs::remove_file(&file);
    let mut connection = Connection::open(&file)?;
    connection.execute_batch(SCHEMA)?;
    let started = Instant::now();
    for n in 0..operations {
        let transaction = connection.transaction()?;
        let (space, member) = (format!("groups/{}", n % spaces), user(n));
        transaction
            .prepare_cached("INSERT OR IGNORE INTO bare_membership VALUES (?, ?, 1, ?)")?
            .execute(params![space, member, n as i64])?;
        transaction
            .prepare_cached("INSERT INTO bare_event (space, member, what, at) VALUES (?, ?, 1, ?)")?
            .execute(params![space, member, n as i64])?;
        transaction.commit()?;
    }
    Ok(operations as f64 / started.elapsed().as_secs_f64())
}
