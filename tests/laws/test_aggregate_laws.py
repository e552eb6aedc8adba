"""What must not matter to the aggregation."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from exogenesis.constellation.federation.aggregate import Aggregate, Reports, aggregate
from exogenesis.core.limits import TASTE_DIM

few = settings(max_examples=60, deadline=None, derandomize=True)
TITLES, BUCKETS = 30, 12
K = 6


@st.composite
def rounds(draw: st.DrawFn) -> Reports:
    """The reports of a small round."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    count = draw(st.integers(0, 400))
    # Half of the codes' range, so that they can be doubled.
    codes = rng.integers(-63, 64, (count, TASTE_DIM)).astype(np.int8)
    return Reports(
        indices=rng.integers(0, TITLES, count), codes=codes, buckets=rng.integers(0, BUCKETS, count)
    )


def _said(reports: Reports) -> Aggregate:
    return aggregate(reports, titles=TITLES, buckets=BUCKETS, k=K)


def _gram(said: Aggregate) -> npt.NDArray[np.float64]:
    """``E E'``: what a round says, whatever axes it is written in."""
    full = np.zeros((TITLES, TASTE_DIM))
    full[said.rows.indices] = said.rows.vectors
    gram: npt.NDArray[np.float64] = full @ full.T
    return gram


def _agree(one: Aggregate, other: Aggregate) -> None:
    assert one.rows.indices.tolist() == other.rows.indices.tolist()
    assert one.counts.tolist() == other.counts.tolist()
    np.testing.assert_allclose(one.sigma, other.sigma, atol=1e-3)
    np.testing.assert_allclose(_gram(one), _gram(other), atol=0.1)


@few
@given(rounds(), st.integers(0, 99))
def test_the_order_of_reports_does_not_matter(reports: Reports, seed: int) -> None:
    order = np.random.default_rng(seed).permutation(len(reports.indices))
    _agree(
        _said(reports),
        _said(
            Reports(
                indices=reports.indices[order],
                codes=reports.codes[order],
                buckets=reports.buckets[order],
            )
        ),
    )


@few
@given(rounds())
def test_the_length_of_reports_does_not_matter(reports: Reports) -> None:
    doubled = Reports(indices=reports.indices, codes=reports.codes * 2, buckets=reports.buckets)
    _agree(_said(reports), _said(doubled))


@few
@given(rounds(), st.permutations(range(BUCKETS)))
def test_the_names_of_buckets_do_not_matter(reports: Reports, names: list[int]) -> None:
    renamed = Reports(
        indices=reports.indices, codes=reports.codes, buckets=np.array(names)[reports.buckets]
    )
    _agree(_said(reports), _said(renamed))


@few
@given(rounds(), st.integers(0, 99))
def test_below_the_cap_it_does_not_matter_which_bucket_a_report_is_in(
    reports: Reports, seed: int
) -> None:
    """Splitting and merging: as long as no bucket holds more than its cap of a title."""
    rank = np.zeros(len(reports.indices), np.int64)
    for title in range(TITLES):
        mine = reports.indices == title
        rank[mine] = np.arange(mine.sum())
    kept = rank < 2 * BUCKETS
    indices, codes, rank = reports.indices[kept], reports.codes[kept], rank[kept]
    turn = int(np.random.default_rng(seed).integers(BUCKETS))
    spread = Reports(indices=indices, codes=codes, buckets=(rank + turn) % BUCKETS)
    merged = Reports(indices=indices, codes=codes, buckets=rank // 3)
    _agree(_said(spread), _said(merged))


@few
@given(rounds())
def test_the_basis_is_orthonormal_and_e_is_the_basis_times_the_root_of_sigma(
    reports: Reports,
) -> None:
    said = _said(reports)
    used = said.sigma > 0
    v = said.rows.vectors[:, used] / np.sqrt(said.sigma[used])
    np.testing.assert_allclose(v.T @ v, np.eye(int(used.sum())), atol=0.1)
    assert not said.rows.vectors[:, ~used].any()
    assert used.sum() <= min(TASTE_DIM, len(said.rows.indices))
    assert (np.diff(said.sigma) <= 0).all()


@few
@given(rounds())
def test_nothing_below_k_is_published(reports: Reports) -> None:
    said = _said(reports)
    assert (said.counts >= K).all()
    assert set(said.rows.indices.tolist()) <= set(reports.indices.tolist())
