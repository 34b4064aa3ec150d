//! Users who are being forgotten, and where they are named.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// `{text}` compares by bytes on both databases.
const UP: &[&str] = &[
    // One row for each erasure that has begun and not ended. Afterwards nothing tells whose a pseudonym is.
    "CREATE TABLE erasure (
        user_id {text} NOT NULL PRIMARY KEY,
        pseudonym {text} NOT NULL,
        -- the last space that was dealt with, in order of name
        last_space {text} NOT NULL
    )",
    // What users did to others and to spaces. Joins do not write it, nor does what services do.
    "CREATE INDEX membership_event_by_actor ON membership_event (actor, space)
        WHERE actor <> user_id AND substr(actor, 1, 8) <> 'service/'",
    // The same rows in an order that also tells all open invitations that somebody has sent.
    "DROP INDEX membership_by_inviter",
    "CREATE INDEX membership_by_inviter ON membership (invited_by, space)
        WHERE invited_by IS NOT NULL",
];

const DOWN: &[&str] = &[
    "DROP INDEX membership_by_inviter",
    "CREATE INDEX membership_by_inviter ON membership (space, invited_by)
        WHERE invited_by IS NOT NULL",
    "DROP INDEX membership_event_by_actor",
    "DROP TABLE erasure",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, UP).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        run(manager, DOWN).await
    }
}

async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let text = match manager.get_database_backend() {
        DbBackend::Postgres => "TEXT COLLATE \"C\"",
        _ => "TEXT",
    };
    for statement in statements {
        let sql = statement.replace("{text}", text);
        manager.get_connection().execute_unprepared(&sql).await?;
    }
    Ok(())
}
