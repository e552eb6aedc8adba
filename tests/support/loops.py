"""A clock, a timer and works for the loops, for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from exogenesis.tv.loops import Cycle, LoopEngine, LoopType, Work
from exogenesis.tv.moment import Moment
from exogenesis.tv.persistence import Database
from tests.support.television import NOW

DAY_S = 86_400
YEAR_S = 365 * DAY_S


class FakeNow:
    """A moment that stands until it is moved."""

    def __init__(self, at: int = NOW, *, trusted: bool = True) -> None:
        self.at = at
        self.trusted = trusted

    def __call__(self) -> Moment:
        return Moment(at=self.at, trusted=self.trusted)


class FakeTimer:
    """A timer that stands until it is moved."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns

    def pass_ms(self, ms: float) -> None:
        self.ns += int(ms * 1e6)


class Recorder:
    """A work that takes some steps and writes down whose cycle ran, and when."""

    def __init__(self, timer: FakeTimer, *, steps: int = 1, step_ms: float = 1.0) -> None:
        self.timer = timer
        self.steps = steps
        self.step_ms = step_ms
        self.cycles: list[tuple[LoopType, int]] = []
        self.taken: list[LoopType] = []

    def __call__(self, cycle: Cycle) -> Iterator[None]:
        self.cycles.append((cycle.loop, cycle.at))
        for step in range(self.steps):
            self.timer.pass_ms(self.step_ms)
            self.taken.append(cycle.loop)
            if step + 1 < self.steps:
                yield

    def loops(self) -> list[LoopType]:
        return [loop for loop, _ in self.cycles]


def engine_of(
    database: Database,
    works: Mapping[LoopType, Work],
    *,
    now: FakeNow,
    timer: FakeTimer | None = None,
    seed: int = 1,
) -> LoopEngine:
    return LoopEngine(
        database, works, now=now, timer=timer or FakeTimer(), rng=np.random.default_rng(seed)
    )


def everywhere(work: Work) -> dict[LoopType, Work]:
    """The same work for each of the seven."""
    return dict.fromkeys(LoopType, work)
