-- A thousand times a hundred of so many users, for check100.sql. Run with -v many=USERS.
TRUNCATE bare_hundred;
INSERT INTO bare_hundred
SELECT n, '{}', array_agg(md5('user' || (n * 7919 + i * 613) % :many)::uuid::text)
FROM generate_series(0::bigint, 999) n, generate_series(0, 99) i GROUP BY n;
VACUUM ANALYZE bare_hundred;
