"""Why a title is on the list: the summand of its score that weighs most, named truthfully."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from exogenesis.core.ranking import Scores
from exogenesis.core.vectors import Floats, Indices

Kind = Literal["taste", "content", "popularity", "exploration"]

_SUMMANDS: dict[Kind, tuple[str, ...]] = {
    "taste": ("recent", "full"),
    "content": ("content",),
    "popularity": ("popularity",),
}
DIFFERENT = "something different to try"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A finished title and what it adds to a score, compared with the other candidates."""

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
        parts: the score taken apart: taste, content and popularity add up to it.
        causes: the five finished titles that add most to taste and content, in this order; all
            of them add up to both, and a negative one speaks against.
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
    """The summand that weighs most, and the finished title behind it, if it has one."""

    kind: Kind
    cause: int | None


def parts(scores: Scores, title: int) -> dict[Kind, float]:
    """Take the score of ``title`` apart into taste, content and popularity."""
    return {
        kind: sum(scores.part(name, title) for name in names) for kind, names in _SUMMANDS.items()
    }


def reasons(scores: Scores, titles: Indices) -> list[Reason]:
    """Name the reason of each title.

    The largest summand decides. For taste and content the cause is the finished title that adds
    most to both together. Where nothing speaks for a title, it is something different to try.
    """
    causes: Floats = scores.causes(titles)
    return [_reason(scores, int(title), causes[:, n]) for n, title in enumerate(titles)]


def _reason(scores: Scores, title: int, causes: Floats) -> Reason:
    summands = parts(scores, title)
    kind = max(summands, key=lambda name: summands[name])
    if summands[kind] > 0.0 and kind == "popularity":
        return Reason(kind, None)
    if summands[kind] > 0.0 and causes.max() > 0.0:
        return Reason(kind, int(scores.history[causes.argmax()]))
    return Reason("exploration", None)


def sentence(reason: Reason, cause_name: str, *, from_fleet: bool) -> str:
    """Say a reason in words."""
    if reason.cause is not None:
        return f"because you watched {cause_name}"
    if reason.kind == "popularity":
        return "popular with other households" if from_fleet else "from the catalogue's favourites"
    return DIFFERENT
