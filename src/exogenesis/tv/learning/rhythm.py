"""Tier 10: what a profile watches at which hour of the week, and in which month."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from exogenesis.core.ranking import Given
from exogenesis.core.vectors import Floats
from exogenesis.tv.learning.attributes import Attributes, sums
from exogenesis.tv.learning.derived import is_number
from exogenesis.tv.learning.evidence import HOURS, SLOTS, Evidence
from exogenesis.tv.learning.habit import habit_lifts, hour_weights, month_weights
from exogenesis.tv.memory import Memory, MemoryTier

Doubles = npt.NDArray[np.float64]

KIND = "rhythm"
EVERYTHING = ""
"""The subject of the memory that counts all finishes."""

_HOUR_NAMES = frozenset(map(str, range(HOURS)))
_MONTH_NAMES = frozenset(map(str, range(1, SLOTS - HOURS + 1)))

SERIES_LEAST, SERIES_MOST = 3, 50
"""A title finished so often has a rhythm of its own; of so many titles, the most finished."""


def computed_rhythm(
    evidence: Evidence,
    attributes: Attributes,
    title_ids: Sequence[str],
    *,
    profile: str,
    now: int,
) -> list[Memory]:
    """Return the histograms of a profile as memories of tier 10.

    One for each genre, one for each title finished often, one for everything. Finishes at a time
    that was not believed are in none of them.

    Args:
        evidence: of the profile.
        attributes: of the catalogue's titles.
        title_ids: identifiers by catalogue index.
        profile: whose.
        now: Unix seconds.
    """
    place, slot, times = evidence.rhythm.T
    if not len(place):
        return []
    titles = len(attributes.offsets) - 1
    totals = sums(slot, times, SLOTS)
    by_genre = _genre_counts(evidence.rows[place], slot, times, attributes)
    histograms = [(EVERYTHING, "all", totals)]
    for genre in np.flatnonzero(by_genre.any(axis=1)).tolist():
        name = attributes.names[int(attributes.genres[genre])]
        histograms.append((name, "genre", by_genre[genre]))
    finished = sums(evidence.rows, evidence.finishes, titles)
    often = np.flatnonzero(finished >= SERIES_LEAST)
    often = often[np.argsort(-finished[often], kind="stable")][:SERIES_MOST]
    watched = evidence.rows[place]
    for row in often.tolist():
        own = np.flatnonzero(watched == row)
        if len(own):
            histograms.append((title_ids[row], "title", sums(slot[own], times[own], SLOTS)))
    return [
        Memory(
            tier=MemoryTier.TEMPORAL,
            kind=KIND,
            subject=subject,
            profile=profile,
            metadata=_written(sort, counts),
            importance=1.0 if sort == "all" else float(counts.sum() / totals.sum()),
            at=now,
        )
        for subject, sort, counts in histograms
    ]


def _genre_counts(
    rows: npt.NDArray[np.int64],
    slot: npt.NDArray[np.int64],
    times: npt.NDArray[np.int64],
    attributes: Attributes,
) -> Doubles:
    """Return ``(g, 180)``: finishes by genre and slot."""
    starts, ends = attributes.genre_offsets[rows], attributes.genre_offsets[rows + 1]
    lengths = ends - starts
    which = np.repeat(np.arange(len(rows)), lengths)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    cells = attributes.genre_values[starts[which] + within] * SLOTS + slot[which]
    counts = sums(cells, times[which], len(attributes.genres) * SLOTS)
    return counts.reshape(-1, SLOTS)


def _written(sort: str, counts: Doubles) -> dict[str, Any]:
    slots = np.flatnonzero(counts).tolist()
    hours = {str(slot): int(counts[slot]) for slot in slots if slot < HOURS}
    months = {str(slot - HOURS + 1): int(counts[slot]) for slot in slots if slot >= HOURS}
    return {"of": sort, "hours": hours, "months": months}


def is_rhythm(memory: Memory) -> bool:
    """Whether a stored memory holds what a histogram needs."""
    told = memory.metadata
    return told.get("of") in ("all", "genre", "title") and all(
        isinstance(counts := told.get(name), dict)
        and counts.keys() <= slots
        and all(is_number(times, 0.0) for times in counts.values())
        for name, slots in (("hours", _HOUR_NAMES), ("months", _MONTH_NAMES))
    )


def same_rhythm(held: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a stored histogram is what was counted."""
    return held == new


