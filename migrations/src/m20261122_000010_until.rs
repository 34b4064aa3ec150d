//! When a membership ends by itself, and in which spaces one does next.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &[&str] = &[
    // From when on the user is absent, whether or not anything was written down then; NULL if that never comes.
    "ALTER TABLE membership ADD COLUMN until BIGINT
        CHECK (until IS NULL OR status IN ('invited', 'member', 'manager', 'blocked'))",
    // Whose time is over, with all that is counted of them.
    "CREATE INDEX membership_by_until ON membership (space, until, status, attendance)
        WHERE until IS NOT NULL",
    // When the status after the event ends.
    "ALTER TABLE membership_event ADD COLUMN until BIGINT",
    // No membership of the space ends before.
    "ALTER TABLE space ADD COLUMN next_until BIGINT",
    // Few spaces have one, so a join of any other writes no index.
    "CREATE INDEX space_by_next_until ON space (next_until) WHERE next_until IS NOT NULL",
];

const DOWN: &[&str] = &[
    "DROP INDEX space_by_next_until",
    "ALTER TABLE space DROP COLUMN next_until",
    "ALTER TABLE membership_event DROP COLUMN until",
    "DROP INDEX membership_by_until",
    "ALTER TABLE membership DROP COLUMN until",
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
    for statement in statements {
        manager.get_connection().execute_unprepared(statement).await?;
    }
    Ok(())
}
