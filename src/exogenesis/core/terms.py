"""The summands of a title's score, and what becomes of each when watched titles are taken away."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from exogenesis.core.tables import Part
from exogenesis.core.vectors import Floats, Indices, Mask, mean_and_spread, shifted

LEAST_FALL = 1e-3
"""A score that falls by less, in standard deviations, is not caused by what was taken away."""


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

    def adds(self, causes: Indices, titles: Indices) -> Floats:
        """Return ``(len(causes), len(titles))``: what each cause adds to each score.

        Counted from what it adds to the candidates on average.
        """
        return np.zeros((len(causes), len(titles)), np.float32)

    def falls(self, groups: Sequence[Indices], titles: Indices) -> Floats:
        """Return ``(len(groups), len(titles))``: how far it falls without each group of causes.

        Exact: the summand is computed as if the group had never been watched, over the same
        candidates.
        """
        return np.zeros((len(groups), len(titles)), np.float32)


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
        """See :meth:`Term.falls`."""
        if not len(groups):
            return np.zeros((0, len(titles)), np.float32)
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

    def adds(self, causes: Indices, titles: Indices) -> Floats:
        """See :meth:`Term.adds`."""
        rows = self.part.rows
        told = rows[self.watched] @ (rows[titles] - self.part.mean_row).T
        told *= self._counts[:, None]
        if np.array_equal(causes, self.watched):
            return told
        same = (causes[:, None] == self.watched).astype(np.float32)
        return np.asarray(same @ told, np.float32)

    @property
    def _counts(self) -> Floats:
        """``(n,)`` what each title counts in the score."""
        kept = np.ones((1, len(self.watched)), np.bool_)
        (aged,) = _aged(self.factors, self.decay, kept)
        return np.asarray(aged * np.float32(self.weight * self.scale), np.float32)

    def falls(self, groups: Sequence[Indices], titles: Indices) -> Floats:
        """See :meth:`Term.falls`."""
        if not len(self.watched) or not len(groups):
            return np.zeros((len(groups), len(titles)), np.float32)
        kept = _without(self.watched, groups)
        profiles = _aged(self.factors, self.decay, kept) @ self.part.rows[self.watched]
        means, spreads = self.part.spread(profiles)
        apart = profiles @ self.part.rows[titles].T - means[:, None]
        wide = spreads[:, None]
        values = np.divide(apart, wide, out=np.zeros_like(apart), where=wide > 0)
        return np.asarray(np.float32(self.weight) * (self.values[titles] - values), np.float32)


def _without(watched: Indices, groups: Sequence[Indices]) -> Mask:
    """``(len(groups), n)`` False where a title is of the group; no group is empty."""
    begins = np.cumsum([0, *(len(group) for group in groups[:-1])])
    hits = np.concatenate(groups)[:, None] == watched
    return np.asarray(~np.logical_or.reduceat(hits, begins, axis=0), np.bool_)


def _aged(factors: Floats, decay: float, kept: Mask) -> Floats:
    """Return ``(g, n)``: ``factor_j decay^a``, a = kept titles after j; 0 where j is not kept."""
    if decay == 1.0:
        return np.asarray(factors * kept, np.float32)
    powers = np.power(np.float32(decay), np.arange(kept.shape[1] + 1, dtype=np.float32))
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
