"""Search for better settings: an evolution strategy that adapts its covariance.

(mu/mu_w, lambda)-CMA-ES in the unit cube, with the constants of Hansen, "The CMA Evolution
Strategy: A Tutorial", 2016, table 1 (without negative weights). Proposals outside the cube are
mirrored back into it. The search starts at the settings in use, so that a household which gives
no evidence costs nothing but the evaluations.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from exogenesis.tv.metasona.space import Cube, Point, Space

Evaluation = Generator[None, None, float]
"""Yields between slices of its work; returns the fitness, ``-inf`` for what may not be used."""

Objective = Callable[[Point], Evaluation]

STEP = 0.25
"""First standard deviation of the proposals, in widths of the cube."""

_Matrix = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a search ended with.

    Attributes:
        point: the best settings found; those it started from when nothing was better.
        fitness: theirs.
        start_fitness: of the settings it started from.
        evaluations: how many settings were evaluated, the start among them.
    """

    point: Point
    fitness: float
    start_fitness: float
    evaluations: int


@dataclass(slots=True)
class _Strategy:
    """State and constants of the evolution strategy in ``d`` dimensions."""

    mean: Cube
    sigma: float
    rng: np.random.Generator
    size: int = field(init=False)
    weights: Cube = field(init=False)
    mass: float = field(init=False)
    covariance: _Matrix = field(init=False)
    path: Cube = field(init=False)
    sigma_path: Cube = field(init=False)
    generation: int = 0

    def __post_init__(self) -> None:
        d = len(self.mean)
        self.size = 4 + int(3.0 * math.log(d))
        raw = math.log((self.size + 1) / 2) - np.log(np.arange(1, self.size // 2 + 1))
        self.weights = raw / raw.sum()
        self.mass = 1.0 / float((self.weights**2).sum())
        self.covariance = np.eye(d)
        self.path, self.sigma_path = np.zeros(d), np.zeros(d)

    def propose(self) -> _Matrix:
        """Draw ``(size, d)`` places of the cube."""
        values, axes = np.linalg.eigh(self.covariance)
        drawn = self.rng.normal(size=(self.size, len(self.mean)))
        steps = (drawn * np.sqrt(np.maximum(values, 1e-20))) @ axes.T
        return mirrored(self.mean + self.sigma * steps)

    def learn(self, places: _Matrix) -> None:
        """Move towards ``places`` ``(size, d)``, the fittest first."""
        d, mass = len(self.mean), self.mass
        c_sigma = (mass + 2) / (d + mass + 5)
        damping = 1 + 2 * max(0.0, math.sqrt((mass - 1) / (d + 1)) - 1) + c_sigma
        c_path = (4 + mass / d) / (d + 4 + 2 * mass / d)
        c_one = 2 / ((d + 1.3) ** 2 + mass)
        c_many = min(1 - c_one, 2 * (mass - 2 + 1 / mass) / ((d + 2) ** 2 + mass))
        steps = (places[: len(self.weights)] - self.mean) / self.sigma
        step = self.weights @ steps
        self.mean = self.mean + self.sigma * step
        self.generation += 1

        values, axes = np.linalg.eigh(self.covariance)
        whitened = axes @ ((axes.T @ step) / np.sqrt(np.maximum(values, 1e-20)))
        self.sigma_path = (1 - c_sigma) * self.sigma_path
        self.sigma_path += math.sqrt(c_sigma * (2 - c_sigma) * mass) * whitened
        expected = math.sqrt(d) * (1 - 1 / (4 * d) + 1 / (21 * d * d))
        length = float(np.linalg.norm(self.sigma_path))
        settled = math.sqrt(1 - (1 - c_sigma) ** (2 * self.generation))
        moving = float(length / settled < (1.4 + 2 / (d + 1)) * expected)
        self.path = (1 - c_path) * self.path
        self.path += moving * math.sqrt(c_path * (2 - c_path) * mass) * step
        kept = 1 - c_one - c_many + (1 - moving) * c_one * c_path * (2 - c_path)
        self.covariance = (
            kept * self.covariance
            + c_one * np.outer(self.path, self.path)
            + c_many * (steps.T * self.weights) @ steps
        )
        self.sigma = min(0.5, self.sigma * math.exp(c_sigma / damping * (length / expected - 1)))


def mirrored(places: _Matrix) -> _Matrix:
    """Fold places outside the unit cube back into it, as between two mirrors."""
    folded = np.mod(places, 2.0)
    return np.minimum(folded, 2.0 - folded)


def search(
    space: Space,
    start: Point,
    objective: Objective,
    *,
    evaluations: int,
    rng: np.random.Generator,
    step: float = STEP,
) -> Generator[None, None, Found]:
    """Look for settings of greater fitness with at most ``evaluations`` evaluations.

    The last evaluation goes to the middle of the final distribution: where the fitness is noisy,
    the luckiest proposal is worse than it looked, and the middle is not. The middle is returned
    unless the best proposal is ahead of it by more than the last generation spreads.

    Args:
        space: the settings.
        start: those in use; evaluated first.
        objective: the fitness, the greater the better, in slices.
        evaluations: at least 1.
        rng: draws the proposals.
        step: first standard deviation, in widths of the cube.
    """
    start_fitness = yield from objective(start)
    best, fitness, spent = start, start_fitness, 1
    strategy = _Strategy(space.encode(start), step, rng)
    spread = 0.0
    while spent + strategy.size < evaluations:
        places = strategy.propose()
        values = np.empty(len(places))
        for row, place in enumerate(places):
            proposal = space.decode(place)
            values[row] = yield from objective(proposal)
            if values[row] > fitness:
                best, fitness = proposal, float(values[row])
        spent += len(places)
        strategy.learn(places[np.argsort(-values, kind="stable")])
        usable = values[np.isfinite(values)]
        spread = float(usable.std()) if len(usable) > 1 else 0.0
        yield
    if 1 < spent < evaluations:
        middle = space.decode(strategy.mean)
        value = yield from objective(middle)
        spent += 1
        if value > start_fitness and value >= fitness - spread:
            best, fitness = middle, value
    return Found(point=best, fitness=fitness, start_fitness=start_fitness, evaluations=spent)
