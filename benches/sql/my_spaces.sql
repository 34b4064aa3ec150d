-- The spaces of one user with what they are to them. Run with -D users=N.
\set n random(0, :users - 1)
SELECT * FROM membership m JOIN whole_space s ON s.name = m.space
WHERE m.user_id = md5('user' || :n)::uuid::text ORDER BY m.space LIMIT 51;
