"""Recommendations for televisions, computed on the television."""

from exogenesis.core.dial import Dial
from exogenesis.errors import ExogenesisError
from exogenesis.tv import (
    Brain,
    BrainConfig,
    Catalog,
    Explanation,
    ForgetReport,
    LedgerEntry,
    Profile,
    Recommendation,
    Resume,
    Signal,
    SyncResult,
    ViewContext,
    ViewingEvent,
)

__all__ = [
    "Brain",
    "BrainConfig",
    "Catalog",
    "Dial",
    "ExogenesisError",
    "Explanation",
    "ForgetReport",
    "LedgerEntry",
    "Profile",
    "Recommendation",
    "Resume",
    "Signal",
    "SyncResult",
    "ViewContext",
    "ViewingEvent",
]
