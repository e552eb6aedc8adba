-- Every table of a television. Titles are named by the operator's identifier.

CREATE TABLE setting (
    key   TEXT PRIMARY KEY,
    value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE profile (
    name        TEXT PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('adult', 'kid')),
    age_limit   INTEGER CHECK (age_limit >= 0),
    contributes INTEGER NOT NULL CHECK (contributes IN (0, 1)),
    CHECK (kind = 'adult' OR (age_limit IS NOT NULL AND contributes = 0))
) STRICT, WITHOUT ROWID;

INSERT INTO profile VALUES ('home', 'adult', NULL, 1);

-- What happened, as it was reported; times are Unix seconds.
CREATE TABLE event (
    id       INTEGER PRIMARY KEY,
    profile  TEXT NOT NULL REFERENCES profile (name),
    title    TEXT NOT NULL,
    fraction REAL NOT NULL CHECK (fraction BETWEEN 0 AND 1),
    at       INTEGER NOT NULL
) STRICT;
CREATE INDEX event_title ON event (title);

-- What was learnt from it: one row for each title that a profile has started.
CREATE TABLE skill (
    profile          TEXT NOT NULL REFERENCES profile (name),
    title            TEXT NOT NULL,
    starts           INTEGER NOT NULL CHECK (starts >= 1),
    finishes         INTEGER NOT NULL CHECK (finishes BETWEEN 0 AND starts),
    last_finished_at INTEGER,
    finish_order     INTEGER,
    PRIMARY KEY (profile, title)
) STRICT, WITHOUT ROWID;

CREATE TABLE block (
    title TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

-- The round's envelopes that are still to be sealed; seven slots share one due time.
CREATE TABLE plan (
    slot   INTEGER PRIMARY KEY,
    round  INTEGER NOT NULL,
    due_at INTEGER NOT NULL,
    title  TEXT
) STRICT;

-- What left: bytes as sent, plaintext as JSON.
CREATE TABLE ledger (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    kind    TEXT NOT NULL CHECK (kind IN ('enrol', 'push')),
    round   INTEGER,
    sent    BLOB NOT NULL,
    content TEXT NOT NULL,
    outcome TEXT NOT NULL
) STRICT;

-- Pushes that may have left and are not acknowledged.
CREATE TABLE outbox (
    ledger INTEGER PRIMARY KEY REFERENCES ledger (id),
    round  INTEGER NOT NULL,
    due_at INTEGER NOT NULL
) STRICT;

-- Verified pages as they came, by digest.
CREATE TABLE page (
    digest BLOB PRIMARY KEY,
    raw    BLOB NOT NULL
) STRICT, WITHOUT ROWID;
