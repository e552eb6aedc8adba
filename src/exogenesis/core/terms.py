"""The summands of a title's score, and what becomes of each when watched titles are taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from exogenesis.core.tables import Part
from exogenesis.core.vectors import Floats, Indices, Mask, mean_and_spread, shifted

LEAST_FALL = 1e-3
"""A score that falls by less, in standard deviations, is not caused by what was taken away."""

_NOTHING = 1e-30
"""What is left of a title so long ago counts 0: computing with still smaller numbers is slow."""


@dataclass(frozen=True, slots=True)
class Term:
    """One summand: ``weight * values``.

    Attributes:
        name: ``recent``, ``full``, ``content``, ``popularity`` ...
        weight: factor before the values.
        values: ``(m,)``, standardised or centred over the candidates.
    """

    name: str
    weight: float
    values: Floats


@dataclass(frozen=True, slots=True)
class GivenTerm(Term):
    """A summand that was computed elsewhere: a fact, a habit.

    Attributes:
        because: names what speaks most for a title, or None.
        without: makes the values as they would be without what was named.
    """

    because: Callable[[int], str | None]
    without: Callable[[str], Floats]

    def cause(self, title: int) -> str | None:
        """Name what speaks most for ``title``, if the score falls without it."""
        named = self.because(title)
        if named is None:
            return None
        fall = self.weight * float(self.values[title] - self.without(named)[title])
        return named if fall > LEAST_FALL else None


@dataclass(frozen=True, slots=True)
class PriorTerm(Term):
    """Popularity, whose weight depends on how much was finished.

    Attributes:
        watched: the finished titles.
        weight_at: the weight, by their number.
        standard: makes ``(m,)`` the standardised popularity; the values while the weight is not 0.
    """

    watched: Indices
    weight_at: Callable[[int], float]
    standard: Callable[[], Floats]

    def falls(self, groups: Sequence[Indices], titles: Indices) -> Floats:
        """Return ``(len(groups), len(titles))``: how far it falls without each group of titles."""
        left = _without(self.watched, groups).sum(axis=1).tolist()
        change = np.array([self.weight - self.weight_at(count) for count in left], np.float32)
        if not change.any():
            return np.zeros((len(groups), len(titles)), np.float32)
        return np.asarray(change[:, None] * self.standard()[titles], np.float32)


@dataclass(frozen=True, slots=True)
class DotTerm(Term):
    """A profile times a table: ``values = z(table . p)``, ``p = sum_j factor_j decay^a table_j``.

    Attributes:
        watched: ``(n,)`` titles of the profile, oldest first; a is the age in titles.
        factors: ``(n,)`` what each of them counts at age 0.
        decay: what is left of it after one more title.
        part: the table, and the titles that the values are standardised over.
        scale: ``1 / standard deviation`` of ``table . p`` over the candidates, 0 if constant.
    """

    watched: Indices
    factors: Floats
    decay: float
    part: Part
    scale: float


def joined(terms: Sequence[Term]) -> list[list[DotTerm]]:
    """Group the profiles of the same titles over the same table, which share their products."""
    found: dict[tuple[int, int], list[DotTerm]] = {}
    for term in terms:
        if isinstance(term, DotTerm):
            found.setdefault((id(term.part), id(term.watched)), []).append(term)
    return list(found.values())


def added(terms: Sequence[DotTerm], titles: Indices) -> Floats:
    """Return ``(n, len(titles))``: what each watched title adds to each score.

    Counted from what it adds to the candidates on average.

    Args:
        terms: profiles of the same titles over the same table.
        titles: whose scores.
    """
    part, watched = terms[0].part, terms[0].watched
    whole = np.ones((1, len(watched)), np.bool_)
    counts = np.zeros(len(watched), np.float32)
    for term in terms:
        (aged,) = _aged(term.factors, term.decay, whole)
        counts += np.float32(term.weight * term.scale) * aged
    near = part.rows[watched] @ (part.rows[titles] - part.mean_row).T
    return np.asarray(counts[:, None] * near, np.float32)


def fallen(terms: Sequence[DotTerm], groups: Sequence[Indices], titles: Indices) -> Floats:
    """Return ``(len(groups), len(titles))``: how far the scores fall without each group.

    Exact: the summands are computed as if the group had never been watched, over the same
    candidates.

    Args:
        terms: profiles of the same titles over the same table.
        groups: of watched titles.
        titles: whose scores.
    """
    part, watched = terms[0].part, terms[0].watched
    change = np.zeros((len(groups), len(titles)), np.float32)
    if not len(watched):
        return change
    kept = _without(watched, groups)
    counts = np.concatenate([_aged(term.factors, term.decay, kept) for term in terms])
    profiles = counts @ part.rows[watched]
    means, spreads = part.spread(profiles)
    apart = profiles @ part.rows[titles].T - means[:, None]
    wide = spreads[:, None]
    values = np.divide(apart, wide, out=np.zeros_like(apart), where=wide > 0)
    for number, term in enumerate(terms):
        own = values[number * len(groups) : (number + 1) * len(groups)]
        change += np.float32(term.weight) * (term.values[titles] - own)
    return change


def _without(watched: Indices, groups: Sequence[Indices]) -> Mask:
    """``(len(groups), n)`` False where a title is of the group; no group is empty."""
    begins = np.cumsum([0, *(len(group) for group in groups[:-1])])
    hits = np.concatenate(groups)[:, None] == watched
    if len(hits) > len(groups):
        hits = np.logical_or.reduceat(hits, begins, axis=0)
    return np.asarray(~hits, np.bool_)


def _aged(factors: Floats, decay: float, kept: Mask) -> Floats:
    """Return ``(g, n)``: ``factor_j decay^a``, a = kept titles after j; 0 where j is not kept."""
    if decay == 1.0:
        return np.asarray(factors * kept, np.float32)
    powers = np.power(np.float32(decay), np.arange(kept.shape[1] + 1, dtype=np.float32))
    powers[powers < _NOTHING] = 0.0
    later: Indices = np.cumsum(kept[:, ::-1], axis=1)[:, ::-1] - kept
    return np.asarray(factors * powers[later] * kept, np.float32)


def dot_term(
    name: str, weight: float, *, watched: Indices, factors: Floats, decay: float, part: Part
) -> DotTerm:
    """Multiply the profile of ``watched`` with a table and standardise over its candidates."""
    (aged,) = _aged(factors, decay, np.ones((1, len(watched)), np.bool_))
    raw = part.times(aged @ part.rows[watched])
    centre, spread = mean_and_spread(raw, part.candidates)
    values = shifted(raw, centre, spread)
    scale = 1.0 / spread if spread > 0 else 0.0
    return DotTerm(name, weight, values, watched, factors, decay, part, scale)


def centred(values: Floats, candidates: Mask) -> Floats:
    """Shift ``(m,)`` values to mean 0 over the candidates."""
    if not candidates.any():
        return np.zeros_like(values)
    return np.asarray(values - values[candidates].mean(dtype=np.float64), np.float32)
