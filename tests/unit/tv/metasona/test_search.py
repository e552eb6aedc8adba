from __future__ import annotations

import math
from collections.abc import Generator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exogenesis.tv.metasona.search import mirrored, search
from exogenesis.tv.metasona.space import Point
from tests.unit.tv.metasona.planted import KINDS, bowl, drained, unit_space

BUDGET = 100


def duel(kind: str, seed: int, budget: int = BUDGET, dim: int = 8) -> bool:
    """Whether the search ends nearer to the optimum than random search with the same budget."""
    space, truth, seen = bowl(kind, dim, seed)
    start = space.decode(np.full(dim, 0.5))
    rng = np.random.default_rng([seed, 4])
    found = drained(search(space, start, seen, evaluations=budget, rng=rng))
    drawn = [start, *(space.decode(rng.uniform(size=dim)) for _ in range(budget - 1))]
    return truth(found.point) > truth(max(drawn, key=lambda point: drained(seen(point))))


@pytest.mark.parametrize(
    ("kind", "seeds"),
    [(kind, 40) for kind in KINDS]
    + [pytest.param(kind, 500, marks=pytest.mark.soak) for kind in KINDS],
)
def test_it_beats_random_search_with_the_same_budget(kind: str, seeds: int) -> None:
    won = sum(duel(kind, seed) for seed in range(seeds))
    assert won >= (0.75 if kind == "noisy" else 0.95) * seeds


@pytest.mark.parametrize("budget", [1, 2, 10, 11, 57, 100])
def test_the_budget_holds_and_what_was_found_is_what_it_says(budget: int) -> None:
    space, truth, _ = bowl("rotated", 8, 0)
    asked: list[Point] = []

    def seen(point: Point) -> Generator[None, None, float]:
        asked.append(point)
        yield
        return truth(point)

    start = space.decode(np.full(8, 0.5))
    rng = np.random.default_rng(0)
    found = drained(search(space, start, seen, evaluations=budget, rng=rng))
    assert asked[0] == start
    assert found.evaluations == len(asked) <= budget
    assert found.point in asked
    assert found.fitness == truth(found.point) >= found.start_fitness == truth(start)


def test_what_may_not_be_used_is_never_found() -> None:
    space, truth, _ = bowl("separable", 6, 3)

    def seen(point: Point) -> Generator[None, None, float]:
        yield
        return truth(point) if float(point["s00"]) >= 0.5 else -math.inf

    rng = np.random.default_rng(1)
    for start in (0.5, 0.9):
        first = space.decode(np.full(6, start))
        found = drained(search(space, first, seen, evaluations=80, rng=rng))
        assert float(found.point["s00"]) >= 0.5
        assert found.fitness > found.start_fitness


def test_a_plain_without_a_hill_is_left_where_it_was_entered() -> None:
    space = unit_space(5)
    start = space.decode(np.full(5, 0.3))

    def seen(point: Point) -> Generator[None, None, float]:
        yield
        return 1.0

    found = drained(search(space, start, seen, evaluations=60, rng=np.random.default_rng(2)))
    assert found.point == start


def test_a_narrow_valley_that_no_setting_follows_alone_is_walked_through() -> None:
    space = unit_space(4)
    turn = np.linalg.qr(np.random.default_rng(7).normal(size=(4, 4)))[0]
    steep = np.array([1.0, 30.0, 1000.0, 1000.0])

    def seen(point: Point) -> Generator[None, None, float]:
        yield
        return -float((steep * (turn @ (space.encode(point) - 0.6)) ** 2).sum())

    start = space.decode(np.full(4, 0.2))
    reached = [
        drained(search(space, start, seen, evaluations=800, rng=np.random.default_rng(s))).fitness
        for s in range(10)
    ]
    assert np.median(reached) > -2e-5


def test_one_setting_alone_can_be_searched() -> None:
    space = unit_space(1)

    def seen(point: Point) -> Generator[None, None, float]:
        yield
        return -((float(point["s00"]) - 0.8) ** 2)

    start = space.decode(np.array([0.2]))
    found = drained(search(space, start, seen, evaluations=40, rng=np.random.default_rng(3)))
    assert float(found.point["s00"]) == pytest.approx(0.8, abs=0.03)


def test_every_evaluation_is_sliced() -> None:
    space, _, seen = bowl("separable", 4, 0)
    work = search(
        space,
        space.decode(np.full(4, 0.5)),
        seen,
        evaluations=30,
        rng=np.random.default_rng(0),
    )
    assert sum(1 for _ in work) >= 26


@given(st.lists(st.floats(-9.0, 9.0), min_size=1, max_size=5).map(np.array))
def test_mirrors_bring_every_place_into_the_cube(place: np.ndarray) -> None:
    folded = mirrored(place)
    assert ((folded >= 0.0) & (folded <= 1.0)).all()
    inside = (place >= 0.0) & (place <= 1.0)
    assert folded[inside] == pytest.approx(place[inside])
    assert mirrored(-place) == pytest.approx(folded, abs=1e-12)
