"""The seven loops, in one enum and one table."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

MINUTE_S, HOUR_S, DAY_S = 60, 3_600, 86_400
YEAR_S = 365 * DAY_S


class LoopType(StrEnum):
    """The loops, from the fastest to the slowest."""

    REFLEXIVE = "reflexive"
    REACTIVE = "reactive"
    ADAPTIVE = "adaptive"
    DELIBERATIVE = "deliberative"
    EVOLUTIONARY = "evolutionary"
    TRANSFORMATIVE = "transformative"
    TRANSCENDENT = "transcendent"


class Trigger(StrEnum):
    """What makes a loop run."""

    EVENT = "event"
    """Only that something happened; at the next opportunity, once for all that happened."""

    DEMAND = "demand"
    """That something happened, and a period has passed since; a start counts as an event."""

    CLOCK = "clock"
    """That a period has passed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """When a loop runs, and how long it may.

    Attributes:
        trigger: what makes it run.
        period_ms: time between two cycles; of an event-driven loop, how often its host should
            give it the opportunity.
        budget_ms: computing time of one whole cycle, all slices together; more is a failure.
        retry_s: time between a failed cycle and the next.
        inhibited: whether it waits while something is played or the television is under load.
    """

    trigger: Trigger
    period_ms: int
    budget_ms: int
    retry_s: int = 0
    inhibited: bool = False

    @property
    def period_s(self) -> int:
        """The period in whole seconds."""
        return self.period_ms // 1000


PERIODS: dict[LoopType, Period] = {
    LoopType.REFLEXIVE: Period(trigger=Trigger.EVENT, period_ms=100, budget_ms=5),
    LoopType.REACTIVE: Period(trigger=Trigger.EVENT, period_ms=5_000, budget_ms=100),
    LoopType.ADAPTIVE: Period(
        trigger=Trigger.DEMAND, period_ms=30 * MINUTE_S * 1000, budget_ms=10_000, retry_s=HOUR_S
    ),
    LoopType.DELIBERATIVE: Period(
        trigger=Trigger.CLOCK,
        period_ms=DAY_S * 1000,
        budget_ms=120_000,
        retry_s=HOUR_S,
        inhibited=True,
    ),
    LoopType.EVOLUTIONARY: Period(
        trigger=Trigger.CLOCK,
        period_ms=7 * DAY_S * 1000,
        budget_ms=600_000,
        retry_s=DAY_S,
        inhibited=True,
    ),
    LoopType.TRANSFORMATIVE: Period(
        trigger=Trigger.CLOCK,
        period_ms=YEAR_S * 1000,
        budget_ms=3_600_000,
        retry_s=DAY_S,
        inhibited=True,
    ),
    LoopType.TRANSCENDENT: Period(
        trigger=Trigger.CLOCK,
        period_ms=10 * YEAR_S * 1000,
        budget_ms=600_000,
        retry_s=DAY_S,
        inhibited=True,
    ),
}
