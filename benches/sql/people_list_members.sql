-- A longer page of a space's memberships by themselves.
SELECT * FROM membership WHERE space = :space AND status IN ('member', 'manager', 'creator')
ORDER BY user_id LIMIT 51;
