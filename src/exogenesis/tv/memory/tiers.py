"""The twelve tiers, in one enum and one table."""

from __future__ import annotations

from enum import IntEnum


class MemoryTier(IntEnum):
    """What a memory is for; small numbers are fleeting, large ones lasting."""

    INSTANT = 1
    SESSION = 2
    EPISODIC = 3
    SEMANTIC = 4
    COLLECTIVE = 5
    EVOLUTIONARY = 6
    ARCHITECTURAL = 7
    SUBSTRATE = 8
    CIVILIZATIONAL = 9
    TEMPORAL = 10
    PHYSICAL = 11
    OMEGA = 12
