//! Looking for spaces, newest first: the highest number of a kind. Only those that everybody sees are in
//! the index, so that what is hidden is not read.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

const UP: &str = "CREATE INDEX space_by_number ON space (substr(name, 1, 3), length(name), name)
    WHERE deleted_at IS NULL AND privacy IN ('open', 'private')";

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.get_connection().execute_unprepared(UP).await.map(drop)
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let sql = "DROP INDEX space_by_number";
        manager.get_connection().execute_unprepared(sql).await.map(drop)
    }
}
