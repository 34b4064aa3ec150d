//! The name in lower case was what spaces were searched by, before they had terms.

use sea_orm_migration::prelude::*;

use crate::m20261121_000002_one_number::lower_names;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &str = "ALTER TABLE space_content DROP COLUMN search_name";
const DOWN: &[&str] = &[
    "ALTER TABLE space_content ADD COLUMN search_name TEXT NOT NULL DEFAULT ''",
    "UPDATE space_content SET search_name = display_name",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in DOWN {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        lower_names(manager).await
    }
}
