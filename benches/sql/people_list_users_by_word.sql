-- A longer page of people in whose names a word begins so.
SELECT w.word, p.* FROM person_word w JOIN person p ON p.user_id = w.user_id
WHERE w.word >= :from AND w.word < :to ORDER BY w.word, w.user_id LIMIT 51;
