-- Erasing, and the counts that are shown. Memories are erased by the memory itself.

-- name: forget_skill_title
DELETE FROM skill WHERE title = :title;

-- name: forget_rejection_title
DELETE FROM rejection WHERE title = :title;

-- name: forget_plan_title
UPDATE plan SET title = NULL WHERE title = :title;

-- name: forget_skill_profile
DELETE FROM skill WHERE profile = :profile;

-- name: forget_rejection_profile
DELETE FROM rejection WHERE profile = :profile;

-- name: forget_skills
DELETE FROM skill;

-- name: forget_rejections
DELETE FROM rejection;

-- name: forget_vectors
DELETE FROM vector;

-- name: forget_causes
DELETE FROM causal;

-- name: forget_outbox
DELETE FROM outbox;

-- name: forget_ledger
DELETE FROM ledger;

-- name: forget_blocks
DELETE FROM block;

-- name: forget_profiles
DELETE FROM profile WHERE name <> 'home';

-- Where long work goes on and what a loop was told may name titles.
-- name: forget_loops
UPDATE loop SET error = '', progress = '{}', notes = '[]';

-- What was derived from skills is computed anew from those that are left.
-- name: forget_derived
DELETE FROM memory WHERE tier IN (4, 10) AND kind IN ('fact', 'rhythm') AND profile = :profile;

-- Every place where a title may be named among other things. The word is looked for as JSON
-- writes it, with and without escapes.
-- name: forget_find_memories
SELECT id, kind, subject, session, text, metadata FROM memory
WHERE tier <> 12
    AND (instr(subject, :word) OR instr(session, :word) OR instr(text, :word)
        OR instr(metadata, :plain) OR instr(metadata, :escaped));

-- name: forget_rewrite_memory
UPDATE memory SET subject = :subject, session = :session, text = :text, metadata = :metadata
WHERE id = :id;

-- name: forget_find_fleeting
SELECT id, kind, subject, session, text, metadata FROM fleeting
WHERE instr(subject, :word) OR instr(session, :word) OR instr(text, :word)
    OR instr(metadata, :plain) OR instr(metadata, :escaped);

-- name: forget_rewrite_fleeting
UPDATE fleeting SET subject = :subject, session = :session, text = :text, metadata = :metadata
WHERE id = :id;

-- name: forget_find_vectors
SELECT id, metadata FROM vector WHERE instr(metadata, :plain) OR instr(metadata, :escaped);

-- name: forget_vector
DELETE FROM vector WHERE id = :id;

-- name: forget_find_causes
SELECT cause, effect FROM causal WHERE instr(cause, :word) OR instr(effect, :word);

-- name: forget_cause
DELETE FROM causal WHERE cause = :cause AND effect = :effect;

-- name: forget_list_loops
SELECT name, error, progress, notes FROM loop;

-- name: forget_loop
UPDATE loop SET error = '', progress = '{}', notes = '[]' WHERE name = :name;

-- name: count_history
SELECT
    (SELECT count(*) FROM memory WHERE tier = 3),
    (SELECT count(*) FROM skill),
    (SELECT count(*) FROM rejection),
    (SELECT count(*) FROM vector),
    (SELECT count(*) FROM causal),
    (SELECT count(*) FROM outbox);

-- name: count_rows
SELECT
    (SELECT count(*) FROM memory WHERE tier = 3),
    (SELECT count(*) FROM skill),
    (SELECT count(*) FROM skill WHERE finishes > 0 AND finishes >= :least * starts - 1e-9),
    (SELECT count(*) FROM page),
    (SELECT count(*) FROM outbox),
    (SELECT count(*) FROM ledger);
