"""Records to viewings of this television: titles found, values checked, nothing stored."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from exogenesis.tv.catalog import Catalog
from exogenesis.tv.history.records import Problem, Record

ABANDONED_FRACTION = 0.3
"""What counts as watched of a title of which no more is known than that it was not finished."""

_TIME_MAX = 1 << 40
_TEXT_LENGTH_MAX = 400
_YES = ("yes", "true", "1")
_NO = ("no", "false", "0")
_IDS_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Viewing:
    """Somebody watched a title, or part of it, at a time in the past.

    Attributes:
        line: where the file says so.
        title_id: the operator's identifier.
        fraction: how much of it was watched, 0..1.
        profile: who watched.
        at: Unix seconds.
        hour_known: whether the file says the time of the day, and not only the day.
        episode: which one of a series, or None.
    """

    line: int
    title_id: str
    fraction: float
    profile: str
    at: int
    hour_known: bool
    episode: int | None


class _Wrong(Exception):
    """A field cannot be read; carries its name and what is expected."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class _Stranger(_Wrong):
    """The catalogue does not hold the title."""


class Reader:
    """Turns records into viewings.

    Args:
        catalog: finds the titles.
        profiles: names of those who watch here.
        profile: who watched where a record does not say.
    """

    def __init__(self, *, catalog: Catalog, profiles: Collection[str], profile: str) -> None:
        self._catalog = catalog
        self._profiles = profiles
        self._profile = profile
        self.viewings: list[Viewing] = []
        self.strangers: list[Problem] = []
        self.problems: list[Problem] = []

    def read(self, records: Iterable[Record | Problem]) -> None:
        """Sort records into viewings, titles that the catalogue does not hold, and problems."""
        for record in records:
            if isinstance(record, Problem):
                self.problems.append(record)
                continue
            try:
                self.viewings.append(self._viewing(record))
            except _Wrong as wrong:
                told = Problem(line=record.line, field=wrong.field, message=str(wrong))
                (self.strangers if isinstance(wrong, _Stranger) else self.problems).append(told)

    def _viewing(self, record: Record) -> Viewing:
        values = record.values
        at, hour_known = _time(values.get("at"))
        fraction = _fraction(values)
        episode = _whole("episode", values.get("episode"), least=1)
        profile = self._profile_of(values.get("profile"))
        row = self._row(values)
        episodes = self._catalog.titles[row].episodes
        if episode is not None and episodes is not None and episode > episodes:
            raise _Wrong("episode", f"the series has {episodes} episodes, there is no {episode}")
        return Viewing(
            line=record.line,
            title_id=self._catalog.titles[row].id,
            fraction=fraction,
            profile=profile,
            at=at,
            hour_known=hour_known,
            episode=episode,
        )

    def _profile_of(self, value: Any) -> str:
        if value is None:
            return self._profile
        if not isinstance(value, str) or value not in self._profiles:
            known = ", ".join(sorted(self._profiles))
            raise _Wrong("profile", f"there is no profile {_shown(value)}; there are: {known}")
        return value

    def _row(self, values: dict[str, Any]) -> int:
        """The catalogue index: by the identifier, or else by the name, with the year if given."""
        id_ = _text("title_id", values.get("title_id"))
        name = _text("title", values.get("title"))
        year = _whole("year", values.get("year"), least=0)
        if id_ is None and name is None:
            raise _Wrong("title", "either title or title_id is needed")
        if id_ is not None and id_ in self._catalog:
            return self._catalog.index_of(id_)
        named = [] if name is None else self._catalog.named(name, year)
        if len(named) > 1:
            listed = ", ".join(self._catalog.titles[row].id for row in named[:_IDS_NAMED])
            raise _Stranger("title", f"several titles are called {_shown(name)}: {listed}")
        if named:
            return named[0]
        asked = id_ if name is None else name
        raise _Stranger(
            "title_id" if name is None else "title",
            f"the catalogue holds no {_shown(asked)}" + (f" of {year}" if year else ""),
        )


def _fraction(values: dict[str, Any]) -> float:
    if ("fraction" in values) == ("finished" in values):
        raise _Wrong("fraction", "either fraction or finished is needed, and not both")
    if "finished" in values:
        said = str(values["finished"]).lower()
        if said not in (*_YES, *_NO):
            raise _Wrong("finished", f"must be yes or no, not {_shown(values['finished'])}")
        return 1.0 if said in _YES else ABANDONED_FRACTION
    value = values["fraction"]
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError, OverflowError):
        number = math.nan
    if not 0.0 <= number <= 1.0:
        raise _Wrong("fraction", f"must be a number from 0 to 1, not {_shown(value)}")
    return number


def _time(value: Any) -> tuple[int, bool]:
    """Unix seconds, and whether the time of the day is known; without a zone it is UTC."""
    try:
        if isinstance(value, str) and not (value.isascii() and value.isdigit()):
            moment = datetime.fromisoformat(value)
            at = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
            return _checked(at), len(value) > len("2026-01-31")
        if isinstance(value, (str, int)) and not isinstance(value, bool) and len(str(value)) < 20:
            return _checked(int(value)), True
    except (ValueError, OverflowError):
        pass
    raise _Wrong(
        "at",
        "must be Unix seconds or a date such as 2026-01-31 or 2026-01-31T20:00:00+01:00, from "
        f"1970 on, not {_shown(value)}",
    )


def _checked(at: int) -> int:
    if not 0 <= at < _TIME_MAX:
        raise ValueError
    return at


def _whole(field: str, value: Any, *, least: int) -> int | None:
    if value is None:
        return None
    text = str(value)
    if isinstance(value, (str, int)) and text.isascii() and text.isdigit() and len(text) < 10:
        number = int(text)
        if number >= least:
            return number
    raise _Wrong(field, f"must be a whole number from {least} on, not {_shown(value)}")


def _text(field: str, value: Any) -> str | None:
    if value is not None and not (isinstance(value, str) and len(value) <= _TEXT_LENGTH_MAX):
        raise _Wrong(field, f"must be a text of at most {_TEXT_LENGTH_MAX} characters")
    return value


def _shown(value: Any) -> str:
    return repr(value if not isinstance(value, str) else value[:60])[:80]
