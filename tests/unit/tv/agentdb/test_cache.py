"""The file of a graph: used when it is whole and of these rows, else made anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exogenesis.core.vectors import quantise
from exogenesis.tv.agentdb import AgentDB, IndexSettings, build_index, choose_scan
from exogenesis.tv.agentdb.cache import FILE_NAME, digest, read_cache, write_cache
from exogenesis.tv.persistence import Database
from tests.support.television import clustered_content

pytest.importorskip("usearch")

ROWS = clustered_content(30, clusters=5, seed=3)
GRAPH = IndexSettings(kind="hnsw", m=8)
KEY = digest(b"a key")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A store with vectors and the file of their graph."""
    with_graph(tmp_path, store=True)
    return tmp_path


def with_graph(home: Path, *, store: bool = False, settings: IndexSettings = GRAPH) -> list[int]:
    """Open the store, search, close it; returns what was found."""
    database = Database.open(home)
    db = AgentDB(database, ROWS, cache=home / FILE_NAME, settings=settings)
    if store:
        for row, vector in enumerate(ROWS):
            db.vector_store(vector, {"row": row})
        db.compact()
    found = [one.id for one in db.vector_search(ROWS[0], 5)]
    assert db.vector_stats().index.startswith("hnsw")
    database.close()
    return found


def made_at(home: Path) -> int:
    """Changes when the file is written anew."""
    return (home / FILE_NAME).stat().st_ino


def test_a_whole_file_of_these_rows_is_used(home: Path) -> None:
    before = made_at(home)
    assert with_graph(home)[0] == 1
    assert made_at(home) == before


def test_a_file_from_before_the_last_change_is_not_used(home: Path) -> None:
    before = made_at(home)
    database = Database.open(home)
    made = AgentDB(database, ROWS, cache=home / FILE_NAME, settings=GRAPH).vector_store(ROWS[0])
    database.close()
    assert made_at(home) == before
    assert with_graph(home)[:2] == [1, made]
    assert made_at(home) != before


def test_a_file_of_another_shape_of_graph_is_not_used(home: Path) -> None:
    before = made_at(home)
    with_graph(home, settings=IndexSettings(kind="hnsw", m=12))
    assert made_at(home) != before


def test_a_file_of_other_vectors_with_the_same_keys_is_not_used(tmp_path: Path) -> None:
    path, scan = tmp_path / FILE_NAME, choose_scan()
    codes, _ = quantise(ROWS)
    build_index(np.arange(30), codes, scan, GRAPH, path)
    before = path.read_bytes()
    build_index(np.arange(30), codes[::-1].copy(), scan, GRAPH, path)
    assert path.read_bytes() != before


def test_a_wider_walk_needs_no_new_graph(home: Path) -> None:
    before = made_at(home)
    with_graph(home, settings=IndexSettings(kind="hnsw", m=8, ef=50))
    assert made_at(home) == before


def test_a_missing_file_is_made_again(home: Path) -> None:
    (home / FILE_NAME).unlink()
    assert with_graph(home)[0] == 1
    assert (home / FILE_NAME).exists()


@pytest.mark.parametrize("place", [0.0, 0.001, 0.01, 0.3, 0.6, 0.999])
def test_a_flipped_bit_is_seen_and_the_file_replaced(home: Path, place: float) -> None:
    whole = (home / FILE_NAME).read_bytes()
    damaged = bytearray(whole)
    damaged[int(place * len(whole))] ^= 1 << 5
    (home / FILE_NAME).write_bytes(damaged)
    before = with_graph(home)
    assert (home / FILE_NAME).read_bytes() != bytes(damaged)
    assert before[0] == 1


@pytest.mark.parametrize("size", [0, 7, 40, 72, 1000, -1])
def test_half_a_file_is_seen_and_replaced(home: Path, size: int) -> None:
    whole = (home / FILE_NAME).read_bytes()
    (home / FILE_NAME).write_bytes(whole[:size])
    assert with_graph(home)[0] == 1
    assert len((home / FILE_NAME).read_bytes()) > 1000


def test_without_a_place_for_the_file_the_search_works(tmp_path: Path) -> None:
    database = Database.open(None)
    db = AgentDB(database, ROWS, cache=tmp_path / "no" / "such" / FILE_NAME, settings=GRAPH)
    made = db.vector_store(ROWS[0])
    db.compact()
    assert db.vector_search(ROWS[0])[0].id == made
    database.close()


def test_the_file_goes_when_everything_is_erased(home: Path) -> None:
    database = Database.open(home)
    db = AgentDB(database, ROWS, cache=home / FILE_NAME, settings=GRAPH)
    db.drop_cache()
    db.drop_cache()
    assert not (home / FILE_NAME).exists()
    database.close()


def test_the_file_is_for_its_owner_alone(home: Path) -> None:
    assert (home / FILE_NAME).stat().st_mode & 0o777 == 0o600


def test_every_flipped_bit_of_a_small_file_is_seen(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    write_cache(path, KEY, b"content")
    whole = path.read_bytes()
    assert read_cache(path, KEY) == b"content"
    assert read_cache(path, digest(b"another")) is None
    for at in range(len(whole)):
        for bit in np.random.default_rng(at).choice(8, 2, replace=False).tolist():
            damaged = bytearray(whole)
            damaged[at] ^= 1 << bit
            path.write_bytes(damaged)
            assert read_cache(path, KEY) is None
