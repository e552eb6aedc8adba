-- The pushes of one round, as long as it is open. Without row ids: the order of arrival is not kept.

-- name: schema
CREATE TABLE IF NOT EXISTS push (
    device    BLOB NOT NULL,
    epoch     INTEGER NOT NULL,
    seq       INTEGER NOT NULL,
    digest    BLOB NOT NULL,
    envelopes BLOB NOT NULL,
    PRIMARY KEY (device, epoch, seq)
) STRICT, WITHOUT ROWID;

-- name: find_push
SELECT digest FROM push WHERE device = ? AND epoch = ? AND seq = ?;

-- name: count_pushes
SELECT count(*) FROM push WHERE device = ?;

-- name: put_push
INSERT INTO push (device, epoch, seq, digest, envelopes) VALUES (?, ?, ?, ?, ?);

-- name: count_devices
SELECT count(DISTINCT device) FROM push;

-- name: read_pushes
SELECT device, envelopes FROM push;
