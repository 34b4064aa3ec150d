//! Whether people go to an event, and what events are looked for by beside the words of their names.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &[&str] = &[
    // What somebody with a seat says; NULL if nothing, and in whatever is no event.
    "ALTER TABLE membership ADD COLUMN attendance TEXT CHECK (attendance IN ('going', 'not_going'))",
    "CREATE INDEX membership_by_attendance ON membership (space, attendance, user_id)
        WHERE attendance IS NOT NULL",
    "ALTER TABLE space ADD COLUMN going_count BIGINT NOT NULL DEFAULT 0 CHECK (going_count >= 0)",
    // No release has events. One that is here all the same is found as if its owner had said nothing of when
    // and where it is, until it changes.
    "INSERT INTO space_term (space, term, kind, is_hidden)
     SELECT s.name, t.term, 'events', CASE WHEN s.privacy IN ('open', 'private') THEN 0 ELSE 1 END
     FROM space s CROSS JOIN
        (SELECT '@in person' AS term UNION ALL SELECT '~never' UNION ALL SELECT '!~') t
     WHERE s.name LIKE 'events/%' AND s.deleted_at IS NULL",
];

const DOWN: &[&str] = &[
    "DELETE FROM space_term
     WHERE kind = 'events' AND (term LIKE '@%' OR term LIKE '~%' OR term LIKE '!%')",
    "ALTER TABLE space DROP COLUMN going_count",
    "DROP INDEX membership_by_attendance",
    "ALTER TABLE membership DROP COLUMN attendance",
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
