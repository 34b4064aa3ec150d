-- Spaces that everybody sees, the newest first.
SELECT s.*, c.*, o.status FROM space s JOIN space_content c ON c.space = s.name
LEFT JOIN membership o ON o.space = s.name AND o.user_id = :user
WHERE substr(s.name, 1, 3) = :kind AND s.deleted_at IS NULL AND s.privacy IN ('open', 'private')
ORDER BY length(s.name) DESC, s.name DESC LIMIT 20;
