"""Everything that runs on the television."""

from exogenesis.tv.agentdb import AgentDB, Skill
from exogenesis.tv.brain import Brain, Stats
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.config import BrainConfig
from exogenesis.tv.explain import Cause, Explanation
from exogenesis.tv.forget import ForgetReport, OutOfReach
from exogenesis.tv.http import HttpTransport, Response, Transport
from exogenesis.tv.ledger import LedgerEntry
from exogenesis.tv.loops import LoopType
from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, Query
from exogenesis.tv.observe import Signal, ViewingEvent
from exogenesis.tv.persistence import PersistenceManager
from exogenesis.tv.policy import Profile
from exogenesis.tv.recommend import Recommendation, ViewContext
from exogenesis.tv.resume import Resume
from exogenesis.tv.sync import SyncResult

OmegaTVBrain = Brain
TVBrainConfig = BrainConfig

__all__ = [
    "AgentDB",
    "Brain",
    "BrainConfig",
    "Catalog",
    "Cause",
    "CosmicMemory",
    "Explanation",
    "ForgetReport",
    "HttpTransport",
    "LedgerEntry",
    "LoopType",
    "Memory",
    "MemoryTier",
    "OmegaTVBrain",
    "OutOfReach",
    "PersistenceManager",
    "Profile",
    "Query",
    "Recommendation",
    "Response",
    "Resume",
    "Signal",
    "Skill",
    "Stats",
    "SyncResult",
    "TVBrainConfig",
    "Transport",
    "ViewContext",
    "ViewingEvent",
]
