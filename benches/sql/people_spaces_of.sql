-- A user's spaces that everybody sees, the newest first.
SELECT s.*, c.*, o.status FROM (
    SELECT m.space FROM membership m JOIN space v ON v.name = m.space
    WHERE m.user_id = :user AND substr(m.space, 1, 3) = :kind AND m.status IN ('member', 'manager')
        AND v.privacy IN ('open', 'private')
    ORDER BY length(m.space) DESC, m.space DESC LIMIT 20
) t JOIN space s ON s.name = t.space JOIN space_content c ON c.space = s.name
LEFT JOIN membership o ON o.space = s.name AND o.user_id = :viewer
ORDER BY length(s.name) DESC, s.name DESC;
