"""What this device can do: measured latencies, and the way of working that they allow.

Each kind of work has a ladder of ways to do it, the best first, each with a budget. The last 128
latencies of each way are held. A way is too slow when three of them are over its budget: the 99th
percentile is, then. The best way that is not too slow is taken. So that a device which was only
busy is not held down for ever, the way above is tried again once in 200 calls, so rarely that the
percentile does not notice, and taken when three tries in a row are in its budget; after a try that
is not, it waits twice as long.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from exogenesis.errors import InputError

WINDOW = 128
SLOW_MOST = 2
"""So many of the last :data:`WINDOW` calls may be over the budget."""

MEASURED_LEAST = 20
"""With fewer a percentile says nothing."""

COLD_CALLS = 5
"""The first calls of a way after a start are slow everywhere, and not counted."""

TRY_EVERY = 200
TRY_EVERY_MAX = 16 * TRY_EVERY
TRIES = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Ladder:
    """A kind of work.

    Attributes:
        name: what is done: ``recommend``, ``write``.
        ways: how, the best first.
        budgets_us: for each way but the last, the time that 99 of 100 calls have to stay below,
            or the next way is taken; without any, the work is only measured.
    """

    name: str
    ways: tuple[str, ...]
    budgets_us: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What was measured of one way of working.

    Attributes:
        name, way: which.
        calls: latencies that the percentiles are taken of, the last ones.
        p50_us, p99_us: 50th and 99th percentile.
    """

    name: str
    way: str
    calls: int
    p50_us: int
    p99_us: int


class _Held:
    """The last latencies of one way."""

    def __init__(self, budget_us: int | None) -> None:
        self.budget_us = budget_us
        self.latencies_us: deque[int] = deque(maxlen=WINDOW)
        self.cold = COLD_CALLS

    def is_over(self, latency_us: int) -> bool:
        return self.budget_us is not None and latency_us > self.budget_us

    @property
    def is_slow(self) -> bool:
        return sum(map(self.is_over, self.latencies_us)) > SLOW_MOST

    def percentile(self, percent: float) -> int:
        return int(np.percentile(np.array(self.latencies_us), percent, method="higher"))


class _Climb:
    """One ladder, and where it is stood on."""

    def __init__(self, ladder: Ladder) -> None:
        budgets_us = dict(zip(ladder.ways, ladder.budgets_us, strict=False))
        self.ways = {way: _Held(budgets_us.get(way)) for way in ladder.ways}
        self.names = list(self.ways)
        self.calls = 0
        self.passed = 0
        self.every = TRY_EVERY

    def standing(self) -> str:
        """The way in use: the best that is not too slow, or the last."""
        quick = (name for name, held in self.ways.items() if not held.is_slow)
        return next(quick, self.names[-1])

    def better(self) -> str | None:
        """The way above the one in use."""
        at = self.names.index(self.standing())
        return self.names[at - 1] if at else None

    def choose(self) -> str:
        better = self.better()
        self.calls = 0 if better is None else self.calls + 1
        if better is not None and self.calls >= self.every:
            self.calls = 0
            return better
        return self.standing()

    def record(self, way: str, latency_us: int) -> None:
        held, is_try = self.ways[way], way == self.better()
        if held.cold:
            held.cold -= 1
            return
        held.latencies_us.append(latency_us)
        if not is_try:
            return
        if held.is_over(latency_us):
            self.passed, self.every = 0, min(TRY_EVERY_MAX, 2 * self.every)
            return
        self.passed += 1
        if self.passed >= TRIES:
            self.passed, self.every = 0, TRY_EVERY
            held.latencies_us.clear()


class Substrate:
    """Records latencies and chooses ways of working.

    Args:
        ladders: the kinds of work.
    """

    def __init__(self, ladders: Iterable[Ladder]) -> None:
        self._climbs = {ladder.name: _Climb(ladder) for ladder in ladders}

    def choose(self, name: str) -> str:
        """Return how to do the next piece of work; hand its latency to :meth:`record`."""
        return self._climb(name).choose()

    def way(self, name: str) -> str:
        """Return how work of a kind is done now, the rare tries aside."""
        return self._climb(name).standing()

    def record(self, name: str, way: str, latency_us: int) -> None:
        """Take note of how long a piece of work took, in microseconds.

        Raises:
            InputError: no such work, or no such way.
        """
        climb = self._climb(name)
        if way not in climb.ways:
            raise InputError(f"{name} is not done in the way {way!r}")
        climb.record(way, max(0, latency_us))

    def measures(self) -> list[Measure]:
        """Return what was measured, of each way that was taken often enough."""
        return [
            Measure(
                name=name,
                way=way,
                calls=len(held.latencies_us),
                p50_us=held.percentile(50.0),
                p99_us=held.percentile(99.0),
            )
            for name, climb in self._climbs.items()
            for way, held in climb.ways.items()
            if len(held.latencies_us) >= MEASURED_LEAST
        ]

    def measure(self, name: str) -> Measure | None:
        """Return what was measured of the way in use, or None before there is enough."""
        way = self.way(name)
        return next((one for one in self.measures() if (one.name, one.way) == (name, way)), None)

    def restore(self, measures: Iterable[Measure]) -> None:
        """Begin where an earlier life of this device had come to.

        A way that was too slow then is not taken before it was tried; the others are measured
        anew.
        """
        for one in measures:
            climb = self._climbs.get(one.name)
            held = None if climb is None else climb.ways.get(one.way)
            if held is not None and held.is_over(one.p99_us):
                held.latencies_us.extend([one.p99_us] * (SLOW_MOST + 1))
                held.cold = 0

    def _climb(self, name: str) -> _Climb:
        if name not in self._climbs:
            raise InputError(f"{name!r} is not measured on this device")
        return self._climbs[name]


def measure_metadata(measure: Measure) -> dict[str, int | str]:
    """Return a measure as the metadata of a memory of tier 8."""
    return {
        "name": measure.name,
        "way": measure.way,
        "calls": measure.calls,
        "p50_us": measure.p50_us,
        "p99_us": measure.p99_us,
    }


def measure_of(metadata: Mapping[str, Any]) -> Measure | None:
    """Read a measure back; None where it is not one."""
    try:
        return Measure(
            name=str(metadata["name"]),
            way=str(metadata["way"]),
            calls=int(metadata["calls"]),
            p50_us=int(metadata["p50_us"]),
            p99_us=int(metadata["p99_us"]),
        )
    except (KeyError, TypeError, ValueError):
        return None
