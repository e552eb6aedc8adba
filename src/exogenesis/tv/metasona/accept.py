"""When a better replay is evidence: an interval around the gain, and a family of tries.

A household is asked again and again, on cases of which most were there the last time. Try number
t may err with probability ``FALSE_ACCEPT / (t (t + 1))``; these sum up to ``FALSE_ACCEPT`` over
the whole life of a television. A try is made only when ``FRESH`` of the cases are new, so a life
holds a few dozen of them, and the last ones are not starved. Cases that are compared never guide
the search: a try errs as if its settings had been fixed before the cases were seen.

A few dozen differences can hide a rare large loss, and Student's interval then accepts far too
often: worthless settings that win a little in 19 cases of 20 and lose much in one pass in two lives
of three (``benchmarks/metasona.py``). So one more case, the worst that counts, is added before the
lower bound is taken::

    d' = (d_1 .. d_n, -WORST)      low = mean(d') - t_(n, 1 - level) sd(d') / sqrt(n + 1)
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Utilities = npt.NDArray[np.float64]
"""``(n,)`` utility of each case, 0..1."""

FALSE_ACCEPT = 0.05
"""Most often that a television may ever accept settings that are not better."""

WORST = 0.5
"""A case counts at most this much, for or against."""

LEAST_GAIN = 0.005
"""A smaller mean gain is not worth a change."""

LEAST_CASES = 20
"""Cases below which nothing is tried."""

FRESH = 0.3
"""Cases since the last try, by those it compared, that another one needs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """Mean gain of one setting over another, and where it lies.

    Attributes:
        gain: mean difference of the utilities.
        low: lower bound; the gain is less with probability ``level``.
        high: upper bound; the gain is more with probability ``level``.
        cases: how many were compared.
        level: probability of an error on either side.
    """

    gain: float
    low: float
    high: float
    cases: int
    level: float

    @property
    def is_better(self) -> bool:
        """Whether the gain is beyond doubt and worth a change."""
        return self.low > 0.0 and self.gain >= LEAST_GAIN

    @property
    def is_worse(self) -> bool:
        """Whether it is a loss beyond doubt."""
        return self.high < 0.0


def level_of_try(number: int) -> float:
    """Return the probability of a false accept that try ``number`` (from 1) may take."""
    return FALSE_ACCEPT / (number * (number + 1))


def is_due(*, cases: int, fresh: int, cases_before: int) -> bool:
    """Whether there is enough for another try.

    Args:
        cases: that would be compared.
        fresh: those of them that came after the last try.
        cases_before: that were compared then; 0 before the first.
    """
    return cases >= LEAST_CASES and fresh >= FRESH * min(cases, cases_before)


def compare(new: Utilities, old: Utilities, level: float) -> Interval:
    """Return the interval of the mean of ``new - old``, pair by pair.

    Args:
        new: ``(n,)`` utilities, at least one.
        old: ``(n,)`` of the same cases.
        level: probability of an error on either side, below .5.
    """
    differences = np.clip(new - old, -WORST, WORST)
    return Interval(
        gain=float(differences.mean()),
        low=_bound(np.append(differences, -WORST), level),
        high=-_bound(np.append(-differences, -WORST), level),
        cases=len(differences),
        level=level,
    )


def _bound(differences: Utilities, level: float) -> float:
    error = float(differences.std(ddof=1)) / math.sqrt(len(differences))
    return float(differences.mean()) - student_quantile(1.0 - level, len(differences) - 1) * error


def student_quantile(probability: float, freedom: int) -> float:
    """Return the value that Student's t stays below with ``probability``, at least .5.

    Source: Hill, "Algorithm 396: Student's t-quantiles", 1970; exact for 1 and 2 degrees of
    freedom, to six digits from 3 on at the levels used here.
    """
    tails = 2.0 * (1.0 - probability)
    if freedom == 1:
        return 1.0 / math.tan(tails * math.pi / 2.0)
    if freedom == 2:
        return math.sqrt(2.0 / (tails * (2.0 - tails)) - 2.0)
    n = float(freedom)
    a = 1.0 / (n - 0.5)
    b = 48.0 / (a * a)
    c = ((20700.0 * a / b - 98.0) * a - 16.0) * a + 96.36
    d = ((94.5 / (b + c) - 3.0) / b + 1.0) * math.sqrt(a * math.pi / 2.0) * n
    y = (d * tails) ** (2.0 / n)
    if y > 0.05 + a:
        x = NormalDist().inv_cdf(tails / 2.0)
        y = x * x
        if freedom < 5:
            c += 0.3 * (n - 4.5) * (x + 0.6)
        c += (((0.05 * d * x - 5.0) * x - 7.0) * x - 2.0) * x + b
        y = (((((0.4 * y + 6.3) * y + 36.0) * y + 94.5) / c - y - 3.0) / b + 1.0) * x
        y = math.expm1(a * y * y)
    else:
        y = (
            (1.0 / (((n + 6.0) / (n * y) - 0.089 * d - 0.822) * (n + 2.0) * 3.0) + 0.5 / (n + 4.0))
            * y
            - 1.0
        ) * (n + 1.0) / (n + 2.0) + 1.0 / y
    return math.sqrt(n * y)
