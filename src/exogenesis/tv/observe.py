"""A viewing event enters here; when the call returns, it is on the disk."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from exogenesis.core.effects import Clock, seconds
from exogenesis.core.limits import FINISHED_FRACTION
from exogenesis.errors import InputError
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import HOME, Policy

_TIME_MAX = 1 << 40


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewingEvent:
    """Somebody watched a title, or part of it.

    Attributes:
        title_id: the operator's identifier.
        fraction: how much of it was watched, 0..1.
        profile: who watched.
        at: Unix seconds; None is now.
    """

    title_id: str
    fraction: float
    profile: str = HOME
    at: int | None = None


def store_events(
    events: Iterable[ViewingEvent],
    *,
    database: Database,
    agentdb: AgentDB,
    catalog: Catalog,
    policy: Policy,
    clock: Clock,
) -> None:
    """Store events and what is learnt from them, all or nothing.

    Raises:
        UnknownTitle: the catalogue does not hold a title.
        InputError: an unknown profile, or a fraction or time out of range.
        DiskFull: there is no room.
    """
    taken = list(events)
    known = {profile.name for profile in policy.profiles()}
    for event in taken:
        catalog.index_of(event.title_id)
        if event.profile not in known:
            policy.profile(event.profile)
        if not 0.0 <= event.fraction <= 1.0:
            raise InputError(
                f"the watched fraction of {event.title_id!r} must lie in 0..1, not {event.fraction}"
            )
        if event.at is not None and event.at < 0:
            raise InputError(
                f"the time of {event.title_id!r} lies before 1970, which is not accepted"
            )
        if event.at is not None and event.at >= _TIME_MAX:
            raise InputError(f"the time of {event.title_id!r} is no Unix time: {event.at}")
    now = seconds(clock)
    with database.transaction():
        for event in taken:
            at = now if event.at is None else event.at
            finished = event.fraction >= FINISHED_FRACTION
            told = {"task": "watch", "fraction": event.fraction, "success": finished}
            database.run(
                "add_memory",
                tier=3,
                kind="viewing",
                profile=event.profile,
                subject=event.title_id,
                session="",
                text="",
                metadata=json.dumps(told),
                codes=None,
                scale=None,
                importance=float(event.fraction),
                trusted=1,
                at=at,
            )
            agentdb.skill_store(
                event.profile, event.title_id, finished=finished, at=at, fraction=event.fraction
            )
