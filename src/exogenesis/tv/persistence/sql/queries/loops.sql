-- The seven loops.

-- name: list_loops
SELECT
    name, due_at, last_at, runs, failures, attempts, spent_us, longest_us, error, progress, notes
FROM loop;

-- name: set_loop
INSERT INTO loop (
    name, due_at, last_at, runs, failures, attempts, spent_us, longest_us, error, progress, notes)
VALUES (
    :name, :due_at, :last_at, :runs, :failures, :attempts, :spent_us, :longest_us, :error,
    :progress, :notes)
ON CONFLICT DO UPDATE SET
    due_at = excluded.due_at,
    last_at = excluded.last_at,
    runs = excluded.runs,
    failures = excluded.failures,
    attempts = excluded.attempts,
    spent_us = excluded.spent_us,
    longest_us = excluded.longest_us,
    error = excluded.error,
    progress = excluded.progress,
    notes = excluded.notes;

-- name: set_loop_progress
UPDATE loop SET progress = :progress, attempts = 0 WHERE name = :name;

-- name: get_loop_progress
SELECT progress FROM loop WHERE name = :name;

-- What the loops work on.

-- name: cycle_new_viewings
SELECT id, profile, created_at, trusted,
    coalesce(metadata ->> '$.listed', 0), coalesce(metadata ->> '$.success', 0)
FROM memory
WHERE tier = 3 AND kind = 'viewing' AND id > :after
ORDER BY id
LIMIT :limit;

-- name: cycle_new_viewers
SELECT DISTINCT profile FROM memory
WHERE tier = 3 AND kind = 'viewing' AND id > :after AND id <= :until AND profile IS NOT NULL
ORDER BY profile;

-- name: cycle_all_viewers
SELECT name FROM profile ORDER BY name;

-- name: cycle_newest_memory
SELECT coalesce(max(id), 0) FROM memory;

-- name: cycle_started_titles
SELECT DISTINCT title FROM skill WHERE title > :after ORDER BY title LIMIT :limit;

-- name: cycle_retire_title
DELETE FROM skill WHERE title = :title;

-- The oldest entries whose bytes are still held; what waits to be sent is not touched.
-- name: cycle_old_ledger
SELECT id, content FROM ledger
WHERE kind = 'push' AND at < :before AND length(sent) > 0
    AND id NOT IN (SELECT ledger FROM outbox)
ORDER BY id
LIMIT :limit;

-- name: cycle_shorten_ledger
UPDATE ledger SET sent = x'', content = :content WHERE id = :id;

-- name: cycle_old_vectors
SELECT id, subject, text FROM memory
WHERE codes IS NOT NULL AND id > :after
ORDER BY id
LIMIT :limit;

-- name: cycle_set_vector
UPDATE memory SET codes = :codes, scale = :scale WHERE id = :id;

-- name: cycle_own_vectors
SELECT id, metadata FROM vector WHERE id > :after ORDER BY id LIMIT :limit;

-- name: cycle_set_own_vector
UPDATE vector SET codes = :codes, scale = :scale WHERE id = :id;

-- name: cycle_drop_own_vector
DELETE FROM vector WHERE id = :id;

-- name: cycle_store_bytes
SELECT (page_count - freelist_count) * page_size
FROM pragma_page_count(), pragma_freelist_count(), pragma_page_size();

-- Of the titles begun, the one that was never finished goes first, then the one begun or finished
-- longest ago.
-- name: cycle_drop_starts
DELETE FROM skill WHERE (profile, title) IN (
    SELECT profile, title FROM skill
    ORDER BY finishes > 0, last_at, profile, title
    LIMIT :limit);

-- name: cycle_count_starts
SELECT count(*) FROM skill;

-- What the titles that would go first hold at least, in bytes: those never finished, and all.
-- name: cycle_weigh_starts
SELECT count(*) FILTER (WHERE NOT finished), coalesce(sum(bytes) FILTER (WHERE NOT finished), 0),
    count(*), coalesce(sum(bytes), 0)
FROM (
    SELECT finishes > 0 AS finished,
        length(profile) + length(title) + length(rhythm) + length(digest) AS bytes
    FROM skill
    ORDER BY finishes > 0, last_at, profile, title
    LIMIT :limit);

-- Memories of the household that take more than a page, but not its taste of the long run.
-- name: cycle_large_memories
SELECT id, tier, importance, created_at, accesses, accessed_at, length(metadata) + length(text)
FROM memory
WHERE tier BETWEEN 3 AND 6 AND kind <> 'snapshot' AND length(metadata) + length(text) >= :least
ORDER BY id;
