-- A hundred members in each space, for remove100.sql to take away. Run with -v many=SPACES.
TRUNCATE bare_membership, bare_event, bare_space, bare_hundred;
INSERT INTO bare_space SELECT md5('space' || n)::uuid, 100, 100 FROM generate_series(0, :many - 1) n;
INSERT INTO bare_hundred
SELECT n / 100, array_agg(md5('user' || n)::uuid), '{}' FROM generate_series(0, 100 * :many - 1) n
GROUP BY n / 100;
INSERT INTO bare_membership (space, member)
SELECT md5('space' || n)::uuid, unnest(members) FROM bare_hundred;
VACUUM ANALYZE bare_membership, bare_event, bare_space, bare_hundred;
