"""How a television ranks titles.

With the household's finished titles h_1 .. h_n (oldest first), a = n - j the age of h_j in
finished titles, E and w from the fleet, C the centred unit content vectors::

    p_recent = sum_j recent_decay^a w_j E_j        p_full = sum_j w_j E_j
    p_content = sum_j content_decay^a C_j
    score_i  = z(p_recent . E_i) + full_weight z(p_full . E_i)
             + content_weight z(p_content . C_i)
             + popularity_weight z(log(1 + c_i))   only below ``popularity_below`` titles

z standardises over the candidates. Before the first pull there is no E; then
``score_i = z(p_content . C_i) + local_popularity_weight z(log(1 + popularity_i))``.
Success rate is a filter and abandoned titles are not subtracted: both were measured to hurt.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Floats, Indices, Mask, standardise, top_k


@dataclass(frozen=True, slots=True, kw_only=True)
class RankerSettings:
    """Weights of the ranking; chosen on validation data, see ``docs/decisions``.

    Attributes:
        recent_decay: weight left after one more finished title, recent taste profile.
        full_weight: weight of the undecayed taste profile.
        content_weight: weight of the content cosine.
        content_decay: as ``recent_decay``, for the content profile.
        popularity_weight: weight of the fleet's popularity while little is known.
        popularity_below: number of finished titles from which popularity is dropped.
        local_popularity_weight: weight of the catalogue's own popularity before any pull.
        diversity: lambda of maximal marginal relevance; 0 switches it off.
        pool: titles that the diversity step chooses from.
    """

    recent_decay: float = 0.8
    full_weight: float = 0.5
    content_weight: float = 0.3
    content_decay: float = 0.95
    popularity_weight: float = 0.3
    popularity_below: int = 5
    local_popularity_weight: float = 2.0
    diversity: float = 0.1
    pool: int = 50


@dataclass(frozen=True, slots=True)
class Term:
    """One summand of the score: ``weight * z(raw)`` with ``raw_i = profile . table_i``.

    Attributes:
        name: ``recent``, ``full``, ``content`` or ``popularity``.
        weight: factor before the standardised value.
        scale: ``1 / standard deviation`` of the raw values over the candidates, 0 if constant.
        values: ``(m,)`` standardised values.
        shares: ``(n, d)`` summands of the profile by finished title, or None for popularity.
        table: ``(m, d)`` table the profile is multiplied with, or None for popularity.
    """

    name: str
    weight: float
    scale: float
    values: Floats
    shares: Floats | None = None
    table: Floats | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of all titles for one household, with their summands for explanation.

    Attributes:
        total: ``(m,)`` float32.
        terms: the summands.
        history: ``(n,)`` finished titles, oldest first, that the shares refer to.
        candidates: ``(m,)`` titles that the summands are standardised over.
    """

    total: Floats
    terms: tuple[Term, ...]
    history: Indices
    candidates: Mask

    def causes(self, titles: Indices) -> Floats:
        """Return ``(n, len(titles))``: what each finished title adds to each score.

        Counted from what it adds to the candidates on average, so that the column of a title
        sums up to its score without popularity.
        """
        added = np.zeros((len(self.history), len(titles)), np.float32)
        over = self.candidates / np.float32(max(1, int(self.candidates.sum())))
        for term in self.terms:
            if term.shares is not None and term.table is not None:
                apart = term.table[titles] - over @ term.table
                added += np.float32(term.weight * term.scale) * (term.shares @ apart.T)
        return added

    def part(self, name: str, title: int) -> float:
        """Return the summand ``name`` of the score of ``title``; 0 when it has none."""
        return sum(t.weight * float(t.values[title]) for t in self.terms if t.name == name)


def _decayed(rows: Floats, decay: float) -> Floats:
    ages = np.arange(len(rows) - 1, -1, -1, dtype=np.float32)
    return rows * np.power(np.float32(decay), ages)[:, None]


def _dot_term(name: str, weight: float, shares: Floats, table: Floats, candidates: Mask) -> Term:
    raw = table @ shares.sum(axis=0)
    values = standardise(raw, candidates)
    spread = float(raw[candidates].std(dtype=np.float64)) if values.any() else 0.0
    return Term(name, weight, 1.0 / spread if spread > 0 else 0.0, values, shares, table)


def _popularity_term(weight: float, log_counts: Floats, candidates: Mask) -> Term:
    return Term("popularity", weight, 0.0, standardise(log_counts, candidates))


def score_titles(
    history: Indices,
    *,
    space: TasteSpace | None,
    content: Floats,
    log_popularity: Floats,
    candidates: Mask,
    settings: RankerSettings,
) -> Scores:
    """Score all titles for one household.

    Args:
        history: ``(n,)`` finished titles, oldest first; n may be 0.
        space: what the fleet published, or None before the first pull.
        content: ``(m, 384)`` centred unit content vectors.
        log_popularity: ``(m,)`` log(1 + popularity) of the catalogue.
        candidates: ``(m,)`` titles that may be shown; the z are taken over them.
        settings: the weights.
    """
    terms: list[Term] = []
    liked = content[history]
    if space is None:
        terms.append(
            _dot_term("content", 1.0, _decayed(liked, settings.content_decay), content, candidates)
        )
        terms.append(_popularity_term(settings.local_popularity_weight, log_popularity, candidates))
    else:
        shares = space.vectors[history] * space.weights[history, None]
        recent = _decayed(shares, settings.recent_decay)
        terms.append(_dot_term("recent", 1.0, recent, space.vectors, candidates))
        if settings.full_weight:
            terms.append(_dot_term("full", settings.full_weight, shares, space.vectors, candidates))
        if settings.content_weight:
            aged = _decayed(liked, settings.content_decay)
            terms.append(_dot_term("content", settings.content_weight, aged, content, candidates))
        if len(history) < settings.popularity_below:
            terms.append(_popularity_term(settings.popularity_weight, space.log_counts, candidates))
    total = np.zeros(len(candidates), np.float32)
    for term in terms:
        total += np.float32(term.weight) * term.values
    return Scores(total, tuple(terms), history, candidates)


def diversify(
    scores: Floats,
    content: Floats,
    candidates: Mask,
    count: int,
    settings: RankerSettings,
) -> Indices:
    """Choose ``count`` titles by maximal marginal relevance over the best ``pool``.

    The next title maximises ``(1 - diversity) r_i - diversity max(0, max_j C_i . C_j)`` over
    the chosen j, with r the score scaled to 0..1 over the pool. Source: Carbonell and
    Goldstein, 1998.

    Returns:
        Indices, best first; fewer than ``count`` only when there are fewer candidates.
    """
    pool = top_k(scores, max(settings.pool, count), candidates)
    if settings.diversity <= 0.0 or len(pool) <= 1:
        return pool[:count]
    relevance = scores[pool]
    span = float(relevance[0] - relevance[-1])
    relevance = (relevance - relevance[-1]) / span if span > 0 else np.ones_like(relevance)
    alike = content[pool] @ content[pool].T
    nearest = np.full(len(pool), -1.0, np.float32)
    free = np.ones(len(pool), np.bool_)
    chosen: list[int] = []
    for _ in range(min(count, len(pool))):
        penalty = np.maximum(nearest, 0.0) if chosen else np.zeros_like(nearest)
        value = (1.0 - settings.diversity) * relevance - settings.diversity * penalty
        best = int(np.where(free, value, -np.inf).argmax())
        chosen.append(best)
        free[best] = False
        nearest = np.maximum(nearest, alike[best])
    return pool[chosen]
