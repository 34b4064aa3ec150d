//! Where memberships came from, what was said with them, what invitations offer, and what happened to each user
//! before.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::DbBackend;

#[derive(DeriveMigrationName)]
pub struct Migration;

/// `{text}` compares by bytes on both databases.
const UP: &[&str] = &[
    // Where somebody's place came from; NULL where it goes without saying: of whoever has a seat that they
    // joined, of the creator that they made the space, of the invited that `invited_by` invited them, of whoever
    // waits that they asked.
    "ALTER TABLE membership ADD COLUMN origin {text}",
    // The message of an open invitation, or the reason of a block.
    "ALTER TABLE membership ADD COLUMN note {text}",
    // The role that an open invitation offers; NULL is that of a member.
    "ALTER TABLE membership ADD COLUMN offered {text}",
    // The same of what an event made; NULL where its name and actor tell the origin, where none began, and where
    // nothing was said.
    "ALTER TABLE membership_event ADD COLUMN origin {text}",
    "ALTER TABLE membership_event ADD COLUMN note {text}",
    "ALTER TABLE membership_event ADD COLUMN offered {text}",
    // The number of the event of the same user in this space before this one; NULL where they were absent.
    "ALTER TABLE membership_event ADD COLUMN previous BIGINT",
    "UPDATE membership_event SET previous = earlier.seq
     FROM (
         SELECT space, seq AS own, LAG(seq) OVER (PARTITION BY space, user_id ORDER BY seq) AS seq
         FROM membership_event WHERE user_id <> ''
     ) AS earlier
     WHERE membership_event.space = earlier.space AND membership_event.seq = earlier.own
         AND from_status <> 'absent' AND user_id <> ''",
    "UPDATE membership_event SET origin = (
         SELECT CASE WHEN i.name = 'imported' THEN 'imported' ELSE 'invitation ' || i.actor END
         FROM membership_event i
         WHERE i.space = membership_event.space AND i.user_id = membership_event.user_id
             AND i.seq < membership_event.seq AND i.to_status = 'invited' AND i.from_status <> 'invited'
         ORDER BY i.seq DESC LIMIT 1
     ) WHERE name = 'invitation_accepted'",
    "UPDATE membership SET origin = found.origin
     FROM (
         SELECT m.space, m.user_id, (
             SELECT CASE
                 WHEN e.name = 'joined' AND m.status <> 'creator' THEN NULL
                 WHEN e.name = 'created' AND m.status = 'creator' THEN NULL
                 WHEN e.name IN ('joined', 'created', 'imported') THEN e.name
                 WHEN e.name = 'invitation_accepted' THEN e.origin
                 WHEN e.from_status = 'requested' THEN 'request'
                 ELSE 'added ' || e.actor
             END
             FROM membership_event e
             WHERE e.space = m.space AND e.user_id = m.user_id AND e.seq <= m.version
                 AND e.to_status IN ('member', 'manager', 'creator')
                 AND e.from_status NOT IN ('member', 'manager', 'creator')
             ORDER BY e.seq DESC LIMIT 1
         ) AS origin
         FROM membership m WHERE m.status IN ('member', 'manager', 'creator')
     ) AS found
     WHERE membership.space = found.space AND membership.user_id = found.user_id
         AND found.origin IS NOT NULL",
    "UPDATE membership SET origin = found.origin
     FROM (
         SELECT m.space, m.user_id, (
             SELECT CASE
                 WHEN e.name = 'imported' THEN 'imported'
                 WHEN m.status = 'invited' AND m.invited_by IS NULL THEN 'invitation ' || e.actor
             END
             FROM membership_event e
             WHERE e.space = m.space AND e.user_id = m.user_id AND e.seq <= m.version
                 AND e.to_status = m.status AND e.from_status <> m.status
             ORDER BY e.seq DESC LIMIT 1
         ) AS origin
         FROM membership m WHERE m.status IN ('invited', 'requested')
     ) AS found
     WHERE membership.space = found.space AND membership.user_id = found.user_id
         AND found.origin IS NOT NULL",
    // A history is walked from event to event now, which costs a join nothing.
    "DROP INDEX membership_event_by_user",
    // Where a user was and is not: from here a walk goes on in a space that they were in before.
    "DROP INDEX membership_event_by_ending",
    "CREATE INDEX membership_event_by_ending ON membership_event (user_id, space, seq)
        WHERE to_status = 'absent' AND user_id <> ''",
    // Who was in a space and is not any more, in order of user. Joins write neither of the two. Its condition is
    // another one, so that no database takes the one for the other.
    "CREATE INDEX membership_event_by_ended ON membership_event (space, user_id, seq)
        WHERE to_status = 'absent' AND seq > 0",
];

const DOWN: &[&str] = &[
    "DROP INDEX membership_event_by_ended",
    "DROP INDEX membership_event_by_ending",
    "CREATE INDEX membership_event_by_ending ON membership_event (user_id, space)
        WHERE to_status = 'absent' AND user_id <> ''",
    "CREATE INDEX membership_event_by_user ON membership_event (space, user_id, seq)",
    "ALTER TABLE membership_event DROP COLUMN previous",
    "ALTER TABLE membership_event DROP COLUMN offered",
    "ALTER TABLE membership_event DROP COLUMN note",
    "ALTER TABLE membership_event DROP COLUMN origin",
    "ALTER TABLE membership DROP COLUMN offered",
    "ALTER TABLE membership DROP COLUMN note",
    "ALTER TABLE membership DROP COLUMN origin",
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
