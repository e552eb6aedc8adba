"""Damage in a running store is found, in slices as at once."""

from __future__ import annotations

from pathlib import Path

import apsw
import pytest

from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.check import damage
from exogenesis.tv.persistence.layout import add_functions, rows_of
from tests.support.stores import a_home, fill


def checked(database: Database) -> list[str]:
    """The words of a check in slices."""
    steps = database.check()
    while True:
        try:
            next(steps)
        except StopIteration as end:
            return list(end.value)


def test_a_sound_store_has_no_damage(tmp_path: Path) -> None:
    database = Database.open(a_home(tmp_path, memories=1200))
    assert checked(database) == damage(database._connection) == []
    database.close()


@pytest.mark.parametrize(
    ("table", "change"),
    [
        ("memory", "importance = 0.5 WHERE id = 77"),
        ("skill", "starts = 5 WHERE title = 't007'"),
        ("setting", "value = 0 WHERE key = 'consent'"),
        ("page", "raw = zeroblob(5119)"),
    ],
)
def test_a_row_that_was_not_written_so_is_found(table: str, change: str) -> None:
    """The digest of the old row is put under the new one, as rot in the values would leave it."""
    database = Database.open(None)
    fill(database, memories=1200)
    connection = database._connection
    connection.create_scalar_function("row_digest", lambda *values: b"rotten..", deterministic=True)
    list(connection.execute(f"UPDATE {table} SET {change}"))
    add_functions(connection)
    words = [f"1 row(s) of {table} are not as they were written"]
    assert checked(database) == words
    assert damage(connection) == words


@pytest.mark.parametrize(
    "change",
    [
        "DELETE FROM memory WHERE id = 5",
        "INSERT INTO memory (tier, kind, subject, session, text, metadata, importance, trusted, "
        "created_at, accessed_at, accesses) VALUES (3, '', '', '', '', '{}', 0, 1, 0, 0, 0)",
        "UPDATE memory SET created_at = 1 WHERE id = 5",
    ],
)
def test_an_index_that_does_not_agree_is_found(tmp_path: Path, change: str) -> None:
    """The table is changed behind the index's back."""
    database = Database.open(a_home(tmp_path))
    connection = database._connection
    definition = rows_of(connection, "SELECT sql FROM sqlite_schema WHERE name = 'memory_tier'")
    connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 0)
    list(connection.execute("PRAGMA writable_schema = ON"))
    ((root,),) = rows_of(
        connection, "SELECT rootpage FROM sqlite_schema WHERE name = 'memory_tier'"
    )
    list(connection.execute("DELETE FROM sqlite_schema WHERE name = 'memory_tier'"))
    list(connection.execute("PRAGMA writable_schema = RESET"))
    list(connection.execute(change))
    list(connection.execute("PRAGMA writable_schema = ON"))
    list(
        connection.execute(
            "INSERT INTO sqlite_schema VALUES ('index', 'memory_tier', 'memory', ?, ?)",
            (root, definition[0][0]),
        )
    )
    list(connection.execute("PRAGMA writable_schema = RESET"))
    assert checked(database) == ["an index of memory does not agree with its rows"]
    assert damage(connection) != []
    database.close()


def test_the_store_may_be_written_between_the_slices() -> None:
    database = Database.open(None)
    fill(database, memories=1200)
    for step, _ in enumerate(database.check()):
        with database.transaction():
            list(database._connection.execute("DELETE FROM memory WHERE id = ?", (1200 - step,)))
            database.store_setting(f"k{step}", step)
    assert checked(database) == []
