"""Titles that were watched and that the catalogue no longer holds."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from exogenesis.tv.loops.periods import YEAR_S
from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, Query, Writer
from exogenesis.tv.persistence import Database

KIND = "gone"
"""Memories of tier 11 which say since when a title is missing."""

RETIRED_AFTER_S = YEAR_S

_TITLES_AT_ONCE = 200
_ALL = 1 << 30


def note_missing(
    database: Database, memory: CosmicMemory, known: Callable[[str], bool], now: int
) -> Iterator[None]:
    """Note which titles are missing and since when, and which are back, a few a step."""
    noted = {one.subject: one.id for one in _noted(memory)}
    after = ""
    while rows := database.run("cycle_started_titles", after=after, limit=_TITLES_AT_ONCE):
        titles = [title for (title,) in rows]
        after = titles[-1]
        missing = [title for title in titles if not known(title) and title not in noted]
        back = [number for title, number in noted.items() if known(title) and title in titles]
        if missing or back:
            with database.transaction():
                for title in missing:
                    memory.store(
                        Memory(tier=MemoryTier.PHYSICAL, kind=KIND, subject=title, at=now),
                        writer=Writer.LOOP,
                    )
                for number in back:
                    if number is not None:
                        memory.delete(number)
        yield


def retire_missing(database: Database, memory: CosmicMemory, now: int) -> Iterator[str]:
    """Drop what was learnt of titles that are missing for a year, one a step; yields them."""
    for one in _noted(memory):
        if one.at <= now - RETIRED_AFTER_S and one.id is not None:
            with database.transaction():
                database.run("cycle_retire_title", title=one.subject)
                memory.delete(one.id)
            yield one.subject


def _noted(memory: CosmicMemory) -> list[Memory]:
    query = Query(kind=KIND, limit=_ALL)
    found = memory.recall(query, (MemoryTier.PHYSICAL,), now=0, touch=False)
    return [one.memory for one in found if one.memory.id is not None]
