"""The baselines against dense, obvious twins."""

from __future__ import annotations

import numpy as np
import pytest

from exogenesis.core.vectors import Floats, Indices
from exogenesis.sim.evaluation.baselines import (
    fit_ease,
    fit_itemknn,
    fit_local_content,
    fit_popularity,
)
from exogenesis.sim.evaluation.metrics import Scorer, best_lists, measure
from exogenesis.sim.households import Dataset, Household
from tests.unit.sim.evaluation.checkerboard import checkerboard

TITLES = 25


def _world() -> Dataset:
    rng = np.random.default_rng(7)
    none = np.empty(0, np.int64)
    histories: list[Indices] = [none]
    histories += [rng.permutation(20)[: rng.integers(1, 9)] for _ in range(30)]  # 20..24: nobody
    homes = tuple(
        Household(name=str(at), history=own, seen=own, relevant=none)
        for at, own in enumerate(histories)
    )
    content = rng.normal(size=(TITLES, 4)).astype(np.float32)
    return Dataset(name="made up", households=homes, content=content, basis=content)


def _dense(world: Dataset) -> Floats:
    x = np.zeros((len(world.households), TITLES))
    for row, home in enumerate(world.households):
        x[row, home.history] = 1.0
    return x  # type: ignore[return-value]


def test_popularity_counts_households() -> None:
    world = _world()
    scores = fit_popularity(world)(world.households[:3])
    np.testing.assert_array_equal(scores, np.tile(_dense(world).sum(axis=0), (3, 1)))


@pytest.mark.parametrize("lam", [1.0, 100.0])
def test_ease_equals_the_full_inverse(lam: float) -> None:
    world = _world()
    x = _dense(world)
    p = np.linalg.inv(x.T @ x + lam * np.eye(TITLES))
    b = -p / np.diag(p)
    np.fill_diagonal(b, 0.0)
    stranger = Household(
        name="s", history=np.array([1, 2, 23]), seen=np.empty(0, int), relevant=np.empty(0, int)
    )
    own = np.vstack([x, np.zeros(TITLES)])
    own[-1, stranger.history] = 1.0
    scores = fit_ease(world, lam=lam)((*world.households, stranger))
    np.testing.assert_allclose(scores, own @ b, atol=1e-9)


@pytest.mark.parametrize(("k", "shrink"), [(1, 0.0), (4, 2.5), (100, 0.0)])
def test_itemknn_equals_a_loop(k: int, shrink: float) -> None:
    world = _world()
    x = _dense(world)
    sizes = np.sqrt(x.sum(axis=0))
    expected = np.zeros_like(x)
    for title in range(TITLES):
        alike = {
            other: x[:, other] @ x[:, title] / (sizes[other] * sizes[title] + shrink)
            for other in range(TITLES)
            if other != title and x[:, other] @ x[:, title] > 0
        }
        for other in sorted(alike, key=lambda t: (-alike[t], t))[:k]:
            expected[:, title] += x[:, other] * alike[other]
    scores = fit_itemknn(world, k=k, shrink=shrink)(world.households)
    np.testing.assert_allclose(scores, expected, atol=1e-9)


def test_local_content_equals_a_loop_and_prefers_the_newest() -> None:
    world = _world()
    scores = fit_local_content(world, decay=0.5)(world.households)
    for row, home in enumerate(world.households):
        profile = np.zeros(4)
        for title in home.history:  # oldest first: each step halves what came before
            profile = 0.5 * profile + world.content[title]
        np.testing.assert_allclose(scores[row], world.content @ profile, atol=1e-5)


@pytest.mark.parametrize("name", ["ease", "itemknn", "local_content"])
def test_the_other_squares_are_found(name: str) -> None:
    world = checkerboard()
    fitted: dict[str, Scorer] = {
        "ease": fit_ease(world, lam=10.0),
        "itemknn": fit_itemknn(world, k=20, shrink=1.0),
        "local_content": fit_local_content(world, decay=0.9),
    }
    quality = measure(best_lists(fitted[name], world), world)
    assert quality.ndcg10.min() == pytest.approx(1.0)


def test_popularity_does_not_know_colours() -> None:
    world = checkerboard()
    assert measure(best_lists(fit_popularity(world), world), world).ndcg10.mean() < 0.7
