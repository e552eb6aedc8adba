"""What answers a query, from the rows of a tier and from what is mounted there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from exogenesis.core.vectors import Floats
from exogenesis.tv.memory.match import Codes, cosines, match_words, words_of
from exogenesis.tv.memory.memory import Memory, Query
from exogenesis.tv.memory.relevance import Doubles, relevance
from exogenesis.tv.memory.sources import Source, fits
from exogenesis.tv.memory.table import MemoryTable
from exogenesis.tv.memory.tiers import RULES, MemoryTier
from exogenesis.tv.persistence.database import Row

VectorOf = Callable[[str], Floats | None]
"""The content vector ``(384,)`` of a subject, or None."""


@dataclass(frozen=True, slots=True, eq=False)
class Candidates:
    """Memories of one tier that passed every filter, with what they are sorted by.

    Attributes:
        held: numbers of rows, or whole memories of a source.
        relevance: ``(n,)``.
        match: ``(n,)``; decides where relevance is equal.
    """

    held: Sequence[int | Memory]
    relevance: Doubles
    match: Doubles


def relevances(rows: Sequence[Row], match: Doubles, tier: MemoryTier, now: int) -> Doubles:
    """Return the relevances of ``rows``, of which columns 1 to 4 are taken.

    These are importance, time, number of accesses and time of the last one.
    """
    if not rows:
        return np.zeros(0)
    columns = list(zip(*rows, strict=True))
    importance = np.array(columns[1], np.float64)
    at, accesses, accessed_at = (np.array(columns[column], np.int64) for column in (2, 3, 4))
    return relevance(
        match=np.maximum(match, 0.0),
        importance=importance,
        at=at,
        accesses=accesses,
        accessed_at=accessed_at,
        now=now,
        half_life_s=RULES[tier].half_life_s,
    )


def from_table(
    table: MemoryTable, query: Query, tier: MemoryTier, *, now: int, vector_of: VectorOf
) -> Candidates:
    """Return the rows of a tier that answer ``query`` and are within its retention."""
    retention_s = RULES[tier].retention_s
    oldest = 0 if retention_s is None else now - retention_s + 1
    rows = table.candidates(query, tier, oldest=oldest)
    match = _match(
        query,
        len(rows),
        lambda: (f"{row[6]} {row[5]}" for row in rows),
        lambda: [(row[7], row[5]) for row in rows],
        vector_of,
    )
    if not np.isnan(match).any():
        return Candidates([row[0] for row in rows], relevances(rows, match, tier, now), match)
    keep = np.flatnonzero(~np.isnan(match)).tolist()
    kept, match = [rows[row] for row in keep], match[keep]
    return Candidates([row[0] for row in kept], relevances(kept, match, tier, now), match)


def from_source(
    source: Source, query: Query, tier: MemoryTier, *, now: int, vector_of: VectorOf
) -> Candidates:
    """Return the memories of a source that answer ``query``."""
    rows = [memory for memory in source.rows(query, now) if fits(memory, query)]
    match = _match(
        query,
        len(rows),
        lambda: (f"{memory.text} {memory.subject}" for memory in rows),
        lambda: [(None, memory.subject) for memory in rows],
        vector_of,
    )
    keep = np.flatnonzero(~np.isnan(match)).tolist()
    held, match = [rows[row] for row in keep], match[keep]
    columns = [(None, memory.importance, memory.at, 0, memory.at) for memory in held]
    return Candidates(held, relevances(columns, match, tier, now), match)


def best_of(found: Sequence[Candidates], limit: int) -> list[tuple[int | Memory, float]]:
    """Return the ``limit`` most relevant of all candidates with their relevances."""
    held = [one for part in found for one in part.held]
    if not held:
        return []
    values = np.concatenate([part.relevance for part in found])
    matches = np.concatenate([part.match for part in found])
    best = np.lexsort((-matches, -values))[:limit].tolist()
    return [(held[row], float(values[row])) for row in best]


def _match(
    query: Query,
    count: int,
    texts: Callable[[], Iterable[str]],
    vectors: Callable[[], Sequence[tuple[Codes, str]]],
    vector_of: VectorOf,
) -> Doubles:
    """Return how well each of ``count`` rows fits, NaN for what does not answer at all."""
    match = np.ones(count)
    if query.text is not None and (words := words_of(query.text)):
        share = match_words(words, texts())
        match = np.where(share > 0, share, np.nan)
    if query.vector is not None:
        match = match * cosines(query.vector, vectors(), vector_of)
    return match
