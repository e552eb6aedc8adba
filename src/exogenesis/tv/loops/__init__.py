"""What the television does by itself, in seven loops."""

from exogenesis.tv.loops.periods import LoopType

__all__ = ["LoopType"]
