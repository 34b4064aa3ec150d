-- People.
SELECT * FROM person WHERE NOT is_deleted AND user_id <> :user ORDER BY user_id LIMIT 21;
