//! For how long somebody who declined an invitation is not invited again.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // Seconds; 30 days unless somebody says otherwise.
        let sql = "ALTER TABLE space ADD COLUMN cool_down BIGINT NOT NULL DEFAULT 2592000";
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "ALTER TABLE space DROP COLUMN cool_down";
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }
}
