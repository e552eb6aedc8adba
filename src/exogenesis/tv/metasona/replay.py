"""The household's own history as an examination of settings.

The latest finished titles are cases, in the order of time. For each, the ranker ranks with what
was finished before it alone; the settings are the better, the higher the title would have been::

    utility = 1 - ln(rank) / ln(candidates)        1 at the top, 0 at the bottom

The logarithm of the whole rank is used, and not a measure that stops at place 10, because it
tells settings apart with the fewest cases (``benchmarks/metasona.py`` compares them). Half of the
cases guide the search and the other half decide; the digest of the title's identifier says which,
so that a case never changes sides.

A title that was watched again is a case at the time of its last finish, as if it had not been
seen: the store keeps no earlier one. Nothing that came after a case takes part in it, except what
the fleet has taught since, which is the same for all settings.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from exogenesis.core.vectors import Floats, Indices, Mask
from exogenesis.tv.agentdb import LEAST_SUCCESS
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.metasona.accept import Utilities
from exogenesis.tv.metasona.space import Point
from exogenesis.tv.persistence import Database

LEAST_HISTORY = 5
"""Finished titles before the first case of a profile."""

LATEST_CASES = 400
"""Older ones say little about the household of today, and each costs a list."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Case:
    """One finished title, and what was known before it.

    Attributes:
        profile: who watched it.
        title: catalogue index.
        at: when it was finished, Unix seconds.
        history: titles finished at a rate that makes skills, before it, oldest first.
        seen: titles touched for the last time before it, finished or not.
        decides: whether it decides about settings, rather than guide the search for them.
    """

    profile: str
    title: int
    at: int
    history: Indices
    seen: Indices
    decides: bool


Judge = Callable[[Point, Case], float]
"""Utility of a case under some settings, 0..1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """How some settings did.

    Attributes:
        utilities: ``(n,)`` by case.
        latency_us: median time that the ranking of a case took, in microseconds.
        spent_us: time of all of it.
    """

    utilities: Utilities
    latency_us: float
    spent_us: int


def utility(rank: float, candidates: int) -> float:
    """Return the worth of finding the title at ``rank`` (from 1) of ``candidates``."""
    return 1.0 - math.log(rank) / math.log(candidates) if candidates > 1 else 1.0


def rank_of(scores: Floats, title: int, candidates: Mask) -> float:
    """Return the place of a title among the candidates, from 1; titles of equal score share it.

    Settings that make all scores equal so put every title in the middle, and win nothing.
    """
    values = scores[candidates]
    own = scores[title]
    return float((values > own).sum()) + (float((values == own).sum()) + 1.0) / 2.0


def replay(
    point: Point, cases: Sequence[Case], judge: Judge, timer: Callable[[], int]
) -> Generator[None, None, Replayed]:
    """Judge every case under ``point``, one in a slice.

    Args:
        point: the settings.
        cases: at least one.
        judge: ranks.
        timer: nanoseconds from any start.
    """
    utilities = np.empty(len(cases))
    times_ns = np.empty(len(cases), np.int64)
    for row, case in enumerate(cases):
        begun = timer()
        utilities[row] = judge(point, case)
        times_ns[row] = timer() - begun
        yield
    return Replayed(
        utilities=utilities,
        latency_us=float(np.median(times_ns)) / 1000.0,
        spent_us=int(times_ns.sum()) // 1000,
    )


def decides(title_id: str) -> bool:
    """Whether a title's case decides; one in two does."""
    return bool(hashlib.blake2b(title_id.encode(), digest_size=1).digest()[0] & 1)


def read_cases(database: Database, catalog: Catalog, *, latest: int = LATEST_CASES) -> list[Case]:
    """Make cases of the latest finished titles of every profile, the oldest first."""
    started: dict[str, list[_Started]] = {}
    for profile, *row in database.run("metasona_list_starts", least=LEAST_SUCCESS):
        one = _Started(*row)
        if one.title in catalog:
            started.setdefault(profile, []).append(one)
    cases = [case for profile in started for case in _cases(profile, started[profile], catalog)]
    cases.sort(key=lambda case: case.at)
    return cases[-latest:]


class _Started(NamedTuple):
    title: str
    at: int
    is_skill: int


def _cases(profile: str, started: list[_Started], catalog: Catalog) -> list[Case]:
    rows = catalog.indices_of(one.title for one in started)
    skills = np.array([one.is_skill for one in started], np.bool_)
    finished = rows[skills]
    known_at: Indices = np.cumsum(skills) - skills
    return [
        Case(
            profile=profile,
            title=int(rows[place]),
            at=one.at,
            history=finished[: known_at[place]],
            seen=rows[:place],
            decides=decides(one.title),
        )
        for place, one in enumerate(started)
        if one.is_skill and known_at[place] >= LEAST_HISTORY
    ]
