-- One statement, one round trip: a hundred members of one space go, each with an event, and the
-- space's counters follow. Each runs once after fill_hundreds.sql. Run with -D clients=N.
\set place :client_id + :clients * :n
\set n :n + 1
WITH gone AS (
    DELETE FROM bare_membership
    WHERE space = md5('space' || :place)::uuid
        AND member = ANY ((SELECT members FROM bare_hundred WHERE n = :place)::uuid[])
    RETURNING space, member
), moved AS (
    UPDATE bare_space SET seq = seq + many, members = members - many
    FROM (SELECT count(*) AS many FROM gone) counted
    WHERE name = md5('space' || :place)::uuid
)
INSERT INTO bare_event (space, member, what) SELECT space, member, 2 FROM gone;
