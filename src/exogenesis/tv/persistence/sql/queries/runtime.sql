-- Breakers and probes.

-- name: get_breaker
SELECT state, failures, opened_at FROM breaker WHERE name = :name;

-- name: set_breaker
INSERT INTO breaker (name, state, failures, opened_at)
VALUES (:name, :state, :failures, :opened_at)
ON CONFLICT DO UPDATE SET
    state = excluded.state,
    failures = excluded.failures,
    opened_at = excluded.opened_at;

-- name: probe_store
SELECT count(*) FROM profile;
