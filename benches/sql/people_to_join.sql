-- Spaces that everybody sees and to which a user is nothing, the newest first.
SELECT s.*, c.* FROM space s JOIN space_content c ON c.space = s.name
WHERE substr(s.name, 1, 3) = :kind AND s.deleted_at IS NULL AND s.privacy IN ('open', 'private')
    AND (s.capacity IS NULL OR s.member_count + s.manager_count + 1 < s.capacity)
    AND NOT EXISTS (SELECT 1 FROM membership o WHERE o.space = s.name AND o.user_id = :user)
ORDER BY length(s.name) DESC, s.name DESC LIMIT 20;
