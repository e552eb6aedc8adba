from __future__ import annotations

import json
import re
from types import MappingProxyType

import numpy as np
import pytest

from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, Writer
from exogenesis.tv.metasona.accept import Interval
from exogenesis.tv.metasona.lineage import Lineage
from exogenesis.tv.metasona.space import Point, Space
from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.layout import rows_of
from tests.unit.tv.metasona.planted import unit_space

SPACE = unit_space(2)
PRIOR = SPACE.decode(np.full(2, 0.5))
GAIN = Interval(gain=0.1, low=0.05, high=0.2, cases=40, level=0.025)


def at(first: float, second: float = 0.5) -> Point:
    return MappingProxyType({"s00": first, "s01": second})


@pytest.fixture
def database() -> Database:
    return Database.open(None)


@pytest.fixture
def lineage(database: Database) -> Lineage:
    return Lineage(database, CosmicMemory(database), SPACE, PRIOR)


def store_raw(database: Database, metadata: object) -> int:
    """Store settings as a faulty program might."""
    memory = Memory(
        tier=MemoryTier.ARCHITECTURAL,
        kind="settings",
        subject="ranker",
        metadata=json.loads(json.dumps(metadata)),
        at=900,
    )
    return CosmicMemory(database).store(memory, writer=Writer.LOOP)


def rot(database: Database, number: int) -> None:
    """Change stored settings behind the database's back: the digest stays what it was."""
    connection = database._connection
    rows_of(connection, "PRAGMA writable_schema = ON")
    ((schema,),) = rows_of(connection, "SELECT sql FROM sqlite_schema WHERE name = 'memory'")
    plain = re.sub(
        r"(digest\s+BLOB NOT NULL) AS \(row_digest\(.*?\)\) STORED", r"\1", schema, flags=re.S
    )
    assert plain != schema
    for sql in (plain, None, schema):
        if sql is None:
            rows_of(
                connection,
                "UPDATE memory SET metadata = replace(metadata, '0.2', '0.3') WHERE id = ?",
                (number,),
            )
        else:
            rows_of(connection, "UPDATE sqlite_schema SET sql = ? WHERE name = 'memory'", (sql,))
            rows_of(connection, "PRAGMA writable_schema = RESET")
            rows_of(connection, "PRAGMA writable_schema = ON")


def test_without_accepted_settings_the_fleets_are_in_use(lineage: Lineage) -> None:
    lineage.record(at(0.9), GAIN, accepted=False, now=1)
    assert lineage.active() == PRIOR
    assert lineage.newest() is None


def test_the_newest_accepted_settings_are_in_use_and_name_their_parent(lineage: Lineage) -> None:
    first = lineage.record(at(0.1), GAIN, accepted=True, now=1)
    second = lineage.record(at(0.2), GAIN, accepted=True, now=2)
    lineage.record(at(0.3), GAIN, accepted=False, now=3)
    assert lineage.active() == at(0.2)
    rows = lineage.ancestors()
    assert [(one.id, one.kind, one.parent, one.at) for one in rows][:2] == [
        (first, "settings", None, 1),
        (second, "settings", first, 2),
    ]
    assert (rows[2].kind, rows[2].parent, rows[2].point) == ("trial", second, at(0.3))
    assert (rows[0].gain, rows[0].low, rows[0].high, rows[0].cases) == (0.1, 0.05, 0.2, 40)
    newest = lineage.newest()
    assert newest is not None
    assert lineage.parent_point(newest) == at(0.1)
    assert lineage.parent_point(rows[0]) == PRIOR


def test_every_comparison_counts_as_a_try_and_a_rollback_does_not(lineage: Lineage) -> None:
    assert (lineage.tries().count, lineage.tries().cases) == (0, 0)
    lineage.record(at(0.1), GAIN, accepted=True, now=5)
    lineage.record(at(0.2), GAIN, accepted=False, now=7)
    lineage.roll_back(lineage.ancestors()[0], "worse", now=9)
    tries = lineage.tries()
    assert (tries.count, tries.cases, tries.at) == (2, 40, 7)


def test_a_rollback_brings_the_parent_back_and_is_recorded_with_its_reason(
    lineage: Lineage,
) -> None:
    first = lineage.record(at(0.1), GAIN, accepted=True, now=1)
    second = lineage.record(at(0.2), GAIN, accepted=True, now=2)
    newest = lineage.newest()
    assert newest is not None
    done = lineage.roll_back(newest, "it lost", now=3)
    assert (done.of, done.parent, done.reason) == (second, first, "it lost")
    assert lineage.ancestors()[-1] == done
    assert lineage.active() == at(0.1)
    third = lineage.record(at(0.4), GAIN, accepted=True, now=4)
    assert lineage.ancestors()[-1].parent == first
    for _ in range(2):
        newest = lineage.newest()
        assert newest is not None
        lineage.roll_back(newest, "it lost", now=5)
    assert lineage.active() == PRIOR
    assert [one.of for one in lineage.ancestors() if one.kind == "rollback"] == [
        second,
        third,
        first,
    ]


GOOD = {"s00": 0.7, "s01": 0.5}


@pytest.mark.parametrize(
    ("metadata", "reason"),
    [
        ({"settings": {"s00": 7.0, "s01": 0.5}}, "s00"),
        ({"settings": {"s00": "x", "s01": 0.5}}, "s00"),
        ({"settings": {"s00": 0.7}}, "s01"),
        ({"settings": {**GOOD, "other": 1}}, "other"),
        ({"settings": 3}, "no settings"),
        ({}, "no settings"),
    ],
)
def test_settings_that_are_none_are_not_used_and_rolled_back_with_the_reason(
    database: Database, lineage: Lineage, metadata: dict[str, object], reason: str
) -> None:
    lineage.record(at(0.1), GAIN, accepted=True, now=1)
    rest = {"gain": 0.1, "low": 0.0, "high": 0.2, "cases": 9, "parent": None}
    number = store_raw(database, {**rest, **metadata})
    assert lineage.active() == at(0.1)
    (done,) = lineage.roll_back_invalid(now=1000)
    assert done.of == number
    assert reason in done.reason
    assert lineage.roll_back_invalid(now=1001) == []
    assert lineage.active() == at(0.1)


def test_a_row_that_rotted_is_not_used_and_rolled_back(
    database: Database, lineage: Lineage
) -> None:
    lineage.record(at(0.1), GAIN, accepted=True, now=1)
    number = lineage.record(at(0.2), GAIN, accepted=True, now=2)
    rot(database, number)
    assert lineage.active() == at(0.1)
    (done,) = lineage.roll_back_invalid(now=3)
    assert (done.of, done.reason) == (number, "the row is not as it was written")


def test_a_store_opened_again_uses_the_same_settings(database: Database, lineage: Lineage) -> None:
    lineage.record(at(0.25), GAIN, accepted=True, now=1)
    again = Lineage(database, CosmicMemory(database), SPACE, PRIOR)
    assert again.active() == at(0.25)
    assert again.ancestors() == lineage.ancestors()


def test_another_releases_space_falls_back_to_the_fleets_settings(
    database: Database, lineage: Lineage
) -> None:
    lineage.record(at(0.25), GAIN, accepted=True, now=1)
    wider = Space((*SPACE.settings, *unit_space(3).settings[2:]))
    prior = wider.decode(np.full(3, 0.4))
    assert Lineage(database, CosmicMemory(database), wider, prior).active() == prior
