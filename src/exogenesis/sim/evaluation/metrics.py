"""NDCG@10, Recall@20, HR@10 and coverage@10, and how sure one can be of their ratio.

For a household with the relevant titles T and the list l_1, l_2, .. ::

    NDCG@10   = sum_{r <= 10, l_r in T} 1 / log2(r + 1)  /  sum_{r <= min(10, |T|)} 1 / log2(r + 1)
    Recall@20 = |T among l_1 .. l_20| / min(20, |T|)
    HR@10     = 1 if any of l_1 .. l_10 is in T, else 0

and coverage@10 is the share of the catalogue that stands in the first ten of anybody's list.
The whole catalogue without the household's seen titles is ranked; nothing is sampled. Titles
with equal scores are ranked by their index, lower first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exogenesis.core.vectors import Floats, Indices, top_k
from exogenesis.sim.households import Dataset, Household

Doubles = npt.NDArray[np.float64]
CUT = 10
DEPTH = 20
_NOBODY = -1
_CHUNK = 256

Scorer = Callable[[Sequence[Household]], Floats]
"""Households to ``(n, m)`` scores; only what it reads of a household may influence them."""

_GAINS: Doubles = 1.0 / np.log2(np.arange(2, CUT + 2))
_IDEAL: Doubles = np.cumsum(_GAINS)


@dataclass(frozen=True, slots=True)
class Quality:
    """The quality of one model, household by household.

    Attributes:
        ndcg10: ``(n,)`` by evaluated household, in the order of the dataset.
        recall20: ``(n,)`` likewise.
        hr10: ``(n,)`` likewise.
        coverage10: share of the catalogue.
    """

    ndcg10: Doubles
    recall20: Doubles
    hr10: Doubles
    coverage10: float


def candidates(household: Household, titles: int) -> npt.NDArray[np.bool_]:
    """``(m,)`` True for every title that the household has not seen."""
    mask = np.ones(titles, np.bool_)
    mask[household.seen] = False
    return mask


def padded(titles: Indices) -> Indices:
    """``(20,)`` list, filled up with -1 where there are fewer candidates."""
    row = np.full(DEPTH, _NOBODY, np.int64)
    row[: len(titles)] = titles
    return row


def best_lists(scorer: Scorer, dataset: Dataset) -> Indices:
    """``(n, 20)`` best candidates of every evaluated household, best first."""
    households = dataset.evaluated
    lists = np.full((len(households), DEPTH), _NOBODY, np.int64)
    for start in range(0, len(households), _CHUNK):
        part = households[start : start + _CHUNK]
        for row, (household, scores) in enumerate(zip(part, scorer(part), strict=True), start):
            lists[row] = padded(top_k(scores, DEPTH, candidates(household, dataset.titles)))
    return lists


def measure(lists: Indices, dataset: Dataset) -> Quality:
    """Compare lists ``(n, 20)`` with what the evaluated households (not none) found later."""
    households = dataset.evaluated
    wanted = [household.relevant for household in households]
    sizes = np.array([len(titles) for titles in wanted])
    hits = np.array([np.isin(row, titles) for row, titles in zip(lists, wanted, strict=True)])
    shown = np.unique(lists[:, :CUT])
    return Quality(
        ndcg10=hits[:, :CUT] @ _GAINS / _IDEAL[np.minimum(CUT, sizes) - 1],
        recall20=hits.sum(axis=1) / np.minimum(DEPTH, sizes),
        hr10=hits[:, :CUT].max(axis=1).astype(np.float64),
        coverage10=float((shown != _NOBODY).sum() / dataset.titles),
    )


@dataclass(frozen=True, slots=True)
class Interval:
    """A value and the bounds that hold 95 % of its bootstrap draws."""

    value: float
    low: float
    high: float


def quotient(above: Doubles, below: Doubles) -> Doubles:
    """``above / below``; anything to zero is infinite, and 0 / 0 is 0."""
    empty = np.where(np.asarray(above) > 0, np.inf, 0.0)
    quotients: Doubles = np.divide(above, below, out=empty, where=np.asarray(below) > 0)
    return quotients


def ratio(
    model: Doubles, anchor: Doubles, rng: np.random.Generator, *, draws: int = 2000
) -> Interval:
    """Quotient of two means over the same households, with a paired bootstrap interval.

    Each draw takes n of the n households with replacement, the same for both, and the bounds
    are the 2.5 and 97.5 percentiles.

    Args:
        model: ``(n,)`` a metric of one model by household.
        anchor: ``(n,)`` the same of the model it is compared with.
        rng: chooses the draws; equally seeded generators make intervals comparable.
        draws: number of draws.
    """
    count = len(anchor)
    taken = rng.multinomial(count, np.full(count, 1.0 / count), draws) / count
    low, high = np.percentile(
        quotient(taken @ model, taken @ anchor), [2.5, 97.5], method="nearest"
    )
    return Interval(float(quotient(model.mean(), anchor.mean())), float(low), float(high))
