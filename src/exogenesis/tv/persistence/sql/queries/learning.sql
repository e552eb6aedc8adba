-- What derived knowledge is computed from.

-- name: learning_evidence
SELECT title, starts, finishes, coalesce(last_finished_at, 0), last_at, rhythm FROM skill
WHERE profile = :profile AND title > :after
ORDER BY title
LIMIT :limit;
