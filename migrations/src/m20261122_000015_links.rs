//! Invite links.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// `{text}` compares by bytes on both databases.
const UP: &[&str] = &[
    "CREATE TABLE invite_link (
        space {text} NOT NULL,
        -- the number of the event that tells of its creation
        id BIGINT NOT NULL,
        -- of the space and the secret, which is kept nowhere
        hash {text} NOT NULL,
        grants {text} NOT NULL CHECK (grants IN ('member', 'manager', 'request')),
        until BIGINT,
        max_uses BIGINT CHECK (max_uses >= 1),
        uses BIGINT NOT NULL CHECK (uses >= 0 AND (max_uses IS NULL OR uses <= max_uses)),
        created_by {text} NOT NULL,
        created_at BIGINT NOT NULL,
        revoked_at BIGINT,
        used_up_at BIGINT,
        -- the first of `until`, `revoked_at` and `used_up_at`, or the largest number: what is over is read of no
        -- index, so that who asks by a link that is over costs what somebody costs who asks by none
        live_until BIGINT NOT NULL,
        PRIMARY KEY (space, id)
    )",
    // By its secret. Neither this nor the next begins with the space, so that no plan takes another index for it.
    "CREATE INDEX invite_link_by_hash ON invite_link (hash, live_until)",
    // Which are alive that somebody has made.
    "CREATE INDEX invite_link_by_maker ON invite_link (created_by, live_until)",
    // How many are alive.
    "CREATE INDEX invite_link_by_end ON invite_link (space, live_until)",
];

const DOWN: &[&str] = &["DROP TABLE invite_link"];

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
