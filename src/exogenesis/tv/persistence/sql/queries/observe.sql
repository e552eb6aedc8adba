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
