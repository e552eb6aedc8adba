"""Exact search over a table that is held in float32 anyway."""

from __future__ import annotations

import numpy as np

from exogenesis.core.vectors import Floats, Indices, Mask, top_k
from exogenesis.tv.agentdb.index import Neighbours, unit_query


class FloatTable:
    """Rows that never change, multiplied in float32; takes no memory of its own.

    Args:
        rows: ``(m, d)`` unit rows; the key of a row is its position.
    """

    def __init__(self, rows: Floats) -> None:
        self._rows = rows

    @property
    def keys(self) -> Indices:
        """``(m,)`` positions."""
        return np.arange(len(self._rows))

    def search(self, query: Floats, k: int, mask: Mask | None = None) -> Neighbours:
        """See :class:`Index`."""
        cosines: Floats = self._rows @ unit_query(query, self._rows.shape[1])
        allowed = np.ones(len(self._rows), np.bool_) if mask is None else mask
        found = top_k(cosines, k, allowed)
        return Neighbours(found, cosines[found])
