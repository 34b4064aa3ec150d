-- A page of 100 members by key, from a random place. Run with -D users=N.
\set n random(0, :users - 1)
SELECT * FROM membership
WHERE space = 'groups/1' AND status IN ('member', 'manager', 'creator')
    AND user_id > md5('user' || :n)::uuid::text
ORDER BY user_id LIMIT 101;
