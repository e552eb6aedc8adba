"""What was measured of this device, kept in tier 8."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, Query, Writer
from exogenesis.tv.runtime.substrate import Measure, measure_metadata, measure_of

KIND = "measure"

_ALL = 1 << 30


def keep_measures(memory: CosmicMemory, measures: Iterable[Measure], now: int) -> Iterator[None]:
    """Store each measure in place of the one before, one a step."""
    held = {one.subject: one for one in _held(memory)}
    for measure in measures:
        subject = f"{measure.name}: {measure.way}"
        metadata = measure_metadata(measure)
        known = held.get(subject)
        if known is not None and known.id is not None:
            memory.revise(known.id, metadata=metadata, importance=known.importance, at=now)
        else:
            memory.store(
                Memory(
                    tier=MemoryTier.SUBSTRATE,
                    kind=KIND,
                    subject=subject,
                    metadata=metadata,
                    at=now,
                ),
                writer=Writer.LOOP,
            )
        yield


def kept_measures(memory: CosmicMemory) -> list[Measure]:
    """Return what was kept; what cannot be read is left out."""
    found = (measure_of(one.metadata) for one in _held(memory))
    return [measure for measure in found if measure is not None]


def _held(memory: CosmicMemory) -> list[Memory]:
    query = Query(kind=KIND, limit=_ALL)
    return [one.memory for one in memory.recall(query, (MemoryTier.SUBSTRATE,), now=0, touch=False)]
