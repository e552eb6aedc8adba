"""Vectors with metadata: found with what belongs to them, bounded, and as durable as the store."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exogenesis.core.vectors import Floats
from exogenesis.errors import DiskFull, InputError
from exogenesis.tv.agentdb import AgentDB, IndexSettings
from exogenesis.tv.agentdb.store import METADATA_BYTES_MAX, USEFUL_HALF_LIFE_S
from exogenesis.tv.persistence import Database
from tests.support.television import clustered_content

CONTENT = clustered_content(8)
ROWS = clustered_content(40, clusters=10, seed=3)


class Clock:
    """Seconds that stand until they are moved."""

    def __init__(self) -> None:
        self.now = 1_800_000_000

    def __call__(self) -> int:
        return self.now


@pytest.fixture
def database() -> Iterator[Database]:
    opened = Database.open(None)
    yield opened
    opened.close()


def agentdb(database: Database, **options: Any) -> AgentDB:
    return AgentDB(database, CONTENT, **options)


def test_a_vector_is_found_at_once_and_with_its_own_metadata(database: Database) -> None:
    db = agentdb(database)
    for row, vector in enumerate(ROWS):
        made = db.vector_store(vector, {"row": row})
        (found, *_) = db.vector_search(vector, 3)
        assert (found.id, found.metadata["row"]) == (made, row)
        assert found.similarity == pytest.approx(1.0, abs=1e-3)


def test_a_vector_comes_back_as_it_went_in_but_for_coding(database: Database) -> None:
    clock = Clock()
    db = agentdb(database, now=clock)
    for length in (1e-12, 1.0, 1e12):
        vector = ROWS[0] * np.float32(length)
        made = db.vector_store(vector, {"genre": "noir", "deep": {"list": [1, None]}})
        clock.now += 5
        kept = db.vector_get(made)
        assert kept is not None
        assert np.abs(kept.embedding - vector).max() <= np.abs(vector).max() / 250
        assert kept.metadata == {"genre": "noir", "deep": {"list": [1, None]}}
        assert (kept.created_at, kept.used_at, kept.uses) == (clock.now - 5, clock.now, 1)


def test_what_is_not_there_is_not_found(database: Database) -> None:
    db = agentdb(database)
    assert db.vector_get(1) is None
    assert db.vector_search(ROWS[0]) == []
    assert not db.vector_delete(1)


@pytest.mark.parametrize(
    ("where", "kept"),
    [
        ({"genre": "noir"}, [0, 2, 4]),
        ({"genre": "noir", "year": lambda year: year > 1941}, [2, 4]),
        ({"note": None}, [5]),
        ({"nothing": 1}, []),
        ({}, [0, 1, 2, 3, 4, 5]),
        (lambda metadata: metadata["year"] in (1941, 1943), [1, 3]),
    ],
)
def test_a_predicate_is_applied_before_the_cut(
    database: Database, where: Any, kept: list[int]
) -> None:
    db = agentdb(database)
    made = []
    for row in range(6):
        metadata: dict[str, Any] = {"genre": "noir" if row % 2 == 0 else "farce"}
        metadata["year"] = 1940 + row
        if row == 5:
            metadata["note"] = None
        made.append(db.vector_store(ROWS[row], metadata))
    for k in (1, 2, 50):
        found = db.vector_search(ROWS[0], k, where)
        assert len(found) == min(k, len(kept))
    assert {one.id for one in found} == {made[row] for row in kept}


def test_a_predicate_sees_every_change(database: Database) -> None:
    db = agentdb(database)
    noir = {"genre": "noir"}
    first = db.vector_store(ROWS[0], noir)
    for row in range(1, 4):
        db.vector_store(ROWS[row], {"genre": "farce"})
    assert [one.id for one in db.vector_search(ROWS[0], 9, noir)] == [first]
    second = db.vector_store(ROWS[0], noir)
    assert [one.id for one in db.vector_search(ROWS[0], 9, noir)] == [first, second]
    db.vector_delete(first)
    assert [one.id for one in db.vector_search(ROWS[0], 9, noir)] == [second]
    assert [one.id for one in db.vector_search(ROWS[0], 9, {"genre": ["noir"]})] == []


def test_a_deleted_vector_is_gone_and_its_number_is_not_used_again(database: Database) -> None:
    db = agentdb(database)
    first, second = db.vector_store(ROWS[0]), db.vector_store(ROWS[1])
    assert db.vector_delete(second)
    assert [one.id for one in db.vector_search(ROWS[1])] == [first]
    assert db.vector_get(second) is None
    assert db.vector_store(ROWS[2]) > second


@pytest.mark.parametrize(
    ("vector", "metadata", "said"),
    [
        (np.zeros(383, np.float32), {}, "384 values"),
        (np.full(384, np.nan, np.float32), {}, "finite"),
        (np.full(384, np.inf, np.float32), {}, "finite"),
        (ROWS[0], {"a": {1, 2}}, "JSON"),
        (ROWS[0], {"a": float("nan")}, "JSON"),
        (ROWS[0], {3: "a"}, "names"),
        (ROWS[0], {"a": "x" * METADATA_BYTES_MAX}, "at most"),
    ],
)
def test_bad_input_changes_nothing(
    database: Database, vector: Floats, metadata: Any, said: str
) -> None:
    db = agentdb(database)
    db.vector_store(ROWS[0])
    with pytest.raises(InputError, match=said):
        db.vector_store(vector, metadata)
    assert db.vector_stats().rows == db.vector_stats().indexed == 1


def test_metadata_that_was_found_cannot_be_changed_from_outside(database: Database) -> None:
    db = agentdb(database)
    given = {"genre": "noir"}
    db.vector_store(ROWS[0], given)
    given["genre"] = "farce"
    (found,) = db.vector_search(ROWS[0])
    with pytest.raises(TypeError):
        found.metadata["genre"] = "farce"  # type: ignore[index]
    assert found.metadata == {"genre": "noir"}


def test_there_are_never_more_than_there_is_room_for(database: Database) -> None:
    db = agentdb(database, capacity=7, now=Clock())
    for row, vector in enumerate(ROWS):
        made = db.vector_store(vector)
        stats = db.vector_stats()
        assert stats.rows == stats.indexed == min(row + 1, 7)
        assert db.vector_search(vector, 1)[0].id == made  # the newest always gets in


def test_the_vector_used_least_and_longest_ago_makes_room(database: Database) -> None:
    clock = Clock()
    db = agentdb(database, capacity=4, now=clock)
    often, lately, never, once = (db.vector_store(ROWS[row]) for row in range(4))
    for _ in range(7):
        db.vector_get(often)
    db.vector_get(once)
    clock.now += 2 * USEFUL_HALF_LIFE_S  # 8 uses count as 2, 2 as .5, 1 as .25
    db.vector_get(lately)  # 2
    for row, expected in ((4, never), (5, once)):
        made = db.vector_store(ROWS[row])
        assert db.vector_get(expected) is None
        assert db.vector_delete(made)
        db.vector_store(ROWS[row], {"again": True})
    assert db.vector_get(often) is not None
    assert db.vector_get(lately) is not None


def test_a_clock_that_runs_backwards_does_not_upset_the_order(database: Database) -> None:
    clock = Clock()
    db = agentdb(database, capacity=2, now=clock)
    used, unused = db.vector_store(ROWS[0]), db.vector_store(ROWS[1])
    clock.now = 0
    db.vector_get(used)
    db.vector_store(ROWS[2])
    assert db.vector_get(unused) is None
    kept = db.vector_get(used)
    assert kept is not None
    assert kept.used_at == 1_800_000_000


def test_uses_are_on_the_disk_after_a_flush(database: Database) -> None:
    clock = Clock()
    db = agentdb(database, now=clock)
    made = db.vector_store(ROWS[0])
    clock.now += 60
    db.vector_search(ROWS[0])
    db.flush()
    kept = agentdb(database, now=lambda: 0).vector_get(made)
    assert kept is not None
    assert (kept.uses, kept.used_at) == (2, clock.now)


def test_after_a_restart_everything_is_found_as_before(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    db = agentdb(database)
    for row, vector in enumerate(ROWS):
        db.vector_store(vector, {"row": row})
    db.vector_delete(5)
    before = db.vector_search(ROWS[9], 20)
    database.close()
    again = Database.open(tmp_path)
    assert agentdb(again).vector_search(ROWS[9], 20) == before
    again.close()


def test_a_large_store_is_read_whole(database: Database) -> None:
    codes = np.random.default_rng(0).integers(-127, 128, (1203, 384), np.int8)
    database.run_many(
        "agentdb_add_vector",
        [
            {"codes": row.tobytes(), "scale": 1.0, "metadata": f'{{"row": {at}}}', "now": 1}
            for at, row in enumerate(codes)
        ],
    )
    db = agentdb(database)
    for at in (0, 499, 500, 501, 999, 1000, 1202):
        (found,) = db.vector_search(codes[at].astype(np.float32), 1)
        assert (found.id, found.metadata["row"]) == (at + 1, at)


def test_what_was_changed_elsewhere_is_seen_after_a_refresh(database: Database) -> None:
    db, other = agentdb(database), agentdb(database)
    db.vector_store(ROWS[0])
    other.vector_store(ROWS[1])
    db.refresh()
    assert len(db.vector_search(ROWS[0])) == 2


def test_a_full_disk_leaves_store_and_index_as_they_were(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = agentdb(database, capacity=3)
    for row in range(3):
        db.vector_store(ROWS[row])
    db.vector_get(1)
    run = database.run

    def full(name: str, /, **values: Any) -> Any:
        if name == "agentdb_evict_vectors":
            raise DiskFull("the store")
        return run(name, **values)

    with monkeypatch.context() as patched:
        patched.setattr(database, "run", full)
        with pytest.raises(DiskFull):
            db.vector_store(ROWS[3])
    assert {one.id for one in db.vector_search(ROWS[3])} == {1, 2, 3}
    kept = db.vector_get(1)
    assert kept is not None
    assert kept.uses == 3  # what was counted before the failure is not lost, nor counted twice
    db.vector_store(ROWS[3])
    assert db.vector_stats().rows == db.vector_stats().indexed == 3


def test_no_room_for_any_vector_is_refused(database: Database) -> None:
    with pytest.raises(InputError, match="at least one"):
        agentdb(database, capacity=0)


def test_without_the_library_a_graph_is_refused_or_done_without(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("usearch", "usearch.index"):
        monkeypatch.setitem(sys.modules, name, None)
    db = agentdb(database, settings=IndexSettings(kind="hnsw"))
    with pytest.raises(InputError, match="install the extra hnsw"):
        db.vector_search(ROWS[0])
    db.tune(IndexSettings(kind="auto", graph_from=1))
    made = db.vector_store(ROWS[0])
    assert db.vector_search(ROWS[0])[0].id == made
    assert db.vector_stats().index.startswith("exact")


@pytest.mark.parametrize("options", [{"m": 1}, {"ef": 0}, {"ef_add": 0}])
def test_settings_out_of_range_are_refused(options: Any) -> None:
    with pytest.raises(InputError):
        IndexSettings(**options)


def test_the_catalogue_is_searched_apart_and_takes_no_room(database: Database) -> None:
    db = agentdb(database, capacity=1)
    db.vector_store(ROWS[0])
    mask = np.arange(8) % 2 == 0
    found = db.title_search(CONTENT[3], 50, mask)
    assert sorted(one.index for one in found) == [0, 2, 4, 6]
    assert db.vector_stats().rows == 1
