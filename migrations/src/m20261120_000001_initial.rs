//! Spaces, memberships and their history. Every key begins with the space's name, so that a write
//! touches the rows of one space only.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// `{text}` compares by bytes on both databases; `{clustered}` keeps SQLite's rows in key order;
/// `{hot}` leaves PostgreSQL room to move a space's counters without touching an index.
const UP: &[&str] = &[
    "CREATE TABLE space (
        -- immutable: courses/{int64}, groups/{int64} or communities/{32 hex}
        name {text} NOT NULL PRIMARY KEY,
        privacy TEXT NOT NULL CHECK (privacy IN ('open', 'private', 'secret', 'draft')),
        display_name TEXT NOT NULL,
        -- the one user whose membership says 'creator'
        creator {text} NOT NULL,
        contribution TEXT NOT NULL CHECK (contribution IN ('anyone', 'admins')),
        capacity BIGINT CHECK (capacity >= 1),
        -- a JSON object; the content of the space's owner
        attributes TEXT NOT NULL,
        -- number of the last event
        seq BIGINT NOT NULL,
        invited_count BIGINT NOT NULL CHECK (invited_count >= 0),
        requested_count BIGINT NOT NULL CHECK (requested_count >= 0),
        member_count BIGINT NOT NULL CHECK (member_count >= 0),
        manager_count BIGINT NOT NULL CHECK (manager_count >= 0),
        blocked_count BIGINT NOT NULL CHECK (blocked_count >= 0),
        -- immutable; all times are milliseconds since 1970, UTC
        created_at BIGINT NOT NULL,
        -- the creator has a seat too
        CONSTRAINT space_capacity_kept
            CHECK (capacity IS NULL OR member_count + manager_count + 1 <= capacity)
    ) {hot}",
    "CREATE TABLE membership (
        space {text} NOT NULL,
        user_id {text} NOT NULL,
        -- no row means absent
        status TEXT NOT NULL CHECK
            (status IN ('invited', 'requested', 'member', 'manager', 'creator', 'blocked')),
        -- the space's seq at the last change
        version BIGINT NOT NULL,
        -- set while status is 'invited'
        invited_by {text} CHECK (invited_by IS NULL OR status = 'invited'),
        -- set while the status has a seat
        joined_at BIGINT,
        changed_at BIGINT NOT NULL,
        PRIMARY KEY (space, user_id)
    ) {clustered}",
    // My spaces.
    "CREATE INDEX membership_by_user ON membership (user_id, space)",
    // The few who are not plain members: invitations, requests, managers, blocks.
    "CREATE INDEX membership_by_status ON membership (space, status, user_id)
        WHERE status <> 'member'",
    // Invitations to take back when their sender is thrown out.
    "CREATE INDEX membership_by_inviter ON membership (space, invited_by)
        WHERE invited_by IS NOT NULL",
    "CREATE TABLE membership_event (
        -- all immutable
        space {text} NOT NULL,
        seq BIGINT NOT NULL,
        user_id {text} NOT NULL,
        -- a user, or service/{id}
        actor TEXT NOT NULL,
        from_status TEXT NOT NULL,
        to_status TEXT NOT NULL,
        name TEXT NOT NULL,
        cause TEXT NOT NULL,
        at BIGINT NOT NULL,
        PRIMARY KEY (space, seq)
    ) {clustered}",
    // Keys that all replicas share, such as the one that signs page tokens.
    "CREATE TABLE secret (
        name TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    )",
];

const DOWN: &[&str] = &[
    "DROP TABLE secret",
    "DROP TABLE membership_event",
    "DROP TABLE membership",
    "DROP TABLE space",
];

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let (text, clustered, hot) = match manager.get_database_backend() {
            DbBackend::Postgres => ("TEXT COLLATE \"C\"", "", "WITH (fillfactor = 50)"),
            _ => ("TEXT", "WITHOUT ROWID", ""),
        };
        for statement in UP {
            let sql = statement
                .replace("{text}", text)
                .replace("{clustered}", clustered)
                .replace("{hot}", hot);
            manager.get_connection().execute_unprepared(&sql).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for statement in DOWN {
            manager.get_connection().execute_unprepared(statement).await?;
        }
        Ok(())
    }
}
