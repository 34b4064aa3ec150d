//! Waiting for a seat.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// The words of a status before and since.
const WORDS: [&str; 2] = [
    "('invited', 'requested', 'member', 'manager', 'creator', 'blocked')",
    "('invited', 'requested', 'waitlisted', 'member', 'manager', 'creator', 'blocked')",
];

/// `{text}` compares by bytes on both databases; `{clustered}` keeps SQLite's rows in key order.
const UP: &[&str] = &[
    // 1 if whoever finds no seat is put on a list
    "ALTER TABLE space ADD COLUMN waitlist BIGINT NOT NULL DEFAULT 0 CHECK (waitlist IN (0, 1))",
    "ALTER TABLE space ADD COLUMN waitlisted_count BIGINT NOT NULL DEFAULT 0
        CHECK (waitlisted_count >= 0)",
    // The waiting list in its order. Joins do not write it.
    "CREATE INDEX membership_by_ticket ON membership (space, version) WHERE status = 'waitlisted'",
    // How many wait with tickets of a range, so that a place in the list is counted with few rows: those of
    // level n have 256^n tickets each, from node * 256^n on.
    "CREATE TABLE waiting_node (
        space {text} NOT NULL,
        level BIGINT NOT NULL,
        node BIGINT NOT NULL,
        waiting BIGINT NOT NULL,
        PRIMARY KEY (space, level, node)
    ) {clustered}",
];

/// Who waits is forgotten: before, nobody could.
const DOWN: &[&str] = &[
    "DROP TABLE waiting_node",
    "DELETE FROM membership WHERE status = 'waitlisted'",
    "DROP INDEX membership_by_ticket",
    "ALTER TABLE space DROP COLUMN waitlisted_count",
    "ALTER TABLE space DROP COLUMN waitlist",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let [before, since] = WORDS;
        allow(manager, before, since).await?;
        run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let [before, since] = WORDS;
        run(manager, DOWN).await?;
        allow(manager, since, before).await
    }
}

/// Lets a membership have other statuses.
async fn allow(manager: &SchemaManager<'_>, before: &str, since: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() == DbBackend::Sqlite {
        return rebuild(manager, before, since).await;
    }
    let statement = format!(
        "ALTER TABLE membership DROP CONSTRAINT membership_status_check,
            ADD CONSTRAINT membership_status_check CHECK (status IN {since})"
    );
    manager.get_connection().execute_unprepared(&statement).await.map(drop)
}

/// SQLite changes no CHECK: the table is made anew with all that it has, and filled.
async fn rebuild(manager: &SchemaManager<'_>, before: &str, since: &str) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let made =
        "SELECT type, sql FROM sqlite_master WHERE tbl_name = 'membership' AND sql IS NOT NULL";
    let rows = connection.query_all_raw(Statement::from_string(DbBackend::Sqlite, made)).await?;
    let (mut table, mut indexes) = (String::new(), Vec::new());
    for row in rows {
        let (kind, sql): (String, String) = (row.try_get_by(0)?, row.try_get_by(1)?);
        if kind == "table" { table = sql } else { indexes.push(sql) }
    }
    let Some((_, columns)) = table.split_once('(').filter(|_| table.contains(before)) else {
        return Err(DbErr::Migration(format!("no table of these words: {table}")));
    };
    let columns = columns.replace(before, since);
    let mut statements = vec![
        format!("CREATE TABLE membership_anew ({columns}"),
        "INSERT INTO membership_anew SELECT * FROM membership".to_owned(),
        "DROP TABLE membership".to_owned(),
        "ALTER TABLE membership_anew RENAME TO membership".to_owned(),
    ];
    statements.extend(indexes);
    for statement in statements {
        connection.execute_unprepared(&statement).await?;
    }
    Ok(())
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let (text, clustered) = match manager.get_database_backend() {
        DbBackend::Postgres => ("TEXT COLLATE \"C\"", ""),
        _ => ("TEXT", "WITHOUT ROWID"),
    };
    for statement in statements {
        let sql = statement.replace("{text}", text).replace("{clustered}", clustered);
        manager.get_connection().execute_unprepared(&sql).await?;
    }
    Ok(())
}
