-- Single values by key.

-- name: get_setting
SELECT value FROM setting WHERE key = :key;

-- name: set_setting
INSERT INTO setting VALUES (:key, :value) ON CONFLICT DO UPDATE SET value = excluded.value;

-- name: drop_setting
DELETE FROM setting WHERE key = :key;
