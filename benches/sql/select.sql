-- One membership by key, from the table that the server itself uses. Run with -D users=N.
\set n random(0, :users - 1)
SELECT status, version FROM membership
WHERE space = 'groups/1' AND user_id = md5('user' || :n)::uuid::text;