class Rhythm:
    """The habits of one profile, read from its memories.

    Args:
        memories: of tier 10, of one profile.
        attributes: of the catalogue's titles.
        rows: catalogue index of each title that may have a rhythm of its own.
    """

    def __init__(
        self, memories: Sequence[Memory], attributes: Attributes, rows: Mapping[str, int]
    ) -> None:
        self._attributes = attributes
        self._totals = np.zeros(SLOTS)
        self._genres: list[int] = []
        self._titles: list[int] = []
        genre_counts: list[Doubles] = []
        title_counts: list[Doubles] = []
        for memory in memories:
            counts = _read(memory.metadata)
            sort, row = memory.metadata["of"], attributes.position(memory.subject)
            if sort == "all":
                self._totals = counts
            elif sort == "genre" and row is not None:
                self._genres.append(row)
                genre_counts.append(counts)
            elif sort == "title" and memory.subject in rows:
                self._titles.append(rows[memory.subject])
                title_counts.append(counts)
        self._counts = np.array([*genre_counts, *title_counts]).reshape(-1, SLOTS)
        several = np.diff(attributes.genre_offsets).astype(np.float32)
        self._genres_of: Floats = np.maximum(several, np.float32(1.0))

    def term(self, hour_of_week: int | None, month: int | None) -> Given | None:
        """Return for each title how much the hour and the month speak for it, within -4..4.

        The mean over its genres of ``log P(genre | slot) / P(genre)``, shrunk, hour and month
        added; and the same of the title itself where it is watched again and again. What speaks
        more for a title is named, ``hour:117`` or ``month:12``. None when neither time is known,
        or when no habit shows.
        """
        by_hour = by_month = np.zeros_like(self._genres_of)
        if hour_of_week is not None:
            by_hour = self._speaks(slice(0, HOURS), hour_weights()[hour_of_week])
        if month is not None:
            by_month = self._speaks(slice(HOURS, SLOTS), month_weights()[month - 1])
        if not (by_hour.any() or by_month.any()):
            return None

        def because(title: int) -> str | None:
            hour, season = by_hour[title], by_month[title]
            if max(hour, season) <= 0:
                return None
            return f"hour:{hour_of_week}" if hour >= season else f"month:{month}"

        def without(habit: str) -> Floats:
            return np.clip(by_month if habit.startswith("hour:") else by_hour, -4.0, 4.0)

        values = np.clip(by_hour + by_month, -4.0, 4.0)
        return Given(values=values, because=because, without=without)

    def _speaks(self, slots: slice, weights: Doubles) -> Floats:
        """``(m,)``: how much one slot speaks for each title."""
        lifts = habit_lifts(self._counts[:, slots], self._totals[slots], weights)
        by_attribute = np.zeros(len(self._attributes))
        by_attribute[self._genres] = lifts[: len(self._genres)]
        values = self._attributes.spread(by_attribute) / self._genres_of
        values[self._titles] += lifts[len(self._genres) :].astype(np.float32)
        return values

    def usual_hour(self, title: int) -> int | None:
        """Return the hour of the week at which a title is watched most, neighbours counted in.

        None for a title that has no rhythm.
        """
        if title not in self._titles:
            return None
        counts = self._counts[len(self._genres) + self._titles.index(title), :HOURS]
        return int((hour_weights() @ counts).argmax()) if counts.any() else None


def _read(metadata: Mapping[str, Any]) -> Doubles:
    counts = np.zeros(SLOTS)
    for slot, times in metadata["hours"].items():
        counts[int(slot)] = times
    for month, times in metadata["months"].items():
        counts[HOURS + int(month) - 1] = times
    return counts
