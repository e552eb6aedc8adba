"""What to go on with: titles that were left in the middle, and the next episode of a series."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from exogenesis.core.limits import FINISHED_FRACTION
from exogenesis.core.titles import Title
from exogenesis.errors import InputError
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.moment import DAY_S, HOURS_PER_WEEK, Moment, Timekeeper
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import HOME, Policy, Profile, feasible

ResumeKind = Literal["continue", "next episode"]

BEGUN_FRACTION = 0.05
"""Less than this was a look, not a beginning."""

CREDITS_FRACTION = 0.92
"""From here on the credits are left."""

CONTINUE_S = 30 * DAY_S
"""What was left before the end stays on offer so long."""

NEARLY_DONE_S = 3 * DAY_S
"""What counts as finished, but has minutes left, stays on offer so long."""

SERIES_S = 90 * DAY_S
"""A series that was not watched for so long is not running any more."""

_HALF_LIFE_S = 7 * DAY_S
_RHYTHM_LEAST = 2
_LIMIT_MAX = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Resume:
    """One title to go on with.

    Attributes:
        title_id, name: the title.
        kind: ``continue`` where it was left, or ``next episode``.
        episode: of a series, the one to play; None for a title in one piece.
        fraction: where to begin, 0..1.
        last_at: when it was watched last, Unix seconds.
    """

    title_id: str
    name: str
    kind: ResumeKind
    episode: int | None
    fraction: float
    last_at: int


class Resumer:
    """Reads from the skills what is begun, and leaves out what may not be shown."""

    def __init__(
        self, *, database: Database, catalog: Catalog, policy: Policy, timekeeper: Timekeeper
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._policy = policy
        self._timekeeper = timekeeper

    def continue_watching(self, profile: str | Profile = HOME, limit: int = 10) -> list[Resume]:
        """Return what to go on with, the likeliest first.

        Sorted by ``2^(-age / 7 days)`` plus, for a series, the share of its finished episodes
        that fell into this hour of the week, the one before or the one after.

        Args:
            profile: who watches; a :class:`Profile` may have a stricter limit than the stored.
            limit: how many at most, 1..1000.

        Raises:
            InputError: there is no such profile, or the limit is out of range.
        """
        if not 1 <= limit <= _LIMIT_MAX:
            raise InputError(f"a list has 1 to {_LIMIT_MAX} titles, not {limit}")
        watching = self._policy.profile(profile) if isinstance(profile, str) else profile
        now = self._timekeeper.now()
        allowed = feasible(self._catalog.feasibility, watching, now=now.at, minutes=None)
        for hidden in (self._policy.blocks(), self._policy.rejections(watching.name)):
            allowed[self._catalog.indices_of(hidden)] = False
        found = []
        rows = self._database.run("list_begun", profile=watching.name, since=now.at - SERIES_S)
        for title_id, last_at, fraction, episode, rhythm in rows:
            if title_id not in self._catalog or not allowed[self._catalog.index_of(title_id)]:
                continue
            title = self._catalog.titles[self._catalog.index_of(title_id)]
            resume = going_on(
                title, last_at=last_at, fraction=fraction, episode=episode, now=now.at
            )
            if resume is not None:
                found.append((_weight(resume, json.loads(rhythm), now), resume))
        found.sort(key=lambda one: -one[0])  # stable: the later watched first
        return [resume for _, resume in found[:limit]]


def going_on(
    title: Title, *, last_at: int, fraction: float, episode: int | None, now: int
) -> Resume | None:
    """Return what of a title is to be watched next; None when there is nothing.

    Args:
        title: from the catalogue.
        last_at: when it was watched last, Unix seconds.
        fraction: how much of it, or of that episode, was watched then.
        episode: which one it was, or None.
        now: Unix seconds.
    """

    def resume(kind: ResumeKind, episode: int | None, fraction: float) -> Resume:
        return Resume(
            title_id=title.id,
            name=title.name,
            kind=kind,
            episode=episode,
            fraction=fraction,
            last_at=last_at,
        )

    age_s = now - last_at
    finished = fraction >= FINISHED_FRACTION
    if episode is not None and finished:
        more = title.episodes is not None and episode < title.episodes
        running = more and age_s <= SERIES_S
        return resume("next episode", episode + 1, 0.0) if running else None
    if episode is not None and fraction < BEGUN_FRACTION:
        return resume("next episode", episode, 0.0) if age_s <= SERIES_S else None
    begun = BEGUN_FRACTION <= fraction < CREDITS_FRACTION
    if begun and age_s <= (NEARLY_DONE_S if finished else CONTINUE_S):
        return resume("continue", episode, fraction)
    return None


def _weight(resume: Resume, rhythm: Mapping[str, int], now: Moment) -> float:
    age_s = max(0, now.at - resume.last_at)
    recency = float(2.0 ** (-age_s / _HALF_LIFE_S))
    if resume.episode is None:
        return recency
    return recency + rhythm_share(rhythm, now.hour_of_week)


def rhythm_share(rhythm: Mapping[str, int], hour_of_week: int | None) -> float:
    """The share of finishes around an hour of the week, 0..1; 0 with fewer than two.

    Args:
        rhythm: finishes by hour of the week (``"0"`` to ``"167"``); other keys are left out.
        hour_of_week: 0..167, or None when nobody knows.
    """
    if hour_of_week is None:
        return 0.0
    counts = {int(key): count for key, count in rhythm.items() if key.isdigit()}
    total = sum(counts.values())
    if total < _RHYTHM_LEAST:
        return 0.0
    near = sum(counts.get((hour_of_week + step) % HOURS_PER_WEEK, 0) for step in (-1, 0, 1))
    return near / total
