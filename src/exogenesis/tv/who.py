"""Who is likely to watch: by the hour, and by what this session has watched so far.

A guess chooses a taste. It never opens anything: when a child may be watching, the strictest age
limit of all who may be watching holds. How much the others watch says nothing about that.
"""

from __future__ import annotations

import math
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from exogenesis.core.vectors import Floats, unit_rows
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.moment import DAY_S, HOURS_PER_WEEK, Moment
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy, Profile, strictest

PLAUSIBLE = 0.02
"""A profile may be the one who watches while hour and titles are at least so likely for it as for
the profile that they fit best."""

FINISHES_KNOWN = 50
"""With fewer finishes, nothing says that it is not this profile that watches."""

_Shares = npt.NDArray[np.float64]

_HOURS_PER_DAY = 24
_WEEK_SHARE, _DAY_SHARE = 0.7, 0.2
_PRIOR_FINISHES = 10.0
"""So many finishes each profile is thought to have beside its own: a new one may watch, too."""
_HOUR_EVIDENCE = 8.0
"""So many finishes weigh as much as the assumption that every hour is alike."""
_KNOWN_SHARE = 0.5
_SHARPNESS = 4.0
_SESSION_S = DAY_S


@dataclass(frozen=True, slots=True, eq=False)
class _Habits:
    """What one profile does.

    Attributes:
        finishes: how many have an hour.
        hours: ``(168,)`` probability of each hour of the week.
        starts: share of its starts by title.
        content: ``(m,)`` probability of each title by its content.
    """

    finishes: float
    hours: _Shares
    starts: Mapping[str, float]
    content: Floats


class Who:
    """Guesses who watches; holds what it read until :meth:`refresh`."""

    def __init__(self, *, database: Database, catalog: Catalog, policy: Policy) -> None:
        self._database = database
        self._catalog = catalog
        self._policy = policy
        self.refresh()

    def refresh(self) -> None:
        """Forget what was read from the store; call it after the store was changed."""
        self._habits: dict[str, _Habits] = {}

    def guess(self, moment: Moment, titles: Iterable[str] = ()) -> dict[str, float]:
        """Return how likely it is of each profile that it watches; the sum is 1.

        ``P(p | hour, titles) ~ P(p) P(hour | p) prod P(title | p)``: naive Bayes, with shares of
        what each profile has finished and begun, smoothed over neighbouring hours and over
        titles of like content.

        Args:
            moment: now; without a trusted clock the hour says nothing.
            titles: what was watched in this session.
        """
        names = [profile.name for profile in self._policy.profiles()]
        if len(names) == 1:
            return {names[0]: 1.0}
        return self._posterior(self._evidence(names, moment, titles))

    def watching(self, moment: Moment, session: str = "") -> Profile:
        """Return who most likely watches, with the age limit that is safe for all who may.

        Args:
            moment: now.
            session: the stretch of watching whose viewings tell about it, or none.
        """
        profiles = self._policy.profiles()
        if len(profiles) == 1:
            return profiles[0]
        titles = self._session_titles(session, moment.at)
        evidence = self._evidence([profile.name for profile in profiles], moment, titles)
        return safe_profile(profiles, self._posterior(evidence), self._plausible(evidence))

    def _evidence(
        self, names: Iterable[str], moment: Moment, titles: Iterable[str]
    ) -> dict[str, float]:
        """``log P(hour, titles | p)`` by name."""
        seen = [title for title in dict.fromkeys(titles) if title in self._catalog]
        return {name: self._log_likelihood(name, moment, seen) for name in names}

    def _posterior(self, evidence: Mapping[str, float]) -> dict[str, float]:
        logs = np.array(
            [
                math.log(_PRIOR_FINISHES + self._habits_of(name).finishes) + likelihood
                for name, likelihood in evidence.items()
            ]
        )
        weights = np.exp(logs - logs.max())
        shares = weights / weights.sum()
        return dict(zip(evidence, shares.tolist(), strict=True))

    def _plausible(self, evidence: Mapping[str, float]) -> set[str]:
        """Who may be watching: all whom their own habits do not rule out."""
        least = max(evidence.values()) + math.log(PLAUSIBLE)
        return {
            name
            for name, likelihood in evidence.items()
            if likelihood >= least or self._habits_of(name).finishes < FINISHES_KNOWN
        }

    def _session_titles(self, session: str, now: int) -> list[str]:
        if not session:
            return []
        rows = self._database.run(
            "session_titles", session=session, since=now - _SESSION_S, until=now
        )
        return [title for (title,) in rows]

    def _log_likelihood(self, name: str, moment: Moment, titles: Sequence[str]) -> float:
        habits = self._habits_of(name)
        total = 0.0
        if moment.hour_of_week is not None:
            total += math.log(habits.hours[moment.hour_of_week])
        for title in titles:
            known = _KNOWN_SHARE * habits.starts.get(title, 0.0)
            alike = float(habits.content[self._catalog.index_of(title)])
            total += math.log(known + (1.0 - _KNOWN_SHARE) * alike)
        return total

    def _habits_of(self, name: str) -> _Habits:
        if name not in self._habits:
            rhythm = self._database.run("sum_rhythm", profile=name)
            counts = np.zeros(HOURS_PER_WEEK)
            for key, count in rhythm:
                if key.isdigit():
                    counts[int(key)] = count
            begun = self._database.run("list_profile_starts", profile=name)
            starts = {title: count for title, count in begun if title in self._catalog}
            total = sum(starts.values())
            self._habits[name] = _Habits(
                finishes=float(counts.sum()),
                hours=hour_shares(counts),
                starts={title: count / total for title, count in starts.items()},
                content=self._content_shares(starts),
            )
        return self._habits[name]

    def _content_shares(self, starts: Mapping[str, int]) -> Floats:
        """``(m,)``: softmax of the cosine to the middle of what was begun; sums to 1."""
        content = self._catalog.content
        rows = self._catalog.indices_of(starts)
        weights = np.array(list(starts.values()), np.float32)
        middle = weights @ content[rows]
        cosines = content @ unit_rows(middle[None, :])[0]
        likely = np.exp(_SHARPNESS * cosines)
        return np.asarray(likely / likely.sum(), np.float32)


