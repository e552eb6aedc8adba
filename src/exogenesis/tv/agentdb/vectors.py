"""Exact search over the catalogue's content vectors."""

from __future__ import annotations

import numpy as np

from exogenesis.core.vectors import Floats, Indices, Mask, top_k


def nearest(
    table: Floats, query: Floats, count: int, mask: Mask | None = None
) -> tuple[Indices, Floats]:
    """Find the rows with the largest cosine to ``query``.

    The mask is applied before the cut, so ``min(count, mask.sum())`` rows always come back.

    Args:
        table: ``(m, d)`` unit rows.
        query: ``(d,)``; its length does not matter.
        count: how many rows to return.
        mask: ``(m,)`` True where a row may be returned; None allows all.

    Returns:
        Row indices, best first (ties go to the lower index), and their cosines; a query of
        length 0 has cosine 0 with everything.
    """
    length = float(np.linalg.norm(query))
    cosines: Floats = (table @ query) * np.float32(1.0 / length if length > 0 else 0.0)
    allowed = np.ones(len(table), np.bool_) if mask is None else mask
    rows = top_k(cosines, count, allowed)
    return rows, cosines[rows]
