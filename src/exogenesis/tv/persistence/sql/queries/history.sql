-- Viewings brought from a file.

-- Whether a viewing is there already: brought before, or seen by this television itself.
-- name: history_knows
SELECT EXISTS (
    SELECT 1 FROM imported WHERE profile = :profile AND title = :title AND key = :key
) OR EXISTS (
    SELECT 1 FROM memory
    WHERE subject = :title AND tier = 3 AND kind = 'viewing' AND profile = :profile
        AND created_at = :at
        AND metadata ->> 'fraction' = :fraction AND metadata ->> 'episode' IS :episode
);

-- name: history_add
INSERT INTO imported (profile, title, key) VALUES (:profile, :title, :key);
