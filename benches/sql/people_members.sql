-- A page of a space's members, with what is known of them.
SELECT m.*, p.* FROM (
    SELECT * FROM membership WHERE space = :space AND status IN ('member', 'manager')
    ORDER BY user_id LIMIT 21
) m LEFT JOIN person p ON p.user_id = m.user_id ORDER BY m.user_id;
