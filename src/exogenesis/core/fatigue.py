"""What tires within an evening: titles shown again and again, and genres that are skipped.

Both are 0 or negative, and count in spans of the pool: at -1 the best title of a list falls to
where the last of those stands that diversity chooses from.
"""

from __future__ import annotations

TIRED_FROM = 3
"""Shown so often without being chosen, a title tires."""

SKIPPED_FROM = 2
"""So many skips of a genre are no accident."""

SKIP_S = 60
"""A skip speaks for so long."""


def fatigue(shown: int) -> float:
    """Return -1..0 for a title that was shown so often without being chosen.

    0 below :data:`TIRED_FROM`, then ``-min(1, (shown - 1) / 4)``: -.5, -.75, -1.
    """
    return -min(1.0, (shown - 1) / 4) if shown >= TIRED_FROM else 0.0


def suppression(skips: int) -> float:
    """Return -1..0 for a genre that was skipped so often within :data:`SKIP_S`.

    0 below :data:`SKIPPED_FROM`, then ``-min(1, skips / 4)``: -.5, -.75, -1.
    """
    return -min(1.0, skips / 4) if skips >= SKIPPED_FROM else 0.0
