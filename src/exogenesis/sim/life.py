"""Long lives of invented households, with everything planted that a television should notice.

Several people share one television and one profile. Each has hours of the week at which they sit
down, and moods for genres that depend on the hour; they follow series an episode a week; their
tastes change once and for good, and for a week of holidays they binge on something else; every
December one genre is in season; tonight a genre may be unwelcome, and a second title of an
evening goes with the first. For person p, title i, time t::

    match = (1 - pull) theta_p(t) phi_i + pull phi_i,circle(just ended)
    w_i   = exp( taste match + skew_i + habit_p,slot(t),genre(i) + season(t)_genre(i) )
    P(start i) ~ w_i over unseen titles, 0 in tonight's unwelcome genre
    P(finish i | started) = 1 / (1 + exp(-(finish_bias + finish_taste match)))

The truth at a decision is the model itself: the unseen titles that are likeliest to be started
and finished then, as many as a twentieth of the catalogue.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import numpy as np
import numpy.typing as npt

from exogenesis.core.vectors import Indices
from exogenesis.errors import InputError
from exogenesis.sim.words import GENRES
from exogenesis.sim.world import (
    DAY_S,
    EPOCH_S,
    InventedTitle,
    Matrix,
    Planted,
    WorldSettings,
    plant,
)

SLOTS: Final = 8
"""Four dayparts of weekdays, then four of weekends."""

_EVENING: Final = 20
_HOUR_S: Final = 3600
_TAKEN_H: Final = 4
_WEEKEND: Final = 5
_DECEMBER: Final = 12
_WEEK: Final = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class LifeSettings:
    """Character of the lives.

    Attributes:
        days: length.
        people: who share the television.
        sits: chance that a person sits down in a slot of theirs.
        habit: standard deviation of a person's mood for a genre in a slot.
        season: what December adds to one genre.
        pull: weight of what just ended in the choice of the next title.
        unwelcome: chance that one genre is unwelcome tonight.
        second: chance that a second title follows the first.
        series: share of titles that are series.
        drift_at: share of the days after which tastes have changed for good; 1 never.
        binge_at: share of the days at which a week of holidays begins; 1 never.
    """

    days: int = 150
    people: int = 2
    sits: float = 0.75
    habit: float = 1.5
    season: float = 2.5
    pull: float = 0.5
    unwelcome: float = 0.3
    second: float = 0.5
    series: float = 0.15
    drift_at: float = 0.55
    binge_at: float = 0.8

    def __post_init__(self) -> None:
        """Refuse lives that nobody can have."""
        if self.days < 1 or self.people < 1:
            raise InputError("a life has at least one day and one person")


@dataclass(frozen=True, slots=True, kw_only=True)
class Town:
    """A catalogue, and what governs who likes it.

    Attributes:
        world: sizes and weights of the catalogue.
        titles: in catalogue order.
        planted: what nobody sees.
        episodes: ``(m,)`` number of episodes, 0 for a film.
        season: ``(genres,)`` what December adds.
    """

    world: WorldSettings
    titles: tuple[InventedTitle, ...]
    planted: Planted
    episodes: Indices
    season: Matrix


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Somebody chose something to watch.

    Attributes:
        at: Unix seconds (UTC is the household's local time).
        title: catalogue index of the choice.
        fraction: how much of it was watched.
        episode: number of the episode of a series, or None.
        expected: it is the next episode of a series that somebody follows.
        just_ended: what ended just before in this sitting, or None.
        wanted: the unseen titles that they would like best now, best first.
    """

    at: int
    title: int
    fraction: float
    episode: int | None
    expected: bool
    just_ended: int | None
    wanted: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """One evening of one person: the titles, and the genre that is unwelcome tonight."""

    person: int
    unwelcome: int | None
    decisions: tuple[Decision, ...]


def make_town(world: WorldSettings, life: LifeSettings, rng: np.random.Generator) -> Town:
    """Invent a catalogue with series in it; the same arguments give the same town."""
    titles, planted = plant(world, rng)
    is_series = rng.random(world.titles) < life.series
    episodes = np.where(is_series, rng.integers(4, 13, world.titles), 0).astype(np.int64)
    named = tuple(
        replace(entry, title=replace(entry.title, episodes=int(count) or None))
        for entry, count in zip(titles, episodes, strict=True)
    )
    season = np.zeros(len(GENRES))
    season[int(rng.integers(len(GENRES)))] = life.season
    return Town(world=world, titles=named, planted=planted, episodes=episodes, season=season)


@dataclass(frozen=True, slots=True)
class _Person:
    """Tastes before and after the change ``(c,)``, moods ``(8, genres)``, hours of the week."""

    then: Matrix
    now: Matrix
    moods: Matrix
    hours: tuple[int, ...]

    @classmethod
    def draw(cls, town: Town, life: LifeSettings, rng: np.random.Generator) -> _Person:
        circles = town.world.circles
        tastes = np.zeros((2, circles))
        for row in tastes:
            liked = rng.choice(circles, size=min(3, circles), replace=False)
            row[liked] = rng.dirichlet(np.full(len(liked), 2.0))
        evenings = rng.choice(5, size=3, replace=False) * 24 + _EVENING + int(rng.integers(-2, 2))
        weekend = rng.integers(5, 7, size=2) * 24 + rng.choice((9, 14, 20), size=2, replace=False)
        hours = tuple(sorted({int(hour) for hour in (*evenings, *weekend)}))
        return cls(tastes[0], tastes[1], rng.normal(0.0, life.habit, (SLOTS, len(GENRES))), hours)


