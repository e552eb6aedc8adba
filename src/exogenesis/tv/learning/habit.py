"""Whether a genre belongs to an hour of the week, or to a month.

With N_s finishes of a genre and T_s finishes of anything in slot s, and P = sum N / sum T::

    t = sum_s W_hs T_s        n = sum_s W_hs N_s        v = P (1 - P) sum_s W_hs^2 T_s
    z = (n - P t) / sqrt(v)
    lift = ln( (n + 4 P) / ((t + 4) P) ) * max(0, 1 - 4 / z^2),  at most 2 in size

W_hs weighs the hours of the week s around the hour h: with k(d) = exp(-d^2 / (2 * 1.5^2)) up to 4
hours and 0 beyond, k of the distance around the week; where it is more, 0.5 k of the distance
around the day for a day of the same sort (working day, weekend) and 0.1 k for another. Months: 1,
and 0.25 for the neighbours around the year. Chance alone gives ``|z| < 2`` nineteen times of
twenty, and then the lift is 0: a household without habits keeps its list.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import numpy.typing as npt

Doubles = npt.NDArray[np.float64]

DAY_HOURS, WEEK_HOURS, MONTHS = 24, 168, 12
WIDTH, REACH = 1.5, 4
SAME_SORT, OTHER_SORT = 0.5, 0.1
NEXT_MONTH = 0.25
PRIOR = 4.0
DOUBT = 4.0
LIFT_MOST = 2.0
_FIRST_OF_WEEKEND = 5


def _around(length: int, period: int) -> Doubles:
    """``(length, length)`` distances around a circle of ``period``."""
    apart = np.abs(np.subtract.outer(np.arange(length), np.arange(length))) % period
    return np.asarray(np.minimum(apart, period - apart), np.float64)


def _kernel(distance: Doubles) -> Doubles:
    near: Doubles = np.exp(-np.square(distance) / (2 * WIDTH**2)) * (distance <= REACH)
    return near


@cache
def hour_weights() -> Doubles:
    """Return W for hours of the week, ``(168, 168)``."""
    weekend = np.arange(WEEK_HOURS) // DAY_HOURS >= _FIRST_OF_WEEKEND
    same = np.equal.outer(weekend, weekend)
    share = np.where(same, SAME_SORT, OTHER_SORT)
    week, day = _kernel(_around(WEEK_HOURS, WEEK_HOURS)), _kernel(_around(WEEK_HOURS, DAY_HOURS))
    weights: Doubles = np.maximum(week, share * day)
    return weights


@cache
def month_weights() -> Doubles:
    """Return W for months, ``(12, 12)``."""
    distance = _around(MONTHS, MONTHS)
    weights: Doubles = np.where(distance == 0, 1.0, np.where(distance == 1, NEXT_MONTH, 0.0))
    return weights


def habit_lifts(counts: Doubles, totals: Doubles, weights: Doubles) -> Doubles:
    """Return ``(g,)``: the lift of each genre in one slot.

    Args:
        counts: ``(g, s)`` finishes by genre and slot.
        totals: ``(s,)`` finishes of anything by slot.
        weights: ``(s,)`` the row of W of the slot that is asked for.
    """
    everything = totals.sum()
    if everything <= 0:
        return np.zeros(len(counts))
    share = counts.sum(axis=1) / everything
    here = float(weights @ totals)
    found = counts @ weights
    variance = share * (1.0 - share) * float(np.square(weights) @ totals)
    known = (share > 0) & (variance > 1e-12)
    share = np.where(known, share, 0.5)
    squared = np.divide(
        np.square(found - share * here), variance, out=np.zeros_like(found), where=known
    )
    doubt = np.maximum(0.0, 1.0 - DOUBT / np.maximum(squared, DOUBT))
    raw = np.log((found + PRIOR * share) / ((here + PRIOR) * share))
    return np.where(known, np.clip(raw * doubt, -LIFT_MOST, LIFT_MOST), 0.0)
