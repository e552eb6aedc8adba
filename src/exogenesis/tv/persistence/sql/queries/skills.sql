-- Skills: what was learnt of each title.

-- The age of a finished title counts from its last finish; titles finished in the same second
-- keep the order in which they were reported.
-- name: store_skill
INSERT INTO skill (
    profile, title, starts, finishes, last_finished_at, finish_order, last_at, last_fraction,
    episode, rhythm)
VALUES (
    :profile, :title, 1, :finished,
    iif(:finished, :at, NULL),
    iif(:finished, (SELECT coalesce(max(id), 0) FROM memory), NULL),
    :at, :fraction, :episode, :rhythm
)
ON CONFLICT DO UPDATE SET
    starts = starts + 1,
    finishes = finishes + excluded.finishes,
    finish_order = iif(
        excluded.last_finished_at >= coalesce(last_finished_at, 0),
        excluded.finish_order, finish_order),
    last_finished_at = max(
        coalesce(excluded.last_finished_at, last_finished_at),
        coalesce(last_finished_at, excluded.last_finished_at)),
    last_fraction = iif(excluded.last_at >= last_at, excluded.last_fraction, last_fraction),
    episode = iif(excluded.last_at >= last_at, coalesce(excluded.episode, episode), episode),
    rhythm = excluded.rhythm,
    last_at = max(last_at, excluded.last_at);

-- name: get_skill_rhythm
SELECT rhythm FROM skill WHERE profile = :profile AND title = :title;

-- name: list_starts
SELECT title, starts, finishes FROM skill
WHERE profile = :profile
ORDER BY last_finished_at, finish_order, title;

-- name: list_skills
SELECT title, starts, finishes, last_finished_at FROM skill
WHERE profile = :profile AND finishes > 0 AND finishes >= :least * starts - 1e-9
ORDER BY last_finished_at, finish_order, title;

-- name: list_exportable
SELECT title, sum(starts), sum(finishes), max(last_finished_at) FROM skill
JOIN profile ON profile.name = skill.profile
WHERE kind = 'adult' AND contributes
    AND finishes > 0 AND finishes >= :least * starts - 1e-9
GROUP BY title
ORDER BY max(last_finished_at), title;
