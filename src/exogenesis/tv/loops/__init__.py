"""What the television does by itself, in seven loops."""

from exogenesis.tv.loops.cycle import Cycle, CycleInput, CycleOutput, Note, Request, Work
from exogenesis.tv.loops.engine import LoopEngine, LoopStatus, Timer
from exogenesis.tv.loops.periods import PERIODS, LoopType, Period, Trigger

__all__ = [
    "PERIODS",
    "Cycle",
    "CycleInput",
    "CycleOutput",
    "LoopEngine",
    "LoopStatus",
    "LoopType",
    "Note",
    "Period",
    "Request",
    "Timer",
    "Trigger",
    "Work",
]
