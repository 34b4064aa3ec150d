//! The directory of people: a copy of what another system knows of users, and the words by which they
//! are found.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// `{text}` compares by bytes on both databases; `{clustered}` keeps SQLite's rows in key order.
const UP: &[&str] = &[
    "CREATE TABLE person (
        user_id {text} NOT NULL PRIMARY KEY,
        -- since when this is so, by the other system's clock: microseconds since 1970, UTC
        changed_at BIGINT NOT NULL,
        -- nothing else is known then; the row keeps older news out
        is_deleted BOOLEAN NOT NULL,
        username TEXT NOT NULL,
        real_name TEXT NOT NULL,
        avatar TEXT NOT NULL,
        external_id BIGINT,
        -- milliseconds since 1970, UTC
        joined_at BIGINT,
        locale TEXT NOT NULL,
        bio TEXT NOT NULL,
        location TEXT NOT NULL,
        description TEXT NOT NULL,
        gender TEXT NOT NULL,
        website TEXT NOT NULL,
        -- a JSON list of objects: id, title, description, color
        tags TEXT NOT NULL,
        reputation BIGINT NOT NULL,
        is_staff BOOLEAN NOT NULL
    )",
    // Each word of a person's names, without case and accents. A search is a range of words.
    "CREATE TABLE person_word (
        word {text} NOT NULL,
        user_id {text} NOT NULL,
        PRIMARY KEY (word, user_id)
    ) {clustered}",
    // A person's words, for further words of a search and to take them away.
    "CREATE INDEX person_word_by_user ON person_word (user_id, word)",
];

const DOWN: &[&str] = &["DROP TABLE person_word", "DROP TABLE person"];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (text, clustered) = match manager.get_database_backend() {
            DbBackend::Postgres => ("TEXT COLLATE \"C\"", ""),
            _ => ("TEXT", "WITHOUT ROWID"),
        };
        for statement in UP {
            let sql = statement.replace("{text}", text).replace("{clustered}", clustered);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in DOWN {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
