"""The seven loops, in one enum and one table."""

from __future__ import annotations

from enum import StrEnum


class LoopType(StrEnum):
    """The loops, from the fastest to the slowest."""

    REFLEXIVE = "reflexive"
    REACTIVE = "reactive"
    ADAPTIVE = "adaptive"
    DELIBERATIVE = "deliberative"
    EVOLUTIONARY = "evolutionary"
    TRANSFORMATIVE = "transformative"
    TRANSCENDENT = "transcendent"
