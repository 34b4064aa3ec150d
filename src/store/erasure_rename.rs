//! Taking a user who is forgotten out of a space's history: their id, what was said of them, and what they said.

use std::sync::LazyLock;

use sea_orm::sea_query::Values;
use sea_orm::{DbBackend, Value};

use super::connection::Connection;
use super::erasure::statement;
use super::error::Error;
use super::settings::STATEMENT_LIMIT;
use super::statements::Example;
use super::walk::{event_at, last_ending, walked};
use crate::domain::{Erasure, SpaceName, UserId};

/// How much longer than others the statements may take that go through a user's events.
const RENAME_FACTOR: u32 = 10;

/// What the user did to others in the space.
const ACTED: &str = "membership_event a{by_actor}
    WHERE a.actor = $2 AND a.space = $1 AND a.actor <> a.user_id AND substr(a.actor, 1, 8) <> 'service/'";

/// What they said of others goes from the memberships, which have again what others had said before. Something is said
/// anew of somebody only where the terms change.
const FORGET_NOTES: &str = "
WITH RECURSIVE said (s_user, s_seq) AS (
    SELECT a_user, (SELECT m.version FROM membership m WHERE m.space = $1 AND m.user_id = a_user)
    FROM (SELECT DISTINCT a.user_id AS a_user FROM {acted} AND a.note IS NOT NULL) acted
    UNION ALL
    SELECT s_user, e.previous FROM said {event} WHERE e.name = 'terms_changed'
)
UPDATE membership SET note = kept.note
FROM (
    SELECT s_user, CASE WHEN s_actor <> $2 THEN s_note END AS note
    FROM (
        SELECT s_user, e.actor AS s_actor, e.note AS s_note, row_number() OVER (
            PARTITION BY s_user
            ORDER BY CASE WHEN e.note IS NULL OR e.actor = $2 THEN 1 ELSE 0 END, e.seq DESC
        ) AS place
        FROM said {event}
    ) ranked WHERE place = 1
) kept
WHERE membership.space = $1 AND membership.user_id = kept.s_user AND membership.note IS NOT NULL";

/// Whom they invited or added came by the pseudonym.
const RENAME_ORIGINS: &str = "
UPDATE membership
SET origin = CASE WHEN origin = 'added ' || $2 THEN 'added ' || $3 ELSE 'invitation ' || $3 END
WHERE space = $1 AND user_id {acted_users} AND origin IN ('added ' || $2, 'invitation ' || $2)";

/// The same of what happened to those whom they invited.
const RENAME_EVENT_ORIGINS: &str = "
WITH RECURSIVE walked (w_user, w_seq) AS (
    SELECT a_user, coalesce(
        (SELECT m.version FROM membership m WHERE m.space = $1 AND m.user_id = a_user), {last})
    FROM (SELECT DISTINCT a.user_id AS a_user FROM {acted} AND a.name = 'invited') acted
    UNION ALL
    SELECT w_user, coalesce(e.previous, {before}) FROM walked {walked_event}
)
UPDATE membership_event SET origin = 'invitation ' || $3
WHERE space = $1 AND seq {walked_seqs} AND origin = 'invitation ' || $2";

/// What happened to them.
const RENAME_SUBJECT: &str = "{walked}
UPDATE membership_event
SET user_id = $3, actor = CASE WHEN actor = $2 THEN $3 ELSE actor END, note = NULL
WHERE space = $1 AND seq {walked_seqs}";

/// What they did. SQLite must be told of the index: it keeps no statistics, and would rather go through the space's
/// events.
const RENAME_ACTOR: &str = "
UPDATE membership_event{by_actor} SET actor = $3, note = NULL
WHERE space = $1 AND actor = $2 AND actor <> user_id AND substr(actor, 1, 8) <> 'service/'";

/// In this order, as what they did is found by their id.
const ALL: [(&str, &str); 5] = [
    ("take what a user said out of memberships", FORGET_NOTES),
    ("take a user out of origins", RENAME_ORIGINS),
    ("take a user out of origins in the history", RENAME_EVENT_ORIGINS),
    ("take a user out of what happened to them", RENAME_SUBJECT),
    ("take a user out of what they did", RENAME_ACTOR),
];

static POSTGRES: LazyLock<[String; 5]> =
    LazyLock::new(|| ALL.map(|(_, sql)| filled(DbBackend::Postgres, sql)));
static SQLITE: LazyLock<[String; 5]> =
    LazyLock::new(|| ALL.map(|(_, sql)| filled(DbBackend::Sqlite, sql)));

fn filled(backend: DbBackend, sql: &str) -> String {
    // Such a list is looked up by key, whatever the planner thinks.
    let among = |list: &str| match backend {
        DbBackend::Sqlite => format!("IN ({list})"),
        _ => format!("= ANY (ARRAY({list}))"),
    };
    let space = "SELECT name AS p_space FROM space WHERE name = $1";
    let sql = sql
        .replace("{walked}", &walked(backend, space, "$2", "true"))
        .replace("{walked_seqs}", &among("SELECT w_seq FROM walked"))
        .replace("{walked_event}", &event_at(backend, "$1", "w_seq"))
        .replace("{last}", &last_ending(backend, "$1", "a_user", None))
        .replace("{before}", &last_ending(backend, "$1", "w_user", Some("e.seq")))
        .replace("{acted_users}", &among("SELECT a.user_id FROM {acted}"))
        .replace("{acted}", ACTED)
        .replace("{event}", &event_at(backend, "$1", "s_seq"));
    statement(backend, &sql)
}

/// Takes the user's id out of a space's history, in the connection's transaction, which has locked the space.
pub(super) async fn rename(
    connection: &mut Connection,
    name: &SpaceName,
    erasure: &Erasure,
) -> Result<(), Error> {
    let limit = STATEMENT_LIMIT * RENAME_FACTOR;
    let all = match connection.backend() {
        DbBackend::Postgres => {
            let limit = format!("SET LOCAL statement_timeout = {}", limit.as_millis());
            connection.run(limit, []).await?;
            &*POSTGRES
        }
        _ => &*SQLITE,
    };
    for sql in all {
        let values = rename_values(sql, name, erasure);
        connection.run_within(limit, sql.as_str().into(), Values(values)).await?;
    }
    Ok(())
}

/// Not every statement names the pseudonym.
fn rename_values(sql: &str, name: &SpaceName, erasure: &Erasure) -> Vec<Value> {
    let Erasure { user, pseudonym, .. } = erasure;
    let all = [name.as_str(), user.as_str(), pseudonym.as_str()];
    let named = if sql.contains("$3") { 3 } else { 2 };
    all.into_iter().take(named).map(Value::from).collect()
}

/// The statements, with parameters to try them by.
pub(super) fn examples(backend: DbBackend, space: &SpaceName, user: &UserId) -> Vec<Example> {
    let erasure = Erasure { user: user.clone(), pseudonym: user.clone(), successor: None };
    let example = |(name, sql)| {
        let sql = filled(backend, sql);
        let values = rename_values(&sql, space, &erasure);
        Example { name, sql, values }
    };
    ALL.map(example).into()
}
