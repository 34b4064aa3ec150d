-- A longer page of all spaces of a kind.
SELECT s.*, c.* FROM space s JOIN space_content c ON c.space = s.name
WHERE s.deleted_at IS NULL AND s.name > :from AND s.name < :to ORDER BY s.name LIMIT 51;
