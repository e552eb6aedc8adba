-- The whole brain: memories in twelve tiers, vectors, causal counts, loops; and a digest of every
-- row, computed by the database when the row is written, so that rot is seen when it is read. The
-- name of the table is part of it: a row counts in its own table alone.

CREATE TABLE new_setting (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL,
    digest BLOB NOT NULL AS (row_digest('setting', key, value)) STORED
) STRICT, WITHOUT ROWID;
INSERT INTO new_setting (key, value) SELECT key, value FROM setting;
DROP TABLE setting;
ALTER TABLE new_setting RENAME TO setting;

CREATE TABLE new_profile (
    name        TEXT PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('adult', 'kid')),
    age_limit   INTEGER CHECK (age_limit >= 0),
    contributes INTEGER NOT NULL CHECK (contributes IN (0, 1)),
    digest      BLOB NOT NULL AS (row_digest('profile', name, kind, age_limit, contributes)) STORED,
    CHECK (kind = 'adult' OR (age_limit IS NOT NULL AND contributes = 0))
) STRICT, WITHOUT ROWID;
INSERT INTO new_profile (name, kind, age_limit, contributes) SELECT name, kind, age_limit, contributes FROM profile;
DROP TABLE profile;
ALTER TABLE new_profile RENAME TO profile;

CREATE TABLE new_block (
    title  TEXT PRIMARY KEY,
    digest BLOB NOT NULL AS (row_digest('block', title)) STORED
) STRICT, WITHOUT ROWID;
INSERT INTO new_block (title) SELECT title FROM block;
DROP TABLE block;
ALTER TABLE new_block RENAME TO block;

CREATE TABLE new_plan (
    slot   INTEGER PRIMARY KEY,
    round  INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    title  TEXT,
    digest BLOB NOT NULL AS (row_digest('plan', slot, round, due_at, title)) STORED
) STRICT;
INSERT INTO new_plan (slot, round, due_at, title) SELECT slot, round, due_at, title FROM plan;
DROP TABLE plan;
ALTER TABLE new_plan RENAME TO plan;

CREATE TABLE new_ledger (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('enrol', 'push')),
    round   INTEGER,
    sent    BLOB NOT NULL,
    content TEXT NOT NULL,
    outcome TEXT NOT NULL,
    digest  BLOB NOT NULL AS (row_digest('ledger', id, at, kind, round, sent, content, outcome)) STORED
) STRICT;
INSERT INTO new_ledger (id, at, kind, round, sent, content, outcome) SELECT id, at, kind, round, sent, content, outcome FROM ledger;
DROP TABLE ledger;
ALTER TABLE new_ledger RENAME TO ledger;

CREATE TABLE new_outbox (
    ledger INTEGER PRIMARY KEY REFERENCES ledger (id),
    round  INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    digest BLOB NOT NULL AS (row_digest('outbox', ledger, round, due_at)) STORED
) STRICT;
INSERT INTO new_outbox (ledger, round, due_at) SELECT ledger, round, due_at FROM outbox;
DROP TABLE outbox;
ALTER TABLE new_outbox RENAME TO outbox;

-- A page is named by the digest of its bytes already.

-- What was learnt of a title that a profile has started. `rhythm` counts finishes by time of the
-- week and by month, as JSON; `episode` is the last episode of a series that was watched.
CREATE TABLE new_skill (
    profile          TEXT NOT NULL REFERENCES profile (name),
    title            TEXT NOT NULL,
    starts           INTEGER NOT NULL CHECK (starts >= 1),
    finishes         INTEGER NOT NULL CHECK (finishes BETWEEN 0 AND starts),
    last_finished_at INTEGER,
    finish_order     INTEGER,
    last_at          INTEGER NOT NULL,
    last_fraction    REAL NOT NULL CHECK (last_fraction BETWEEN 0 AND 1),
    episode          INTEGER CHECK (episode >= 1),
    rhythm           TEXT NOT NULL DEFAULT '{}' CHECK (json_valid(rhythm)),
    digest           BLOB NOT NULL AS (row_digest(
        'skill',
        profile, title, starts, finishes, last_finished_at, finish_order, last_at, last_fraction,
        episode, rhythm)) STORED,
    PRIMARY KEY (profile, title)
) STRICT, WITHOUT ROWID;
INSERT INTO new_skill (
    profile, title, starts, finishes, last_finished_at, finish_order, last_at, last_fraction)
SELECT
    profile, title, starts, finishes, last_finished_at, finish_order,
    coalesce((SELECT at FROM event
              WHERE event.profile = skill.profile AND event.title = skill.title
              ORDER BY id DESC LIMIT 1), last_finished_at, 0),
    coalesce((SELECT fraction FROM event
              WHERE event.profile = skill.profile AND event.title = skill.title
              ORDER BY id DESC LIMIT 1), 1.0)
FROM skill;
DROP TABLE skill;
ALTER TABLE new_skill RENAME TO skill;

