"""Every older store becomes the newest one, with everything in it; or stays as it is."""

from __future__ import annotations

from pathlib import Path

import apsw
import numpy as np
import pytest

from exogenesis.tv import ViewingEvent
from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.layout import (
    add_functions,
    expected_schema,
    rows_of,
    schema,
    scripts,
    tables,
)
from tests.support.powerloss import disks, put, recorded, scratch
from tests.support.stores import old_store
from tests.support.television import open_brain, small_catalog


def contents(connection: apsw.Connection) -> dict[str, list[tuple[object, ...]]]:
    """Every row by table."""
    return {
        table.name: sorted(
            rows_of(connection, f"SELECT {table.listed} FROM {table.name}"), key=repr
        )
        for table in tables(connection)
    }


@pytest.mark.parametrize("version", range(1, len(scripts()) + 1))
def test_an_older_store_is_brought_up_with_all_its_rows(tmp_path: Path, version: int) -> None:
    old_store(tmp_path / "brain.db", version)
    database = Database.open(tmp_path)
    connection = database._connection
    assert schema(connection) == expected_schema(len(scripts()))
    assert database.recovery is None
    found = contents(connection)
    assert found["setting"] == [("consent", 1), ("encoder", "lsa-1"), ("push_key", b"\x00\xff")]
    assert found["profile"] == [("ada", "kid", 6, 0), ("home", "adult", None, 1)]
    assert [row[:6] for row in found["skill"]] == [
        ("ada", "t002", 1, 0, None, None),
        ("home", "t001", 2, 1, 1799990000, 1),
    ]
    assert found["block"] == [("t009",)]
    assert found["plan"] == [(0, 3, 1799999999, "t001"), (1, 3, 1799999999, None)]
    assert found["outbox"] == [(1, 3, 1799999999)]
    assert [row[1] for row in found["page"]] == [b"page1"]
    viewings = rows_of(
        connection,
        "SELECT profile, subject, metadata ->> 'fraction', created_at FROM memory ORDER BY id",
    )
    assert viewings == [
        ("home", "t001", 1.0, 1799990000),
        ("ada", "t002", 0.25, 1799990001),
        ("home", "t001", 0.5, 1799990002),
    ]
    database.close()


def test_an_older_television_goes_on(tmp_path: Path) -> None:
    old_store(tmp_path / "brain.db", 1)
    connection = apsw.Connection(str(tmp_path / "brain.db"))
    list(connection.execute("DELETE FROM setting"))  # they are of no real television
    connection.close()
    brain = open_brain(small_catalog(), home=tmp_path)
    brain.observe(ViewingEvent(title_id="t001", fraction=1.0))
    assert brain.stats().events == 4
    assert brain.blocks() == ["t009"]
    brain.close()


def test_every_table_has_a_digest_in_every_row() -> None:
    """But the pages of the fleet, whose name is the digest."""
    database = Database.open(None)
    bare = {table.name for table in tables(database._connection) if not table.digested}
    assert bare == {"page"}
    keys_first = all(t.columns[: len(t.key)] == t.key for t in tables(database._connection))
    assert keys_first, "as the rows lie on the disk, which is how a rescue reads them"


def _inside(home: Path) -> tuple[int, dict[str, list[tuple[object, ...]]]]:
    connection = apsw.Connection(str(home / "brain.db"))
    try:
        add_functions(connection)
        ((version,),) = rows_of(connection, "PRAGMA user_version")
        return version, contents(connection)
    finally:
        connection.close()


def test_an_interrupted_migration_leaves_the_old_store_or_the_new_one(tmp_path: Path) -> None:
    old_store(tmp_path / "brain.db", 1)
    written = {"brain.db": (tmp_path / "brain.db").read_bytes()}
    with recorded(written) as (disk, home):
        Database.open(home).close()
        log = disk.log
    states = {1: _inside(tmp_path)[1]}
    Database.open(tmp_path).close()
    states[len(scripts())] = _inside(tmp_path)[1]
    rng = np.random.default_rng(5)
    crashed, seen = scratch(), set()
    for place, state in disks(log):
        if place < 3:  # the old file is only being put there
            continue
        put(crashed, state.crash(rng))
        version, rows = _inside(crashed)
        assert rows == states[version]
        seen.add(version)
    assert seen == set(states)
