"""What the television remembers, in twelve tiers."""

from exogenesis.tv.memory.tiers import MemoryTier

__all__ = ["MemoryTier"]
