-- What is planned, what left, and what the fleet said.

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
