"""Which vectors are nearest to a query: the interface, and the exact index.

Rows are int8 codes; their cosine to a query needs no scale, only the length of the codes. The
index keeps 384 + 4 + 8 bytes a row and no float copy of the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from exogenesis.core.vectors import Floats, Indices, Int8s, Mask
from exogenesis.errors import InputError
from exogenesis.tv.agentdb.scan import Scan

_SPARSE = 3
"""Rows are gathered before they are scanned where the mask keeps less than one in so many."""

_BLOCK_ROWS = 1024
_LEAST_ROOM = 64


@dataclass(frozen=True, slots=True)
class Neighbours:
    """What a search found, best first; rows of the same cosine in the order of their keys.

    Attributes:
        keys: ``(r,)``.
        cosines: ``(r,)`` float32; all 0 for a query without length.
    """

    keys: Indices
    cosines: Floats


class Searchable(Protocol):
    """Vectors by key, and the search for the nearest of them."""

    @property
    def keys(self) -> Indices:
        """``(n,)`` keys in the order of the rows, which masks refer to; a change reorders them."""

    def search(self, query: Floats, k: int, mask: Mask | None = None) -> Neighbours:
        """Return the ``min(k, allowed)`` vectors with the largest cosine to ``query``.

        Args:
            query: ``(d,)``; its length does not matter.
            k: how many.
            mask: ``(n,)`` True where the row of :attr:`keys` is allowed; None allows all.

        Raises:
            InputError: the query has another dimension, or holds something that is no number.
        """


class Index(Searchable, Protocol):
    """The same, and it changes: the next search knows of every change."""

    @property
    def name(self) -> str:
        """Which index it is, for the screen."""

    def __len__(self) -> int: ...

    def add(self, key: int, codes: Int8s) -> None:
        """Add a vector.

        Args:
            key: from 0 on, and not in the index yet.
            codes: ``(d,)``.
        """

    def remove(self, key: int) -> None:
        """Remove the vector ``key``, which must be there."""


def unit_query(query: Floats, depth: int) -> Floats:
    """Return ``query`` with length 1; zeros stay zeros.

    Raises:
        InputError: it is not ``(depth,)``, or not finite.
    """
    if np.shape(query) != (depth,):
        raise InputError(f"a vector here has {depth} values, not the shape {np.shape(query)}")
    wide = np.asarray(query, np.float64)
    if not np.isfinite(wide).all():
        raise InputError("a vector must hold finite numbers only")
    peak = np.abs(wide).max(initial=0.0)
    if peak == 0.0:
        return np.zeros(depth, np.float32)
    wide = wide / peak  # no overflow, no underflow in the squares
    unit: Floats = (wide / np.linalg.norm(wide)).astype(np.float32)
    return unit


def _inverse_lengths(codes: Int8s) -> Floats:
    """Return ``(n,)`` 1 / length of the codes of each row, 0 for a row of zeros."""
    squares = np.einsum("nd,nd->n", codes, codes, dtype=np.int32).astype(np.float64)
    inverse = np.zeros(len(codes), np.float32)
    np.divide(1.0, np.sqrt(squares), out=inverse, where=squares > 0, casting="same_kind")
    return inverse


class ExactIndex:
    """Scans all allowed rows; what it returns is what a slow computation in float64 returns.

    The scan gives approximate cosines and a bound e on their error. With t the k-th best of
    them, a row below t - 2 e cannot be among the k best; all others are computed anew in
    float64, rounded to float32 and sorted.

    Args:
        keys: ``(n,)`` distinct keys.
        codes: ``(n, d)``; used as they are, and copied before the first change of a table that
            is read only.
        scan: how rows are multiplied.
    """

    def __init__(self, keys: Indices, codes: Int8s, scan: Scan) -> None:
        self._scan = scan
        self._count = len(codes)
        self._keys = np.array(keys, np.int64)
        self._codes = codes
        self._inverse = _inverse_lengths(codes)
        self._rows: dict[int, int] | None = None

    @property
    def name(self) -> str:
        """Kind of index and scan, for the screen."""
        return f"exact ({self._scan.name})"

    @property
    def keys(self) -> Indices:
        """See :class:`Index`."""
        return self._keys[: self._count]

    def __len__(self) -> int:
        return self._count

    def codes_of(self, key: int) -> Int8s:
        """Return a copy of the codes ``(d,)`` of a vector that is there."""
        codes: Int8s = self._codes[self._row_of()[key]].copy()
        return codes

    def rows_of(self, keys: Indices) -> Indices:
        """Return the row of each of ``keys``, which must be there."""
        rows = self._row_of()
        return np.array([rows[key] for key in keys.tolist()], np.int64)

    def _row_of(self) -> dict[int, int]:
        if self._rows is None:  # a table that never changes needs none
            self._rows = {key: row for row, key in enumerate(self.keys.tolist())}
        return self._rows

    def add(self, key: int, codes: Int8s) -> None:
        """See :class:`Index`."""
        rows = self._row_of()
        if self._count == len(self._codes) or not self._codes.flags.writeable:
            self._make_room(max(_LEAST_ROOM, self._count + self._count // 4 + 1))
        at = self._count
        self._codes[at], self._keys[at] = codes, key
        self._inverse[at] = _inverse_lengths(codes[None])[0]
        rows[key] = at
        self._count += 1

    def remove(self, key: int) -> None:
        """See :class:`Index`; the last row moves into the gap."""
        rows = self._row_of()
        if not self._codes.flags.writeable:
            self._make_room(self._count)
        at, last = rows.pop(key), self._count - 1
        if at != last:
            for column in (self._codes, self._keys, self._inverse):
                column[at] = column[last]
            rows[int(self._keys[at])] = at
        self._count = last

    def _make_room(self, room: int) -> None:
        codes = np.zeros((room, self._codes.shape[1]), np.int8)
        keys, inverse = np.zeros(room, np.int64), np.zeros(room, np.float32)
        for old, new in ((self._codes, codes), (self._keys, keys), (self._inverse, inverse)):
            new[: self._count] = old[: self._count]
        self._codes, self._keys, self._inverse = codes, keys, inverse

    def search(self, query: Floats, k: int, mask: Mask | None = None) -> Neighbours:
        """See :class:`Index`."""
        unit = unit_query(query, self._codes.shape[1])
        allowed = np.arange(self._count) if mask is None else np.flatnonzero(mask)
        k = min(k, len(allowed))
        if k <= 0:
            return Neighbours(np.zeros(0, np.int64), np.zeros(0, np.float32))
        if k < len(allowed):
            allowed = self._hopeful(unit, k, allowed)
        return self.best_of(unit, k, allowed)

    def _hopeful(self, unit: Floats, k: int, allowed: Indices) -> Indices:
        """Return those of the rows ``allowed`` that may be among the ``k`` best of them."""
        table, inverse = self._codes[: self._count], self._inverse[: self._count]
        if len(allowed) * _SPARSE < self._count:
            products, error = self._scan(unit, table[allowed])
            rough = products * inverse[allowed]
        else:
            products, error = self._scan(unit, table)
            rough = products * inverse
            if len(allowed) < self._count:
                rough = rough[allowed]
        cut = np.partition(rough, len(rough) - k)[len(rough) - k]
        hopeful: Indices = allowed[rough >= cut - np.float32(2 * error)]
        return hopeful

    def best_of(self, unit: Floats, k: int, rows: Indices) -> Neighbours:
        """Return the ``k`` best of ``rows``, computed in float64, for a query of length 1."""
        wide = unit.astype(np.float64)
        cosines = np.empty(len(rows), np.float32)
        for start in range(0, len(rows), _BLOCK_ROWS):
            some = rows[start : start + _BLOCK_ROWS]
            cosines[start : start + len(some)] = (
                self._codes[some].astype(np.float64) @ wide * self._inverse[some]
            )
        np.clip(cosines, -1.0, 1.0, out=cosines)
        keys = self._keys[rows]
        order = np.lexsort((keys, -cosines))[:k]
        return Neighbours(keys[order], cosines[order])
