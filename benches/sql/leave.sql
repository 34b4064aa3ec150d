-- One statement, one round trip: what join.sql made goes again. Same -c, -t, -D as there.
\set n :n + 1
\set who :client_id * 1000000 + :n
\set place :who % :spaces
WITH gone AS (
    DELETE FROM bare_membership
    WHERE space = md5('space' || :place)::uuid AND member = md5('user' || :who)::uuid
    RETURNING space, member
)
INSERT INTO bare_event (space, member, what) SELECT space, member, 2 FROM gone;
