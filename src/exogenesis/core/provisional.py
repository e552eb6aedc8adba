"""Taste vectors for titles about which the fleet has not said enough yet.

A ridge regression from content to taste, fitted on the published titles and shrunk::

    B = (C_p' C_p + lambda I)^-1 C_p' E_p          E_i = shrink * C_i B   for i not published

It needs nothing but the pack and the pages, so a television computes it by itself and no byte
of the wire is spent on it. Provisional vectors serve the ranking alone; reports are expressed
in what was published.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Floats

RIDGE = 10.0
SHRINK = 0.5

_ROWS_AT_ONCE = 1024


def fill_unpublished(
    space: TasteSpace, content: Floats, *, ridge: float = RIDGE, shrink: float = SHRINK
) -> TasteSpace:
    """Return ``space`` with predicted vectors where nothing was published.

    Args:
        space: a published round; ``published`` keeps saying which rows the fleet backs.
        content: ``(m, 384)`` centred unit content vectors.
        ridge: lambda, in the units of ``C'C``.
        shrink: factor on the prediction; 0 leaves the rows at zero.
    """
    known = space.published
    if not known.any() or known.all() or shrink == 0.0:
        return space
    gram = ridge * np.eye(content.shape[1])
    target = np.zeros((content.shape[1], space.vectors.shape[1]))
    for rows in _blocks(len(content)):
        seen = content[rows][known[rows]].astype(np.float64)
        gram += seen.T @ seen
        target += seen.T @ space.vectors[rows][known[rows]]
    weights = (shrink * np.linalg.solve(gram, target)).astype(np.float32)
    vectors = space.vectors.copy()
    for rows in _blocks(len(content)):
        new = ~known[rows]
        vectors[rows][new] = (content[rows] @ weights)[new]
    return replace(space, vectors=vectors)


def _blocks(count: int) -> Iterator[slice]:
    """Slices of a few rows: a copy of all content vectors would not fit beside the rest."""
    return (slice(begin, begin + _ROWS_AT_ONCE) for begin in range(0, count, _ROWS_AT_ONCE))
