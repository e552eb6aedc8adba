"""How the television keeps answering when a part of it fails."""

from exogenesis.tv.runtime.breaker import BreakerOpen, BreakerState, CircuitBreaker
from exogenesis.tv.runtime.degradation import Component, Degradation
from exogenesis.tv.runtime.mode import Mode
from exogenesis.tv.runtime.orchestrator import RuntimeOrchestrator
from exogenesis.tv.runtime.probes import Finding, Health, Probe, examine
from exogenesis.tv.runtime.substrate import Ladder, Measure, Substrate

__all__ = [
    "BreakerOpen",
    "BreakerState",
    "CircuitBreaker",
    "Component",
    "Degradation",
    "Finding",
    "Health",
    "Ladder",
    "Measure",
    "Mode",
    "Probe",
    "RuntimeOrchestrator",
    "Substrate",
    "examine",
]
