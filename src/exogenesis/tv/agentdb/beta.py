"""A rate that was seen a few times, as a Beta distribution."""

from __future__ import annotations

import math
from dataclasses import dataclass

_STEPS = 300
_SMALL = 1e-300
_CLOSE = 1e-14


@dataclass(frozen=True, slots=True)
class Beta:
    """Beta(alpha, beta); a uniform prior has become alpha = hits + 1, beta = misses + 1."""

    alpha: float
    beta: float

    @property
    def mean(self) -> float:
        """alpha / (alpha + beta)."""
        return self.alpha / (self.alpha + self.beta)

    def below(self, x: float) -> float:
        """Return the probability that the rate lies below ``x``, 0..1."""
        if x <= 0.0:
            return 0.0
        if x >= 1.0:
            return 1.0
        if x > (self.alpha + 1.0) / (self.alpha + self.beta + 2.0):
            return 1.0 - _tail(self.beta, self.alpha, 1.0 - x)
        return _tail(self.alpha, self.beta, x)

    def quantile(self, probability: float) -> float:
        """Return the rate below which the rate lies with ``probability``; by bisection."""
        low, high = 0.0, 1.0
        for _ in range(50):
            middle = (low + high) / 2.0
            if self.below(middle) < probability:
                low = middle
            else:
                high = middle
        return (low + high) / 2.0

    def interval(self, mass: float = 0.95) -> tuple[float, float]:
        """Return the bounds between which the rate lies with probability ``mass``."""
        return self.quantile((1.0 - mass) / 2.0), self.quantile((1.0 + mass) / 2.0)


def _tail(a: float, b: float, x: float) -> float:
    """Regularised incomplete beta function I_x(a, b), for x below its mean or little above.

    The continued fraction DLMF 8.17.22, evaluated from the front (Lentz, as modified by Thompson
    and Barnett, 1986).
    """
    log_front = (
        math.lgamma(a + b)
        - math.lgamma(a)
        - math.lgamma(b)
        + a * math.log(x)
        + b * math.log1p(-x)
        - math.log(a)
    )
    d = 1.0 - (a + b) * x / (a + 1.0)
    d = 1.0 / (d if abs(d) > _SMALL else _SMALL)
    c, fraction = 1.0, d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for term in (even, odd):
            d = 1.0 + term * d
            d = 1.0 / (d if abs(d) > _SMALL else _SMALL)
            c = 1.0 + term / c
            c = c if abs(c) > _SMALL else _SMALL
            fraction *= c * d
        if abs(c * d - 1.0) < _CLOSE:
            break
    return math.exp(log_front) * fraction
