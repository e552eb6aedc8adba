"""The transcendent loop: decades in little room.

Quarters older than five years are drawn together into stages of life. A stage is a run of quarters
whose tastes are near each other; it keeps the titles nearest to its centre, whose unit mean stands
for the whole. It is a snapshot like any other, so that ranking and forgetting treat it as one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from exogenesis.core.vectors import Floats, Indices
from exogenesis.tv.cycles.shrink import shrink
from exogenesis.tv.learning.snapshots import KIND, STAGE, is_snapshot, quarter_name, quarter_of
from exogenesis.tv.loops import Cycle, LoopType, Work
from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, Query, Writer
from exogenesis.tv.persistence import Database

KEPT_QUARTERS = 20
"""So many of the latest quarters stay as they are."""

STAGE_QUARTERS_MAX = 16
STAGE_COSINE = 0.5
"""A quarter this near to the stage so far belongs to it."""

STAGE_TITLES = 100

_QUARTER = re.compile(r"\d{4}Q[1-4]")
_ALL = 1 << 30


@dataclass(frozen=True, slots=True, eq=False)
class Quarter:
    """A snapshot, and where it lies.

    Attributes:
        memory: the snapshot.
        titles: those of its titles that the catalogue holds.
        rows: ``(n,)`` their catalogue indices.
        centre: ``(384,)`` their unit mean; zeros without any.
    """

    memory: Memory
    titles: tuple[str, ...]
    rows: Indices
    centre: Floats


def transcendent(
    database: Database,
    memory: CosmicMemory,
    *,
    content: Floats,
    row_of: Callable[[str], int | None],
    settled_s: Callable[[], int],
    changed: Callable[[], None],
    size_max_bytes: int,
) -> Work:
    """Return the work of the transcendent loop.

    Each stage is written in one transaction with the quarters that it replaces, so that a cycle
    which is cut off loses nothing and begins anew. Only where the store is still larger than it
    may be, something is dropped, see :mod:`exogenesis.tv.cycles.shrink`.

    Args:
        database: the store.
        memory: the twelve tiers.
        content: ``(m, 384)`` unit rows of the catalogue.
        row_of: catalogue index of a title, or None.
        settled_s: Unix seconds by which something old may be erased.
        changed: called when something was drawn together or dropped.
        size_max_bytes: of the store.
    """

    def work(cycle: Cycle) -> Iterator[None]:
        drawn = 0
        for some in _old_quarters(memory, content, row_of, settled_s()):
            for stage in stages(some):
                if len(stage) > 1:
                    _draw_together(database, memory, stage, content)
                    drawn += len(stage)
                    yield
        dropped = {"large": 0, "starts": 0}
        for what, count in shrink(database, memory, size_max_bytes, cycle.at):
            dropped[what] += count
            yield
        cycle.results |= {"quarters": drawn, **dropped}
        if drawn or any(dropped.values()):
            changed()
            cycle.ask(LoopType.REACTIVE, within_s=0)
        if dropped["starts"]:
            cycle.ask(LoopType.ADAPTIVE, within_s=0, skills_gone=dropped["starts"])

    return work


def stages(quarters: Sequence[Quarter]) -> list[list[Quarter]]:
    """Cut a run of quarters, oldest first, into stages of like taste."""
    found: list[list[Quarter]] = []
    for quarter in quarters:
        last = found[-1] if found else []
        if last and len(last) < STAGE_QUARTERS_MAX:
            middle = _unit(np.sum([one.centre for one in last], axis=0))
            if float(middle @ quarter.centre) >= STAGE_COSINE:
                last.append(quarter)
                continue
        found.append([quarter])
    return found


def _old_quarters(
    memory: CosmicMemory, content: Floats, row_of: Callable[[str], int | None], now: int
) -> Iterator[list[Quarter]]:
    """The quarters of each profile that are old enough, oldest first."""
    oldest = int(quarter_of(np.array([now]))[0]) - KEPT_QUARTERS
    query = Query(kind=KIND, limit=_ALL)
    found = [
        one.memory
        for one in memory.recall(query, (MemoryTier.EVOLUTIONARY,), now=0, touch=False)
        if _QUARTER.fullmatch(one.memory.subject)
        and one.memory.subject < quarter_name(oldest)
        and is_snapshot(one.memory)
    ]
    for profile in sorted({one.profile or "" for one in found}):
        own = [one for one in found if (one.profile or "") == profile]
        yield [_quarter(one, content, row_of) for one in sorted(own, key=lambda one: one.subject)]


def _quarter(one: Memory, content: Floats, row_of: Callable[[str], int | None]) -> Quarter:
    placed = {title: row for title in one.metadata["titles"] if (row := row_of(title)) is not None}
    rows = np.array(list(placed.values()), np.int64)
    return Quarter(one, tuple(placed), rows, _unit(content[rows].sum(axis=0)))


def _unit(total: Floats) -> Floats:
    length = float(np.linalg.norm(total))
    return np.asarray(total / length if length > 0 else total, np.float32)


def _draw_together(
    database: Database, memory: CosmicMemory, stage: Sequence[Quarter], content: Floats
) -> None:
    """Replace the quarters of a stage by one snapshot of the titles nearest to its centre."""
    middle = _unit(np.sum([one.centre for one in stage], axis=0))
    nearness = {
        title: float(cosine)
        for one in stage
        for title, cosine in zip(one.titles, content[one.rows] @ middle, strict=True)
    }
    nearest = sorted(nearness, key=lambda title: (-nearness[title], title))[:STAGE_TITLES]
    first, last = stage[0].memory, stage[-1].memory
    with database.transaction():
        for one in stage:
            if one.memory.id is not None:
                memory.delete(one.memory.id)
        memory.store(
            Memory(
                tier=MemoryTier.EVOLUTIONARY,
                kind=KIND,
                subject=f"{first.subject}{STAGE}{last.subject}",
                profile=first.profile,
                metadata={"titles": dict.fromkeys(nearest, 1.0)},
                importance=first.importance,
                at=last.at,
            ),
            writer=Writer.LOOP,
        )
