-- What enters, and what is read back of it.

-- name: newest_viewing
SELECT max(created_at) FROM memory WHERE tier = 3 AND created_at BETWEEN :since AND :until;

-- What ended just before, in the same session of the same profile.
-- name: last_viewing
SELECT subject FROM memory
WHERE tier = 3 AND created_at BETWEEN :since AND :until
    AND kind = 'viewing' AND session = :session AND profile = :profile
ORDER BY created_at DESC, id DESC
LIMIT 1;

-- What a profile may want to go on with, the latest first.
-- name: list_begun
SELECT title, last_at, last_fraction, episode, rhythm FROM skill
WHERE profile = :profile AND last_at >= :since
ORDER BY last_at DESC, title;

-- Finishes of a profile by hour of the week and by month.
-- name: sum_rhythm
SELECT part.key, sum(part.value) FROM skill, json_each(skill.rhythm) AS part
WHERE profile = :profile
GROUP BY part.key;

-- name: list_profile_starts
SELECT title, starts FROM skill WHERE profile = :profile;

-- name: session_titles
SELECT DISTINCT subject FROM memory
WHERE tier = 3 AND created_at BETWEEN :since AND :until
    AND kind = 'viewing' AND session = :session;

-- Lists and signals lie in the table in memory, see memory.sql.
-- name: observe_was_shown
SELECT EXISTS (
    SELECT 1 FROM fleeting
    WHERE tier = 2 AND created_at >= :since
        AND kind = 'shown' AND subject = :title AND session = :session
);

-- How often each title was on a list of the session, without being chosen from one.
-- name: observe_unchosen
SELECT subject, count(*) FROM fleeting
WHERE tier = 2 AND created_at >= :since
    AND kind = 'shown' AND profile = :profile AND session = :session
    AND subject NOT IN (
        SELECT subject FROM fleeting
        WHERE tier = 2 AND created_at >= :since
            AND kind = 'chosen' AND profile = :profile AND session = :session)
GROUP BY subject;

-- name: observe_skipped
SELECT subject FROM fleeting
WHERE tier = 1 AND created_at > :since AND kind IN ('skip', 'zap') AND profile = :profile
ORDER BY id;
