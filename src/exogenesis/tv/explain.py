"""Why a title is on the list: the summand of its score that weighs most, named truthfully.

A title is named as the cause only when the score falls without it, which is computed, not guessed:
the scores are standardised, and taking a title away changes their scale, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal, cast, get_args

import numpy as np

from exogenesis.core.ranking import Scores
from exogenesis.core.vectors import Floats, Indices

Kind = Literal[
    "taste",
    "content",
    "session",
    "core",
    "fact",
    "rhythm",
    "popularity",
    "region",
    "exploration",
]
"""Why a title can be on a list; exploration stands behind no summand."""

_SUMMANDS: dict[str, tuple[str, ...]] = {"taste": ("recent", "full")}
CAUSES_SHOWN = 5
LEAST_FALL = 1e-3
"""A score that falls by less, in standard deviations, is not caused by the title taken away."""

DIFFERENT = "something different to try"
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A watched title and what it adds to a score, compared with the other candidates."""

    title_id: str
    name: str
    contribution: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """How a title stands with a profile.

    Attributes:
        title_id, name: the title.
        hidden_because: why it cannot be on the list, or None when it can.
        score: its score, as if it were not hidden.
        reason: the sentence that a list would show.
        kind: the summand that weighs most.
        parts: the score taken apart; the parts add up to it.
        causes: the five watched titles that add most, in this order; all of them add up to what
            titles stand behind (taste, content, session, core), and a negative one speaks against.
        provisional: the fleet has published nothing on it yet; its taste is predicted.
    """

    title_id: str
    name: str
    hidden_because: str | None
    score: float
    reason: str
    kind: Kind
    parts: dict[str, float]
    causes: tuple[Cause, ...]
    provisional: bool


@dataclass(frozen=True, slots=True)
class Reason:
    """The summand that weighs most.

    Attributes:
        kind: which.
        cause: catalogue index of the watched title behind it, if there is one.
        also: further watched titles that are the cause only together with it.
        detail: what else is behind it: a fact like ``genre:thriller``, an hour like ``hour:117``.
    """

    kind: Kind
    cause: int | None = None
    also: tuple[int, ...] = ()
    detail: str | None = None


def parts(scores: Scores, title: int) -> dict[str, float]:
    """Take the score of ``title`` apart; what no summand stands for is left out."""
    names = dict.fromkeys(term.name for term in scores.terms)
    grouped = {name: kind for kind, group in _SUMMANDS.items() for name in group}
    told: dict[str, float] = {}
    for name in names:
        kind = grouped.get(name, name)
        told[kind] = told.get(kind, 0.0) + scores.part(name, title)
    return told


def strongest(scores: Scores, titles: Indices) -> tuple[Indices, Indices]:
    """Return the past ``(n,)`` and, for each title, the rows of it that add most.

    Returns:
        The watched titles, and ``(c, len(titles))`` rows of them, the strongest first; c is at
        most :data:`CAUSES_SHOWN`.
    """
    past = scores.past
    adds = scores.causes(past, titles)
    return past, np.argsort(-adds, axis=0, kind="stable")[:CAUSES_SHOWN]


def reasons(scores: Scores, titles: Indices) -> list[Reason]:
    """Name the reason of each title.

    The largest summand decides. Behind taste and content stands the watched title without which
    the score would fall most, of the five that add most. Titles that are much alike can stand in
    for each other: then the score falls only without several, and they are named together, the
    strongest first. Where nothing speaks for a title, it is something different to try.
    """
    past, rows = strongest(scores, titles)
    asked, places = np.unique(rows, return_inverse=True)
    falls = scores.falls([past[row : row + 1] for row in asked.tolist()], titles)
    places = places.reshape(rows.shape)
    told: list[Reason] = []
    for column, title in enumerate(titles.tolist()):
        named = _reason(scores, title)
        if named.kind in ("taste", "content"):
            fallen = falls[places[:, column], column]
            named = replace(named, **_causes(scores, title, past[rows[:, column]], fallen))
        told.append(named)
    return told


def _causes(scores: Scores, title: int, strong: Indices, fallen: Floats) -> dict[str, Any]:
    """The title without which the score falls most, or else the fewest of the strongest."""
    if len(fallen) and fallen.max() > LEAST_FALL:
        return {"cause": int(strong[int(fallen.argmax())])}
    groups = [strong[:size] for size in range(2, len(strong) + 1)]
    falls = scores.falls(groups, np.array([title]))[:, 0]
    for group, fall in zip(groups, falls, strict=True):
        if fall > LEAST_FALL:
            return {"cause": int(group[0]), "also": tuple(group[1:].tolist())}
    return {}


def _reason(scores: Scores, title: int) -> Reason:
    summands = {kind: v for kind, v in parts(scores, title).items() if kind in get_args(Kind)}
    kind = max(summands, key=lambda name: summands[name], default="exploration")
    if summands.get(kind, 0.0) <= 0.0:
        return Reason("exploration")
    if kind == "session":
        return Reason("session", scores.just_ended)
    if kind in ("fact", "rhythm"):
        return Reason(cast(Kind, kind), detail=scores.because(kind, title))
    return Reason(cast(Kind, kind))


def sentence(reason: Reason, cause_name: str, *, from_fleet: bool) -> str:
    """Say a reason in words."""
    match reason.kind:
        case "taste" | "content":
            if not cause_name:
                return "like what you watch"
            others = " and others like it" if reason.also else ""
            return f"because you watched {cause_name}{others}"
        case "session":
            return f"goes with {cause_name}, which has just ended"
        case "core":
            return "your long-time taste"
        case "fact":
            return _fact_words(reason.detail)
        case "rhythm":
            return _rhythm_words(reason.detail)
        case "popularity":
            return (
                "popular with other households" if from_fleet else "from the catalogue's favourites"
            )
        case "region":
            return "popular where you live"
        case "exploration":
            return DIFFERENT


def _fact_words(fact: str | None) -> str:
    """Say ``genre:thriller``, ``person:Name``, ``language:de`` or ``length:short`` in words."""
    what, _, which = (fact or "").partition(":")
    match what:
        case "genre":
            return f"you like {which}"
        case "person":
            return f"you like titles with {which}"
        case "language":
            return f"you like titles in the language {which!r}"
        case "length":
            return f"you like {which} titles"
        case _:
            return "like what you usually finish"


def _rhythm_words(habit: str | None) -> str:
    """Say ``hour:117`` (of the week, from Monday on) or ``month:12`` in words."""
    what, _, which = (habit or "").partition(":")
    match what:
        case "hour":
            day, hour = divmod(int(which), 24)
            return f"what you watch on {_DAYS[day]} {_part_of_day(hour)}"
        case "month":
            return f"what you watch in {_MONTHS[int(which) - 1]}"
        case _:
            return "what you watch at this time"


def _part_of_day(hour: int) -> str:
    for until, name in ((5, "nights"), (12, "mornings"), (17, "afternoons"), (22, "evenings")):
        if hour < until:
            return name
    return "nights"
