-- A space's newest members, with what is known of them.
SELECT m.*, p.* FROM (
    SELECT * FROM membership WHERE space = :space AND status IN ('member', 'manager')
    ORDER BY coalesce(joined_at, changed_at) DESC, user_id DESC LIMIT 21
) m LEFT JOIN person p ON p.user_id = m.user_id;
