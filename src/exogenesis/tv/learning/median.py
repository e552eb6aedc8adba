"""The geometric median: the point with the least sum of weighted distances to given points."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

_ROUNDS = 60
_NEAR = 1e-9


def median_weights(points: Doubles, weights: Doubles) -> Doubles:
    """Return ``(q,)`` shares, summing to 1, whose mean of ``points`` is the geometric median.

    A point that lies far off pulls no harder than one that is near: up to half of the weight may
    be anywhere. Source: Weiszfeld, 1937.

    Args:
        points: ``(q, d)``, at least one.
        weights: ``(q,)`` positive.
    """
    shares: Doubles = weights / weights.sum()
    for _ in range(_ROUNDS):
        distances = np.linalg.norm(points - shares @ points, axis=1)
        pulls = weights / np.maximum(distances, _NEAR)
        shares = pulls / pulls.sum()
    return shares
