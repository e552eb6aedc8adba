-- Every statement of the television, each under its name; read by database.py.

-- name: get_setting
SELECT value FROM setting WHERE key = :key;

-- name: set_setting
INSERT INTO setting VALUES (:key, :value) ON CONFLICT DO UPDATE SET value = excluded.value;

-- name: drop_setting
DELETE FROM setting WHERE key = :key;

-- name: list_profiles
SELECT name, kind, age_limit, contributes FROM profile ORDER BY name;

-- name: add_profile
INSERT INTO profile VALUES (:name, :kind, :age_limit, :contributes);

-- name: drop_profile
DELETE FROM profile WHERE name = :name;

-- name: list_blocks
SELECT title FROM block ORDER BY title;

-- name: add_block
INSERT INTO block VALUES (:title) ON CONFLICT DO NOTHING;

-- name: drop_block
DELETE FROM block WHERE title = :title;

-- name: add_event
INSERT INTO event (profile, title, fraction, at) VALUES (:profile, :title, :fraction, :at);

-- The age of a finished title counts from its last finish; titles finished in the same second
-- keep the order in which they were reported.
-- name: store_skill
INSERT INTO skill (profile, title, starts, finishes, last_finished_at, finish_order)
VALUES (
    :profile, :title, 1, :finished,
    iif(:finished, :at, NULL),
    iif(:finished, (SELECT coalesce(max(id), 0) FROM event), NULL)
)
ON CONFLICT DO UPDATE SET
    starts = starts + 1,
    finishes = finishes + excluded.finishes,
    finish_order = iif(
        excluded.last_finished_at >= coalesce(last_finished_at, 0),
        excluded.finish_order, finish_order),
    last_finished_at = max(
        coalesce(excluded.last_finished_at, last_finished_at),
        coalesce(last_finished_at, excluded.last_finished_at));

-- name: list_starts
SELECT title, starts, finishes FROM skill
WHERE profile = :profile
ORDER BY last_finished_at, finish_order, title;

-- name: list_skills
SELECT title, starts, finishes, last_finished_at FROM skill
WHERE profile = :profile AND finishes > 0 AND finishes >= :least * starts - 1e-9
ORDER BY last_finished_at, finish_order, title;

-- The export gate of the database: adults that contribute, and nobody else.
-- name: list_exportable
SELECT title, sum(starts), sum(finishes), max(last_finished_at) FROM skill
JOIN profile ON profile.name = skill.profile
WHERE kind = 'adult' AND contributes
    AND finishes > 0 AND finishes >= :least * starts - 1e-9
GROUP BY title
ORDER BY max(last_finished_at), title;

-- name: add_plan
INSERT INTO plan VALUES (:slot, :round, :due_at, :title);

-- name: list_plan
SELECT slot, due_at, title FROM plan ORDER BY due_at, slot;

-- name: drop_due
DELETE FROM plan WHERE due_at = :due_at;

-- name: drop_late
DELETE FROM plan WHERE due_at < :before;

-- name: next_due
SELECT min(due_at) FROM plan WHERE due_at >= :least;

-- name: drop_plan
DELETE FROM plan;

-- name: add_ledger
INSERT INTO ledger (at, kind, round, sent, content, outcome)
VALUES (:at, :kind, :round, :sent, :content, :outcome)
RETURNING id;

-- name: settle_ledger
UPDATE ledger SET outcome = :outcome WHERE id = :id;

-- name: settle_outbox
UPDATE ledger SET outcome = :outcome WHERE id IN (SELECT ledger FROM outbox);

-- name: list_ledger
SELECT id, at, kind, round, sent, content, outcome FROM ledger ORDER BY id;

-- name: rewrite_ledger
UPDATE ledger SET content = :content WHERE id = :id;

-- name: add_outbox
INSERT INTO outbox VALUES (:ledger, :round, :due_at);

-- name: first_outbox
SELECT outbox.ledger, outbox.due_at, ledger.sent
FROM outbox JOIN ledger ON ledger.id = outbox.ledger
ORDER BY outbox.ledger LIMIT 1;

-- name: drop_outbox_before
DELETE FROM outbox WHERE round < :round;

-- name: drop_outbox
DELETE FROM outbox WHERE ledger = :ledger;

-- name: add_page
INSERT INTO page VALUES (:digest, :raw) ON CONFLICT DO NOTHING;

-- name: list_pages
SELECT digest, raw FROM page;

-- name: list_page_digests
SELECT digest FROM page;

-- name: drop_page
DELETE FROM page WHERE digest = :digest;

-- name: drop_pages
DELETE FROM page;

-- name: forget_event_title
DELETE FROM event WHERE title = :title;

-- name: forget_skill_title
DELETE FROM skill WHERE title = :title;

-- name: forget_plan_title
UPDATE plan SET title = NULL WHERE title = :title;

-- name: forget_event_profile
DELETE FROM event WHERE profile = :profile;

-- name: forget_skill_profile
DELETE FROM skill WHERE profile = :profile;

-- name: forget_events
DELETE FROM event;

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
    (SELECT count(*) FROM event),
    (SELECT count(*) FROM skill),
    (SELECT count(*) FROM outbox);

-- name: count_rows
SELECT
    (SELECT count(*) FROM event),
    (SELECT count(*) FROM skill),
    (SELECT count(*) FROM skill WHERE finishes > 0 AND finishes >= :least * starts - 1e-9),
    (SELECT count(*) FROM page),
    (SELECT count(*) FROM outbox),
    (SELECT count(*) FROM ledger);
