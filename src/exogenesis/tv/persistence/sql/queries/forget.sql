-- Erasing, and the counts that are shown.

-- name: forget_memory_title
DELETE FROM memory WHERE subject = :title;

-- name: forget_skill_title
DELETE FROM skill WHERE title = :title;

-- name: forget_plan_title
UPDATE plan SET title = NULL WHERE title = :title;

-- name: forget_memory_profile
DELETE FROM memory WHERE profile = :profile;

-- name: forget_skill_profile
DELETE FROM skill WHERE profile = :profile;

-- Settings, measurements and the owner's word are no history: a reset of what was learnt keeps them.
-- name: forget_memories
DELETE FROM memory WHERE tier NOT IN (7, 8, 12);

-- name: forget_skills
DELETE FROM skill;

-- name: forget_ledger
DELETE FROM ledger;

-- name: forget_outbox
DELETE FROM outbox;

-- name: forget_blocks
DELETE FROM block;

-- name: forget_profiles
DELETE FROM profile WHERE name <> 'home';

-- name: count_history
SELECT
    (SELECT count(*) FROM memory WHERE tier = 3),
    (SELECT count(*) FROM skill),
    (SELECT count(*) FROM outbox);

-- name: count_rows
SELECT
    (SELECT count(*) FROM memory WHERE tier = 3),
    (SELECT count(*) FROM skill),
    (SELECT count(*) FROM skill WHERE finishes > 0 AND finishes >= :least * starts - 1e-9),
    (SELECT count(*) FROM page),
    (SELECT count(*) FROM outbox),
    (SELECT count(*) FROM ledger);

-- name: forget_rejection_title
DELETE FROM rejection WHERE title = :title;

-- name: forget_rejection_profile
DELETE FROM rejection WHERE profile = :profile;

-- name: forget_rejections
DELETE FROM rejection;

-- name: forget_vectors
DELETE FROM vector;

-- name: forget_causes
DELETE FROM causal;
