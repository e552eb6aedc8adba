"""Years of one household in front of the real brain, told in seconds.

The clock jumps from one due time to the next: every loop runs when it is due, for ten years if it
has to. Two runs from the same seed leave the same store, row by row.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace

from exogenesis.sim.ablation import Stage, Variant, Viewer
from exogenesis.tv import LoopType, MemoryTier, ViewContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Years:
    """What is left of some years.

    Attributes:
        digest: of every row of the store and of the last list, in hex; equal lives have equal
            digests.
        store_bytes: size of the store.
        viewings: how many were reported.
        skills: what is known of titles at the end.
        tiers: memories held in each tier.
        cycles: cycles of each loop that ended, and those of them that failed.
        last: the titles of the last list.
    """

    digest: str
    store_bytes: int
    viewings: int
    skills: int
    tiers: dict[str, int]
    cycles: dict[str, tuple[int, int]]
    last: tuple[str, ...]


def live_years(
    stage: Stage, *, days: int, seed: int, day: Callable[[], object] = lambda: None
) -> Years:
    """Live through some years, or less, and say what is left.

    Args:
        stage: a town and its fleet; its households' days do not matter.
        days: how long.
        seed: of the household and of its television.
        day: called after every day.
    """
    longer = replace(stage, life=replace(stage.life, days=days))
    viewer = Viewer(longer, Variant(name="whole"), seed)
    viewings = viewer.watch_all(day)
    brain = viewer.brain
    last = tuple(one.title_id for one in brain.recommend(ViewContext(explore=False)))
    stats, loops = brain.stats(), brain.loops()
    found = Years(
        digest=hashlib.blake2b(
            brain.fingerprint() + repr(last).encode(), digest_size=16
        ).hexdigest(),
        store_bytes=brain.store_bytes,
        viewings=viewings,
        skills=stats.skills,
        tiers={tier.name.lower(): brain.memory.count(tier) for tier in MemoryTier},
        cycles={
            str(one.loop): (one.runs, round(one.runs * (1.0 - (one.success_rate or 1.0))))
            for one in loops
        },
        last=last,
    )
    brain.close()
    assert set(found.cycles) == set(map(str, LoopType))
    return found
