"""How much more often something happens after a cause than without it, and how sure that is."""

from __future__ import annotations

import math

_Z = 1.959963984540054
"""Quantile .975 of the standard normal distribution."""


def wilson(hits: int, count: int) -> tuple[float, float]:
    """Return the 95 % score interval of a rate; without any case it is 0..1.

    centre -+ z sqrt(p (1 - p) / n + z^2 / 4 n^2) over 1 + z^2 / n, centre = p + z^2 / 2 n.
    Source: Wilson, 1927.
    """
    if count == 0:
        return 0.0, 1.0
    rate, square = hits / count, _Z * _Z / count
    half = _Z * math.sqrt(rate * (1.0 - rate) / count + square / (4.0 * count))
    low = (rate + square / 2.0 - half) / (1.0 + square)
    high = (rate + square / 2.0 + half) / (1.0 + square)
    return (0.0 if hits == 0 else max(0.0, low)), (1.0 if hits == count else min(1.0, high))


def uplift(
    treated_hits: int, treated: int, untreated_hits: int, untreated: int
) -> tuple[float, float, float]:
    """Return p1 - p0 and its 95 % interval, p1 the rate after the cause, p0 that without it.

    With the score intervals l1..u1 and l0..u0 the bounds are
    p1 - p0 - sqrt((p1 - l1)^2 + (u0 - p0)^2) and p1 - p0 + sqrt((u1 - p1)^2 + (p0 - l0)^2).
    A rate without any case counts as 1/2, in the middle of its interval 0..1: the interval of
    the difference then always holds 0. Source: Newcombe, 1998, method 10.
    """
    after = treated_hits / treated if treated else 0.5
    without = untreated_hits / untreated if untreated else 0.5
    after_low, after_high = wilson(treated_hits, treated)
    without_low, without_high = wilson(untreated_hits, untreated)
    difference = after - without
    low = difference - math.hypot(after - after_low, without_high - without)
    high = difference + math.hypot(after_high - after, without - without_low)
    return difference, max(-1.0, low), min(1.0, high)
