//! The statements of a write, as `write` sends them. `tests/golden/plans_*.txt` shows each with its plan.

/// The sets of every write: `k` the spaces, `c` the changes.
macro_rules! sets_postgres {
    () => {
        "
WITH k AS MATERIALIZED (
    SELECT * FROM unnest(
        string_to_array($1, chr(31)), string_to_array($2, chr(31))::bigint[],
        string_to_array($3, chr(31))::bigint[], string_to_array($4, chr(31), ''),
        string_to_array($5, chr(31))::bigint[], string_to_array($6, chr(31))::bigint[],
        string_to_array($7, chr(31))::bigint[], string_to_array($8, chr(31))::bigint[],
        string_to_array($9, chr(31))::bigint[], string_to_array($10, chr(31))::bigint[]
    ) AS k (k_space, k_believed, k_seq, k_creator, k_invited, k_requested, k_members, k_managers,
        k_blocked, k_going)
), c AS MATERIALIZED (
    SELECT * FROM unnest(
        string_to_array($11, chr(31)), string_to_array($12, chr(31)),
        string_to_array($13, chr(31))::bigint[], string_to_array($14, chr(31)),
        string_to_array($15, chr(31)), string_to_array($16, chr(31)),
        string_to_array($17, chr(31)), string_to_array($18, chr(31), ''),
        string_to_array($19, chr(31), ''), string_to_array($20, chr(31), ''),
        string_to_array($21, chr(31), ''), string_to_array($22, chr(31), '')::bigint[],
        string_to_array($23, chr(31), '')
    ) AS c (c_space, c_user, c_seq, c_from, c_to, c_name, c_cause, c_actor, c_service, c_role,
        c_invited_by, c_joined_ago, c_attendance)
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
        blocked_count = k_blocked, going_count = k_going
    FROM k
    WHERE name = k_space AND seq = k_believed AND deleted_at IS NULL
        AND (k_space IN (SELECT c_space FROM taken)) IS NOT TRUE
    RETURNING name
), recorded AS (
    INSERT INTO membership_event
        (space, seq, user_id, actor, from_status, to_status, name, cause, at, service)
    SELECT c_space, c_seq, c_user, coalesce(c_actor, c_user), c_from, c_to, c_name, c_cause,
        $24::bigint, c_service
    FROM c WHERE (c_space IN (SELECT name FROM moved)) IS TRUE
)"
    };
}

macro_rules! begins_postgres {
    () => {
        ", written AS (
    INSERT INTO membership
        (space, user_id, status, version, invited_by, joined_at, changed_at, attendance)
    SELECT c_space, c_user, c_to, c_seq, c_invited_by, $24::bigint - c_joined_ago, $24::bigint,
        c_attendance
    FROM c
    WHERE c_role IS NOT NULL AND c_to <> 'absent'
        AND (c_space IN (SELECT name FROM moved)) IS TRUE"
    };
}

/// For a membership that has a row. When it ends is said apart: see `write_until`.
macro_rules! upsert_postgres {
    () => {
        "
    ON CONFLICT (space, user_id) DO UPDATE SET
        status = excluded.status, version = excluded.version, invited_by = excluded.invited_by,
        joined_at = excluded.joined_at, changed_at = excluded.changed_at,
        attendance = excluded.attendance, until = NULL"
    };
}

/// Memberships that begin: none of them has a row, or their space would not have moved.
pub(super) const WRITE_NEW_POSTGRES: &str = concat!(
    sets_postgres!(),
    begins_postgres!(),
    "\n)\nSELECT string_agg(name, chr(31)) FROM moved"
);

/// Memberships that have another status now, or a first one.
pub(super) const WRITE_POSTGRES: &str = concat!(
    sets_postgres!(),
    begins_postgres!(),
    upsert_postgres!(),
    "\n)\nSELECT string_agg(name, chr(31)) FROM moved"
);

/// Memberships that end.
pub(super) const WRITE_ENDINGS_POSTGRES: &str = concat!(
    sets_postgres!(),
    ", ended AS (
    DELETE FROM membership USING c
    WHERE membership.space = c_space AND membership.user_id = c_user
        AND c_role IS NOT NULL AND c_to = 'absent'
        AND (c_space IN (SELECT name FROM moved)) IS TRUE
)
SELECT string_agg(name, chr(31)) FROM moved"
);