-- Which viewings were brought from a file, so that they do not come twice: `key` stands for time,
-- fraction and episode. They go with the title they are about.
CREATE TABLE imported (
    profile TEXT NOT NULL,
    title   TEXT NOT NULL,
    key     BLOB NOT NULL CHECK (length(key) = 8),
    digest  BLOB NOT NULL AS (row_digest('imported', profile, title, key)) STORED,
    PRIMARY KEY (profile, title, key)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER skill_went AFTER DELETE ON skill BEGIN
    DELETE FROM imported WHERE profile = OLD.profile AND title = OLD.title;
END;

-- A title that a profile does not want to see.
CREATE TABLE rejection (
    profile TEXT NOT NULL REFERENCES profile (name),
    title   TEXT NOT NULL,
    at      INTEGER NOT NULL,
    digest  BLOB NOT NULL AS (row_digest('rejection', profile, title, at)) STORED,
    PRIMARY KEY (profile, title)
) STRICT, WITHOUT ROWID;

-- The twelve tiers. `subject` is what a memory is about: a title, a genre, a part of the device.
-- A memory without a vector of its own has that of the title which it is about.
CREATE TABLE memory (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    tier        INTEGER NOT NULL CHECK (tier BETWEEN 1 AND 12),
    kind        TEXT NOT NULL,
    profile     TEXT REFERENCES profile (name),
    subject     TEXT NOT NULL,
    session     TEXT NOT NULL,
    text        TEXT NOT NULL,
    metadata    TEXT NOT NULL CHECK (json_valid(metadata)),
    codes       BLOB CHECK (codes IS NULL OR length(codes) = 384),
    scale       REAL,
    importance  REAL NOT NULL CHECK (importance BETWEEN 0 AND 1),
    trusted     INTEGER NOT NULL CHECK (trusted IN (0, 1)),
    created_at  INTEGER NOT NULL,
    accessed_at INTEGER NOT NULL,
    accesses    INTEGER NOT NULL CHECK (accesses >= 0),
    digest      BLOB NOT NULL AS (row_digest(
        'memory',
        id, tier, kind, profile, subject, session, text, metadata, codes, scale, importance,
        trusted, created_at, accessed_at, accesses)) STORED
) STRICT;
CREATE INDEX memory_tier ON memory (tier, created_at);
CREATE INDEX memory_subject ON memory (subject);
INSERT INTO memory (
    id, tier, kind, profile, subject, session, text, metadata, importance, trusted, created_at,
    accessed_at, accesses)
SELECT
    id, 3, 'viewing', profile, title, '', '', json_object('task', 'watch', 'fraction', fraction,
    'reward', fraction, 'success', json(iif(fraction >= 0.7, 'true', 'false'))),
    fraction, 1, at, at, 0
FROM event ORDER BY id;
DROP TABLE event;

-- Vectors that the owner of this television, or its maker, keeps beside the catalogue's.
CREATE TABLE vector (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    codes      BLOB NOT NULL CHECK (length(codes) = 384),
    scale      REAL NOT NULL,
    metadata   TEXT NOT NULL CHECK (json_valid(metadata)),
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    uses       INTEGER NOT NULL CHECK (uses >= 0),
    digest     BLOB NOT NULL AS (row_digest(
        'vector', id, codes, scale, metadata, created_at, used_at, uses)) STORED
) STRICT;

-- What happened after a cause, and without it.
CREATE TABLE causal (
    cause          TEXT NOT NULL,
    effect         TEXT NOT NULL,
    treated        INTEGER NOT NULL CHECK (treated >= 0),
    treated_hits   INTEGER NOT NULL CHECK (treated_hits BETWEEN 0 AND treated),
    untreated      INTEGER NOT NULL CHECK (untreated >= 0),
    untreated_hits INTEGER NOT NULL CHECK (untreated_hits BETWEEN 0 AND untreated),
    last_at        INTEGER NOT NULL,
    digest         BLOB NOT NULL AS (row_digest(
        'causal', cause, effect, treated, treated_hits, untreated, untreated_hits, last_at)) STORED,
    PRIMARY KEY (cause, effect)
) STRICT, WITHOUT ROWID;
CREATE INDEX causal_effect ON causal (effect);

-- When each loop is due (NULL: when something happens), how it went, where long work goes on after
-- an interruption, and what the loop was told. `attempts` counts the cycles that began since one
-- ended well or saved its progress.
CREATE TABLE loop (
    name       TEXT PRIMARY KEY,
    due_at     INTEGER,
    last_at    INTEGER,
    runs       INTEGER NOT NULL CHECK (runs >= 0),
    failures   INTEGER NOT NULL CHECK (failures BETWEEN 0 AND runs),
    attempts   INTEGER NOT NULL CHECK (attempts >= 0),
    spent_us   INTEGER NOT NULL CHECK (spent_us >= 0),
    longest_us INTEGER NOT NULL CHECK (longest_us >= 0),
    error      TEXT NOT NULL,
    progress   TEXT NOT NULL CHECK (json_valid(progress)),
    notes      TEXT NOT NULL CHECK (json_valid(notes)),
    digest     BLOB NOT NULL AS (row_digest(
        'loop',
        name, due_at, last_at, runs, failures, attempts, spent_us, longest_us, error, progress,
        notes)) STORED
) STRICT, WITHOUT ROWID;

-- Circuit breakers survive a reboot.
CREATE TABLE breaker (
    name      TEXT PRIMARY KEY,
    state     TEXT NOT NULL CHECK (state IN ('closed', 'open', 'half_open')),
    failures  INTEGER NOT NULL CHECK (failures >= 0),
    opened_at INTEGER NOT NULL,
    digest    BLOB NOT NULL AS (row_digest('breaker', name, state, failures, opened_at)) STORED
) STRICT, WITHOUT ROWID;
