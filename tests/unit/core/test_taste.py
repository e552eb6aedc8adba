"""The taste space and the public start of a lineage."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exogenesis.core.limits import TASTE_DIM
from exogenesis.core.taste import TasteSpace, start_basis, start_space, title_weight


def test_title_weight_is_the_fourth_root_of_the_count_and_one() -> None:
    counts = np.array([0, 1, 15, 80, 1e6], np.float32)
    expected = [1 / math.sqrt(math.sqrt(c + 1)) for c in counts.tolist()]
    np.testing.assert_allclose(title_weight(counts), expected, rtol=1e-6)


def test_counts_come_back_from_published_weights() -> None:
    counts = np.array([10, 100, 5000], np.float32)
    weights = title_weight(counts).astype(np.float16).astype(np.float32)
    space = TasteSpace(
        round=1,
        sigma=np.ones(TASTE_DIM, np.float32),
        vectors=np.zeros((3, TASTE_DIM), np.float32),
        weights=weights,
        published=np.ones(3, np.bool_),
    )
    np.testing.assert_allclose(space.log_counts, np.log1p(counts), atol=0.01)


def test_basis_undoes_sigma_and_is_zero_where_sigma_is() -> None:
    rng = np.random.default_rng(5)
    basis = rng.normal(size=(7, TASTE_DIM)).astype(np.float32)
    sigma = rng.uniform(0.5, 4, TASTE_DIM).astype(np.float32)
    sigma[-3:] = 0
    basis[:, -3:] = 0
    space = TasteSpace(
        round=1,
        sigma=sigma,
        vectors=basis * np.sqrt(sigma),
        weights=np.ones(7, np.float32),
        published=np.ones(7, np.bool_),
    )
    np.testing.assert_allclose(space.basis, basis, atol=1e-6)


def test_start_space_says_nothing_yet() -> None:
    space = start_space(np.eye(9, TASTE_DIM, dtype=np.float32))
    assert not space.published.any()
    assert not space.log_counts.any()
    np.testing.assert_array_equal(space.basis, space.vectors)


@pytest.mark.parametrize(("rows", "rank"), [(200, 384), (200, 20), (30, 384), (2, 384), (1, 384)])
def test_start_basis_is_orthonormal_and_spans_mean_and_content(rows: int, rank: int) -> None:
    rng = np.random.default_rng(rows + rank)
    content = (rng.normal(size=(rows, rank)) @ rng.normal(size=(rank, 384))).astype(np.float32)
    basis = start_basis(content).astype(np.float64)
    used = np.flatnonzero(np.abs(basis).sum(axis=0))
    assert used.tolist() == list(range(min(TASTE_DIM, rows, rank + 1)))
    np.testing.assert_allclose(basis[:, used].T @ basis[:, used], np.eye(len(used)), atol=1e-5)

    centred = content.astype(np.float64) - content.astype(np.float64).mean(axis=0)
    left, _, _ = np.linalg.svd(centred, full_matrices=False)
    for wanted in (np.ones(rows), *left[:, : len(used) - 1].T):
        inside = basis @ (basis.T @ wanted)
        np.testing.assert_allclose(inside, wanted, atol=1e-3)


def test_start_basis_has_a_fixed_sign_and_does_not_depend_on_the_unit() -> None:
    content = np.random.default_rng(6).normal(size=(90, 384)).astype(np.float32)
    basis = start_basis(content)
    peaks = basis[np.abs(basis).argmax(axis=0), np.arange(TASTE_DIM)]
    assert (peaks > 0).all()
    np.testing.assert_allclose(start_basis(content * 1000), basis, atol=1e-4)


def test_start_basis_of_identical_titles_is_the_mean_alone() -> None:
    basis = start_basis(np.ones((5, 384), np.float32))
    np.testing.assert_allclose(basis[:, 0], 1 / math.sqrt(5), rtol=1e-6)
    assert not basis[:, 1:].any()
