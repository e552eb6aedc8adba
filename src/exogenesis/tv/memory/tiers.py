"""The twelve tiers, in one enum and one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum, StrEnum
from typing import Final

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86_400
YEAR_S = 365 * DAY_S


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


class Writer(StrEnum):
    """On whose behalf something is remembered."""

    HOUSEHOLD = "household"
    SERVER = "server"
    CATALOG = "catalog"
    LOOP = "loop"
    OWNER = "owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Promotion:
    """When a memory moves on to a more lasting tier: when all of this holds.

    Attributes:
        to: the tier it moves to.
        importance: least importance.
        age_s: least age.
        accesses: how often it must have been recalled.
        stays: kinds that never move. A viewing stays, since its detail is to be gone after 30
            days; a fact stays, since it is computed from skills again and again.
    """

    to: MemoryTier
    importance: float
    age_s: int
    accesses: int = 0
    stays: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TierRule:
    """How a tier keeps what it is given.

    Attributes:
        writers: who may store there.
        capacity: rows it holds at most; the least relevant make room, but the owner's word (a
            tier that does not decay and is not evicted) is refused when there is none.
        retention_s: age from which a row is out of reach, and erased; None keeps it.
        half_life_s: age at which half of a row's relevance is left; None does not decay.
        promotion: when a row moves on; None never.
        evicts: whether a full tier drops its least relevant rows.
    """

    writers: tuple[Writer, ...]
    capacity: int
    retention_s: int | None = None
    half_life_s: int | None = None
    promotion: Promotion | None = None
    evicts: bool = True


_PRIVATE = (Writer.HOUSEHOLD, Writer.LOOP)
_FLEET = (Writer.SERVER, Writer.CATALOG)
_MACHINE = (Writer.LOOP, Writer.CATALOG)

RULES: Final[Mapping[MemoryTier, TierRule]] = {
    MemoryTier.INSTANT: TierRule(
        writers=_PRIVATE,
        capacity=256,
        retention_s=MINUTE_S,
        half_life_s=MINUTE_S // 2,
        promotion=Promotion(to=MemoryTier.SESSION, importance=0.3, age_s=MINUTE_S),
    ),
    MemoryTier.SESSION: TierRule(
        writers=_PRIVATE,
        capacity=4096,
        retention_s=DAY_S,
        half_life_s=6 * HOUR_S,
        promotion=Promotion(to=MemoryTier.EPISODIC, importance=0.6, age_s=DAY_S),
    ),
    MemoryTier.EPISODIC: TierRule(
        writers=_PRIVATE,
        capacity=10_000,
        retention_s=30 * DAY_S,
        half_life_s=15 * DAY_S,
        promotion=Promotion(
            to=MemoryTier.SEMANTIC,
            importance=0.7,
            age_s=7 * DAY_S,
            accesses=3,
            stays=("viewing",),
        ),
    ),
    MemoryTier.SEMANTIC: TierRule(
        writers=_PRIVATE,
        capacity=10_000,
        half_life_s=YEAR_S,
        promotion=Promotion(
            to=MemoryTier.EVOLUTIONARY,
            importance=0.8,
            age_s=90 * DAY_S,
            accesses=10,
            stays=("fact",),
        ),
    ),
    MemoryTier.COLLECTIVE: TierRule(writers=_FLEET, capacity=1000, half_life_s=90 * DAY_S),
    MemoryTier.EVOLUTIONARY: TierRule(writers=_PRIVATE, capacity=1000, half_life_s=5 * YEAR_S),
    MemoryTier.ARCHITECTURAL: TierRule(writers=_MACHINE, capacity=256),
    MemoryTier.SUBSTRATE: TierRule(
        writers=_MACHINE, capacity=1000, retention_s=YEAR_S, half_life_s=30 * DAY_S
    ),
    MemoryTier.CIVILIZATIONAL: TierRule(writers=_FLEET, capacity=1000),
    MemoryTier.TEMPORAL: TierRule(writers=_MACHINE, capacity=2000, half_life_s=YEAR_S),
    MemoryTier.PHYSICAL: TierRule(writers=_MACHINE, capacity=1000),
    MemoryTier.OMEGA: TierRule(writers=(Writer.OWNER,), capacity=1000, evicts=False),
}
"""One rule for each tier."""

FLEETING: Final = (MemoryTier.INSTANT, MemoryTier.SESSION)
"""These are never written to the disk and are gone when the power is."""
