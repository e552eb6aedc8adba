"""The plan of a round: when this television speaks, and about what.

Six times are drawn uniformly within the round and up to forty anchors are spread at random over
the forty-two envelopes; the rest are dummies. The same six pushes of the same size leave every
television in every round, whether or not anything was watched.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exogenesis.core.limits import ANCHORS_PER_ROUND, ENVELOPES_PER_PUSH, PUSHES_PER_ROUND

LATE_S = 900
"""A push that is this late is dropped and not made up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """One envelope: when its push is due, and the title it speaks about, or None."""

    due_at: int
    title_id: str | None


def draw_plan(
    titles: Sequence[str], *, opens: int, closes: int, rng: np.random.Generator
) -> list[Slot]:
    """Draw the 42 slots of a round, push by push.

    Args:
        titles: what may leave; at most 40 of them are drawn.
        opens: first second of the round, Unix time.
        closes: first second after it.
        rng: source of the draw.
    """
    span = closes - opens
    # Distinct seconds wherever the round is long enough, for a push is known by its time.
    offsets = rng.choice(span, PUSHES_PER_ROUND, replace=span < PUSHES_PER_ROUND)
    times = np.repeat(opens + np.sort(offsets), ENVELOPES_PER_PUSH)
    anchors = rng.permutation(len(titles))[:ANCHORS_PER_ROUND]
    places = rng.permutation(len(times))[: len(anchors)]
    named = {int(place): titles[anchor] for place, anchor in zip(places, anchors, strict=True)}
    return [Slot(due_at=int(at), title_id=named.get(row)) for row, at in enumerate(times)]
