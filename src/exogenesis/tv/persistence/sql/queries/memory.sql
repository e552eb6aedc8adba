-- Memories in twelve tiers: the first two in a table in memory, the others on the disk.

-- Number and shape as in `memory`. Seen from outside its numbers are negative.
-- name: memory_create_fleeting
CREATE TEMP TABLE IF NOT EXISTS fleeting (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tier        INTEGER NOT NULL CHECK (tier BETWEEN 1 AND 2),
    kind        TEXT NOT NULL,
    profile     TEXT,
    subject     TEXT NOT NULL,
    session     TEXT NOT NULL,
    text        TEXT NOT NULL,
    metadata    TEXT NOT NULL CHECK (json_valid(metadata)),
    codes       BLOB,
    scale       REAL,
    importance  REAL NOT NULL,
    trusted     INTEGER NOT NULL,
    created_at  INTEGER NOT NULL,
    accessed_at INTEGER NOT NULL,
    accesses    INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS temp.fleeting_tier ON fleeting (tier, created_at);
CREATE TEMP VIEW IF NOT EXISTS remembered AS
SELECT
    id, tier, kind, profile, subject, session, text, metadata, codes, scale, importance, trusted,
    created_at, accessed_at, accesses
FROM memory
UNION ALL
SELECT
    -id, tier, kind, profile, subject, session, text, metadata, codes, scale, importance, trusted,
    created_at, accessed_at, accesses
FROM fleeting;

-- name: add_memory
INSERT INTO memory (
    tier, kind, profile, subject, session, text, metadata, codes, scale, importance, trusted,
    created_at, accessed_at, accesses)
VALUES (
    :tier, :kind, :profile, :subject, :session, :text, :metadata, :codes, :scale, :importance,
    :trusted, :at, :at, 0)
RETURNING id;

-- name: memory_add_fleeting
INSERT INTO fleeting (
    tier, kind, profile, subject, session, text, metadata, codes, scale, importance, trusted,
    created_at, accessed_at, accesses)
VALUES (
    :tier, :kind, :profile, :subject, :session, :text, :metadata, :codes, :scale, :importance,
    :trusted, :at, :at, 0)
RETURNING -id;

-- name: memory_profile_known
SELECT 1 FROM profile WHERE name = :profile;

-- name: memory_count
SELECT count(*) FROM remembered WHERE tier = :tier;

-- What decides whether and where a row appears. json_each gives each pair asked for with its path.
-- name: memory_candidates
SELECT id, importance, created_at, accesses, accessed_at, subject,
    iif(:texts, text, NULL), iif(:vectors, codes, NULL)
FROM remembered
WHERE tier = :tier
    AND created_at >= :since AND created_at < :until
    AND importance >= :min_importance
    AND (:kind IS NULL OR kind = :kind)
    AND (:subject IS NULL OR subject = :subject)
    AND (:profile IS NULL OR profile = :profile)
    AND (:session IS NULL OR session = :session)
    AND (:metadata IS NULL OR NOT EXISTS (
        SELECT 1 FROM json_each(:metadata) AS asked
        WHERE json_extract(remembered.metadata, asked.fullkey) IS NOT asked.value));

-- name: memory_rows
SELECT id, tier, kind, profile, subject, session, text, metadata, codes, scale, importance,
    trusted, created_at, accessed_at, accesses
FROM remembered
WHERE id IN (SELECT value FROM json_each(:ids));

-- name: memory_delete
DELETE FROM memory WHERE id IN (SELECT value FROM json_each(:ids)) RETURNING id;

-- name: memory_delete_fleeting
DELETE FROM fleeting WHERE id IN (SELECT -value FROM json_each(:ids)) RETURNING -id;

-- Each of `touches` is [id, times, last time].
-- name: memory_touch
UPDATE memory SET
    accesses = accesses + (touch.value ->> 1),
    accessed_at = max(accessed_at, touch.value ->> 2)
FROM json_each(:touches) AS touch
WHERE memory.id = touch.value ->> 0;

-- name: memory_touch_fleeting
UPDATE fleeting SET
    accesses = accesses + (touch.value ->> 1),
    accessed_at = max(accessed_at, touch.value ->> 2)
FROM json_each(:touches) AS touch
WHERE fleeting.id = -(touch.value ->> 0);