def slot_of(hour_of_week: int) -> int:
    """Which of the eight slots an hour of the week (0 is Monday, 0:00) belongs to."""
    day, hour = divmod(hour_of_week, 24)
    daypart = 0 if hour < 12 else 1 if hour < 17 else 2 if hour < 20 else 3
    return daypart + (SLOTS // 2 if day >= _WEEKEND else 0)


class Life:
    """One household's life; :meth:`sittings` tells it once, in order."""

    def __init__(
        self,
        town: Town,
        life: LifeSettings,
        rng: np.random.Generator,
        *,
        starts: int = EPOCH_S,
    ) -> None:
        self._town = town
        self._life = life
        self._rng = rng
        self._starts = starts
        self._people = [_Person.draw(town, life, rng) for _ in range(life.people)]
        self._binge = rng.dirichlet(np.full(town.world.circles, 0.1))
        self._left = np.ones(town.world.titles)
        self._followed: list[dict[int, int]] = [{} for _ in range(life.people)]

    def sittings(self) -> Iterator[Sitting]:
        """Tell the life, sitting by sitting."""
        for day in range(self._life.days):
            due = [
                (hour % 24, person)
                for person, who in enumerate(self._people)
                for hour in who.hours
                if hour // 24 == day % _WEEK and self._rng.random() < self._life.sits
            ]
            free_from = 0
            for hour, person in sorted(due):
                if hour >= free_from:  # one television: who comes later waits for another day
                    free_from = hour + _TAKEN_H
                    self._begin_again()
                    yield self._sitting(person, day, hour)

    def _begin_again(self) -> None:
        """Who has seen nearly everything starts over; lives of many years come to that."""
        if self._left.sum() < 2 * self._town.world.relevant:
            self._left[:] = 1.0

    def _sitting(self, person: int, day: int, hour: int) -> Sitting:
        at = self._starts + day * DAY_S + hour * _HOUR_S + int(self._rng.integers(600))
        unwelcome = None
        if self._rng.random() < self._life.unwelcome:
            unwelcome = int(self._rng.integers(len(GENRES)))
        decisions = [self._decide(person, at, day, unwelcome, None)]
        if self._rng.random() < self._life.second:
            first = decisions[0]
            later = at + 2 * _HOUR_S
            decisions.append(self._decide(person, later, day, unwelcome, first.title))
        return Sitting(person=person, unwelcome=unwelcome, decisions=tuple(decisions))

    def _decide(
        self, person: int, at: int, day: int, unwelcome: int | None, just_ended: int | None
    ) -> Decision:
        weights, finish = self._wishes(person, at, day, unwelcome, just_ended)
        wanted = self._best(weights * finish)
        followed = self._followed[person]
        expected = bool(followed) and just_ended is None and self._rng.random() < 0.5
        if expected:
            title = next(iter(followed))
            done = True
        else:
            chances = np.cumsum(weights)
            title = int(np.searchsorted(chances, self._rng.random() * chances[-1], side="right"))
            done = bool(self._rng.random() < finish[title])
        episode = self._watch(person, title, done)
        fraction = self._rng.uniform(0.75, 1.0) if done else self._rng.uniform(0.03, 0.6)
        return Decision(
            at=at,
            title=title,
            fraction=round(float(fraction), 3),
            episode=episode,
            expected=expected,
            just_ended=just_ended,
            wanted=wanted,
        )

    def _watch(self, person: int, title: int, done: bool) -> int | None:
        """Take a title off what is unseen; returns the episode of a series."""
        self._left[title] = 0.0
        episodes = int(self._town.episodes[title])
        if not episodes:
            return None
        followed = self._followed[person]
        episode = followed.get(title, 0) + 1
        if done and episode < episodes:
            followed[title] = episode
        else:
            followed.pop(title, None)
        return episode

    def _wishes(
        self, person: int, at: int, day: int, unwelcome: int | None, just_ended: int | None
    ) -> tuple[Matrix, Matrix]:
        """Weights of being started ``(m,)``, 0 where not, and chances of being finished."""
        town, world, who = self._town, self._town.world, self._people[person]
        genres = town.planted.genres
        match = town.planted.circles @ self._taste(who, day)
        if just_ended is not None:
            circle = int(town.planted.circles[just_ended].argmax())
            match = (1 - self._life.pull) * match + self._life.pull * town.planted.circles[
                :, circle
            ]
        moment = datetime.fromtimestamp(at, UTC)
        mood = who.moods[slot_of(moment.weekday() * 24 + moment.hour)][genres]
        if moment.month == _DECEMBER:
            mood = mood + town.season[genres]
        weights = np.exp(world.taste * match + town.planted.skew + mood) * self._left
        if unwelcome is not None and (weights[genres != unwelcome] > 0).any():
            weights[genres == unwelcome] = 0.0
        finish = 1.0 / (1.0 + np.exp(-(world.finish_bias + world.finish_taste * match)))
        return weights, finish

    def _taste(self, who: _Person, day: int) -> Matrix:
        progress = day / self._life.days
        if 0 <= day - self._life.binge_at * self._life.days < _WEEK:
            return self._binge
        return who.now if progress >= self._life.drift_at else who.then

    def _best(self, values: Matrix) -> Indices:
        count = min(self._town.world.relevant, int((values > 0).sum()))
        order: npt.NDArray[np.int64] = np.lexsort((np.arange(len(values)), -values))
        return order[:count].astype(np.int64)
