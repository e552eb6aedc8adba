"""The anchored skill: what one television may say about one finished title.

For an anchor i and a random part R of the household's finished titles without i, each kept
with probability f::

    q_i = unit( w_i V_i + (1/f) * sum_{j in R} w_j V_j ) + N(0, noise^2 / 64) per coordinate

V is the published basis and w its popularity damping. Averaged over all households per title,
this is one step of distributed subspace iteration on the co-occurrence matrix.
"""

from __future__ import annotations

import numpy as np

from exogenesis.core.dial import Dial
from exogenesis.core.limits import TASTE_DIM
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Floats, Indices, unit_rows


def report_vectors(
    finished: Indices,
    anchors: Indices,
    space: TasteSpace,
    dial: Dial,
    rng: np.random.Generator,
    *,
    basis: Floats | None = None,
) -> Floats:
    """Draw one report for each anchor.

    Args:
        finished: ``(n,)`` distinct catalogue indices that the household finished.
        anchors: ``(a,)`` indices out of ``finished``.
        space: the basis that the round's manifest names.
        dial: fraction f and noise.
        rng: source of the random parts and of the noise; a fresh draw for every anchor.
        basis: ``space.basis``, when the caller has it at hand already.

    Returns:
        ``(a, 64)`` float32, unit rows before the noise.
    """
    table = space.basis if basis is None else basis
    weighted = table[finished] * space.weights[finished, None]
    if dial.fraction >= 1.0:
        sums = np.broadcast_to(weighted.sum(axis=0), (len(anchors), TASTE_DIM)).copy()
    else:
        kept = rng.random((len(anchors), len(finished))) < dial.fraction
        kept &= anchors[:, None] != finished[None, :]
        sums = kept.astype(np.float32) @ weighted / np.float32(dial.fraction)
        sums += table[anchors] * space.weights[anchors, None]
    reports = unit_rows(sums)
    if dial.noise > 0.0:
        spread = dial.noise / np.sqrt(TASTE_DIM)
        reports = reports + rng.normal(0.0, spread, reports.shape).astype(np.float32)
    return reports
