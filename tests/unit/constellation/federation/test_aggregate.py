"""The aggregation against its formula, written in loops."""

from __future__ import annotations

import math
from collections import defaultdict

import numpy as np
import numpy.typing as npt
import pytest

from exogenesis.constellation.federation.aggregate import (
    Aggregate,
    Reports,
    aggregate,
    bucket_cap,
)
from exogenesis.core.limits import TASTE_DIM

TITLES, BUCKETS = 80, 12
Doubles = npt.NDArray[np.float64]


def _reports(count: int = 3000, titles: int = TITLES) -> Reports:
    """Reports around a direction of their title, popular titles first."""
    rng = np.random.default_rng(count)
    indices = np.minimum(rng.geometric(0.05, count) - 1, titles - 1)
    around = rng.normal(size=(titles, TASTE_DIM))[indices]
    codes = np.clip(40 * (around + rng.normal(size=around.shape)), -127, 127).astype(np.int8)
    return Reports(indices=indices, codes=codes, buckets=rng.integers(0, BUCKETS, count))


def _slow_published(reports: Reports, k: int, cap: int) -> dict[int, int]:
    """Title to count, for the titles that may be published."""
    cells: dict[int, dict[int, int]] = defaultdict(lambda: defaultdict(int))
    for index, bucket in zip(reports.indices.tolist(), reports.buckets.tolist(), strict=True):
        cells[index][bucket] += 1
    return {
        index: sum(by_bucket.values())
        for index, by_bucket in cells.items()
        if sum(min(cap, n) for n in by_bucket.values()) >= k
    }


def _slow_y(reports: Reports, counts: dict[int, int]) -> dict[int, Doubles]:
    means = {}
    for title, count in counts.items():
        total = np.zeros(TASTE_DIM)
        for index, codes in zip(reports.indices.tolist(), reports.codes, strict=True):
            if index == title and codes.any():
                length = math.sqrt(sum(float(x) ** 2 for x in codes))
                total += codes.astype(np.float64) / length
        means[title] = total / count
    lengths = sorted(float(np.linalg.norm(mean)) for mean in means.values())
    middle = len(lengths) // 2
    limit = lengths[middle] if len(lengths) % 2 else (lengths[middle - 1] + lengths[middle]) / 2
    rows = {}
    for title, mean in means.items():
        length = float(np.linalg.norm(mean))
        capped = mean * min(1.0, limit / length) if length else mean
        rows[title] = capped * counts[title] * (counts[title] + 1) ** -0.25
    return rows


def _gram(said: Aggregate) -> Doubles:
    """``E E'`` by catalogue index: what the round says, whatever axes it is written in."""
    full = np.zeros((TITLES, TASTE_DIM))
    full[said.rows.indices] = said.rows.vectors
    gram: Doubles = full @ full.T
    return gram


def test_it_is_one_step_of_capped_subspace_iteration() -> None:
    reports = _reports()
    said = aggregate(reports, titles=TITLES, buckets=BUCKETS)
    counts = _slow_published(reports, k=10, cap=3)
    assert 20 < len(counts) < TITLES
    order = sorted(counts, key=lambda title: (-counts[title], title))
    assert said.rows.indices.tolist() == order
    assert said.counts.tolist() == [counts[title] for title in order]
    np.testing.assert_allclose(
        said.rows.weights.astype(np.float32),
        [(counts[title] + 1) ** -0.25 for title in order],
        rtol=1e-3,
    )
    rows = _slow_y(reports, counts)
    y = np.array([rows[title] for title in order])
    # Y = U D A', so V = U and S = D^2; E = V S^(1/8), sigma = S^(1/4) = sqrt(D)
    left, singular, _ = np.linalg.svd(y, full_matrices=False)
    rank = len(singular)
    np.testing.assert_allclose(said.sigma[:rank], np.sqrt(singular), rtol=1e-4)
    e = left * singular**0.25
    np.testing.assert_allclose(
        said.rows.vectors.astype(np.float64) @ said.rows.vectors.T, e @ e.T, atol=0.05
    )


def test_the_basis_is_orthonormal_up_to_the_coding() -> None:
    said = aggregate(_reports(6000), titles=TITLES, buckets=BUCKETS)
    used = said.sigma > 0
    v = said.rows.vectors[:, used] / np.sqrt(said.sigma[used])
    np.testing.assert_allclose(v.T @ v, np.eye(int(used.sum())), atol=0.05)
    peaks = v[np.abs(v).argmax(axis=0), np.arange(v.shape[1])]
    assert (peaks > 0).all()
    assert (np.diff(said.sigma) <= 0).all()


