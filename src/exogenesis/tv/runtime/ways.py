"""The ways in which this brain does its work, the best first, with their budgets."""

from __future__ import annotations

from dataclasses import replace

from exogenesis.core.ranking import RankerSettings
from exogenesis.tv.runtime.mode import Mode
from exogenesis.tv.runtime.substrate import Ladder

FULL, SMALL = "full", "small pool"
DURABLE = "durable"

_SMALL_POOL = 20

# What a way gives up grows from one to the next, and so does the slowness that it takes.
RECOMMEND = Ladder(
    name="recommend",
    ways=(FULL, SMALL, Mode.REDUCED.value, Mode.POPULAR.value),
    budgets_us=(15_000, 100_000, 250_000),
)
WRITE = Ladder(name="write", ways=(DURABLE,))

LADDERS = (RECOMMEND, WRITE)


def mode_of_way(way: str) -> Mode:
    """Return the highest mode that a way of making lists allows."""
    return Mode(way) if way in tuple(Mode) else Mode.FULL


def settings_of_way(way: str, settings: RankerSettings) -> RankerSettings:
    """Return the ranker's settings for a way of making lists: a small pool is not diversified."""
    if way == FULL:
        return settings
    return replace(settings, pool=min(settings.pool, _SMALL_POOL), diversity=0.0)
