"""Which index a table gets, and where a graph that was built once is found again."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from exogenesis.core.vectors import Indices, Int8s
from exogenesis.errors import InputError, StorageError
from exogenesis.tv.agentdb.cache import digest, read_cache, write_cache
from exogenesis.tv.agentdb.graph import GraphIndex, graph_library
from exogenesis.tv.agentdb.index import ExactIndex, Index
from exogenesis.tv.agentdb.scan import Scan

GRAPH_FROM = 50_000
"""Rows from which a graph is chosen by itself; see decision 10."""


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexSettings:
    """How vectors are searched.

    Attributes:
        kind: ``exact``, ``hnsw``, or ``auto``: a graph from ``graph_from`` rows on, where the
            library is installed.
        m: links of a row in the graph.
        ef: rows that a walk through the graph keeps in hand.
        ef_add: the same while the graph is built.
        graph_from: see ``kind``.
    """

    kind: Literal["auto", "exact", "hnsw"] = "auto"
    m: int = 32
    ef: int = 100
    ef_add: int = 128
    graph_from: int = GRAPH_FROM

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: one is out of range.
        """
        if not 2 <= self.m <= 256:
            raise InputError(f"m must lie in 2..256, not {self.m}")
        if not (1 <= self.ef <= 10_000 and 1 <= self.ef_add <= 10_000):
            raise InputError(f"ef must lie in 1..10000, not {self.ef} and {self.ef_add}")

    def wants_graph(self, rows: int) -> bool:
        """Whether a table of so many rows gets a graph."""
        if self.kind == "auto":
            return rows >= self.graph_from and graph_library() is not None
        return self.kind == "hnsw"


def build_index(
    keys: Indices, codes: Int8s, scan: Scan, settings: IndexSettings, cache: Path | None = None
) -> Index:
    """Make the index that ``settings`` ask for.

    Args:
        keys: ``(n,)`` distinct keys from 0 on.
        codes: ``(n, d)``; used, not copied.
        scan: how rows are multiplied.
        settings: which index.
        cache: where the graph of the same rows may lie, and is put after it was built; a file
            that is damaged or of other rows is replaced. None keeps none.

    Raises:
        InputError: a graph is asked for and its library is not installed.
    """
    if not settings.wants_graph(len(codes)):
        return ExactIndex(keys, codes, scan)
    made_from = _origin(keys, codes, settings)
    saved = None if cache is None else read_cache(cache, made_from)
    index = GraphIndex(
        keys, codes, scan, m=settings.m, ef=settings.ef, ef_add=settings.ef_add, saved=saved
    )
    if cache is not None and saved is None:
        with suppress(StorageError):  # no room for it: it is built again next time
            write_cache(cache, made_from, index.save())
    return index


def _origin(keys: Indices, codes: Int8s, settings: IndexSettings) -> bytes:
    """Digest of all that a graph is made from; ef may change without building it again."""
    made_by = f"usearch {graph_library()} m {settings.m} ef_add {settings.ef_add}"
    return digest(made_by.encode(), np.asarray(keys, np.int64).tobytes(), codes.tobytes())