def hour_shares(counts: _Shares) -> _Shares:
    """Return how likely each hour of the week is, from how often something was finished in it.

    Seven tenths are the hours themselves (with half a weight to either side), two tenths the same
    hours of any day, one tenth is for every hour alike; with few finishes, more of it.

    Args:
        counts: ``(168,)`` finishes.

    Returns:
        ``(168,)``, positive, with sum 1.
    """
    uniform = np.full(HOURS_PER_WEEK, 1.0 / HOURS_PER_WEEK)
    total = counts.sum()
    if total == 0:
        return uniform
    shares = counts / total
    near = shares / 2 + (np.roll(shares, 1) + np.roll(shares, -1)) / 4
    by_day = near.reshape(-1, _HOURS_PER_DAY).sum(axis=0)
    daily = np.tile(by_day, HOURS_PER_WEEK // _HOURS_PER_DAY) / (HOURS_PER_WEEK // _HOURS_PER_DAY)
    mixed = _WEEK_SHARE * near + _DAY_SHARE * daily + (1.0 - _WEEK_SHARE - _DAY_SHARE) * uniform
    smoothed = (total * mixed + _HOUR_EVIDENCE * uniform) / (total + _HOUR_EVIDENCE)
    return np.asarray(smoothed)


def safe_profile(
    profiles: Sequence[Profile], guess: Mapping[str, float], plausible: Container[str]
) -> Profile:
    """Return the likeliest profile with the strictest age limit of it and all plausible ones.

    Args:
        profiles: who there is; at least one.
        guess: probability by name.
        plausible: names of those who may be watching.
    """
    likeliest = max(profiles, key=lambda profile: guess[profile.name])
    may = [p for p in profiles if p is likeliest or p.name in plausible]
    return replace(likeliest, age_limit=strictest(profile.age_limit for profile in may))
