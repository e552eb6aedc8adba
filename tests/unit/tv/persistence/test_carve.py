"""Finding rows without a tree: all of them, with every kind of value, and none that is rotten."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.carve import PAGE_BYTES, Pages, carve
from exogenesis.tv.persistence.layout import Row, rows_of, tables
from tests.support.stores import a_home

INTEGERS = [0, 1, -1, 127, -128, 128, 1 << 15, -(1 << 31), 1 << 40, -(1 << 47), (1 << 63) - 1]


def _pages(home: Path) -> dict[int, bytes]:
    raw = (home / "brain.db").read_bytes()
    return {
        at // PAGE_BYTES + 1: raw[at : at + PAGE_BYTES] for at in range(0, len(raw), PAGE_BYTES)
    }


def _carved(pages: Pages, database: Database) -> Counter[tuple[str, Row]]:
    found = carve(pages, tables(database._connection))
    return Counter((table.name, row) for table, row in found if row is not None)


def _stored(database: Database) -> Counter[tuple[str, Row]]:
    return Counter(
        (table.name, row)
        for table in tables(database._connection)
        for row in rows_of(database._connection, f"SELECT {table.listed} FROM {table.name}")
    )


def test_every_row_is_found_once(tmp_path: Path) -> None:
    database = Database.open(a_home(tmp_path, memories=600))
    rng = np.random.default_rng(3)
    with database.transaction():
        for row, length in enumerate([0, 1, 900, 1001, 1002, 1003, 4060, 4061, 4062, 9000, 70_000]):
            database.store_setting(f"blob {row}", rng.bytes(length))
            database.store_setting(f"text {row}", "é" * (length // 2))
        for row, value in enumerate([*INTEGERS, 0.5, 1e300, 3.0]):
            database.store_setting(f"number {row}", value)
        rows_of(
            database._connection,
            "UPDATE memory SET text = ?, importance = 0.25, codes = ? WHERE id % 7 = 0",
            ("x" * 5000, rng.bytes(384)),
        )
        rows_of(database._connection, "DELETE FROM memory WHERE id % 11 = 0")
        for length in range(970, 1010):  # about where a value of a key's row goes on elsewhere
            database.store_setting(f"about {length}", bytes(length))
        for row, length in enumerate(range(3900, 4040)):  # and where one of a numbered row does
            rows_of(
                database._connection,
                "UPDATE memory SET text = ? WHERE id = ?",
                ("y" * length, 200 + row),
            )
    database.close()
    again = Database.open(tmp_path)
    assert _carved(_pages(tmp_path), again) == _stored(again)
    again.close()


def test_a_lost_page_costs_the_rows_on_it_alone(tmp_path: Path) -> None:
    database = Database.open(a_home(tmp_path, memories=600))
    pages, stored = _pages(tmp_path), _stored(database)
    lost = sum(_lost(pages, number, database, stored) for number in pages)
    assert lost == stored.total() + 2  # the page of the fleet is too long for one of the file
    database.close()


def _lost(
    pages: dict[int, bytes], number: int, database: Database, stored: Counter[tuple[str, Row]]
) -> int:
    found = _carved({n: page for n, page in pages.items() if n != number}, database)
    assert found <= stored
    return (stored - found).total()


@pytest.mark.parametrize("seed", range(5))
def test_no_row_is_found_that_was_not_stored(tmp_path: Path, seed: int) -> None:
    database = Database.open(a_home(tmp_path))
    stored = _stored(database)
    rng = np.random.default_rng(seed)
    pages = {number: bytearray(page) for number, page in _pages(tmp_path).items()}
    for page in pages.values():
        for at in rng.integers(PAGE_BYTES, size=40):
            page[at] ^= 1 << int(rng.integers(8))
    found = _carved({number: bytes(page) for number, page in pages.items()}, database)
    assert set(found) <= set(stored)
    database.close()


def test_rubbish_holds_no_rows(tmp_path: Path) -> None:
    database = Database.open(None)
    rng = np.random.default_rng(0)
    kinds = [
        bytes([kind]) + rng.bytes(PAGE_BYTES - 1) for kind in (2, 5, 10, 13) for _ in range(20)
    ]
    assert not _carved(dict(enumerate(kinds, start=1)), database)
