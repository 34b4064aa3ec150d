//! What somebody was at a moment that has passed, and what happened to them.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &[&str] = &[
    // What happened to each user of a space. Begins with the space, so that a crowd that joins one writes to
    // pages that are at hand.
    "CREATE INDEX membership_event_by_user ON membership_event (space, user_id, seq)",
    // Spaces in which somebody was and is not: all others are in `membership`. Joins do not write it.
    "CREATE INDEX membership_event_by_ending ON membership_event (user_id, space)
        WHERE to_status = 'absent' AND user_id <> ''",
];

const DOWN: &[&str] =
    &["DROP INDEX membership_event_by_ending", "DROP INDEX membership_event_by_user"];

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
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
