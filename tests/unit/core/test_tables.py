"""Moments of a table against a scan over its candidates."""

from __future__ import annotations

import numpy as np
import pytest

from exogenesis.core.tables import Part, Products, Table
from exogenesis.core.vectors import Floats, Mask


def _rows(count: int) -> Floats:
    return (np.random.default_rng(3).normal(size=(count, 12)) + 0.3).astype(np.float32)


def _candidates(count: int, share: float) -> Mask:
    return np.random.default_rng(4).random(count) < share


@pytest.mark.parametrize("share", [0.0, 0.1, 0.9, 1.0])
@pytest.mark.parametrize("count", [40, 3000])
def test_mean_and_spread_are_those_of_the_candidates(count: int, share: float) -> None:
    rows, candidates = _rows(count), _candidates(count, share)
    profiles = np.random.default_rng(5).normal(size=(6, 12)).astype(np.float32)
    profiles[2] = 0.0
    part = Part(Table(rows), candidates)
    means, spreads = part.spread(profiles)
    if not candidates.any():
        assert not part.mean_row.any()
        return
    np.testing.assert_allclose(part.mean_row, rows[candidates].mean(axis=0), atol=1e-5)
    told = rows[candidates].astype(np.float64) @ profiles.T.astype(np.float64)
    np.testing.assert_allclose(means, told.mean(axis=0), atol=1e-4)
    np.testing.assert_allclose(spreads, told.std(axis=0), rtol=1e-4, atol=1e-4)
    assert spreads[2] == 0.0


def test_candidates_that_are_alike_have_no_spread() -> None:
    rows = np.repeat(_rows(1), 50, axis=0)
    profiles = np.random.default_rng(5).normal(size=(3, 12)).astype(np.float32)
    _, spreads = Part(Table(rows), _candidates(50, 0.8)).spread(profiles)
    assert not spreads.any()


def test_products_are_those_of_their_own_table_and_profile() -> None:
    tables = [Table(_rows(40)), Table(2 * _rows(40))]
    profiles = np.random.default_rng(6).normal(size=(5, 12)).astype(np.float32)
    products = Products(kept=3)
    for _ in range(2):
        for table in tables:
            for profile in profiles:
                part = Part(table, _candidates(40, 0.5), products)
                np.testing.assert_array_equal(part.times(profile), table.rows @ profile)
    assert products.times(tables[1], profiles[4]) is products.times(tables[1], profiles[4])
