"""Skills: what a household finishes, learnt from viewing events and merged by title."""

from __future__ import annotations

from dataclasses import dataclass

from exogenesis.core.limits import FINISHED_FRACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """A title that is finished at a rate of at least 0.7.

    Attributes:
        name: the title's identifier.
        usage_count: times finished.
        success_rate: times finished by times started, 0.7..1.
        last_finished_at: Unix seconds.
    """

    name: str
    usage_count: int
    success_rate: float
    last_finished_at: int


LEAST_SUCCESS = FINISHED_FRACTION
"""A title below this rate is seen, but no skill."""


def skill_of(row: tuple[str, int, int, int]) -> Skill:
    """Read a row of the store: title, starts, finishes, time of the last finish."""
    title, starts, finishes, last_finished_at = row
    return Skill(
        name=title,
        usage_count=finishes,
        success_rate=finishes / starts,
        last_finished_at=last_finished_at,
    )
