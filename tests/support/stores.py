"""A store with something in every kind of table, and ways to look at it and to break it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import apsw

from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.layout import add_functions, migrate, rows_of

AT = 1_800_000_000
PAGE = 4096


def fill(database: Database, *, memories: int = 200) -> None:
    """Store a household's weeks: memories, skills, settings, a block, a plan and a push."""
    connection = database._connection
    with database.transaction():
        for row in range(memories):
            rows_of(
                connection,
                "INSERT INTO memory (tier, kind, profile, subject, session, text, metadata, "
                "importance, trusted, created_at, accessed_at, accesses) "
                "VALUES (3, 'viewing', 'home', ?, '', '', '{}', 1.0, 1, ?, ?, 0)",
                (f"t{row % 50:03}", AT + row, AT + row),
            )
        for row in range(50):
            rows_of(
                connection,
                "INSERT INTO skill (profile, title, starts, finishes, last_at, last_fraction) "
                "VALUES ('home', ?, 4, 3, ?, 1.0)",
                (f"t{row:03}", AT),
            )
        for key in ("sign_seed", "box_secret", "device", "push_key"):
            database.store_setting(key, key.encode().ljust(32, b"."))
        for key, value in (("epoch", 1), ("seq", 7), ("consent", 1), ("planned_round", 3)):
            database.store_setting(key, value)
        for statement in (
            "INSERT INTO block (title) VALUES ('t044')",
            "INSERT INTO plan (slot, round, due_at, title) VALUES (0, 3, 1800009999, 't001')",
            "INSERT INTO ledger (id, at, kind, round, sent, content, outcome) "
            "VALUES (1, 1800000000, 'push', 3, zeroblob(981), '{}', 'not acknowledged')",
            "INSERT INTO outbox (ledger, round, due_at) VALUES (1, 3, 1800000000)",
            "INSERT INTO page (digest, raw) "
            "SELECT page_digest(raw), raw FROM (SELECT zeroblob(5120) AS raw)",
        ):
            rows_of(connection, statement)


def a_home(home: Path, *, backups: int = 0, memories: int = 200) -> Path:
    """A closed store in ``home``, with so many generations of backup."""
    database = Database.open(home)
    fill(database, memories=memories)
    for _ in range(backups):
        for _ in database.back_up():
            pass
    database.close()
    return home


def asked(home: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a closed store answers, without checking it."""
    connection = apsw.Connection(str(home / "brain.db"))
    try:
        add_functions(connection)
        return rows_of(connection, sql)
    finally:
        connection.close()


def root_of(home: Path, table: str) -> int:
    """The number of the first page of a table."""
    ((root,),) = asked(home, f"SELECT rootpage FROM sqlite_schema WHERE name = '{table}'")
    return int(root)


def break_page(home: Path, number: int, *, name: str = "brain.db") -> None:
    """Turn every bit of a page around."""
    raw = bytearray((home / name).read_bytes())
    start = (number - 1) * PAGE
    raw[start : start + PAGE] = bytes(byte ^ 0xFF for byte in raw[start : start + PAGE])
    (home / name).write_bytes(raw)


FIRST = """
INSERT INTO setting VALUES ('consent', 1), ('push_key', x'00ff'), ('encoder', 'lsa-1');
INSERT INTO profile VALUES ('ada', 'kid', 6, 0);
INSERT INTO event (profile, title, fraction, at) VALUES
    ('home', 't001', 1.0, 1799990000), ('ada', 't002', 0.25, 1799990001),
    ('home', 't001', 0.5, 1799990002);
INSERT INTO skill VALUES
    ('home', 't001', 2, 1, 1799990000, 1), ('ada', 't002', 1, 0, NULL, NULL);
INSERT INTO block VALUES ('t009');
INSERT INTO plan VALUES (0, 3, 1799999999, 't001'), (1, 3, 1799999999, NULL);
INSERT INTO ledger VALUES (1, 1799990003, 'push', 3, x'01', '{"envelopes": []}', 'acknowledged');
INSERT INTO outbox VALUES (1, 3, 1799999999);
INSERT INTO page VALUES (page_digest(x'7061676531'), x'7061676531');
"""
"""Rows of a store that the first release wrote."""


def old_store(path: Path, version: int) -> None:
    """Write a store of an older version, with rows in every table of the first."""
    connection = apsw.Connection(str(path))
    add_functions(connection)
    list(connection.execute("PRAGMA journal_mode = WAL"))
    with connection:
        migrate(connection, 0, 1)
        list(connection.execute(FIRST))
        migrate(connection, 1, version)
    connection.close()


def without_backups(home: Path) -> Path:
    """Take the generations away."""
    shutil.rmtree(home / "backup")
    return home
