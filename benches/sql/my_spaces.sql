-- The spaces of one user with what he is to them. Run with -D users=N.
\set n random(0, :users - 1)
SELECT * FROM membership m JOIN space s ON s.name = m.space
WHERE m.user_id = 'user-' || lpad((:n)::text, 8, '0') ORDER BY m.space LIMIT 51;
