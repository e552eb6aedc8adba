"""The weekly work: search, compare on the other half of the history, accept or not."""

from __future__ import annotations

import math
from collections.abc import Callable, Generator, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np

from exogenesis.tv.metasona.accept import (
    LEAST_CASES,
    WORST,
    Interval,
    Utilities,
    compare,
    is_due,
    level_of_try,
)
from exogenesis.tv.metasona.lineage import Ancestor, Lineage
from exogenesis.tv.metasona.replay import Case, Judge, replay
from exogenesis.tv.metasona.search import search
from exogenesis.tv.metasona.space import Point, Space

EVALUATIONS = 120
"""Settings evaluated in one search."""

LATENCY_BUDGET_US = 5000.0
"""Longest median time of ranking one case."""

PRUDENCE = 1.0
"""Standard errors taken off a mean gain while searching: a gain by luck is spread widely."""

ROLLBACK_LEVEL = 0.01
"""Probability of taking settings for worse than their parent when they are not."""


class Verdict(StrEnum):
    """How an attempt ended."""

    WAITING = "waiting"
    """There are not enough cases, or not enough since the last try."""
    NOTHING = "nothing"
    """Nothing better was found on the half that guides the search."""
    TOO_SLOW = "too slow"
    """What was found takes too long."""
    REJECTED = "rejected"
    """The gain on the other half is not beyond doubt."""
    ACCEPTED = "accepted"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What an attempt came to.

    Attributes:
        verdict: how it ended.
        proposed: the settings that the search found, or None.
        interval: their gain on the cases that decide, or None when it was not compared.
        evaluations: settings evaluated by the search.
        spent_us: time spent ranking.
    """

    verdict: Verdict
    proposed: Point | None = None
    interval: Interval | None = None
    evaluations: int = 0
    spent_us: int = 0


class MetaSona:
    """Improves the settings of one television on its own history.

    Args:
        lineage: the settings in use, and where the accepted ones go.
        space: every setting.
        judge: ranks a case under some settings.
        timer: nanoseconds from any start.
        rng: draws proposals.
        latency_budget_us: settings whose median case takes longer are never accepted.
        evaluations: settings evaluated in one search.
    """

    def __init__(
        self,
        *,
        lineage: Lineage,
        space: Space,
        judge: Judge,
        timer: Callable[[], int],
        rng: np.random.Generator,
        latency_budget_us: float = LATENCY_BUDGET_US,
        evaluations: int = EVALUATIONS,
    ) -> None:
        self.lineage = lineage
        self._space = space
        self._judge = judge
        self._timer = timer
        self._rng = rng
        self._budget_us = latency_budget_us
        self._evaluations = evaluations
        self._spent_us = 0

    def has_enough(self, cases: Sequence[Case]) -> bool:
        """Whether there are enough cases, and enough since the last try, for another one."""
        deciding = [case for case in cases if case.decides]
        tries = self.lineage.tries()
        fresh = sum(case.at > tries.at for case in deciding)
        due = is_due(cases=len(deciding), fresh=fresh, cases_before=tries.cases)
        return due and len(cases) - len(deciding) >= LEAST_CASES

    def improve(
        self, cases: Sequence[Case], *, tuned: Iterable[str], now: int
    ) -> Generator[None, None, Outcome]:
        """Try once to find better settings; yields after every ranked case.

        Args:
            cases: of the household's history.
            tuned: names of the settings that may change.
            now: Unix seconds.

        Raises:
            DiskFull, StorageError: nothing was accepted.
        """
        self._spent_us = 0
        if not self.has_enough(cases):
            return Outcome(verdict=Verdict.WAITING)
        guiding = [case for case in cases if not case.decides]
        deciding = [case for case in cases if case.decides]
        tries = self.lineage.tries()
        active = self.lineage.active()
        proposed, evaluations = yield from self._search(active, guiding, tuned)
        if proposed is None:
            self.lineage.note_search(len(deciding), now=now)
            return self._outcome(Verdict.NOTHING, None, None, evaluations)
        old, _ = yield from self._replay(active, deciding)
        new, latency_us = yield from self._replay(proposed, deciding)
        if latency_us > self._budget_us:
            return self._outcome(Verdict.TOO_SLOW, proposed, None, evaluations)
        interval = compare(new, old, level_of_try(tries.count + 1))
        accepted = interval.is_better
        self.lineage.record(proposed, interval, accepted=accepted, now=now)
        verdict = Verdict.ACCEPTED if accepted else Verdict.REJECTED
        return self._outcome(verdict, proposed, interval, evaluations)

    def check(self, cases: Sequence[Case], *, now: int) -> Generator[None, None, list[Ancestor]]:
        """Look after the settings in use; what is wrong is rolled back. Returns the rollbacks.

        Settings are wrong when their row is damaged, when a value is out of bounds, when they
        have become too slow though their parent is not, or when they do worse than their parent
        in what was watched since they were accepted.

        Args:
            cases: of the household's history.
            now: Unix seconds.

        Raises:
            DiskFull, StorageError
        """
        rollbacks = self.lineage.roll_back_invalid(now=now)
        newest = self.lineage.newest()
        if newest is None or newest.point is None:
            return rollbacks
        since = [case for case in cases if case.at > newest.at]
        if len(since) < LEAST_CASES:
            return rollbacks
        before, before_us = yield from self._replay(self.lineage.parent_point(newest), since)
        after, after_us = yield from self._replay(newest.point, since)
        interval = compare(after, before, ROLLBACK_LEVEL)
        if after_us > self._budget_us >= before_us:
            reason = f"a list takes {after_us:.0f} us, more than {self._budget_us:.0f}"
        elif interval.is_worse:
            reason = f"in {interval.cases} cases since then it lost {-interval.gain:.3f} a case"
        else:
            return rollbacks
        return [*rollbacks, self.lineage.roll_back(newest, reason, now=now)]

    def _search(
        self, active: Point, guiding: Sequence[Case], tuned: Iterable[str]
    ) -> Generator[None, None, tuple[Point | None, int]]:
        """Search from the settings in use; None when nothing else was better."""
        part = self._space.part(tuned)
        reference: Utilities | None = None

        def fitness(place: Point) -> Generator[None, None, float]:
            nonlocal reference
            point = MappingProxyType({**active, **place})
            utilities, latency_us = yield from self._replay(point, guiding)
            if reference is None:
                reference = utilities
                return 0.0
            return (
                prudent_gain(utilities, reference) if latency_us <= self._budget_us else -math.inf
            )

        start = MappingProxyType({one.name: active[one.name] for one in part.settings})
        found = yield from search(
            part, start, fitness, evaluations=self._evaluations, rng=self._rng
        )
        if found.fitness <= 0.0:
            return None, found.evaluations
        return MappingProxyType({**active, **found.point}), found.evaluations

    def _replay(
        self, point: Point, cases: Sequence[Case]
    ) -> Generator[None, None, tuple[Utilities, float]]:
        replayed = yield from replay(point, cases, self._judge, self._timer)
        self._spent_us += replayed.spent_us
        return replayed.utilities, replayed.latency_us

    def _outcome(
        self, verdict: Verdict, proposed: Point | None, interval: Interval | None, evaluations: int
    ) -> Outcome:
        return Outcome(
            verdict=verdict,
            proposed=proposed,
            interval=interval,
            evaluations=evaluations,
            spent_us=self._spent_us,
        )


def prudent_gain(new: Utilities, old: Utilities) -> float:
    """Return ``mean(d) - PRUDENCE sd(d) / sqrt(n)`` of the gains d, each counted up to WORST."""
    gains = np.clip(new - old, -WORST, WORST)
    return float(gains.mean() - PRUDENCE * gains.std() / math.sqrt(len(gains)))
