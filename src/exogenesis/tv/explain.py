"""Why a title is on the list: the summand of its score that weighs most, named truthfully.

A title is named as the cause only when the score falls without it, which is computed, not guessed:
the scores are standardised, and taking a title away changes their scale, too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from exogenesis.core.ranking import Scores
from exogenesis.core.terms import LEAST_FALL
from exogenesis.core.vectors import Indices

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

_NAMED: tuple[Kind, ...] = get_args(Kind)[:-1]
_SUMMANDS = {"recent": "taste", "full": "taste"}
_TOGETHER = (2, 3, 5, 10, 20)
"""So many titles are taken away together, where none alone is a cause; then all that add."""

CAUSES_SHOWN = 5
_NEAR = 3
"""So many of the titles that add most to a score are tried as its cause."""


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
    """Take the score of ``title`` apart."""
    told: dict[str, float] = {"taste": 0.0, "content": 0.0, "popularity": 0.0}
    for name in dict.fromkeys(term.name for term in scores.terms):
        kind = _SUMMANDS.get(name, name)
        told[kind] = told.get(kind, 0.0) + scores.part(name, title)
    return told


def reasons(scores: Scores, titles: Indices) -> list[Reason]:
    """Name the reason of each title.

    The largest summand decides. Behind taste and content stands the watched title that adds most,
    or the next, if the score falls without it. Titles that are much alike can stand in for each
    other: then the score falls only without several, and they are named together, the strongest
    first. Where nothing speaks for a title, it is something different to try.
    """
    told = [_reason(scores, title) for title in titles.tolist()]
    open_ = [row for row, reason in enumerate(told) if reason.kind in ("taste", "content")]
    for row, named in zip(open_, _causes(scores, titles[open_]), strict=True):
        if named:
            told[row] = replace(told[row], cause=named[0], also=named[1:])
    return told


def _reason(scores: Scores, title: int) -> Reason:
    """The summand that weighs most, without the titles behind it.

    What is popular in the region is popular everywhere, unless it gains by the region.
    """
    summands = parts(scores, title)
    kind = max(_NAMED, key=lambda name: summands.get(name, 0.0))
    if summands.get(kind, 0.0) <= 0.0:
        return Reason("exploration")
    if kind == "session":
        return Reason(kind, scores.just_ended)
    if kind == "region" and not scores.is_regional(title):
        return Reason("popularity")
    if kind in ("fact", "rhythm"):
        return Reason(kind, detail=scores.because(kind, title))
    return Reason(kind)


def _causes(scores: Scores, titles: Indices) -> list[tuple[int, ...]]:
    """For each title the fewest watched ones without which its score falls; or none."""
    past = scores.past
    if not len(past):
        return [()] * len(titles)
    adds = scores.causes(titles)
    few = np.argpartition(-adds, min(_NEAR, len(past)) - 1, axis=0)[:_NEAR]
    order = np.argsort(-np.take_along_axis(adds, few, axis=0), axis=0, kind="stable")
    near = np.take_along_axis(few, order, axis=0)
    found: list[tuple[int, ...]] = [()] * len(titles)
    left = list(range(len(titles)))
    for row in near:
        asked, places = np.unique(row[left], return_inverse=True)
        falls = scores.falls([past[one : one + 1] for one in asked.tolist()], titles[left])
        falling = falls[places, np.arange(len(left))] > LEAST_FALL
        for column in np.array(left)[falling].tolist():
            found[column] = (int(past[row[column]]),)
        left = [column for column in left if not found[column]]
        if not left:
            break
    for column in left:
        strongest = np.argsort(-adds[:, column], kind="stable")
        helpful = past[strongest[adds[strongest, column] > 0.0]]
        found[column] = _together(scores, int(titles[column]), helpful)
    return found


def _together(scores: Scores, title: int, helpful: Indices) -> tuple[int, ...]:
    """The fewest of ``helpful``, the strongest first, without which the score falls."""
    sizes = sorted({size for size in (*_TOGETHER, len(helpful)) if 1 < size <= len(helpful)})
    groups = [helpful[:size] for size in sizes]
    falls = scores.falls(groups, np.array([title]))[:, 0]
    for group, fall in zip(groups, falls.tolist(), strict=True):
        if fall > LEAST_FALL:
            return tuple(group.tolist())
    return ()


def sentence(reason: Reason, cause_name: str, *, from_fleet: bool) -> str:
    """Say a reason in words."""
    match reason.kind:
        case "taste" | "content":
            if not cause_name:
                return "like what you watch"
            others = f" and {len(reason.also)} more like it" if reason.also else ""
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
