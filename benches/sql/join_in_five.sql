-- The same as a service would write it: look, change, log, in one transaction.
\set n :n + 1
\set who :client_id * 1000000 + :n
\set place :who % :spaces
BEGIN;
SELECT status FROM bare_membership
    WHERE space = md5('space' || :place)::uuid AND member = md5('user' || :who)::uuid;
INSERT INTO bare_membership (space, member)
    VALUES (md5('space' || :place)::uuid, md5('user' || :who)::uuid)
    ON CONFLICT DO NOTHING;
INSERT INTO bare_event (space, member, what)
    VALUES (md5('space' || :place)::uuid, md5('user' || :who)::uuid, 1);
COMMIT;
