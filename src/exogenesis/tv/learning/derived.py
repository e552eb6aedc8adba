"""Brings the memories of a tier in line with what was computed anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, Query, Writer

_EVERY = 1 << 30
_NUMBER_MOST = 1 << 40

Metadata = Mapping[str, Any]
Same = Callable[[Metadata, Metadata], bool]
"""Whether stored content is still near enough to what was computed."""


@dataclass(frozen=True, slots=True)
class Change:
    """One row to erase (no memory), to revise (number and memory), or to add (no number)."""

    number: int | None
    memory: Memory | None


def stored(
    memory: CosmicMemory,
    tier: MemoryTier,
    kind: str,
    profile: str | None,
    sound: Callable[[Memory], bool] = lambda one: True,
) -> list[Memory]:
    """Return all memories of a kind, of one profile or of all; this is not an access.

    Anyone may store memories of any kind: those that are not ``sound`` are left out.
    """
    query = Query(kind=kind, profile=profile, limit=_EVERY)
    found = memory.recall(query, (tier,), now=0, touch=False)
    return [one.memory for one in found if sound(one.memory)]


def is_number(value: Any, least: float) -> bool:
    """Whether a value of JSON is a number from ``least`` to 2^40."""
    return type(value) in (int, float) and least <= value <= _NUMBER_MOST


def changes(held: Sequence[Memory], wanted: Sequence[Memory], same: Same) -> list[Change]:
    """Return what has to change so that for each subject what is wanted is held, once."""
    missing = {memory.subject: memory for memory in wanted}
    found: list[Change] = []
    for memory in held:
        new = missing.pop(memory.subject, None)
        if new is None:
            found.append(Change(memory.id, None))
        elif not same(memory.metadata, new.metadata):
            found.append(Change(memory.id, new))
    return found + [Change(None, memory) for memory in missing.values()]


def apply(memory: CosmicMemory, some: Sequence[Change]) -> None:
    """Write changes down; in the caller's transaction, if there is one."""
    for change in some:
        new = change.memory
        if new is None and change.number is not None:
            memory.delete(change.number)
        elif new is not None and change.number is not None:
            memory.revise(
                change.number, metadata=new.metadata, importance=new.importance, at=new.at
            )
        elif new is not None:
            memory.store(new, writer=Writer.LOOP)
