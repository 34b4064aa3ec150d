//! Whether a space shows its members to its managers alone stood in the owner's content, where no rule
//! could see it.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::Statement;
use sea_orm_migration::sea_orm::prelude::Json;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// How many spaces are looked at at a time.
const PAGE: usize = 1_000;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // 1 if so, else 0. Servers of the version before know nothing of it, and make spaces that hide
        // nobody.
        let sql = "ALTER TABLE space ADD COLUMN hides_members BIGINT NOT NULL DEFAULT 0";
        manager.get_connection().execute_unprepared(sql).await?;
        hide(manager).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE space DROP COLUMN hides_members";
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }
}

/// Reads what the owners said until now.
async fn hide(manager: &SchemaManager<'_>) -> Result<(), DbErr> {
    let (db, backend) = (manager.get_connection(), manager.get_database_backend());
    let mut last = String::new();
    loop {
        let sql = format!(
            "SELECT space, attributes FROM space_content WHERE space > $1 ORDER BY space LIMIT {PAGE}"
        );
        let page = Statement::from_sql_and_values(backend, sql, [last.as_str().into()]);
        let rows = db.query_all_raw(page).await?;
        for row in &rows {
            let attributes: String = row.try_get("", "attributes")?;
            last = row.try_get("", "space")?;
            let hides =
                attributes.parse::<Json>().is_ok_and(|fields| fields["hide_member_count"] == true);
            if hides {
                let sql = "UPDATE space SET hides_members = 1 WHERE name = $1";
                let values = [last.as_str().into()];
                db.execute_raw(Statement::from_sql_and_values(backend, sql, values)).await?;
            }
        }
        if rows.len() < PAGE {
            return Ok(());
        }
    }
}
