-- A user's spaces, the newest first.
SELECT s.*, c.*, t.status FROM (
    SELECT m.space, m.status FROM membership m
    WHERE m.user_id = :user AND substr(m.space, 1, 3) = :kind AND m.status IN ('member', 'manager')
    ORDER BY length(m.space) DESC, m.space DESC LIMIT 20
) t JOIN space s ON s.name = t.space JOIN space_content c ON c.space = s.name
ORDER BY length(s.name) DESC, s.name DESC;
