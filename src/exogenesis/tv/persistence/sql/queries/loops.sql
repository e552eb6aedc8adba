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
