"""How much of the brain is working."""

from __future__ import annotations

from enum import StrEnum


class Mode(StrEnum):
    """What a list is made from."""

    FULL = "full"
    """Everything."""

    REDUCED = "reduced"
    """No vectors: what was learnt in counts, and popularity."""

    POPULAR = "popular-only"
    """The catalogue alone: its popularity, and what may be shown."""
