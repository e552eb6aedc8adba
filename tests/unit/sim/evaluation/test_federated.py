"""The replayed rounds: against a dense loop, with real envelopes, and on the checkerboard."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest

from exogenesis.core.limits import PAGE_BYTES_MAX, PUSH_BYTES_MAX
from exogenesis.core.provisional import fill_unpublished
from exogenesis.core.ranking import RankerSettings
from exogenesis.core.taste import TasteSpace
from exogenesis.sim.evaluation.federated import (
    ALL_ANCHORS,
    CAPPED,
    MODES,
    SEALED,
    Mode,
    replay,
    taste_scorer,
    television_lists,
)
from exogenesis.sim.evaluation.metrics import best_lists, measure
from exogenesis.sim.households import Dataset, Household
from tests.unit.sim.evaluation.checkerboard import checkerboard

Doubles = npt.NDArray[np.float64]


def _last(world: Dataset, mode: Mode, *, seed: int = 1, rounds: int = 4) -> TasteSpace:
    *_, last = replay(world, mode, np.random.default_rng(seed), rounds=rounds)
    return last.space


def _slow_round(world: Dataset, basis: Doubles, weights: Doubles) -> tuple[Doubles, Doubles]:
    """One round with all anchors, no blur and k = 1, written as the formulas are."""
    sums = np.zeros((world.titles, 64))
    counts = np.zeros(world.titles)
    for home in world.households:
        report = np.zeros(64)
        for title in home.history:
            report += weights[title] * basis[title]
        report /= max(float(np.linalg.norm(report)), 1e-12)
        scale = float(np.float16(np.abs(report).max() / 127))
        coded = np.array([round(value / scale) if scale else 0 for value in report], float)
        coded /= max(float(np.linalg.norm(coded)), 1e-12)
        for title in home.history:
            sums[title] += coded
            counts[title] += 1
    named = counts > 0
    means = np.divide(sums, counts[:, None], out=np.zeros_like(sums), where=named[:, None])
    lengths = np.linalg.norm(means, axis=1)
    limit = np.median(lengths[named])
    y = np.zeros_like(sums)
    for title in np.flatnonzero(named):
        shortened = means[title] * min(1.0, limit / max(lengths[title], 1e-12))
        y[title] = shortened * counts[title] * (counts[title] + 1) ** -0.25
    left, singular, _ = np.linalg.svd(y, full_matrices=False)
    kept = singular > math.sqrt(1e-9) * singular[0]
    vectors = np.where(kept, left * singular**0.25, 0.0)
    return vectors, np.where(named, (counts + 1) ** -0.25, 1.0)


def _random_world() -> Dataset:
    rng = np.random.default_rng(11)
    none = np.empty(0, np.int64)
    homes = tuple(
        Household(name=str(n), history=own, seen=own, relevant=none)
        for n, own in enumerate(rng.permutation(90)[: rng.integers(0, 30)] for _ in range(40))
    )
    basis = np.linalg.qr(rng.normal(size=(100, 64)))[0].astype(np.float32)
    return Dataset(name="made up", households=homes, content=basis, basis=basis)


def test_a_round_equals_the_dense_loop() -> None:
    world = _random_world()
    (first,) = replay(world, ALL_ANCHORS, np.random.default_rng(0), rounds=1, k=1)
    vectors, weights = _slow_round(world, world.basis.astype(float), np.ones(world.titles))
    # Signs of columns are free, products are not; pages carry int8 codes.
    likeness = vectors @ vectors.T
    found = first.space.vectors @ first.space.vectors.T
    np.testing.assert_allclose(found, likeness, atol=0.02 * np.abs(likeness).max())
    np.testing.assert_allclose(first.space.weights, weights, rtol=1e-3)
    assert first.published == int((weights < 1).sum())
    assert first.reports == world.positives


def test_sealed_envelopes_and_pushes_change_nothing() -> None:
    world = checkerboard(24)
    for mode, rounds in ((CAPPED, 2), (SEALED, 1)):
        bare = list(replay(world, mode, np.random.default_rng(4), rounds=rounds))
        sent = list(replay(world, mode, np.random.default_rng(4), rounds=rounds, sealed=True))
        for one, other in zip(bare, sent, strict=True):
            np.testing.assert_array_equal(one.space.vectors, other.space.vectors)
            assert one.reports == other.reports == world.positives
        assert 0 < sent[0].push_bytes <= PUSH_BYTES_MAX
        assert 0 < sent[0].page_bytes <= PAGE_BYTES_MAX


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_the_other_squares_are_found_in_every_mode(mode: Mode) -> None:
    world = checkerboard()
    space = _last(world, mode)
    plain = measure(best_lists(taste_scorer(space), world), world)
    filled = fill_unpublished(space, world.content)
    ranked = measure(television_lists(world, filled, RankerSettings(diversity=0.0)), world)
    assert plain.ndcg10.mean() > 0.97
    assert ranked.ndcg10.mean() > 0.97


def test_a_television_that_never_pulled_finds_them_by_content() -> None:
    world = checkerboard()
    lists = television_lists(world, None, RankerSettings(local_popularity_weight=0.1))
    assert measure(lists, world).ndcg10.mean() > 0.97


def test_nothing_is_published_below_k() -> None:
    world = checkerboard(8)  # four households of each colour
    (only,) = replay(world, ALL_ANCHORS, np.random.default_rng(0), rounds=1)
    assert (only.published, only.page_bytes, only.space.round) == (0, 0, 0)
    np.testing.assert_array_equal(only.space.vectors, world.basis)


def test_ten_draws_are_ten_televisions() -> None:
    world = checkerboard(8)
    ten = Mode(name="ten", anchors=3, dial=SEALED.dial, draws=10)
    (only,) = replay(world, ten, np.random.default_rng(0), rounds=1)
    assert only.reports == 8 * 10 * 3


def test_a_household_reports_each_title_at_most_once_and_at_most_forty() -> None:
    world = _random_world()
    few = Mode(name="few", anchors=5, dial=SEALED.dial)
    (only,) = replay(world, few, np.random.default_rng(0), rounds=1)
    assert only.reports == sum(min(5, len(home.history)) for home in world.households)


def test_equal_seeds_repeat_and_others_differ() -> None:
    world = checkerboard()
    one, same, other = (_last(world, SEALED, seed=seed, rounds=2).vectors for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, same)
    assert not np.array_equal(one, other)
