-- A hundred memberships by key, from the table that the server itself uses.
\set n random(0, 999)
SELECT user_id, status, version FROM membership
WHERE space = 'groups/1' AND user_id = ANY ((SELECT ids FROM bare_hundred WHERE n = :n)::text[]);
