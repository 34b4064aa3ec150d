#!/usr/bin/env bash
# How long the databases take for questions about the past, among a million events of one space: half a million
# users join, one after the other, and as many leave. The statements are those of tests/golden/plans_*.txt.
#
#   ROSTER=target/release/roster POSTGRES=postgres://postgres@127.0.0.1:5432/postgres benches/past.sh
set -euo pipefail
cd "$(dirname "$0")/.."
: "${ROSTER:=target/release/roster}" "${POSTGRES:=postgres://postgres@127.0.0.1:5432/postgres}"
folder=$(mktemp -d)
database=${POSTGRES%/*}/roster_past
trap 'rm -rf "$folder"; psql -q "$POSTGRES" -c "DROP DATABASE IF EXISTS roster_past"' EXIT

# The statement of this name.
statement() {
    awk -v name="== $2" '$0 == name { on = 1; next } on && /^$/ { blank++; if (blank == 2) exit; next } on' \
        "tests/golden/plans_$1.txt"
}

fill() {
    local numbers=$1
    cat <<SQL
INSERT INTO space (name, privacy, creator, contribution, seq, invited_count, requested_count, member_count,
    manager_count, blocked_count, created_at)
VALUES ('courses/1', 'open', 'u1', 'anyone', 1000000, 0, 0, 0, 0, 0, 0);
INSERT INTO membership_event (space, seq, user_id, actor, from_status, to_status, name, cause, at, previous)
SELECT 'courses/1', n, 'u' || (CAST(n AS BIGINT) * 7919 % 500000), 'u' || (CAST(n AS BIGINT) * 7919 % 500000),
    CASE WHEN n <= 500000 THEN 'absent' ELSE 'member' END, CASE WHEN n <= 500000 THEN 'member' ELSE 'absent' END,
    CASE WHEN n <= 500000 THEN 'joined' ELSE 'left' END, CASE WHEN n <= 500000 THEN 'join' ELSE 'leave' END, n,
    CASE WHEN n > 500000 THEN n - 500000 END
FROM $numbers;
ANALYZE;
SQL
}

# name | parameters
questions() {
    cat <<'LIST'
a moment of a space|'courses/1',600000
what a user was|'courses/1','u7919',NULL,750000,5000
who was there early|'courses/1','',9223372036854775807,7000,50
who was there|'courses/1','',50000,201
who was there|'courses/1','u4',750000,201
who was there of late|'courses/1','u4',990000,201
what happened to a user|'u7919','',0,51
LIST
}

psql -q "$POSTGRES" -c "DROP DATABASE IF EXISTS roster_past" -c "CREATE DATABASE roster_past"
ROSTER_DATABASE=$database "$ROSTER" migrate >/dev/null
fill 'generate_series(1, 1000000) n' | psql -q "$database"
while IFS='|' read -r name values; do
    # As a reader of the server is set; the third time, in milliseconds.
    {
        for setting in enable_seqscan enable_hashjoin enable_mergejoin enable_bitmapscan; do
            echo "SET $setting = off;"
        done
        echo "SET plan_cache_mode = force_generic_plan;"
        echo "PREPARE asked AS $(statement postgres "$name");"
        echo '\timing on'
        for _ in 1 2 3; do echo "EXECUTE asked ($values) \\g /dev/null"; done
    } | psql -q "$database" | awk -v name="PostgreSQL, $name ($values)" '/^Time/ { t = $2 } END { print name ": " t " ms" }'
done < <(questions)

file=$folder/roster.db
ROSTER_DATABASE=sqlite:$file "$ROSTER" migrate >/dev/null
fill '(WITH RECURSIVE c (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 1000000) SELECT n FROM c)' |
    sqlite3 "$file"
while IFS='|' read -r name values; do
    sql=$(statement sqlite "$name")
    IFS=, read -ra each <<<"$values"
    for place in "${!each[@]}"; do sql=${sql//\$$((place + 1))/${each[$place]}}; done
    printf '.timer on\n.output /dev/null\n%s;\n%s;\n.output stdout\n%s;\n' "$sql" "$sql" "SELECT count(*) FROM ($sql)" |
        sqlite3 "$file" | awk -v name="SQLite, $name ($values)" '/^Run Time/ { t = $4 } END { print name ": " t * 1000 " ms" }'
done < <(questions)
