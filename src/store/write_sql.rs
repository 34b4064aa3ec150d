//! The statements of a write, as `write` sends them. `tests/golden/plans_*.txt` shows each with its plan.

use std::sync::LazyLock;

use super::waiting::with_levels;

/// The sets of every write: `k` the spaces, `c` the changes. Where somebody was not ABSENT before, the number of the
/// event before goes with each, and where nobody was, what of its origin does not go without saying: the sets, their
/// names, and the column of the event with its value are this macro's arguments.
macro_rules! sets_postgres {
    ($set:literal, $names:literal, $column:literal, $value:literal) => {
        concat!("
WITH k AS MATERIALIZED (
    SELECT * FROM unnest(
        string_to_array($1, chr(31)), string_to_array($2, chr(31))::bigint[],
        string_to_array($3, chr(31))::bigint[], string_to_array($4, chr(31), ''),
        string_to_array($5, chr(31))::bigint[], string_to_array($6, chr(31))::bigint[],
        string_to_array($7, chr(31))::bigint[], string_to_array($8, chr(31))::bigint[],
        string_to_array($9, chr(31))::bigint[], string_to_array($10, chr(31))::bigint[],
        string_to_array($11, chr(31))::bigint[]
    ) AS k (k_space, k_believed, k_seq, k_creator, k_invited, k_requested, k_members, k_managers,
        k_blocked, k_going, k_waitlisted)
), c AS MATERIALIZED (
    SELECT * FROM unnest(
        string_to_array($12, chr(31)), string_to_array($13, chr(31)),
        string_to_array($14, chr(31))::bigint[], string_to_array($15, chr(31)),
        string_to_array($16, chr(31)), string_to_array($17, chr(31)),
        string_to_array($18, chr(31)), string_to_array($19, chr(31), ''),
        string_to_array($20, chr(31), ''), string_to_array($21, chr(31), ''),
        string_to_array($22, chr(31), ''), string_to_array($23, chr(31), '')::bigint[],
        string_to_array($24, chr(31), '')", $set, "
    ) AS c (c_space, c_user, c_seq, c_from, c_to, c_name, c_cause, c_actor, c_service, c_role,
        c_invited_by, c_joined_ago, c_attendance", $names, ")
), taken AS MATERIALIZED (
    SELECT c_space FROM c
    JOIN LATERAL (
        SELECT 1 FROM membership m WHERE m.space = c_space AND m.user_id = c_user OFFSET 0
    ) m ON true
    WHERE c_role = 'assumed'
), moved AS (
    UPDATE space SET
        seq = k_seq, creator = coalesce(k_creator, creator), invited_count = k_invited,
        requested_count = k_requested, member_count = k_members, manager_count = k_managers,
        blocked_count = k_blocked, going_count = k_going, waitlisted_count = k_waitlisted
    FROM k
    WHERE name = k_space AND seq = k_believed AND deleted_at IS NULL
        AND (k_space IN (SELECT c_space FROM taken)) IS NOT TRUE
    RETURNING name
), recorded AS (
    INSERT INTO membership_event
        (space, seq, user_id, actor, from_status, to_status, name, cause, at, service", $column, ")
    SELECT c_space, c_seq, c_user, coalesce(c_actor, c_user), c_from, c_to, c_name, c_cause,
        $25::bigint, c_service", $value, "
    FROM c WHERE (c_space IN (SELECT name FROM moved)) IS TRUE
)")
    };
    () => {
        sets_postgres!("", "", "", "")
    };
    (previous) => {
        sets_postgres!(
            ",
        string_to_array($26, chr(31), '')::bigint[]",
            ", c_previous",
            ", previous",
            ", c_previous"
        )
    };
    (origin) => {
        sets_postgres!(
            ",
        string_to_array($26, chr(31), ''), string_to_array($27, chr(31), '')",
            ", c_told_origin, c_origin",
            ", origin",
            ", c_told_origin"
        )
    };
}

macro_rules! begins_postgres {
    ($column:literal, $value:literal) => {
        concat!(
            ", written AS (
    INSERT INTO membership
        (space, user_id, status, version, invited_by, joined_at, changed_at, attendance",
            $column,
            ")
    SELECT c_space, c_user, c_to, c_seq, c_invited_by, $25::bigint - c_joined_ago, $25::bigint,
        c_attendance",
            $value,
            "
    FROM c
    WHERE c_role IS NOT NULL AND c_to <> 'absent'
        AND (c_space IN (SELECT name FROM moved)) IS TRUE"
        )
    };
    () => {
        begins_postgres!("", "")
    };
}

/// For a membership that has a row. What it was held by stays while its status does; what is new of that, and when it
/// ends, is said apart: see `write_terms`.
macro_rules! upsert_postgres {
    () => {
        "
    ON CONFLICT (space, user_id) DO UPDATE SET
        status = excluded.status, version = excluded.version, invited_by = excluded.invited_by,
        joined_at = excluded.joined_at, changed_at = excluded.changed_at,
        attendance = excluded.attendance, until = NULL,
        origin = CASE WHEN membership.status = excluded.status THEN membership.origin END,
        note = CASE WHEN membership.status = excluded.status THEN membership.note END,
        offered = CASE WHEN membership.status = excluded.status THEN membership.offered END"
    };
}

/// What became of invite links.
macro_rules! links_postgres {
    ($space:literal, $id:literal, $uses:literal, $revoked:literal, $used_up:literal, $live:literal) => {
        concat!("
UPDATE invite_link SET
    uses = l_uses, revoked_at = l_revoked_at, used_up_at = l_used_up_at, live_until = l_live_until
FROM unnest(
    string_to_array(", $space, ", chr(31)), string_to_array(", $id, ", chr(31))::bigint[],
    string_to_array(", $uses, ", chr(31))::bigint[], string_to_array(", $revoked, ", chr(31), '')::bigint[],
    string_to_array(", $used_up, ", chr(31), '')::bigint[], string_to_array(", $live, ", chr(31))::bigint[]
) AS l (l_space, l_id, l_uses, l_revoked_at, l_used_up_at, l_live_until)
WHERE space = l_space AND id = l_id")
    };
}

/// The same, and events about links, which are about no membership. What is written was proven by the number of the
/// space, as the memberships are.
pub(super) const PUT_LINKS_POSTGRES: &str = concat!("
WITH told AS (
    INSERT INTO membership_event
        (space, seq, user_id, actor, from_status, to_status, name, cause, at, service, fields)
    SELECT e_space, e_seq, '', e_actor, 'absent', 'absent', e_name, e_cause, $13::bigint, e_service, ''
    FROM unnest(
        string_to_array($7, chr(31)), string_to_array($8, chr(31))::bigint[],
        string_to_array($9, chr(31)), string_to_array($10, chr(31)),
        string_to_array($11, chr(31)), string_to_array($12, chr(31), '')
    ) AS e (e_space, e_seq, e_actor, e_name, e_cause, e_service)
)", links_postgres!("$1", "$2", "$3", "$4", "$5", "$6"));

/// Memberships that begin: none of them has a row, or their space would not have moved.
pub(super) const WRITE_NEW_POSTGRES: &str = concat!(
    sets_postgres!(),
    begins_postgres!(),
    "\n)\nSELECT string_agg(name, chr(31)) FROM moved"
);

/// Memberships that begin, with what of their origin does not go without saying, what became of the invite links
/// by which they came, and the nodes of waiting lists in which they are counted.
pub(super) const WRITE_NEW_WITH_POSTGRES: &str = concat!(
    sets_postgres!(origin),
    begins_postgres!(", origin", ", c_origin"),
    "\n), used AS (",
    links_postgres!("$28", "$29", "$30", "$31", "$32", "$33"),
    " AND (l_space IN (SELECT name FROM moved)) IS TRUE
), counted AS (
    INSERT INTO waiting_node (space, level, node, waiting)
    SELECT n.* FROM unnest(
        string_to_array($34, chr(31)), string_to_array($35, chr(31))::bigint[],
        string_to_array($36, chr(31))::bigint[], string_to_array($37, chr(31))::bigint[]
    ) AS n (n_space, n_level, n_node, n_waiting)
    WHERE (n_space IN (SELECT name FROM moved)) IS TRUE
    ON CONFLICT (space, level, node) DO UPDATE SET waiting = waiting_node.waiting + excluded.waiting
)\nSELECT string_agg(name, chr(31)) FROM moved"
);

/// Memberships that have another status now, or a first one.
pub(super) const WRITE_POSTGRES: &str = concat!(
    sets_postgres!(previous),
    begins_postgres!(),
    upsert_postgres!(),
    "\n)\nSELECT string_agg(name, chr(31)) FROM moved"
);

/// Memberships that end.
pub(super) const WRITE_ENDINGS_POSTGRES: &str = concat!(
    sets_postgres!(previous),
    ", ended AS (
    DELETE FROM membership USING c
    WHERE membership.space = c_space AND membership.user_id = c_user
        AND c_role IS NOT NULL AND c_to = 'absent'
        AND (c_space IN (SELECT name FROM moved)) IS TRUE
)
SELECT string_agg(name, chr(31)) FROM moved"
);

/// One change: its space is `$1` to `$11`. As a set of one it would cost twice as much.
macro_rules! one_postgres {
    ($column:literal, $value:literal) => {
        concat!("
WITH moved AS (
    UPDATE space SET
        seq = $3, creator = coalesce($4, creator), invited_count = $5, requested_count = $6,
        member_count = $7, manager_count = $8, blocked_count = $9, going_count = $10,
        waitlisted_count = $11
    WHERE name = $1 AND seq = $2 AND deleted_at IS NULL AND ($21::text <> 'assumed' OR NOT EXISTS (
        SELECT 1 FROM membership m WHERE m.space = $1 AND m.user_id = $13
    ))
    RETURNING name
), recorded AS (
    INSERT INTO membership_event
        (space, seq, user_id, actor, from_status, to_status, name, cause, at, service", $column, ")
    SELECT name, $14::bigint, $13, coalesce($19, $13), $15, $16, $17, $18, $12::bigint, $20", $value, "
    FROM moved
)")
    };
}

macro_rules! one_begins_postgres {
    () => {
        ", written AS (
    INSERT INTO membership
        (space, user_id, status, version, invited_by, joined_at, changed_at, attendance)
    SELECT name, $13, $16, $14::bigint, $22, $12::bigint - $23, $12::bigint, $24 FROM moved"
    };
}

/// One membership that begins.
pub(super) const WRITE_ONE_NEW_POSTGRES: &str =
    concat!(one_postgres!("", ""), one_begins_postgres!(), "\n)\nSELECT name FROM moved");

/// One membership that has another status now, or a first one.
pub(super) const WRITE_ONE_POSTGRES: &str = concat!(
    one_postgres!(", previous", ", $25::bigint"),
    one_begins_postgres!(),
    upsert_postgres!(),
    "\n)\nSELECT name FROM moved"
);

/// One membership that ends.
pub(super) const WRITE_ENDING_POSTGRES: &str = concat!(
    one_postgres!(", previous", ", $22::bigint"),
    ", ended AS (
    DELETE FROM membership WHERE space = (SELECT name FROM moved) AND user_id = $13
)
SELECT name FROM moved"
);

/// Memberships that end in a write in which others begin: a table is changed once in a statement.
pub(super) const END_POSTGRES: &str = "
DELETE FROM membership USING unnest(string_to_array($1, chr(31)), string_to_array($2, chr(31)))
    AS c (c_space, c_user)
WHERE membership.space = c_space AND membership.user_id = c_user";

/// SQLite has locked out every other writer before it looked, so what was believed is true.
macro_rules! write_sqlite {
    ($column:literal, $value:literal, $membership_column:literal, $membership_value:literal) => {
        concat!("
UPDATE space SET
    seq = k.value ->> 2, creator = coalesce(k.value ->> 3, creator), invited_count = k.value ->> 4,
    requested_count = k.value ->> 5, member_count = k.value ->> 6, manager_count = k.value ->> 7,
    blocked_count = k.value ->> 8, going_count = k.value ->> 9, waitlisted_count = k.value ->> 10
FROM json_each($1) k WHERE name = k.value ->> 0 AND seq = k.value ->> 1;
DELETE FROM membership WHERE (space, user_id) IN (
    SELECT value ->> 0, value ->> 1 FROM json_each($2)
    WHERE value ->> 9 IS NOT NULL AND value ->> 4 = 'absent'
);
INSERT INTO membership
    (space, user_id, status, version, invited_by, joined_at, changed_at, attendance", $membership_column, ")
SELECT value ->> 0, value ->> 1, value ->> 4, value ->> 2, value ->> 10, $3 - (value ->> 11), $3,
    value ->> 12", $membership_value, "
FROM json_each($2) WHERE value ->> 9 IS NOT NULL AND value ->> 4 <> 'absent'
ON CONFLICT (space, user_id) DO UPDATE SET
    status = excluded.status, version = excluded.version, invited_by = excluded.invited_by,
    joined_at = excluded.joined_at, changed_at = excluded.changed_at,
    attendance = excluded.attendance, until = NULL,
    origin = CASE WHEN membership.status = excluded.status THEN membership.origin END,
    note = CASE WHEN membership.status = excluded.status THEN membership.note END,
    offered = CASE WHEN membership.status = excluded.status THEN membership.offered END;
INSERT INTO membership_event
    (space, seq, user_id, actor, from_status, to_status, name, cause, at, service", $column, ")
SELECT value ->> 0, value ->> 2, value ->> 1, coalesce(value ->> 7, value ->> 1), value ->> 3,
    value ->> 4, value ->> 5, value ->> 6, $3, value ->> 8", $value, "
FROM json_each($2);
")
    };
    () => {
        write_sqlite!("", "", "", "")
    };
    (previous) => {
        write_sqlite!(", previous", ", value ->> 13", "", "")
    };
    (origin) => {
        write_sqlite!(", origin", ", value ->> 13", ", origin", ", value ->> 14")
    };
}

macro_rules! links_sqlite {
    ($rows:literal) => {
        concat!(
            "UPDATE invite_link SET
    uses = l.value ->> 2, revoked_at = l.value ->> 3, used_up_at = l.value ->> 4,
    live_until = l.value ->> 5
FROM json_each(",
            $rows,
            ") l WHERE space = l.value ->> 0 AND invite_link.id = l.value ->> 1;
"
        )
    };
}

/// What became of invite links, and events about them: before the statements that write memberships and what is said
/// of them.
pub(super) const PUT_LINKS_SQLITE: &str = concat!(
    links_sqlite!("$7"),
    "
INSERT INTO membership_event
    (space, seq, user_id, actor, from_status, to_status, name, cause, at, service, fields)
SELECT value ->> 0, value ->> 1, '', value ->> 2, 'absent', 'absent', value ->> 3, value ->> 4, $3,
    value ->> 5, ''
FROM json_each($8);
"
);

/// What is said apart, in the same transaction.
macro_rules! terms_sqlite {
    () => {
        "UPDATE membership_event SET until = c.value ->> 2, origin = c.value ->> 3, note = c.value ->> 4,
    offered = c.value ->> 5
FROM json_each($4) c WHERE space = c.value ->> 0 AND seq = c.value ->> 1;
UPDATE membership SET until = h.value ->> 3, origin = h.value ->> 4, note = h.value ->> 5,
    offered = h.value ->> 6
FROM json_each($5) h
WHERE space = h.value ->> 0 AND user_id = h.value ->> 1 AND version = h.value ->> 2;
UPDATE space SET next_until = k.value ->> 1 FROM json_each($6) k WHERE name = k.value ->> 0;
"
    };
}

/// The nodes of waiting lists in which tickets were given out or came back.
macro_rules! counted_sqlite {
    ($rows:literal) => {
        concat!(
            "INSERT INTO waiting_node (space, level, node, waiting)
SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3 FROM json_each(",
            $rows,
            ") WHERE true
ON CONFLICT (space, level, node) DO UPDATE SET waiting = waiting + excluded.waiting;
"
        )
    };
}

/// The same, and without those that nobody waits in any more.
macro_rules! waiting_sqlite {
    ($rows:literal) => {
        concat!(
            counted_sqlite!($rows),
            "DELETE FROM waiting_node WHERE waiting = 0 AND (space, level, node) IN (
    SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(",
            $rows,
            ")
)"
        )
    };
}

/// The same alone.
pub(super) const PUT_NODES_SQLITE: &str = waiting_sqlite!("$1");

/// Memberships that begin.
pub(super) const WRITE_NEW_SQLITE: &str = concat!(write_sqlite!(), "COMMIT");
/// Memberships that begin, with what of their origin does not go without saying, what became of the invite links
/// by which they came, and the nodes of waiting lists in which they are counted.
pub(super) const WRITE_NEW_WITH_SQLITE: &str =
    concat!(write_sqlite!(origin), links_sqlite!("$4"), counted_sqlite!("$5"), "COMMIT");
/// Memberships that have another status now, a first one or none.
pub(super) const WRITE_SQLITE: &str = concat!(write_sqlite!(previous), "COMMIT");
/// The same where more is to be said of them.
pub(super) const WRITE_NEW_TERMS_SQLITE: &str = concat!(write_sqlite!(), terms_sqlite!(), "COMMIT");
pub(super) const WRITE_TERMS_SQLITE: &str =
    concat!(write_sqlite!(previous), terms_sqlite!(), "COMMIT");
/// The same where nodes of waiting lists change; all of them where a list has become long or short. What is written of
/// links comes first, if there is any.
pub(super) static WRITE_WAITING_SQLITE: LazyLock<String> = LazyLock::new(|| {
    with_levels(concat!(
        write_sqlite!(previous),
        terms_sqlite!(),
        waiting_sqlite!("$9"),
        ";
DELETE FROM waiting_node WHERE space IN (SELECT value ->> 0 FROM json_each($10));
INSERT INTO waiting_node (space, level, node, waiting)
SELECT m.space, l.level, m.version >> ({bits} * l.level), COUNT(*)
FROM (
    SELECT value ->> 0 AS name FROM json_each($10) WHERE {short} < (
        SELECT COUNT(*) FROM membership w INDEXED BY membership_by_ticket
        WHERE w.space = value ->> 0 AND w.status = 'waitlisted'
    )
) t JOIN membership m INDEXED BY membership_by_ticket ON m.space = t.name AND m.status = 'waitlisted'
CROSS JOIN {levels} l
GROUP BY m.space, l.level, m.version >> ({bits} * l.level);
COMMIT"
    ))
});
