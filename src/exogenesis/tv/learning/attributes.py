"""What titles have in common: genres, people, languages and lengths."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import numpy.typing as npt

from exogenesis.core.titles import Title
from exogenesis.core.vectors import Floats, Indices

Doubles = npt.NDArray[np.float64]

SHORT_MINUTES, LONG_MINUTES = 45, 110
"""Below the first a title is short, from the second on it is long."""

_UNIFORM = 0.1
_BASE_MOST = 0.999
GENRE = "genre:"


def sums(cells: Indices, weights: npt.NDArray[np.generic], count: int) -> Doubles:
    """Return ``(count,)`` float64: for each cell the sum of the weights that fall into it."""
    return np.asarray(np.bincount(cells, weights, minlength=count), np.float64)


class Attributes:
    """Attributes by title, as sparse index lists.

    Title i has the attributes ``values[offsets[i]:offsets[i + 1]]``. People of a single title are
    left out: nothing follows from them for another.

    Attributes:
        names: ``genre:thriller``, ``person:...``, ``language:de``, ``length:short`` ...
        offsets: ``(m + 1,)``.
        values: ``(n,)`` positions in ``names``.
        rows: ``(n,)`` the title of each value.
        base: ``(k,)`` float64: the share of titles that have an attribute when titles are drawn
            by popularity (nine times of ten, else evenly), below 1.
        genres: ``(g,)`` positions of the genres in ``names``.
        genre_offsets, genre_values: as ``offsets`` and ``values``, of genres alone; the values
            are positions in ``genres``.
    """

    def __init__(self, titles: Sequence[Title]) -> None:
        stars = Counter(person for title in titles for person in set(title.people))
        known: dict[str, int] = {}
        lists: list[list[int]] = []
        for title in titles:
            found = dict.fromkeys(_attributes_of(title, stars))
            lists.append([known.setdefault(name, len(known)) for name in found])
        counts = np.array([len(one) for one in lists], np.int64)
        self.names: tuple[str, ...] = tuple(known)
        self.offsets: Indices = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        self.values: Indices = np.array([v for one in lists for v in one], np.int64)
        self.rows: Indices = np.repeat(np.arange(len(titles)), counts)
        self.base = self._base(np.array([title.popularity for title in titles], np.float64))
        is_genre = np.array([name.startswith(GENRE) for name in self.names], np.bool_)
        self.genres: Indices = np.flatnonzero(is_genre)
        own = is_genre[self.values]
        self.genre_values: Indices = (np.cumsum(is_genre) - 1)[self.values[own]]
        self.genre_offsets: Indices = np.concatenate([[0], np.cumsum(own)])[self.offsets]
        self._positions = known

    def _base(self, popularity: Doubles) -> Doubles:
        count = max(1, len(popularity))
        total = popularity.sum()
        even = np.full(len(popularity), 1.0 / count)
        drawn = popularity / total if total > 0 else even
        weights = (1.0 - _UNIFORM) * drawn + _UNIFORM * even
        shares: Doubles = self.gather(weights)
        return np.minimum(shares, _BASE_MOST)

    def __len__(self) -> int:
        return len(self.names)

    def position(self, name: str) -> int | None:
        """Return the position of an attribute, or None when no title has it."""
        return self._positions.get(name)

    def gather(self, weights: Doubles) -> Doubles:
        """Return ``(k,)``: the sum of ``weights`` ``(m,)`` over the titles with each attribute."""
        return sums(self.values, weights[self.rows], len(self.names))

    def spread(self, weights: Doubles) -> Floats:
        """Return ``(m,)``: the sum of ``weights`` ``(k,)`` over the attributes of each title."""
        titles = len(self.offsets) - 1
        return sums(self.rows, weights[self.values], titles).astype(np.float32)

    def of(self, title: int) -> Indices:
        """Return the attributes of a title."""
        return self.values[self.offsets[title] : self.offsets[title + 1]]

    def strongest(self, title: int, weights: Doubles) -> str | None:
        """Name the attribute of a title with the largest of ``weights`` ``(k,)``, if above 0."""
        own = self.of(title)
        if not len(own) or weights[own].max() <= 0:
            return None
        return self.names[int(own[weights[own].argmax()])]


def length_of(minutes: int | None) -> str | None:
    """Name the class of a duration, or None when it is unknown."""
    if minutes is None:
        return None
    if minutes < SHORT_MINUTES:
        return "length:short"
    return "length:medium" if minutes < LONG_MINUTES else "length:long"


def _attributes_of(title: Title, stars: Counter[str]) -> Iterator[str]:
    for genre in title.genres:
        yield f"{GENRE}{genre}"
    for person in title.people:
        if stars[person] > 1:
            yield f"person:{person}"
    if title.language is not None:
        yield f"language:{title.language}"
    length = length_of(title.minutes)
    if length is not None:
        yield length
