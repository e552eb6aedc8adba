"""Makes a store smaller that is larger than it may be, by what is missed least.

Large memories go first, the least relevant of them before the others. Titles that were begun go
only where they are what is too much: never finished first, finished ones where nothing else brings
the store under its size, and of each the longest ago. What would not help is kept.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from exogenesis.tv.memory import CosmicMemory, MemoryTier
from exogenesis.tv.memory.relevance import relevance
from exogenesis.tv.memory.tiers import RULES
from exogenesis.tv.persistence import Database

LARGE_BYTES = 4096
"""A memory of this size has pages of its own, which are free when it goes."""

STARTS_KEPT = 1000

_BYTES_AT_ONCE = 1 << 20
_STARTS_AT_ONCE = 200
_FRUITLESS_MAX = 5
"""So many rounds in a row that free no page: the rest would not either."""


def shrink(
    database: Database, memory: CosmicMemory, size_max_bytes: int, now: int
) -> Iterator[tuple[str, int]]:
    """Drop some a step until the store is no larger than ``size_max_bytes``, or nothing helps.

    Args:
        database: the store.
        memory: the twelve tiers.
        size_max_bytes: of the store without its free pages.
        now: Unix seconds, for the relevance of memories.

    Yields:
        After each step ``large`` or ``starts``, and how many went.
    """
    for count in _drop_large(database, memory, size_max_bytes, now):
        yield "large", count
    for count in _drop_starts(database, size_max_bytes):
        yield "starts", count


def _surplus(database: Database, size_max_bytes: int) -> int:
    ((size_bytes,),) = database.run("cycle_store_bytes")
    return int(size_bytes) - size_max_bytes


def _drop_large(
    database: Database, memory: CosmicMemory, size_max_bytes: int, now: int
) -> Iterator[int]:
    surplus = _surplus(database, size_max_bytes)
    if surplus <= 0:
        return
    waiting = _large(database, now)
    while waiting and surplus > 0:
        some, held_bytes = 0, 0
        while some < len(waiting) and held_bytes < min(surplus, _BYTES_AT_ONCE):
            held_bytes += waiting[some][1]
            some += 1
        with database.transaction():
            for number, _ in waiting[:some]:
                memory.delete(number)
        del waiting[:some]
        before, surplus = surplus, _surplus(database, size_max_bytes)
        yield some
        if surplus >= before:
            return


def _large(database: Database, now: int) -> list[tuple[int, int]]:
    """Numbers and bytes of the large memories, the least relevant first."""
    rows = database.run("cycle_large_memories", least=LARGE_BYTES)
    found: list[tuple[float, int, int]] = []
    for tier in sorted({row[1] for row in rows}):
        own = [row for row in rows if row[1] == tier]
        values = relevance(
            match=np.ones(len(own)),
            importance=np.array([row[2] for row in own], np.float64),
            at=np.array([row[3] for row in own], np.int64),
            accesses=np.array([row[4] for row in own], np.int64),
            accessed_at=np.array([row[5] for row in own], np.int64),
            now=now,
            half_life_s=RULES[MemoryTier(tier)].half_life_s,
        )
        found += [(value, -row[6], row[0]) for value, row in zip(values.tolist(), own, strict=True)]
    return [(number, -negative) for _, negative, number in sorted(found)]


def _drop_starts(database: Database, size_max_bytes: int) -> Iterator[int]:
    surplus = _surplus(database, size_max_bytes)
    ((starts,),) = database.run("cycle_count_starts")
    if surplus <= 0 or starts <= STARTS_KEPT:
        return
    ((begun, begun_bytes, count, count_bytes),) = database.run(
        "cycle_weigh_starts", limit=starts - STARTS_KEPT
    )
    left = begun if surplus <= begun_bytes else count if surplus <= count_bytes else 0
    fruitless = 0
    while left and surplus > 0 and fruitless < _FRUITLESS_MAX:
        some = min(_STARTS_AT_ONCE, left)
        with database.transaction():
            database.run("cycle_drop_starts", limit=some)
        left -= some
        before, surplus = surplus, _surplus(database, size_max_bytes)
        fruitless = fruitless + 1 if surplus >= before else 0
        yield some
