"""Tiers whose truth lies elsewhere, seen as memories: pages of the fleet, regions, availability."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from exogenesis.tv.memory.memory import Memory, Query


class Source(Protocol):
    """A view of something that is kept elsewhere; it is read and never written."""

    def rows(self, query: Query, now: int) -> Iterable[Memory]:
        """Yield what may answer ``query``; too much is no harm, it is filtered again."""
        ...

    def count(self) -> int:
        """Return how many memories the view holds."""
        ...


def fits(memory: Memory, query: Query) -> bool:
    """Whether all that ``query`` asks holds of ``memory``, words and vector aside."""
    exact = (
        (query.kind, memory.kind),
        (query.subject, memory.subject),
        (query.profile, memory.profile),
        (query.session, memory.session),
    )
    return (
        all(asked is None or asked == held for asked, held in exact)
        and memory.importance >= query.min_importance
        and (query.since is None or memory.at >= query.since)
        and (query.until is None or memory.at < query.until)
        and _equal(memory.metadata, query.metadata)
    )


def _equal(held: Mapping[str, Any], asked: Mapping[str, Any]) -> bool:
    return all(held.get(name) == value for name, value in asked.items())
