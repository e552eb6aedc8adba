-- The televisions and their keys. Nothing here says what was pushed, or when within a day.

-- name: schema
CREATE TABLE IF NOT EXISTS device (
    id            BLOB    NOT NULL PRIMARY KEY,
    sign_public   BLOB    NOT NULL,
    box_public    BLOB    NOT NULL,
    epoch         INTEGER NOT NULL,
    last_seen_day INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS token (
    hash    BLOB    NOT NULL PRIMARY KEY,
    expires INTEGER NOT NULL,
    device  BLOB
) STRICT, WITHOUT ROWID;

-- name: find_device
SELECT box_public, epoch, last_seen_day FROM device WHERE id = ?;

-- name: put_device
INSERT INTO device (id, sign_public, box_public, epoch, last_seen_day) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (id) DO UPDATE SET box_public = ?3, epoch = ?4, last_seen_day = ?5;

-- name: touch_device
UPDATE device SET last_seen_day = ? WHERE id = ?;

-- name: put_token
INSERT INTO token (hash, expires) VALUES (?, ?);

-- name: find_token
SELECT expires, device FROM token WHERE hash = ?;

-- name: spend_token
UPDATE token SET device = ? WHERE hash = ?;

-- name: drop_expired_tokens
DELETE FROM token WHERE expires <= ?;
