-- What is set right after a damaged store was copied row by row.

-- name: home_without_word
INSERT INTO profile (name, kind, age_limit, contributes) VALUES ('home', 'adult', NULL, 0)
ON CONFLICT DO NOTHING;

-- A profile whose row is lost, but not what it watched: nothing is known of it, so it may see and
-- tell the least.
-- name: profiles_without_word
INSERT INTO profile (name, kind, age_limit, contributes)
SELECT profile, 'kid', 0, 0 FROM (
    SELECT profile FROM memory WHERE profile IS NOT NULL
    UNION SELECT profile FROM skill
    UNION SELECT profile FROM rejection)
WHERE profile NOT IN (SELECT name FROM profile);

-- What was imported is known only as long as its title is.
-- name: drop_imported_without_skill
DELETE FROM imported WHERE NOT EXISTS (
    SELECT 1 FROM skill WHERE skill.profile = imported.profile AND skill.title = imported.title);

-- name: drop_outbox_without_ledger
DELETE FROM outbox WHERE ledger NOT IN (SELECT id FROM ledger);

-- Whoever may have lost count of the pushes enrols anew, with new keys.
-- name: drop_broken_identity
DELETE FROM setting
WHERE key IN ('sign_seed', 'box_secret', 'device', 'epoch', 'push_key', 'seq', 'token_digest')
    AND (SELECT count(*) FROM setting
         WHERE key IN ('sign_seed', 'box_secret', 'device', 'epoch', 'push_key', 'seq')) < 6;

-- No number of a push is used twice, however many were counted after the backup.
-- name: skip_seq
UPDATE setting SET value = value + 1048576 WHERE key = 'seq';

-- A round in which this television has spoken is not planned again.
-- name: raise_planned_round
INSERT INTO setting (key, value)
SELECT 'planned_round', round FROM (SELECT max(round) AS round FROM (
    SELECT round FROM ledger UNION SELECT round FROM plan
    UNION SELECT value FROM setting WHERE key = 'planned_round'))
WHERE round IS NOT NULL
ON CONFLICT DO UPDATE SET value = excluded.value;

-- name: drop_fleets_round
DELETE FROM setting WHERE key IN ('manifest', 'pending_manifest');
