-- Vectors that are kept beside the catalogue's, and what happens after a cause.

-- name: agentdb_list_vectors
SELECT id, codes, metadata FROM vector WHERE id > :after ORDER BY id LIMIT :limit;

-- name: agentdb_count_vectors
SELECT count(*) FROM vector;

-- name: agentdb_get_vector
SELECT codes, scale, metadata, created_at, used_at, uses FROM vector WHERE id = :id;

-- name: agentdb_add_vector
INSERT INTO vector (codes, scale, metadata, created_at, used_at, uses)
VALUES (:codes, :scale, :metadata, :now, :now, 0)
RETURNING id;

-- name: agentdb_drop_vector
DELETE FROM vector WHERE id = :id RETURNING id;

-- name: agentdb_use_vector
UPDATE vector SET uses = uses + :uses, used_at = max(used_at, :used_at) WHERE id = :id;

-- Usefulness is the logarithm of (uses + 1) * 0.5 ^ (age / half-life).
-- name: agentdb_evict_vectors
DELETE FROM vector WHERE id IN (
    SELECT id FROM vector
    WHERE id <> :newest
    ORDER BY log2(uses + 1) - max(0, :now - used_at) / :half_life_s, id
    LIMIT max(0, (SELECT count(*) FROM vector) - :capacity)
)
RETURNING id;

-- name: agentdb_add_causal
INSERT INTO causal (
    cause, effect, treated, treated_hits, untreated, untreated_hits, last_at)
VALUES (:cause, :effect, :treated, :treated_hits, :untreated, :untreated_hits, :now)
ON CONFLICT DO UPDATE SET
    treated = treated + excluded.treated,
    treated_hits = treated_hits + excluded.treated_hits,
    untreated = untreated + excluded.untreated,
    untreated_hits = untreated_hits + excluded.untreated_hits,
    last_at = max(last_at, excluded.last_at);

-- name: agentdb_evict_causal
DELETE FROM causal WHERE (cause, effect) IN (
    SELECT cause, effect FROM causal
    WHERE (cause, effect) <> (:cause, :effect)
    ORDER BY last_at, treated + untreated, cause, effect
    LIMIT max(0, (SELECT count(*) FROM causal) - :capacity)
);

-- name: agentdb_list_effects
SELECT cause, effect, treated, treated_hits, untreated, untreated_hits FROM causal
WHERE cause = :cause;

-- name: agentdb_list_causes
SELECT cause, effect, treated, treated_hits, untreated, untreated_hits FROM causal
WHERE effect = :effect;
