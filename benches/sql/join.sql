-- One statement, one round trip: a new member and its event. Run with -D n=0 and -D spaces=N.
\set n :n + 1
\set who :client_id * 1000000 + :n
\set place :who % :spaces
WITH joined AS (
    INSERT INTO bare_membership (space, member)
    VALUES (md5('space' || :place)::uuid, md5('user' || :who)::uuid)
    ON CONFLICT DO NOTHING RETURNING space, member
)
INSERT INTO bare_event (space, member, what) SELECT space, member, 1 FROM joined;
