-- People who are nothing to a space.
SELECT * FROM person p WHERE NOT is_deleted
    AND NOT EXISTS (SELECT 1 FROM membership m WHERE m.space = :space AND m.user_id = p.user_id)
ORDER BY user_id LIMIT 21;
