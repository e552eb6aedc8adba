"""A graph index (HNSW) for tables that are too large to scan; an option, never the only copy.

The graph is walked with int8 codes and returns more than was asked for; what it returns is
computed anew, exactly. Where a mask keeps few rows, those are scanned instead: a graph that is
filtered after the walk finds too few of them, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol, cast

import numpy as np

from exogenesis.core.vectors import Floats, Indices, Int8s, Mask, quantise
from exogenesis.errors import InputError
from exogenesis.tv.agentdb.index import ExactIndex, Neighbours, unit_query
from exogenesis.tv.agentdb.scan import Scan

SCAN_ROWS = 10_000
"""So many allowed rows are scanned as fast as any walk finds the best of them."""

_SPARE = 2
"""A walk asks for so many times the rows that are wanted."""

_SPARE_MASKED = 3
"""The same, times what the mask lets through on average, where there is a mask."""

_ROWS_A_STEP = 200
"""To scan so many rows is better than to walk to one more."""


class _Matches(Protocol):
    keys: Indices


class _Graph(Protocol):
    """What is used of the library's index."""

    expansion_search: int

    def add(self, keys: Indices, vectors: Int8s, *, threads: int) -> object: ...
    def remove(self, keys: int) -> object: ...
    def search(self, vectors: Int8s, count: int, *, threads: int) -> _Matches: ...
    def save(self) -> bytes: ...
    def load(self, path_or_buffer: bytes) -> object: ...
    def __len__(self) -> int: ...


def graph_library() -> str | None:
    """Return the version of the graph library, or None where it is not installed."""
    try:
        import usearch
    except ImportError:
        return None
    return str(usearch.__version__)


def _empty(depth: int, m: int, ef: int, ef_add: int) -> _Graph:
    try:
        from usearch.index import Index
    except ImportError as error:
        raise InputError(
            "the graph index needs the library usearch: install the extra hnsw, or choose the "
            "exact index"
        ) from error
    return cast(
        _Graph,
        Index(
            ndim=depth,
            metric="cos",
            dtype="i8",
            connectivity=m,
            expansion_add=ef_add,
            expansion_search=ef,
        ),
    )


class GraphIndex:
    """An HNSW graph beside the exact table of the same rows.

    Args:
        keys: ``(n,)`` distinct keys from 0 on.
        codes: ``(n, d)``, used as by :class:`ExactIndex`.
        scan: how rows are multiplied where a mask keeps few.
        m: links of a row.
        ef: rows that a walk keeps in hand while it searches.
        ef_add: the same while a row is added.
        scan_rows: with so many allowed rows or fewer, they are scanned.
        saved: what :meth:`save` returned for the same keys, codes, m and library, unharmed:
            the library crashes on damaged bytes. None builds the graph.

    Raises:
        InputError: the library is not installed.
    """

    def __init__(
        self,
        keys: Indices,
        codes: Int8s,
        scan: Scan,
        *,
        m: int,
        ef: int,
        ef_add: int,
        scan_rows: int = SCAN_ROWS,
        saved: bytes | None = None,
    ) -> None:
        self._exact = ExactIndex(keys, codes, scan)
        self._depth = codes.shape[1]
        self._scan_rows = scan_rows
        self._graph = _empty(self._depth, m, ef, ef_add)
        self.name = f"hnsw (m {m}, ef {ef}) and {self._exact.name}"
        if saved is not None:
            self._graph.load(saved)
            self._graph.expansion_search = ef
        elif len(codes):
            self._graph.add(self._exact.keys, codes, threads=1)

    @property
    def keys(self) -> Indices:
        """See :class:`Index`."""
        return self._exact.keys

    def __len__(self) -> int:
        return len(self._exact)

    def save(self) -> bytes:
        """Return the graph as bytes."""
        return bytes(self._graph.save())

    def add(self, key: int, codes: Int8s) -> None:
        """See :class:`Index`."""
        self._exact.add(key, codes)
        self._graph.add(np.array([key]), codes[None], threads=1)

    def remove(self, key: int) -> None:
        """See :class:`Index`."""
        self._exact.remove(key)
        self._graph.remove(key)

    def search(self, query: Floats, k: int, mask: Mask | None = None) -> Neighbours:
        """See :class:`Index`; without the guarantee that the best are found, only most of them."""
        count = len(self._exact)
        allowed = count if mask is None else int(np.count_nonzero(mask))
        k = min(k, allowed)
        if k <= 0 or allowed <= self._scan_rows:
            return self._exact.search(query, k, mask)
        unit = unit_query(query, self._depth)
        walk = _SPARE * k if allowed == count else _SPARE_MASKED * k * count // allowed
        while walk * _ROWS_A_STEP <= allowed:
            rows = self._walk(unit, walk, mask)
            if len(rows) >= k:
                return self._exact.best_of(unit, k, rows)
            walk *= 2
        return self._exact.search(query, k, mask)

    def _walk(self, unit: Floats, count: int, mask: Mask | None) -> Indices:
        """Return the allowed rows among about ``count`` near ones."""
        codes, _ = quantise(unit[None])
        found = self._graph.search(codes[0], count, threads=1)
        rows = self._exact.rows_of(np.asarray(found.keys).astype(np.int64))
        return rows if mask is None else rows[mask[rows]]


def recall(found: Sequence[int], best: Sequence[int]) -> float:
    """Return the share of ``best`` that was ``found``; 1 when there is nothing to find."""
    return len(set(found) & set(best)) / len(best) if len(best) else 1.0
