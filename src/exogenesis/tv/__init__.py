"""Everything that runs on the television."""

from exogenesis.tv.agentdb import AgentDB, Skill
from exogenesis.tv.brain import Brain, Stats
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.config import BrainConfig
from exogenesis.tv.explain import Cause, Explanation
from exogenesis.tv.forget import ForgetReport, OutOfReach
from exogenesis.tv.http import HttpTransport, Response, Transport
from exogenesis.tv.ledger import LedgerEntry
from exogenesis.tv.observe import ViewingEvent
from exogenesis.tv.policy import Profile
from exogenesis.tv.recommend import Recommendation, ViewContext
from exogenesis.tv.sync import SyncResult

OmegaTVBrain = Brain
TVBrainConfig = BrainConfig

__all__ = [
    "AgentDB",
    "Brain",
    "BrainConfig",
    "Catalog",
    "Cause",
    "Explanation",
    "ForgetReport",
    "HttpTransport",
    "LedgerEntry",
    "OmegaTVBrain",
    "OutOfReach",
    "Profile",
    "Recommendation",
    "Response",
    "Skill",
    "Stats",
    "SyncResult",
    "TVBrainConfig",
    "Transport",
    "ViewContext",
    "ViewingEvent",
]
