"""Taste vectors for titles about which the fleet has not said enough yet.

A ridge regression from content to taste, fitted on the published titles and shrunk::

    B = (C_p' C_p + lambda I)^-1 C_p' E_p          E_i = shrink * C_i B   for i not published

It needs nothing but the pack and the pages, so a television computes it by itself and no byte
of the wire is spent on it. Provisional vectors serve the ranking alone; reports are expressed
in what was published.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Floats

RIDGE = 10.0
SHRINK = 0.5


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
    seen = content[known].astype(np.float64)
    gram = seen.T @ seen
    gram[np.diag_indices_from(gram)] += ridge
    weights = np.linalg.solve(gram, seen.T @ space.vectors[known].astype(np.float64))
    vectors = space.vectors.copy()
    vectors[~known] = (shrink * (content[~known] @ weights.astype(np.float32))).astype(np.float32)
    return replace(space, vectors=vectors)
