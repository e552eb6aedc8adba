"""A title of the catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass

ID_LENGTH_MAX = 64
NAME_LENGTH_MAX = 400
LANGUAGE_LENGTH_MAX = 35
PEOPLE_MAX = 8
PERSON_LENGTH_MAX = 100
REGIONS_MAX = 300
POPULARITY_MAX = 1e15
WHOLE_MAX = (1 << 40) - 1

_REGION_CODE = re.compile("[A-Z0-9]{2,3}(-[A-Z0-9]{1,3})?")
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
        language: of the original, as a lower-case tag such as ``de`` or ``pt-br``, or None.
        people: those who matter most, at most eight: who made it, who plays in it.
        episodes: how many a series has; None for a single film.
        regions: pairs of a region's code, such as ``DE`` (ISO 3166), and how often the title was
            chosen there; by code, each code once.
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
    language: str | None = None
    people: tuple[str, ...] = ()
    episodes: int | None = None
    regions: tuple[tuple[str, float], ...] = ()

    def __post_init__(self) -> None:
        """Check every field; the message names the one that is wrong."""
        for name, longest in (("id", ID_LENGTH_MAX), ("name", NAME_LENGTH_MAX)):
            _check_text(name, getattr(self, name), longest)
        for name in ("year", "minutes", "age", "available_from", "available_until", "episodes"):
            value = getattr(self, name)
            whole = isinstance(value, int) and not isinstance(value, bool)
            least = 1 if name == "episodes" else 0
            if value is not None and not (whole and least <= value <= WHOLE_MAX):
                raise ValueError(f"{name} must be a whole number from {least} to {WHOLE_MAX}")
        for genre in self.genres:
            if not isinstance(genre, str) or not genre or _UNPRINTABLE.search(genre):
                raise ValueError("genres must be texts without control characters")
        _check_popularity("popularity", self.popularity)
        if self.language is not None:
            _check_text("language", self.language, LANGUAGE_LENGTH_MAX)
        if len(self.people) > PEOPLE_MAX:
            raise ValueError(f"people must be at most {PEOPLE_MAX} names")
        for person in self.people:
            _check_text("a name in people", person, PERSON_LENGTH_MAX)
        if self.regions:
            _check_regions(self.regions)


def is_region(code: object) -> bool:
    """Whether a value is a region's code as ISO 3166 has them."""
    return isinstance(code, str) and _REGION_CODE.fullmatch(code) is not None


def _check_text(name: str, value: object, longest: int) -> None:
    if not isinstance(value, str) or not 1 <= len(value) <= longest:
        raise ValueError(f"{name} must be a text of 1 to {longest} characters")
    if _UNPRINTABLE.search(value):
        raise ValueError(f"{name} must not hold control characters: {value!r}")


def _check_popularity(name: str, value: object) -> None:
    number = isinstance(value, (int, float)) and value is not True
    if not number or not 0 <= value <= POPULARITY_MAX:  # type: ignore[operator]
        raise ValueError(f"{name} must be a number from 0 to {POPULARITY_MAX:g}")


def _check_regions(regions: tuple[tuple[str, float], ...]) -> None:
    codes = [code for code, _ in regions]
    if len(codes) > REGIONS_MAX:
        raise ValueError(f"regions must be at most {REGIONS_MAX}")
    for code, popularity in regions:
        if not is_region(code):
            raise ValueError(f"regions must have codes such as DE or US-CA, not {code!r}")
        _check_popularity(f"regions: the popularity in {code}", popularity)
    if codes != sorted(set(codes)):
        raise ValueError("regions must be in the order of their codes, each code once")
