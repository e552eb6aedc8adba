"""Scored lists that are kept until something changes, so that a list is served and not made."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from exogenesis.core.ranking import Scores
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Indices, Mask
from exogenesis.tv.catalog import ALWAYS_UNTIL, Feasibility
from exogenesis.tv.explain import Reason

TICK_S = 5
"""What is kept is never older."""

_KEPT = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scored:
    """All titles as one viewer stands to them at one moment.

    Attributes:
        scores: with all summands but those of the evening's signals.
        space: what the fleet taught, if it was used.
        mask: the titles that may be shown.
        source: what it was made from that can change without notice.
        since: first second for which it is right, Unix time.
        until: first second for which it is not.
        best: the titles chosen for a list of so many places, with their reasons.
        outside: what exploration draws from, by the size of the pool that is left out.
    """

    scores: Scores
    space: TasteSpace | None
    mask: Mask
    source: object
    since: int
    until: int
    best: dict[int, list[tuple[int, Reason]]] = field(default_factory=dict)
    outside: dict[int, Indices] = field(default_factory=dict)


class Slate:
    """The last few scored lists, by viewer and context.

    Args:
        windows: tells when a title comes or goes, which ends every list.
    """

    def __init__(self, windows: Feasibility) -> None:
        edges = np.unique(np.concatenate([windows.available_from, windows.available_until]))
        self._edges: npt.NDArray[np.int64] = edges[edges < ALWAYS_UNTIL]
        self._kept: OrderedDict[Hashable, Scored] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def clear(self) -> None:
        """Give up everything; call it when something was observed."""
        self._kept.clear()

    def ends(self, now: int) -> int:
        """Return until when a list of ``now`` may be kept: the tick, or a title's window."""
        later = int(np.searchsorted(self._edges, now, side="right"))
        tick = (now // TICK_S + 1) * TICK_S
        return min(tick, int(self._edges[later])) if later < len(self._edges) else tick

    def get(self, key: Hashable, now: int, source: object) -> Scored | None:
        """Return what is kept under ``key`` if it is right at ``now``, Unix seconds."""
        scored = self._kept.get(key)
        if scored is None or scored.source is not source:
            return None
        if not scored.since <= now < scored.until:
            return None
        self._kept.move_to_end(key)
        return scored

    def put(self, key: Hashable, scored: Scored) -> None:
        """Keep a list; the one that was not asked for the longest goes."""
        self._kept[key] = scored
        self._kept.move_to_end(key)
        while len(self._kept) > _KEPT:
            self._kept.popitem(last=False)
