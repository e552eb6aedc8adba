"""A memory with all that a test does not care about filled in."""

from __future__ import annotations

from typing import Any

from exogenesis.tv.memory import RULES, Memory, MemoryTier, Writer

NOW = 1_800_000_000


def a_memory(tier: MemoryTier = MemoryTier.EPISODIC, **fields: Any) -> Memory:
    """A memory of the kind ``note`` that happened now."""
    filled: dict[str, Any] = {"kind": "note", "at": NOW} | fields
    return Memory(tier=tier, **filled)


def writer_of(tier: MemoryTier) -> Writer:
    """Somebody who may write in ``tier``."""
    return RULES[tier].writers[0]