/// One change: its space is `$1` to `$10`. As a set of one it would cost twice as much.
macro_rules! one_postgres {
    () => {
        "
WITH moved AS (
    UPDATE space SET
        seq = $3, creator = coalesce($4, creator), invited_count = $5, requested_count = $6,
        member_count = $7, manager_count = $8, blocked_count = $9, going_count = $10
    WHERE name = $1 AND seq = $2 AND deleted_at IS NULL AND ($20::text <> 'assumed' OR NOT EXISTS (
        SELECT 1 FROM membership m WHERE m.space = $1 AND m.user_id = $12
    ))
    RETURNING name
), recorded AS (
    INSERT INTO membership_event
        (space, seq, user_id, actor, from_status, to_status, name, cause, at, service)
    SELECT name, $13::bigint, $12, coalesce($18, $12), $14, $15, $16, $17, $11::bigint, $19
    FROM moved
)"
    };
}

macro_rules! one_begins_postgres {
    () => {
        ", written AS (
    INSERT INTO membership
        (space, user_id, status, version, invited_by, joined_at, changed_at, attendance)
    SELECT name, $12, $15, $13::bigint, $21, $11::bigint - $22, $11::bigint, $23 FROM moved"
    };
}

/// One membership that begins.
pub(super) const WRITE_ONE_NEW_POSTGRES: &str =
    concat!(one_postgres!(), one_begins_postgres!(), "\n)\nSELECT name FROM moved");

/// One membership that has another status now, or a first one.
pub(super) const WRITE_ONE_POSTGRES: &str = concat!(
    one_postgres!(),
    one_begins_postgres!(),
    upsert_postgres!(),
    "\n)\nSELECT name FROM moved"
);

/// One membership that ends.
pub(super) const WRITE_ENDING_POSTGRES: &str = concat!(
    one_postgres!(),
    ", ended AS (
    DELETE FROM membership WHERE space = (SELECT name FROM moved) AND user_id = $12
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
    () => {
        "
UPDATE space SET
    seq = k.value ->> 2, creator = coalesce(k.value ->> 3, creator), invited_count = k.value ->> 4,
    requested_count = k.value ->> 5, member_count = k.value ->> 6, manager_count = k.value ->> 7,
    blocked_count = k.value ->> 8, going_count = k.value ->> 9
FROM json_each($1) k WHERE name = k.value ->> 0 AND seq = k.value ->> 1;
DELETE FROM membership WHERE (space, user_id) IN (
    SELECT value ->> 0, value ->> 1 FROM json_each($2)
    WHERE value ->> 9 IS NOT NULL AND value ->> 4 = 'absent'
);
INSERT INTO membership
    (space, user_id, status, version, invited_by, joined_at, changed_at, attendance)
SELECT value ->> 0, value ->> 1, value ->> 4, value ->> 2, value ->> 10, $3 - (value ->> 11), $3,
    value ->> 12
FROM json_each($2) WHERE value ->> 9 IS NOT NULL AND value ->> 4 <> 'absent'
ON CONFLICT (space, user_id) DO UPDATE SET
    status = excluded.status, version = excluded.version, invited_by = excluded.invited_by,
    joined_at = excluded.joined_at, changed_at = excluded.changed_at,
    attendance = excluded.attendance, until = NULL;
INSERT INTO membership_event
    (space, seq, user_id, actor, from_status, to_status, name, cause, at, service)
SELECT value ->> 0, value ->> 2, value ->> 1, coalesce(value ->> 7, value ->> 1), value ->> 3,
    value ->> 4, value ->> 5, value ->> 6, $3, value ->> 8
FROM json_each($2);
"
    };
}

pub(super) const WRITE_SQLITE: &str = concat!(write_sqlite!(), "COMMIT");

/// The same where something of it ends by itself, or did.
pub(super) const WRITE_UNTIL_SQLITE: &str = concat!(
    write_sqlite!(),
    "UPDATE membership_event SET until = c.value ->> 3
FROM json_each($4) c WHERE space = c.value ->> 0 AND seq = c.value ->> 2;
UPDATE membership SET until = c.value ->> 3
FROM json_each($4) c
WHERE space = c.value ->> 0 AND user_id = c.value ->> 1 AND version = c.value ->> 2;
UPDATE space SET next_until = k.value ->> 1 FROM json_each($5) k WHERE name = k.value ->> 0;
COMMIT"
);
