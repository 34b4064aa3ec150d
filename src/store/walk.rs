//! Walks through what happened to users, from event to event: each says which one of the same user was before it, so
//! that a step is a look-up by key, however long the history of the space is. A walk goes backwards. It begins with a
//! membership's last event, or with one by which somebody ceased to be there. Where a stay begins it ends, or goes on
//! with the end of the stay before.

use sea_orm::DbBackend;

/// The event of this number, looked up by key, whatever the planner thinks.
pub(super) fn event_at(backend: DbBackend, space: &str, seq: &str) -> String {
    match backend {
        DbBackend::Sqlite => {
            format!("CROSS JOIN membership_event e ON e.space = {space} AND e.seq = {seq}")
        }
        _ => format!(
            "JOIN LATERAL (
        SELECT * FROM membership_event e WHERE e.space = {space} AND e.seq = {seq} OFFSET 0
    ) e ON true"
        ),
    }
}

/// Condition on an event `x` that somebody ceased to be there with it, as `membership_event_by_ending` has it.
const ENDED: &str = "x.to_status = 'absent' AND x.user_id <> ''";

/// The number of the last such event of a user in a space, before this one if it is given.
pub(super) fn last_ending(
    backend: DbBackend,
    space: &str,
    user: &str,
    before: Option<&str>,
) -> String {
    let index = index(backend, "membership_event_by_ending");
    let before = before.map(|seq| format!(" AND x.seq < {seq}")).unwrap_or_default();
    format!(
        "(
        SELECT x.seq FROM membership_event x{index}
        WHERE x.user_id = {user} AND x.space = {space} AND {ENDED}{before}
        ORDER BY x.seq DESC LIMIT 1
    )"
    )
}

/// The number of the last event of the stay in which this moment is, or of the next one.
pub(super) fn end_of_stay(backend: DbBackend, space: &str, user: &str, moment: &str) -> String {
    let index = index(backend, "membership_event_by_ending");
    format!(
        "coalesce((
        SELECT x.seq FROM membership_event x{index}
        WHERE x.user_id = {user} AND x.space = {space} AND {ENDED} AND x.seq > {moment}
        ORDER BY x.seq LIMIT 1
    ), (SELECT m.version FROM membership m WHERE m.space = {space} AND m.user_id = {user}))"
    )
}

/// The numbers of a user's events, as `walked (w_space, w_seq)`, the newest of each space first; `spaces` has the names
/// of the spaces. `more` is a condition on a step after which another is made.
pub(super) fn walked(backend: DbBackend, spaces: &str, user: &str, more: &str) -> String {
    let last = last_ending(backend, "p_space", user, None);
    let before = last_ending(backend, "w_space", user, Some("e.seq"));
    let event = event_at(backend, "w_space", "w_seq");
    format!(
        "
WITH RECURSIVE walked (w_space, w_seq) AS (
    SELECT p_space, coalesce(
        (SELECT m.version FROM membership m WHERE m.space = p_space AND m.user_id = {user}), {last})
    FROM ({spaces}) p
    UNION ALL
    SELECT w_space, coalesce(e.previous, {before})
    FROM walked {event}
    WHERE {more}
)"
    )
}

/// Names an index to SQLite, which keeps no statistics.
pub(super) fn index(backend: DbBackend, name: &str) -> String {
    match backend {
        DbBackend::Sqlite => format!(" INDEXED BY {name}"),
        _ => String::new(),
    }
}
