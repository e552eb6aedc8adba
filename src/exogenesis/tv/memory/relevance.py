"""How much a memory matters for a question, now.

With its importance w, the time it happened t, the number of times it was recalled n, the last
time it was recalled t_n, and the half-life H of its tier::

    left(x)   = 2 ** (-max(0, now - x) / H)            1 in a tier that does not decay
    relevance = match * w * left(t) * (1 + 0.1 * ln(1 + n) * left(t_n))

``match`` is 1 without words and vector; with words the share of them that occur, with a vector
the cosine, 0 where it is negative; with both the product. Decay is continuous and computed when
it is asked for: nothing is rewritten because time goes by.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]
Numbers = npt.NDArray[np.int64]

ACCESS_BOOST = 0.1


def left(at: Numbers, *, now: int, half_life_s: int | None) -> Doubles:
    """Return ``(n,)``: the share of relevance that is left of times ``at`` (Unix seconds)."""
    if half_life_s is None:
        return np.ones(len(at))
    ages_s = np.maximum(0, now - at).astype(np.float64)
    return np.exp2(-ages_s / half_life_s)


def relevance(
    *,
    match: Doubles,
    importance: Doubles,
    at: Numbers,
    accesses: Numbers,
    accessed_at: Numbers,
    now: int,
    half_life_s: int | None,
) -> Doubles:
    """Return ``(n,)`` relevances from columns of length n; times are Unix seconds."""
    boost = ACCESS_BOOST * np.log1p(accesses) * left(accessed_at, now=now, half_life_s=half_life_s)
    aged = importance * left(at, now=now, half_life_s=half_life_s)
    answer: Doubles = match * aged * (1.0 + boost)
    return answer
