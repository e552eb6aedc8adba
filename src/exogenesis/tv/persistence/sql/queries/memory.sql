-- Memories in twelve tiers: the first two in a table in memory, the others on the disk.

-- Of the shape of `memory`; seen from outside its numbers are negative. How many rows each tier has
-- is counted beside them, so that it is known at once and a rollback takes the count back too.
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
CREATE INDEX IF NOT EXISTS temp.fleeting_subject ON fleeting (subject);
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
CREATE TEMP TABLE IF NOT EXISTS tier_size (tier INTEGER PRIMARY KEY, size INTEGER NOT NULL) STRICT;
CREATE TEMP TRIGGER IF NOT EXISTS memory_came AFTER INSERT ON main.memory BEGIN
    UPDATE tier_size SET size = size + 1 WHERE tier = NEW.tier;
END;
CREATE TEMP TRIGGER IF NOT EXISTS memory_went AFTER DELETE ON main.memory BEGIN
    UPDATE tier_size SET size = size - 1 WHERE tier = OLD.tier;
END;
CREATE TEMP TRIGGER IF NOT EXISTS memory_moved AFTER UPDATE OF tier ON main.memory BEGIN
    UPDATE tier_size SET size = size - 1 WHERE tier = OLD.tier;
    UPDATE tier_size SET size = size + 1 WHERE tier = NEW.tier;
END;
CREATE TEMP TRIGGER IF NOT EXISTS fleeting_came AFTER INSERT ON fleeting BEGIN
    UPDATE tier_size SET size = size + 1 WHERE tier = NEW.tier;
END;
CREATE TEMP TRIGGER IF NOT EXISTS fleeting_went AFTER DELETE ON fleeting BEGIN
    UPDATE tier_size SET size = size - 1 WHERE tier = OLD.tier;
END;
CREATE TEMP TRIGGER IF NOT EXISTS fleeting_moved AFTER UPDATE OF tier ON fleeting BEGIN
    UPDATE tier_size SET size = size - 1 WHERE tier = OLD.tier;
    UPDATE tier_size SET size = size + 1 WHERE tier = NEW.tier;
END;
INSERT OR REPLACE INTO tier_size
SELECT value, (SELECT count(*) FROM remembered WHERE tier = value) FROM json_each(:tiers);

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
SELECT size FROM tier_size WHERE tier = :tier;

-- What decides whether and where a row appears. json_each gives each pair asked for with its path.
-- name: memory_candidates
SELECT id, importance, created_at, accesses, accessed_at, iif(:texts OR :vectors, subject, NULL),
    iif(:texts, text, NULL), iif(:vectors, codes, NULL)
FROM remembered
WHERE tier = :tier
    AND created_at >= :since AND created_at < :until
    AND importance >= :min_importance
    AND (:kind IS NULL OR kind = :kind)
    AND (:profile IS NULL OR profile = :profile)
    AND (:session IS NULL OR session = :session)
    AND (:metadata IS NULL OR NOT EXISTS (
        SELECT 1 FROM json_each(:metadata) AS asked
        WHERE json_extract(remembered.metadata, asked.fullkey) IS NOT asked.value));

-- The same by the index over subjects.
-- name: memory_candidates_of
SELECT id, importance, created_at, accesses, accessed_at, iif(:texts OR :vectors, subject, NULL),
    iif(:texts, text, NULL), iif(:vectors, codes, NULL)
FROM remembered
WHERE subject = :subject AND +tier = :tier
    AND created_at >= :since AND created_at < :until
    AND importance >= :min_importance
    AND (:kind IS NULL OR kind = :kind)
    AND (:profile IS NULL OR profile = :profile)
    AND (:session IS NULL OR session = :session)
    AND (:metadata IS NULL OR NOT EXISTS (
        SELECT 1 FROM json_each(:metadata) AS asked
        WHERE json_extract(remembered.metadata, asked.fullkey) IS NOT asked.value));

-- name: memory_tally
SELECT subject, count(*) FROM remembered
WHERE tier = :tier
    AND created_at >= :since
    AND kind = :kind
    AND (:profile IS NULL OR profile = :profile)
    AND (:session IS NULL OR session = :session)
GROUP BY subject;

-- name: memory_rows
SELECT id, tier, kind, profile, subject, session, text, metadata, codes, scale, importance,
    trusted, created_at, accessed_at, accesses
FROM remembered
WHERE id IN (SELECT value FROM json_each(:ids));

-- name: memory_revise
UPDATE memory SET metadata = :metadata, importance = :importance, created_at = :at
WHERE id = :id RETURNING id;

-- name: memory_revise_fleeting
UPDATE fleeting SET metadata = :metadata, importance = :importance, created_at = :at
WHERE id = -:id RETURNING -id;

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

-- What is ripe for a more lasting tier, the oldest first.
-- name: memory_ripe
SELECT id FROM remembered
WHERE tier = :tier
    AND created_at <= :until
    AND importance >= :importance
    AND accesses >= :accesses
    AND kind NOT IN (SELECT value FROM json_each(:stays))
ORDER BY created_at, abs(id)
LIMIT :limit;

-- What is too old for its tier, and not ripe.
-- name: memory_stale
SELECT id FROM remembered
WHERE tier = :tier
    AND created_at <= :until
    AND (importance < :importance
        OR accesses < :accesses
        OR kind IN (SELECT value FROM json_each(:stays)))
LIMIT :limit;

-- name: memory_move
UPDATE memory SET tier = :tier WHERE id IN (SELECT value FROM json_each(:ids));

-- name: memory_move_fleeting
UPDATE fleeting SET tier = :tier WHERE id IN (SELECT -value FROM json_each(:ids));

-- What belongs to a profile that is gone is left behind.
-- name: memory_land
INSERT INTO memory (
    tier, kind, profile, subject, session, text, metadata, codes, scale, importance, trusted,
    created_at, accessed_at, accesses)
SELECT
    :tier, kind, profile, subject, session, text, metadata, codes, scale, importance, trusted,
    created_at, accessed_at, accesses
FROM fleeting
WHERE id IN (SELECT -value FROM json_each(:ids))
    AND (profile IS NULL OR profile IN (SELECT name FROM main.profile))
ORDER BY id;

-- The owner's word (tier 12) about a title is no history.
-- name: memory_of_subject
SELECT id FROM remembered WHERE subject = :subject AND tier <> 12;

-- name: memory_of_profile
SELECT id FROM remembered WHERE profile = :profile;

-- name: memory_of_tiers
SELECT id FROM remembered WHERE tier IN (SELECT value FROM json_each(:tiers));

-- A viewing names the title that ended just before it.
-- name: memory_forget_after
UPDATE memory SET metadata = json_set(metadata, '$.after', NULL)
WHERE metadata ->> '$.after' = :subject;

-- name: memory_forget_after_fleeting
UPDATE fleeting SET metadata = json_set(metadata, '$.after', NULL)
WHERE metadata ->> '$.after' = :subject;
