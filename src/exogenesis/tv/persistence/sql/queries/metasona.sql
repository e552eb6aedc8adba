-- What the settings are tried on, and which were accepted.

-- What a profile has started, in the order in which it let go of it.
-- name: metasona_list_starts
SELECT profile, title, at, is_skill FROM (
    SELECT profile, title, finish_order,
        finishes > 0 AND finishes >= :least * starts - 1e-9 AS is_skill,
        iif(finishes > 0 AND finishes >= :least * starts - 1e-9, last_finished_at, last_at) AS at
    FROM skill)
ORDER BY profile, at, finish_order, title;

-- Accepted settings, tries and rollbacks, oldest first; whether each row is as it was written.
-- name: metasona_list_lineage
SELECT id, kind, metadata, created_at,
    digest IS row_digest(
        'memory',
        id, tier, kind, profile, subject, session, text, metadata, codes, scale, importance,
        trusted, created_at, accessed_at, accesses)
FROM memory
WHERE tier = 7 AND kind IN ('settings', 'trial', 'rollback')
ORDER BY id;
