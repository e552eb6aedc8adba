-- Which rounds take no push any more. Counts are null between the order and the finished pool.

-- name: schema
CREATE TABLE IF NOT EXISTS closed (
    round     INTEGER NOT NULL PRIMARY KEY,
    devices   INTEGER,
    envelopes INTEGER
) STRICT;

-- name: mark
INSERT OR IGNORE INTO closed (round) VALUES (?);

-- name: finish
UPDATE closed SET devices = ?2, envelopes = ?3 WHERE round = ?1;

-- name: find
SELECT devices, envelopes FROM closed WHERE round = ? AND devices IS NOT NULL;

-- name: marked
SELECT round FROM closed;
