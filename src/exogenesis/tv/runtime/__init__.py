"""How the television keeps answering when a part of it fails."""

from exogenesis.tv.runtime.mode import Mode

__all__ = ["Mode"]
