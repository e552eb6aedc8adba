"""Functions and histories with known answers, for the tests of self-optimisation."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import TypeVar

import numpy as np

from exogenesis.core.vectors import Indices
from exogenesis.tv.metasona.replay import Case
from exogenesis.tv.metasona.search import Objective
from exogenesis.tv.metasona.space import Point, Setting, Space

T = TypeVar("T")
KINDS = ("separable", "rotated", "noisy")


def drained(work: Generator[None, None, T]) -> T:
    """Run a generator to its end and return its value."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            value: T = end.value
            return value


def unit_space(dim: int) -> Space:
    """A space of ``dim`` settings from 0 to 1."""
    return Space(Setting(name=f"s{axis:02}") for axis in range(dim))


def bowl(kind: str, dim: int, seed: int) -> tuple[Space, Callable[[Point], float], Objective]:
    """A quadratic bowl with its bottom within the cube: the space, the truth, what is seen."""
    rng = np.random.default_rng([seed, 1])
    bottom, steep = rng.uniform(0.1, 0.9, dim), np.exp(rng.uniform(-1.5, 1.5, dim))
    turn = np.eye(dim) if kind == "separable" else np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    space = unit_space(dim)
    noise = np.random.default_rng([seed, 2])

    def truth(point: Point) -> float:
        return -float((steep * (turn @ (space.encode(point) - bottom)) ** 2).sum())

    def seen(point: Point) -> Generator[None, None, float]:
        yield
        return truth(point) + (0.2 * float(noise.normal()) if kind == "noisy" else 0.0)

    return space, truth, seen


def cases(count: int, *, start: int = 0) -> list[Case]:
    """``count`` cases, a second apart; every second one decides."""
    nothing: Indices = np.empty(0, np.int64)
    return [
        Case(
            profile="home",
            title=number,
            at=number + 1,
            history=nothing,
            seen=nothing,
            decides=bool(number % 2),
        )
        for number in range(start, start + count)
    ]


def worth_of(
    space: Space, seed: int, *, centre: Point | None = None, noise: float = 0.15
) -> Callable[[Point, Case], float]:
    """Utilities ``.5 + gain(point) + what suits this case alone``, a smooth function of the point.

    The gain is 0 everywhere without ``centre``, else largest there; what suits a case is a wave
    over the cube with a random direction, whose mean over all cases is 0 everywhere.
    """
    rng = np.random.default_rng([seed, 3])
    dim = len(space)
    directions = rng.normal(scale=4.0, size=(4096, dim))
    phases = rng.uniform(0.0, 2.0 * np.pi, 4096)
    middle = None if centre is None else space.encode(centre)

    def worth(point: Point, case: Case) -> float:
        place = space.encode(point)
        wave = np.sin(directions[case.title] @ place + phases[case.title])
        gain = 0.0 if middle is None else -0.5 * float(((place - middle) ** 2).sum())
        return 0.5 + gain + noise * float(wave)

    return worth
