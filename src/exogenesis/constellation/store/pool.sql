-- One closed round without its senders. The rows lie in the order of their random keys.

-- name: schema
CREATE TABLE meta (round INTEGER NOT NULL, buckets INTEGER NOT NULL, devices INTEGER NOT NULL) STRICT;
CREATE TABLE envelope (
    key    BLOB NOT NULL PRIMARY KEY,
    bucket INTEGER NOT NULL,
    sealed BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- name: put_envelope
INSERT INTO envelope (key, bucket, sealed) VALUES (?, ?, ?);

-- name: put_meta
INSERT INTO meta (round, buckets, devices) VALUES (?, ?, ?);

-- name: copy
VACUUM INTO ?;

-- name: facts
SELECT buckets, devices, (SELECT count(*) FROM envelope) FROM meta WHERE round = ?;

-- name: read
SELECT bucket, sealed FROM envelope ORDER BY key;
