-- Spaces that are found by a term and that everybody sees, the newest first.
SELECT s.*, c.*, o.status FROM (
    SELECT DISTINCT space, length(space) AS digits FROM space_term
    WHERE kind = :kind AND is_hidden = 0 AND term >= :from AND term < :to
    ORDER BY length(space) DESC, space DESC LIMIT 20
) t JOIN space s ON s.name = t.space JOIN space_content c ON c.space = s.name
LEFT JOIN membership o ON o.space = s.name AND o.user_id = :user
ORDER BY length(s.name) DESC, s.name DESC;
