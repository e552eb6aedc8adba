"""How much more often a household finishes titles with an attribute than chance would have it.

A title finished at a rate of at least 0.7 counts ``w = (1 + ln finishes) * left``, an abandoned
one ``w = left``; ``left`` halves with every year since the last finish, or since it was last
watched. For an attribute a with the share q among titles drawn by popularity::

    alpha = sum of w over good titles with a
    gone  = sum of w over abandoned titles with a
    beta  = gone + sum of w over good titles without a
    n     = alpha + beta
    z     = (alpha - n q) / sqrt(n q (1 - q))
    e     = max(alpha, n q)
    lift  = clip( ln( (alpha + 4 q) / ((n + 4) q) ) * e / (e + 5), -2, 2 )

It is a fact when ``z >= 2`` and ``alpha >= 3``, or when ``z <= -2`` and ``gone >= 3``: that other
things are liked does not yet speak against it. With few evenings the two priors (four evenings at
the base rate, and five of doubt) draw the lift to 0.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exogenesis.tv.learning.attributes import Attributes, sums
from exogenesis.tv.learning.evidence import Evidence

Doubles = npt.NDArray[np.float64]

HALF_LIFE_S = 365 * 86_400
PRIOR, DOUBT = 4.0, 5.0
LIFT_MOST = 2.0
LEAST_Z, LEAST_EVENINGS = 2.0, 3.0


@dataclass(frozen=True, slots=True, eq=False)
class BetaCounts:
    """Counts of all attributes, each ``(k,)``; ``gone`` is a part of ``beta``."""

    alpha: Doubles
    beta: Doubles
    gone: Doubles


def beta_counts(evidence: Evidence, attributes: Attributes, *, now: int) -> BetaCounts:
    """Count good and abandoned evenings by attribute."""
    titles = len(attributes.offsets) - 1
    good = evidence.good
    at = np.where(good, evidence.finished_at, evidence.last_at)
    left = np.exp2(-np.maximum(0, now - at) / HALF_LIFE_S)
    evenings = 1.0 + np.log(np.maximum(1, evidence.finishes))
    liked = sums(evidence.rows, np.where(good, evenings * left, 0.0), titles)
    left_off = sums(evidence.rows, np.where(good, 0.0, left), titles)
    alpha, gone = attributes.gather(liked), attributes.gather(left_off)
    return BetaCounts(alpha, liked.sum() - alpha + gone, gone)


def lifts(alpha: Doubles, beta: Doubles, base: Doubles) -> Doubles:
    """Return the shrunk log-lift of each attribute."""
    count = alpha + beta
    evenings = np.maximum(alpha, count * base)
    raw = np.log((alpha + PRIOR * base) / ((count + PRIOR) * base))
    answer: Doubles = np.clip(raw * evenings / (evenings + DOUBT), -LIFT_MOST, LIFT_MOST)
    return answer


def scores(alpha: Doubles, beta: Doubles, base: Doubles) -> Doubles:
    """Return z: how many standard deviations alpha lies from what chance would bring."""
    count = alpha + beta
    spread = np.sqrt(count * base * (1.0 - base))
    answer: Doubles = np.divide(
        alpha - count * base, spread, out=np.zeros_like(alpha), where=spread > 0
    )
    return answer


def are_facts(counts: BetaCounts, base: Doubles) -> npt.NDArray[np.bool_]:
    """Return which attributes are facts."""
    z = scores(counts.alpha, counts.beta, base)
    liked = (z >= LEAST_Z) & (counts.alpha >= LEAST_EVENINGS)
    avoided = (z <= -LEAST_Z) & (counts.gone >= LEAST_EVENINGS)
    return np.asarray(liked | avoided, np.bool_)
