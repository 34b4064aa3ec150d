//! A space's number counts everything that happens to it and outlives it, so a deleted space keeps its
//! row. What a space shows moves to a table of its own: every change of a membership writes the space's
//! row anew, and it is short now.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{DbBackend, Statement};

#[derive(DeriveMigrationName)]
pub struct Migration;

/// `{text}` compares by bytes on both databases.
const UP: &[&str] = &[
    "CREATE TABLE space_content (
        space {text} NOT NULL PRIMARY KEY,
        display_name TEXT NOT NULL,
        -- the display name in lower case, for searching
        search_name TEXT NOT NULL,
        -- a JSON object; the content of the space's owner
        attributes TEXT NOT NULL
    )",
    "INSERT INTO space_content (space, display_name, search_name, attributes)
        SELECT name, display_name, display_name, attributes FROM space",
    "ALTER TABLE space DROP COLUMN display_name",
    "ALTER TABLE space DROP COLUMN attributes",
    // Set when the space was deleted; the row then keeps nothing but the number of its last event.
    "ALTER TABLE space ADD COLUMN deleted_at BIGINT",
    // The service that asked in the actor's name.
    "ALTER TABLE membership_event ADD COLUMN service TEXT",
    // Which fields of the space itself changed, with blanks between them; user_id is then empty.
    "ALTER TABLE membership_event ADD COLUMN fields TEXT",
];

const DOWN: &[&str] = &[
    "DELETE FROM space WHERE deleted_at IS NOT NULL",
    "ALTER TABLE membership_event DROP COLUMN fields",
    "ALTER TABLE membership_event DROP COLUMN service",
    "ALTER TABLE space DROP COLUMN deleted_at",
    "ALTER TABLE space ADD COLUMN attributes TEXT NOT NULL DEFAULT '{}'",
    "ALTER TABLE space ADD COLUMN display_name TEXT NOT NULL DEFAULT ''",
    "UPDATE space SET
        attributes = (SELECT c.attributes FROM space_content c WHERE c.space = space.name),
        display_name = (SELECT c.display_name FROM space_content c WHERE c.space = space.name)",
    "DROP TABLE space_content",
];

/// How many names are put into lower case at a time.
const PAGE: usize = 1_000;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let text = match manager.get_database_backend() {
            DbBackend::Postgres => "TEXT COLLATE \"C\"",
            _ => "TEXT",
        };
        for statement in UP {
            let sql = statement.replace("{text}", text);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        lower_names(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in DOWN {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}

/// The databases' own LOWER knows ASCII alone, or whatever their locale says.
pub(crate) async fn lower_names(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (db, backend) = (manager.get_connection(), manager.get_database_backend());
    let mut last = String::new();
    loop {
        let sql = format!(
            "SELECT space, display_name FROM space_content WHERE space > $1 ORDER BY space LIMIT {PAGE}"
        );
        let page = Statement::from_sql_and_values(backend, sql, [last.as_str().into()]);
        let rows = db.query_all_raw(page).await?;
        for row in &rows {
            let name: String = row.try_get("", "display_name")?;
            last = row.try_get("", "space")?;
            let (sql, lower) =
                ("UPDATE space_content SET search_name = $1 WHERE space = $2", name.to_lowercase());
            if lower != name {
                let values = [lower.into(), last.as_str().into()];
                db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
            }
        }
        if rows.len() < PAGE {
            return Ok(());
        }
    }
}
