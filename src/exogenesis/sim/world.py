"""A small invented world: titles with text, households with tastes that we planted.

What a household wants is governed by *circles*, hidden groups of titles that travel by word of
mouth; the text of a title only hints at its circle. So text alone is a weak guide, and what
other households finish carries real information, as it does outside. Each household likes three
circles, and over its past its weights theta drift from one mixture of them to another. For
household u, title i and viewing slot t::

    match_ui = sum_c theta_uc phi_ic
    P(start i in t)       ~ exp( taste match_ui + skew_i + habit_t,genre(i) )
    P(finish i | started) = 1 / (1 + exp(-(finish_bias + finish_taste match_ui)))

The truth that recommendations are measured against is the model itself, not one more sample of
it: the unseen titles that the household is likeliest to start and finish next, with its tastes
of now and over its own slots; as many as a twentieth of the catalogue. One more sample would
add noise and nothing else.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt

from exogenesis.core.limits import FINISHED_FRACTION
from exogenesis.core.titles import Title
from exogenesis.core.vectors import Indices
from exogenesis.errors import InputError
from exogenesis.sim.households import Household
from exogenesis.sim.words import (
    FIRST_NAMES,
    GENRES,
    LAST_NAMES,
    MOODS,
    NAME_HEADS,
    NAME_TAILS,
    THEMES,
)

Matrix = npt.NDArray[np.float64]

TITLES_MIN: Final = 40
TITLES_MAX: Final = len(NAME_HEADS) * len(NAME_TAILS)
PEOPLE: Final = len(FIRST_NAMES) * len(LAST_NAMES)
DAY_S: Final = 86_400
EPOCH_S: Final = 1_767_571_200
"""Midnight of Monday, 5 January 2026 (UTC), when the invented households meet their fleet."""

DAYPARTS: Final = (7, 13, 18, 21)
"""Hours at which households sit down; the mood for a genre depends on the hour."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorldSettings:
    """Size and character of an invented world.

    Attributes:
        households: televisions, one each.
        titles: size of the catalogue.
        finished: mean number of finished titles of a household.
        days: length of the past that the viewing events cover.
        circles: number of hidden circles.
        hint: chance that a word of a title's text comes from its circle's own vocabulary.
        taste: weight of the planted match in what is started.
        skew: standard deviation of the log-popularity that has no reason.
        habit: standard deviation of the hour's mood for a genre.
        finish_bias, finish_taste: who keeps watching to the end.
        rewatch: share of sessions that repeat a finished title.
        wanted: share of the catalogue that counts as found, per household.
    """

    households: int = 240
    titles: int = 400
    finished: float = 40.0
    days: int = 56
    circles: int = 12
    hint: float = 0.3
    taste: float = 7.0
    skew: float = 0.8
    habit: float = 0.5
    finish_bias: float = 0.5
    finish_taste: float = 3.0
    rewatch: float = 0.05
    wanted: float = 0.05

    @property
    def relevant(self) -> int:
        """How many unseen titles count as found, per household."""
        return max(1, round(self.wanted * self.titles))

    def __post_init__(self) -> None:
        """Refuse sizes that no world can have."""
        if not 1 <= self.households <= 100_000:
            raise InputError(f"a world has 1 to 100000 televisions, not {self.households}")
        if not TITLES_MIN <= self.titles <= TITLES_MAX:
            raise InputError(
                f"a world has {TITLES_MIN} to {TITLES_MAX} titles, not {self.titles}: "
                "the word lists make no more names"
            )
        if not 1 <= self.circles <= self.titles:
            raise InputError(f"a world has 1 to {self.titles} circles, not {self.circles}")
        if not 1.0 <= self.finished <= self.titles / 2:
            raise InputError(
                f"households finish 1 to {self.titles // 2} of {self.titles} titles on average, "
                f"not {self.finished}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class InventedTitle:
    """A title with the text that the catalogue's encoder reads."""

    title: Title
    people: tuple[str, ...]
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Somebody watched: catalogue index, share of it, Unix seconds."""

    title: int
    fraction: float
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Resident:
    """A household of the world: its past, and what it would like next.

    Attributes:
        sessions: what it watched, oldest first.
        relevant: unseen titles that it is likeliest to finish next, best first.
    """

    sessions: tuple[Session, ...]
    relevant: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Everything that was planted."""

    settings: WorldSettings
    titles: tuple[InventedTitle, ...]
    residents: tuple[Resident, ...]

    @property
    def digest(self) -> str:
        """BLAKE2b hash of all that was planted, in hex: equal worlds have equal digests."""
        text = repr((self.settings, self.titles, [r.sessions for r in self.residents]))
        relevant = np.concatenate([resident.relevant for resident in self.residents])
        message = text.encode() + relevant.astype("<i8").tobytes()
        return hashlib.blake2b(message, digest_size=16).hexdigest()

    def write_catalog(self, folder: Path) -> None:
        """Write ``titles.jsonl`` into ``folder``: the project's own catalogue form."""
        lines = (
            {
                "id": entry.title.id,
                "name": entry.title.name,
                "year": entry.title.year,
                "genres": list(entry.title.genres),
                "minutes": entry.title.minutes,
                "age": entry.title.age,
                "people": list(entry.people),
                "description": entry.description,
            }
            for entry in self.titles
        )
        text = "".join(json.dumps(line) + "\n" for line in lines)
        (folder / "titles.jsonl").write_text(text, encoding="utf-8")

    def households(self) -> tuple[Household, ...]:
        """The residents as an evaluation reads them."""
        return tuple(
            _household(f"tv-{number:03d}", resident)
            for number, resident in enumerate(self.residents)
        )


def _household(name: str, resident: Resident) -> Household:
    finished = [s.title for s in resident.sessions if s.fraction >= FINISHED_FRACTION]
    history = np.array(list(dict.fromkeys(finished)), np.int64)
    seen = np.unique(np.array([s.title for s in resident.sessions], np.int64))
    return Household(name=name, history=history, seen=seen, relevant=resident.relevant)


@dataclass(frozen=True, slots=True)
class Planted:
    """What the households never see: ``(m, c)`` phi, ``(m,)`` skew, ``(4, m)`` habit, and the
    genre of each title, ``(m,)``.
    """

    circles: Matrix
    skew: Matrix
    habit: Matrix
    genres: Indices

    def chances(self, match: Matrix, settings: WorldSettings) -> tuple[Matrix, Matrix]:
        """Weights of being started ``(4, m)`` and chances of being finished ``(m,)``."""
        start = np.exp(settings.taste * match + self.skew + self.habit)
        finish = 1.0 / (1.0 + np.exp(-(settings.finish_bias + settings.finish_taste * match)))
        return start, finish


def make_world(settings: WorldSettings, rng: np.random.Generator) -> World:
    """Invent a world; the same settings and generator state give the same world."""
    titles, planted = plant(settings, rng)
    residents = tuple(_resident(settings, planted, rng) for _ in range(settings.households))
    return World(settings=settings, titles=titles, residents=residents)


def plant(
    settings: WorldSettings, rng: np.random.Generator
) -> tuple[tuple[InventedTitle, ...], Planted]:
    """Invent the titles, and what governs who likes them."""
    vocabulary = _Vocabulary.draw(settings, rng)
    names = rng.permutation(TITLES_MAX)[: settings.titles]
    circles = _memberships(settings, rng)
    homes = circles.argmax(axis=1)
    titles = tuple(
        vocabulary.describe(number, int(names[number]), int(homes[number]), rng)
        for number in range(settings.titles)
    )
    moods = rng.normal(0.0, settings.habit, (len(DAYPARTS), len(GENRES)))
    genres = np.array([GENRES.index(entry.title.genres[0]) for entry in titles])
    skew = rng.normal(0.0, settings.skew, settings.titles)
    return titles, Planted(circles, skew, moods[:, genres], genres.astype(np.int64))


def _memberships(settings: WorldSettings, rng: np.random.Generator) -> Matrix:
    """``(m, c)``: each title belongs to one circle, a third of them half to a second one."""
    phi = np.zeros((settings.titles, settings.circles))
    rows = np.arange(settings.titles)
    second = rng.random(settings.titles) < 1 / 3
    phi[rows[second], rng.integers(settings.circles, size=int(second.sum()))] = 0.5
    phi[rows, rng.integers(settings.circles, size=settings.titles)] = 1.0
    return phi


@dataclass(frozen=True, slots=True)
class _Vocabulary:
    """The words each circle prefers: ``(c,)`` genres, ``(c, 4)`` themes, ``(c, 6)`` people."""

    hint: float
    genres: Indices
    themes: Indices
    people: Indices

    @classmethod
    def draw(cls, settings: WorldSettings, rng: np.random.Generator) -> _Vocabulary:
        circles = settings.circles
        return cls(
            settings.hint,
            rng.integers(len(GENRES), size=circles),
            rng.integers(len(THEMES), size=(circles, 4)),
            rng.integers(PEOPLE, size=(circles, 6)),
        )

    def _pick(self, own: Indices, size: int, rng: np.random.Generator) -> int:
        return int(rng.choice(own)) if rng.random() < self.hint else int(rng.integers(size))

    def describe(
        self, number: int, name: int, home: int, rng: np.random.Generator
    ) -> InventedTitle:
        """Write the text of a title of circle ``home``."""
        genre = GENRES[self._pick(self.genres[home : home + 1], len(GENRES), rng)]
        themes = {THEMES[self._pick(self.themes[home], len(THEMES), rng)] for _ in range(2)}
        cast = {self._pick(self.people[home], PEOPLE, rng) for _ in range(2)}
        people = tuple(
            f"{FIRST_NAMES[person % len(FIRST_NAMES)]} {LAST_NAMES[person // len(FIRST_NAMES)]}"
            for person in sorted(cast)
        )
        head, tail = NAME_HEADS[name % len(NAME_HEADS)], NAME_TAILS[name // len(NAME_HEADS)]
        title = Title(
            id=f"t{number:04d}",
            name=f"The {head} {tail}",
            year=int(rng.integers(1970, 2026)),
            genres=(genre,),
            minutes=int(rng.integers(42, 140)),
            age=int(rng.choice((0, 6, 12, 16))),
            people=people,
        )
        mood = MOODS[int(rng.integers(len(MOODS)))]
        about = " and ".join(sorted(themes))
        return InventedTitle(
            title=title, people=people, description=f"A {mood} {genre} about {about}."
        )


def _resident(settings: WorldSettings, planted: Planted, rng: np.random.Generator) -> Resident:
    liked = rng.choice(settings.circles, size=min(3, settings.circles), replace=False)
    theta = rng.dirichlet(np.full(len(liked), 2.0), 2)
    then, now = theta @ planted.circles[:, liked].T
    slots = rng.integers(len(DAYPARTS), size=3)
    goal = max(1, round(settings.finished * rng.lognormal(-0.08, 0.4)))
    goal = min(goal, settings.titles // 2)
    sessions = _sessions(settings, planted, (then, now), slots, goal, rng)
    start, finish = planted.chances(now, settings)
    next_up = (start / start.sum(axis=1, keepdims=True))[slots].mean(axis=0) * finish
    next_up[[session.title for session in sessions]] = -1.0
    order = np.lexsort((np.arange(settings.titles), -next_up))
    return Resident(sessions=sessions, relevant=order[: settings.relevant].astype(np.int64))


def _sessions(
    settings: WorldSettings,
    planted: Planted,
    matches: tuple[Matrix, Matrix],
    slots: Indices,
    goal: int,
    rng: np.random.Generator,
) -> tuple[Session, ...]:
    """Watch until ``goal`` titles are finished; an abandoned title is not started again."""
    then, now = matches
    left = np.ones(settings.titles)
    finished: list[int] = []
    watched: list[tuple[int, float, int]] = []
    while len(finished) < goal and left.any():
        slot = int(slots[rng.integers(len(slots))])
        if finished and rng.random() < settings.rewatch:
            title, done = finished[int(rng.integers(len(finished)))], True
        else:
            match = then + len(finished) / goal * (now - then)
            start, finish = planted.chances(match, settings)
            chances = np.cumsum(start[slot] * left)
            title = int(np.searchsorted(chances, rng.random() * chances[-1], side="right"))
            done = bool(rng.random() < finish[title])
            left[title] = 0.0
            if done:
                finished.append(title)
        fraction = rng.uniform(0.75, 1.0) if done else rng.uniform(0.03, 0.6)
        watched.append((title, round(float(fraction), 3), DAYPARTS[slot]))
    return _dated(settings, watched, rng)


def _dated(
    settings: WorldSettings, watched: list[tuple[int, float, int]], rng: np.random.Generator
) -> tuple[Session, ...]:
    """Spread sessions over the days of the past, in their order, at their hours."""
    days = np.sort(rng.integers(settings.days, size=len(watched)))
    times = [
        EPOCH_S - int(settings.days - day) * DAY_S + hour * 3600 + int(rng.integers(3600))
        for day, (_, _, hour) in zip(days, watched, strict=True)
    ]
    sessions = (
        Session(title=title, fraction=fraction, at=at)
        for (title, fraction, _), at in zip(watched, times, strict=True)
    )
    return tuple(sorted(sessions, key=lambda session: session.at))
