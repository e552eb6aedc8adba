"""What the television remembers, in twelve tiers."""

from exogenesis.tv.memory.cosmic import CosmicMemory
from exogenesis.tv.memory.memory import Memory, Query, Recalled, check_session
from exogenesis.tv.memory.sources import Source
from exogenesis.tv.memory.tiers import FLEETING, RULES, MemoryTier, Writer

__all__ = [
    "FLEETING",
    "RULES",
    "CosmicMemory",
    "Memory",
    "MemoryTier",
    "Query",
    "Recalled",
    "Source",
    "Writer",
    "check_session",
]
