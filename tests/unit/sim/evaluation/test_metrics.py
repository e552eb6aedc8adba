"""NDCG, recall, hit rate and coverage against a slow twin and against another library."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from exogenesis.core.vectors import Indices
from exogenesis.sim.evaluation.metrics import DEPTH, best_lists, measure, quotient, ratio
from exogenesis.sim.households import Dataset, Household

TITLES = 60


def _home(number: int, rng: np.random.Generator) -> Household:
    titles = rng.permutation(TITLES)
    known, wanted = int(rng.integers(1, 20)), int(rng.integers(1, 30))
    return Household(
        name=str(number),
        history=titles[:known],
        seen=titles[: known + 3],
        relevant=titles[known + 3 : known + 3 + wanted],
    )


def _world(*homes: Household) -> Dataset:
    empty = np.zeros((TITLES, 1), np.float32)
    return Dataset(name="made up", households=homes, content=empty, basis=empty)


def _random_world() -> tuple[Dataset, Any]:
    rng = np.random.default_rng(5)
    world = _world(*(_home(number, rng) for number in range(50)))
    return world, rng.integers(0, 12, (50, TITLES)).astype(np.float32)  # with many ties


def _slow_list(scores: list[float], seen: set[int]) -> list[int]:
    free = [title for title in range(TITLES) if title not in seen]
    return sorted(free, key=lambda title: (-scores[title], title))[:DEPTH]


def _slow_quality(best: list[int], wanted: set[int]) -> tuple[float, float, float]:
    gain = sum(1 / math.log2(at + 2) for at, title in enumerate(best[:10]) if title in wanted)
    ideal = sum(1 / math.log2(at + 2) for at in range(min(10, len(wanted))))
    found = sum(title in wanted for title in best[:20])
    hit = any(title in wanted for title in best[:10])
    return gain / ideal, found / min(20, len(wanted)), float(hit)


def test_lists_and_metrics_equal_their_slow_twins() -> None:
    world, scores = _random_world()
    lists = best_lists(lambda _: scores, world)
    quality = measure(lists, world)
    shown: set[int] = set()
    for row, home in enumerate(world.households):
        best = _slow_list(scores[row].tolist(), set(home.seen.tolist()))
        assert lists[row].tolist() == best
        ndcg, recall, hit = _slow_quality(best, set(home.relevant.tolist()))
        assert quality.ndcg10[row] == pytest.approx(ndcg, abs=1e-12)
        assert quality.recall20[row] == pytest.approx(recall, abs=1e-12)
        assert quality.hr10[row] == hit
        shown |= set(best[:10])
    assert quality.coverage10 == len(shown) / TITLES


@pytest.mark.slow
def test_metrics_agree_with_ranx() -> None:
    ranx = pytest.importorskip("ranx", reason="ranx is not installed; see requirements.txt")
    world, scores = _random_world()
    lists = best_lists(lambda _: scores, world)
    quality = measure(lists, world)
    wanted = {h.name: {str(t): 1 for t in h.relevant} for h in world.households}
    ranked = {
        h.name: {str(title): float(DEPTH - at) for at, title in enumerate(row)}
        for h, row in zip(world.households, lists, strict=True)
    }
    other = ranx.evaluate(
        ranx.Qrels(wanted),
        ranx.Run(ranked),
        ["ndcg@10", "recall@20", "hit_rate@10"],
        return_mean=False,
    )
    order = np.argsort([h.name for h in world.households])  # ranx sorts its queries by name
    sizes = np.array([len(h.relevant) for h in world.households])
    textbook = quality.recall20 * np.minimum(DEPTH, sizes) / sizes
    np.testing.assert_allclose(quality.ndcg10[order], other["ndcg@10"], atol=1e-9)
    np.testing.assert_allclose(textbook[order], other["recall@20"], atol=1e-9)
    np.testing.assert_allclose(quality.hr10[order], other["hit_rate@10"], atol=1e-9)


def test_equal_scores_are_ranked_by_the_lower_index_and_seen_titles_never() -> None:
    home = Household(name="a", history=_at(0), seen=_at(0, 2), relevant=_at(1))
    lists = best_lists(lambda _: np.zeros((1, TITLES), np.float32), _world(home))
    assert lists[0, :4].tolist() == [1, 3, 4, 5]


def test_a_list_is_filled_up_when_candidates_run_out() -> None:
    home = Household(name="a", history=_at(), seen=_at(*range(2, TITLES)), relevant=_at(0))
    world = _world(home)
    lists = best_lists(lambda _: np.ones((1, TITLES), np.float32), world)
    assert lists[0].tolist() == [0, 1] + [-1] * 18
    assert measure(lists, world).coverage10 == 2 / TITLES


def test_a_ratio_to_itself_is_certain_and_noise_is_not() -> None:
    rng = np.random.default_rng(3)
    one, other = rng.random(400), rng.random(400)
    same = ratio(one, one, np.random.default_rng(0))
    assert (same.value, same.low, same.high) == (1.0, 1.0, 1.0)
    spread = ratio(one, other, np.random.default_rng(0))
    assert spread.low < spread.value < spread.high
    assert spread.value == pytest.approx(one.mean() / other.mean())
    # The delta method for a quotient of independent means gives the same width.
    error = math.sqrt((one.var() / one.mean() ** 2 + other.var() / other.mean() ** 2) / 400)
    assert spread.high - spread.low == pytest.approx(2 * 1.96 * error * spread.value, rel=0.1)


def test_a_ratio_to_nothing_is_infinite_or_zero() -> None:
    assert quotient(np.array([1.0, 0.0]), np.zeros(2)).tolist() == [math.inf, 0.0]


def _at(*titles: int) -> Indices:
    return np.array(titles, np.int64)
