"""A title of the catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass

ID_LENGTH_MAX = 64
NAME_LENGTH_MAX = 400
POPULARITY_MAX = 1e15
WHOLE_MAX = (1 << 40) - 1

_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """What the catalogue knows about one title; a series is one title.

    Attributes:
        id: the operator's identifier, unique in the catalogue.
        name: what a person reads.
        year: year of release, or None.
        genres: lower-case words.
        minutes: duration, or None when unknown.
        age: least age of a viewer, or None when unrated (then hidden from kids' profiles).
        available_from: first second of availability (Unix time), or None.
        available_until: first second without it, or None.
        popularity: how often the operator saw it chosen; 0 when unknown.
    """

    id: str
    name: str
    year: int | None = None
    genres: tuple[str, ...] = ()
    minutes: int | None = None
    age: int | None = None
    available_from: int | None = None
    available_until: int | None = None
    popularity: float = 0.0

    def __post_init__(self) -> None:
        """Check every field; the message names the one that is wrong."""
        for name, longest in (("id", ID_LENGTH_MAX), ("name", NAME_LENGTH_MAX)):
            value = getattr(self, name)
            if not isinstance(value, str) or not 1 <= len(value) <= longest:
                raise ValueError(f"{name} must be a text of 1 to {longest} characters")
            if _UNPRINTABLE.search(value):
                raise ValueError(f"{name} must not hold control characters: {value!r}")
        for name in ("year", "minutes", "age", "available_from", "available_until"):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            if value is not None and not (whole and 0 <= value <= WHOLE_MAX):
                raise ValueError(f"{name} must be a whole number from 0 to {WHOLE_MAX}")
        for genre in self.genres:
            if not isinstance(genre, str) or not genre or _UNPRINTABLE.search(genre):
                raise ValueError("genres must be texts without control characters")
        number = isinstance(self.popularity, (int, float)) and self.popularity is not True
        if not number or not 0 <= self.popularity <= POPULARITY_MAX:
            raise ValueError(f"popularity must be a number from 0 to {POPULARITY_MAX:g}")
