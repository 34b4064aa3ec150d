-- A space's oldest members, with what is known of them.
SELECT m.*, p.* FROM (
    SELECT * FROM membership WHERE space = :space AND status IN ('member', 'manager')
    ORDER BY coalesce(joined_at, changed_at), user_id LIMIT 21
) m LEFT JOIN person p ON p.user_id = m.user_id;