def test_one_bucket_alone_publishes_nothing() -> None:
    reports = _reports()
    lone = Reports(
        indices=reports.indices, codes=reports.codes, buckets=np.zeros_like(reports.buckets)
    )
    said = aggregate(lone, titles=TITLES, buckets=BUCKETS)
    assert len(said.rows.indices) == 0
    assert not said.sigma.any()


@pytest.mark.parametrize("count", [9, 10])
def test_k_reports_publish_a_title_and_one_less_does_not(count: int) -> None:
    reports = Reports(
        indices=np.full(count, 5),
        codes=np.eye(count, TASTE_DIM, dtype=np.int8),
        buckets=np.arange(count),
    )
    said = aggregate(reports, titles=TITLES, buckets=BUCKETS)
    assert said.rows.indices.tolist() == ([5] if count == 10 else [])


def test_identical_reports_do_not_stand_out() -> None:
    honest = _reports(titles=TITLES - 1)
    loud = np.full((60, TASTE_DIM), 127, np.int8)
    reports = Reports(
        indices=np.concatenate([honest.indices, np.full(60, TITLES - 1)]),
        codes=np.concatenate([honest.codes, loud]),
        buckets=np.concatenate([honest.buckets, np.arange(60) % BUCKETS]),
    )
    said = aggregate(reports, titles=TITLES, buckets=BUCKETS)
    # |Y_i| = |E_i sigma^1.5|, and what is left without count and damping is the mean's length,
    # which was 1 for the identical reports.
    counts = said.counts.astype(np.float64)
    y = np.linalg.norm(said.rows.vectors * said.sigma.astype(np.float64) ** 1.5, axis=1)
    lengths = y / (counts * (counts + 1) ** -0.25)
    loudest = said.rows.indices.tolist().index(TITLES - 1)
    assert lengths[loudest] == pytest.approx(float(np.median(lengths)), rel=0.2)


def test_reports_of_length_zero_count_and_add_nothing() -> None:
    reports = Reports(
        indices=np.full(12, 3), codes=np.zeros((12, TASTE_DIM), np.int8), buckets=np.arange(12)
    )
    said = aggregate(reports, titles=TITLES, buckets=BUCKETS)
    assert said.counts.tolist() == [12]
    assert not said.rows.vectors.any()
    assert not said.sigma.any()


def test_no_reports_publish_nothing() -> None:
    none = np.zeros(0, np.int64)
    empty = Reports(indices=none, codes=np.zeros((0, TASTE_DIM), np.int8), buckets=none)
    said = aggregate(empty, titles=TITLES, buckets=1)
    assert len(said.rows.indices) == len(said.counts) == 0
    assert said.rows.codes.shape == (0, TASTE_DIM)


@pytest.mark.parametrize(("index", "bucket"), [(TITLES, 0), (-1, 0), (0, BUCKETS), (0, -1)])
def test_a_report_out_of_range_is_refused(index: int, bucket: int) -> None:
    reports = Reports(
        indices=np.array([index]),
        codes=np.ones((1, TASTE_DIM), np.int8),
        buckets=np.array([bucket]),
    )
    with pytest.raises(ValueError, match="outside"):
        aggregate(reports, titles=TITLES, buckets=BUCKETS)


@pytest.mark.parametrize("buckets", range(1, 13))
@pytest.mark.parametrize("k", [1, 2, 3, 10, 100])
def test_k_can_always_be_reached_but_never_by_one_of_several_buckets(buckets: int, k: int) -> None:
    cap = bucket_cap(buckets, k)
    assert cap * buckets >= k
    if buckets >= 2 and k >= 2:
        assert cap < k


@pytest.mark.parametrize(("others", "published"), [(0, []), (1, [5])])
def test_of_two_buckets_both_must_speak(others: int, published: list[int]) -> None:
    count = 40 + others
    reports = Reports(
        indices=np.full(count, 5),
        codes=np.ones((count, TASTE_DIM), np.int8),
        buckets=np.repeat([0, 1], [40, others]),
    )
    assert aggregate(reports, titles=TITLES, buckets=2).rows.indices.tolist() == published


def test_the_order_of_the_pool_does_not_matter() -> None:
    reports = _reports()
    shuffled = np.random.default_rng(1).permutation(len(reports.indices))
    other = Reports(
        indices=reports.indices[shuffled],
        codes=reports.codes[shuffled],
        buckets=reports.buckets[shuffled],
    )
    one, two = (aggregate(r, titles=TITLES, buckets=BUCKETS) for r in (reports, other))
    assert one.rows.indices.tolist() == two.rows.indices.tolist()
    np.testing.assert_allclose(_gram(one), _gram(two), atol=0.05)
    np.testing.assert_allclose(one.sigma, two.sigma, rtol=1e-5)
