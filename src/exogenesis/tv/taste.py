"""A published round, decoded once for all the brains of a process."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from exogenesis.core.tables import Table
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Floats

_KEPT_ROUNDS = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Taste:
    """One round, ready for use.

    Attributes:
        published: what the fleet said; reports are expressed in its basis.
        ranking: the same with provisional vectors filled in; None before anything was published.
        basis: ``(m, 64)`` the basis of ``published``.
        table: the vectors of ``ranking`` with their moments.
    """

    published: TasteSpace
    ranking: TasteSpace | None
    basis: Floats
    table: Table | None = None


class TasteCache:
    """The last few rounds, shared by the brains of one process; safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, Taste] = OrderedDict()

    def get(self, key: bytes, make: Callable[[], Taste]) -> Taste:
        """Return what is kept under ``key``, or make and keep it."""
        with self._lock:
            if key not in self._kept:
                self._kept[key] = make()
                while len(self._kept) > _KEPT_ROUNDS:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]
