"""What the rest of the brain tells the ranking, as functions; each may be absent."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from exogenesis.core.ranking import Given
from exogenesis.core.vectors import Floats, Indices
from exogenesis.tv.moment import Moment
from exogenesis.tv.policy import Profile
from exogenesis.tv.runtime import Mode


def _none_shown(profile: str, session: str) -> Mapping[str, int]:
    return {}


def _none_skipped(profile: str, now: int) -> Sequence[str]:
    return ()


def _no_core(profile: str) -> tuple[Indices, Floats] | None:
    return None


def _no_facts(profile: str, now: int) -> Given | None:
    return None


def _no_habits(profile: str, moment: Moment) -> Given | None:
    return None


def _unreported(profile: str, session: str, title_ids: Sequence[str]) -> None:
    return None


def _unchanged() -> int:
    return 0


def _whole() -> Mode:
    return Mode.FULL


@dataclass(frozen=True, slots=True, kw_only=True)
class Senses:
    """What a list is made from, beside the catalogue, the fleet's pages and what was finished.

    Attributes:
        moment: the present moment; None takes the clock's word, without an hour.
        who: who most likely watches in a session, with the age limit that is safe for all who
            may; None is the first profile under the strictest limit of all.
        mode: how much of the brain works.
        shown: how often each title was shown to a profile in a session without being chosen.
        skipped: titles that a profile skipped within ``SKIP_S`` before a Unix time in seconds,
            once for each skip.
        core: the taste of the long run: catalogue indices, each once, and what they count.
        fact: what was last learnt of a profile's genres, people, languages and lengths, as causes
            like ``genre:thriller``; the Unix time that is passed changes nothing.
        rhythm: the habits of the hour and of the month, causes like ``hour:117`` and
            ``month:12``; not asked for while the clock is not trusted.
        report: takes note of what was put on a profile's list in a session.
        version: another number when what ``core``, ``fact`` and ``rhythm`` say may have changed.
    """

    moment: Callable[[], Moment] | None = None
    who: Callable[[Moment, str], Profile] | None = None
    mode: Callable[[], Mode] = _whole
    shown: Callable[[str, str], Mapping[str, int]] = _none_shown
    skipped: Callable[[str, int], Sequence[str]] = _none_skipped
    core: Callable[[str], tuple[Indices, Floats] | None] = _no_core
    fact: Callable[[str, int], Given | None] = _no_facts
    rhythm: Callable[[str, Moment], Given | None] = _no_habits
    report: Callable[[str, str, Sequence[str]], None] = _unreported
    version: Callable[[], int] = _unchanged
