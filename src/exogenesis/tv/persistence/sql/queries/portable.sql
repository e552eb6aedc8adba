-- What a television has learnt, for a file and from one.

-- name: portable_list_skills
SELECT profile, title, starts, finishes, last_finished_at, finish_order, last_at, last_fraction,
    episode, rhythm
FROM skill ORDER BY profile, title;

-- name: portable_list_rejections
SELECT profile, title, at FROM rejection ORDER BY profile, title;

-- What lasts and was learnt here. Facts and habits are computed anew from the skills.
-- name: portable_list_memories
SELECT id FROM memory
WHERE (tier IN (4, 6, 10) AND kind NOT IN ('fact', 'rhythm'))
    OR (tier = 7 AND kind IN ('settings', 'trial', 'rollback'))
ORDER BY id;

-- A memory may have been promoted since the file was written.
-- name: portable_knows_memory
SELECT 1 FROM memory
WHERE (tier = :tier OR (tier IN (4, 6) AND :tier IN (4, 6))) AND kind = :kind AND subject = :subject AND profile IS :profile
    AND session = :session AND text = :text AND created_at = :at
    AND json(metadata) = json(:metadata)
LIMIT 1;

-- name: portable_list_snapshots
SELECT id, subject FROM memory WHERE tier = 6 AND kind = 'snapshot' AND profile IS :profile;

-- name: portable_has_lineage
SELECT 1 FROM memory WHERE tier = 7 AND kind IN ('settings', 'trial', 'rollback') LIMIT 1;

-- name: portable_set_profile
INSERT INTO profile (name, kind, age_limit, contributes)
VALUES (:name, :kind, :age_limit, :contributes)
ON CONFLICT DO UPDATE SET
    kind = excluded.kind, age_limit = excluded.age_limit, contributes = excluded.contributes;

-- Of two counts of the same title the greater one holds: both hold what was watched before the
-- file was written.
-- name: portable_merge_skill
INSERT INTO skill (
    profile, title, starts, finishes, last_finished_at, finish_order, last_at, last_fraction,
    episode, rhythm)
VALUES (
    :profile, :title, :starts, :finishes, :last_finished_at, :finish_order, :last_at,
    :last_fraction, :episode, :rhythm)
ON CONFLICT DO UPDATE SET
    starts = max(starts, excluded.starts),
    finishes = max(finishes, excluded.finishes),
    finish_order = iif(
        coalesce(excluded.last_finished_at, -1) > coalesce(last_finished_at, -1),
        excluded.finish_order, finish_order),
    last_finished_at = max(
        coalesce(excluded.last_finished_at, last_finished_at),
        coalesce(last_finished_at, excluded.last_finished_at)),
    last_fraction = iif(excluded.last_at > last_at, excluded.last_fraction, last_fraction),
    episode = iif(excluded.last_at > last_at, coalesce(excluded.episode, episode), episode),
    rhythm = excluded.rhythm,
    last_at = max(last_at, excluded.last_at);

-- name: portable_merge_rejection
INSERT INTO rejection (profile, title, at) VALUES (:profile, :title, :at)
ON CONFLICT DO UPDATE SET at = max(at, excluded.at);
