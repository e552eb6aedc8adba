"""What happens after a cause, against what happens without it: counts, and their difference."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exogenesis.errors import InputError
from exogenesis.tv.agentdb.uplift import uplift
from exogenesis.tv.persistence import Database

CAPACITY = 10_000
"""Pairs of cause and effect; the one that was not seen for longest goes when there is one more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CausalEffect:
    """One pair of cause and effect.

    Attributes:
        cause, effect: what they are called.
        treated, treated_hits: times the cause was there, and how often the effect was, too.
        untreated, untreated_hits: the same for the times without the cause.
        uplift: rate with the cause less rate without it, -1..1.
        low, high: 95 % interval of the uplift.
    """

    cause: str
    effect: str
    treated: int
    treated_hits: int
    untreated: int
    untreated_hits: int
    uplift: float
    low: float
    high: float


class CausalCounts:
    """The table ``causal``."""

    def __init__(
        self, database: Database, *, now: Callable[[], int], capacity: int = CAPACITY
    ) -> None:
        self._database = database
        self._now = now
        self._capacity = capacity

    def record(self, cause: str, effect: str, *, treated: bool, hit: bool, count: int) -> None:
        """Count ``count`` cases; inside the caller's transaction, if there is one.

        Raises:
            InputError: there is no case, or a name is empty.
        """
        if count < 1:
            raise InputError(f"at least one case must be recorded, not {count}")
        if not (cause and effect):
            raise InputError("a cause and an effect need a name")
        self._database.run(
            "agentdb_add_causal",
            cause=cause,
            effect=effect,
            treated=count * treated,
            treated_hits=count * (treated and hit),
            untreated=count * (not treated),
            untreated_hits=count * (not treated and hit),
            now=self._now(),
        )
        self._database.run(
            "agentdb_evict_causal", cause=cause, effect=effect, capacity=self._capacity
        )

    def effects(self, cause: str) -> list[CausalEffect]:
        """Return what is known to follow ``cause``, the surest uplift first."""
        return _sorted(self._database.run("agentdb_list_effects", cause=cause))

    def causes(self, effect: str) -> list[CausalEffect]:
        """Return what ``effect`` is known to follow, the surest uplift first."""
        return _sorted(self._database.run("agentdb_list_causes", effect=effect))


def _sorted(rows: list[tuple[str, str, int, int, int, int]]) -> list[CausalEffect]:
    found = []
    for cause, effect, treated, treated_hits, untreated, untreated_hits in rows:
        difference, low, high = uplift(treated_hits, treated, untreated_hits, untreated)
        found.append(
            CausalEffect(
                cause=cause,
                effect=effect,
                treated=treated,
                treated_hits=treated_hits,
                untreated=untreated,
                untreated_hits=untreated_hits,
                uplift=difference,
                low=low,
                high=high,
            )
        )
    return sorted(found, key=lambda one: (-one.low, one.cause, one.effect))
