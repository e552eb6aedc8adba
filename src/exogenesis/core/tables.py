"""Rows of vectors, with the moments from which any profile is standardised without a scan."""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property

import numpy as np
import numpy.typing as npt

from exogenesis.core.vectors import Floats, Mask

_Doubles = npt.NDArray[np.float64]

_FEW = 1000
"""So many rows beside the candidates are gathered; with more, the whole table is multiplied."""

_ROUNDING = 1e-5
"""A variance below this part of the mean square is rounding."""


class Table:
    """A table ``(m, d)`` that profiles are multiplied with; its moments are made when asked for.

    Attributes:
        rows: ``(m, d)`` float32, read only.
    """

    def __init__(self, rows: Floats) -> None:
        self.rows = rows

    @cached_property
    def total(self) -> _Doubles:
        """``(d,)`` sum of all rows."""
        return np.asarray(self.rows.sum(axis=0, dtype=np.float64), np.float64)

    @cached_property
    def gram(self) -> Floats:
        """``(d, d)`` sum of the outer products of all rows."""
        return np.asarray(self.rows.T @ self.rows, np.float32)


class Products:
    """The last few products of a table and a profile.

    Multiplying reads the whole table, and profiles change more seldom than lists.
    """

    def __init__(self, kept: int = 8) -> None:
        self._most = kept
        self._kept: OrderedDict[tuple[int, bytes], tuple[Table, Floats]] = OrderedDict()

    def times(self, table: Table, profile: Floats) -> Floats:
        """Return ``(m,)``: ``table . profile``, for a profile ``(d,)``; not to be changed."""
        key = (id(table), profile.tobytes())
        if key not in self._kept:
            self._kept[key] = (table, table.rows @ profile)  # holding the table keeps its id
            while len(self._kept) > self._most:
                self._kept.popitem(last=False)
        self._kept.move_to_end(key)
        return self._kept[key][1]


class Part:
    """Some rows of a table, the candidates; what is known of them is made when asked for.

    Attributes:
        rows: ``(m, d)`` all rows.
        candidates: ``(m,)`` which of them.
    """

    def __init__(self, table: Table, candidates: Mask, products: Products | None = None) -> None:
        self.rows = table.rows
        self.candidates = candidates
        self._table = table
        self._products = products

    def times(self, profile: Floats) -> Floats:
        """Return ``(m,)``: ``rows . profile``, for a profile ``(d,)``; not to be changed."""
        if self._products is None:
            return np.asarray(self.rows @ profile, np.float32)
        return self._products.times(self._table, profile)

    @cached_property
    def _count(self) -> int:
        return int(self.candidates.sum())

    @cached_property
    def _others(self) -> Floats | None:
        """The rows beside the candidates, or None where they are not few beside those."""
        rows = np.flatnonzero(~self.candidates)
        return self.rows[rows] if len(rows) <= min(_FEW, self._count // 4) else None

    @cached_property
    def mean_row(self) -> Floats:
        """``(d,)`` mean over the candidates; zeros when there are none."""
        if self._count == 0:
            return np.zeros(self.rows.shape[1], np.float32)
        if self._others is None:
            return np.asarray(self.candidates / np.float32(self._count) @ self.rows, np.float32)
        total = self._table.total - np.ones(len(self._others), np.float32) @ self._others
        return np.asarray(total / self._count, np.float32)

    def spread(self, profiles: Floats) -> tuple[Floats, Floats]:
        """Return the means and standard deviations of ``rows . profile`` over the candidates.

        With N candidates, the sum s and the Gram matrix G of all rows, and x_o the few others::

            mean = (s . p - sum_o x_o . p) / N
            var  = (p' G p - sum_o (x_o . p)^2) / N - mean^2

        Args:
            profiles: ``(k, d)``.

        Returns:
            ``(k,)`` means and ``(k,)`` deviations; a deviation within rounding of 0 is 0.
        """
        if self._others is None:
            told = (self.rows @ profiles.T)[self.candidates].astype(np.float64)
            count = max(1, self._count)
            mean, squares = told.sum(axis=0) / count, np.square(told).sum(axis=0) / count
            variance = np.square(told - mean).sum(axis=0) / count
        else:
            beside, wide = (
                (self._others @ profiles.T).astype(np.float64),
                profiles.astype(np.float64),
            )
            mean = (wide @ self._table.total - beside.sum(axis=0)) / self._count
            squares = np.einsum("kd,kd->k", profiles @ self._table.gram, wide)
            squares = (squares - np.square(beside).sum(axis=0)) / self._count
            variance = squares - np.square(mean)
        known = variance > _ROUNDING * np.maximum(squares, 1e-30)
        deviation = np.sqrt(np.where(known, variance, 0.0))
        return mean.astype(np.float32), deviation.astype(np.float32)
