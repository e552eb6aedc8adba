"""The work of the seven loops, one function a loop, over the doors of the other parts."""

from exogenesis.tv.cycles.adaptive import adaptive
from exogenesis.tv.cycles.deliberative import SIZE_MAX_BYTES, Stage, deliberative, once, steps
from exogenesis.tv.cycles.evolutionary import evolutionary
from exogenesis.tv.cycles.fast import reactive, reflexive
from exogenesis.tv.cycles.measures import keep_measures, kept_measures
from exogenesis.tv.cycles.transcendent import transcendent
from exogenesis.tv.cycles.transformative import space_of, transformative

__all__ = [
    "SIZE_MAX_BYTES",
    "Stage",
    "adaptive",
    "deliberative",
    "evolutionary",
    "keep_measures",
    "kept_measures",
    "once",
    "reactive",
    "reflexive",
    "space_of",
    "steps",
    "transcendent",
    "transformative",
]
