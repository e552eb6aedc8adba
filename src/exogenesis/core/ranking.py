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

What else is known of the evening adds to this, see :class:`Evening`: the taste of the long run and
what has just ended (each as ``z(p . E_i)``, by content before the first pull), facts and habits
(centred over the candidates). Where the region's popularity is known, it takes
``region_share / (1 + n / region_evidence)`` of the weight of popularity.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from exogenesis.core.tables import Part, Products, Table
from exogenesis.core.taste import TasteSpace
from exogenesis.core.terms import (
    LEAST_FALL,
    DotTerm,
    GivenTerm,
    PriorTerm,
    Term,
    added,
    centred,
    dot_term,
    fallen,
    joined,
)
from exogenesis.core.vectors import Floats, Indices, Mask, standardise, top_k


@dataclass(frozen=True, slots=True, kw_only=True)
class RankerSettings:
    """Weights of the ranking; chosen on validation data, see ``docs/decisions``.

    A weight of 0 takes its summand out of the score altogether.

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
        session_weight: weight of what has just ended.
        core_weight: weight of the taste of the long run.
        fact_weight: weight of what is known of genres, people, languages and lengths.
        rhythm_weight: weight of the habits of the hour and of the month.
        fatigue_weight: how far a title falls that was shown often, in spans of the pool.
        instant_weight: how far a genre falls that was just skipped, in spans of the pool.
        region_share: part of popularity's weight that goes to the region's, while nothing was
            finished.
        region_evidence: finished titles after which it is half of that.
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
    session_weight: float = 0.6
    core_weight: float = 0.2
    fact_weight: float = 0.5
    rhythm_weight: float = 1.0
    fatigue_weight: float = 1.0
    instant_weight: float = 1.0
    region_share: float = 0.8
    region_evidence: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """A summand that is computed elsewhere.

    Attributes:
        values: ``(m,)`` bounded; how much speaks for each title.
        because: names what speaks most for a title, or None where nothing does.
        without: makes the values as they would be without what was named.
    """

    values: Floats
    because: Callable[[int], str | None]
    without: Callable[[str], Floats]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evening:
    """What is known beside the finished titles; with nothing of it, nothing changes.

    Attributes:
        just_ended: the title that has just ended in this session.
        core: ``(c,)`` titles of the long run, and ``(c,)`` what each of them counts.
        fact: what is known of genres, people, languages and lengths.
        rhythm: the habits of the hour and of the month.
        region: ``(m,)`` log(1 + popularity) in the region of this television.
    """

    just_ended: int | None = None
    core: tuple[Indices, Floats] | None = None
    fact: Given | None = None
    rhythm: Given | None = None
    region: Floats | None = None


NOTHING = Evening()


@dataclass(frozen=True, slots=True)
class Scores:
    """Scores of all titles for one household, with their summands for explanation.

    Attributes:
        total: ``(m,)`` float32.
        terms: the summands.
        candidates: ``(m,)`` titles that the summands are standardised over.
    """

    total: Floats
    terms: tuple[Term, ...]
    candidates: Mask

    @property
    def past(self) -> Indices:
        """``(n,)`` the watched titles that the score depends on, oldest first."""
        told = [term.watched for term in self.terms if isinstance(term, DotTerm)]
        every = np.concatenate([np.zeros(0, np.int64), *told])
        _, first = np.unique(every, return_index=True)
        return np.asarray(every[np.sort(first)], np.int64)

    @property
    def just_ended(self) -> int | None:
        """The title behind the summand ``session``, if there is one."""
        for term in self.terms:
            if isinstance(term, DotTerm) and term.name == "session":
                return int(term.watched[-1])
        return None

    def causes(self, titles: Indices) -> Floats:
        """Return ``(n, len(titles))``: what each title of :attr:`past` adds to each score.

        Counted from what it adds to the candidates on average, so that the column of a title
        sums up to its score without the summands that no title stands behind.
        """
        past = self.past
        told = np.zeros((len(past), len(titles)), np.float32)
        order = np.argsort(past)
        for terms in joined(self.terms):
            places = order[np.searchsorted(past, terms[0].watched, sorter=order)]
            told[places] += added(terms, titles)  # a profile holds a title at most once
        return told

    def falls(self, groups: Sequence[Indices], titles: Indices) -> Floats:
        """Return ``(len(groups), len(titles))``: how far a score falls without watched titles."""
        change = np.zeros((len(groups), len(titles)), np.float32)
        if not len(groups):
            return change
        for terms in joined(self.terms):
            change += fallen(terms, groups, titles)
        for term in self.terms:
            if isinstance(term, PriorTerm):
                change += term.falls(groups, titles)
        return change

    def part(self, name: str, title: int) -> float:
        """Return the summand ``name`` of the score of ``title``; 0 when it has none."""
        return sum(t.weight * float(t.values[title]) for t in self.terms if t.name == name)

    def because(self, name: str, title: int) -> str | None:
        """Return what speaks most for ``title`` in the summand ``name``.

        None when the score would not fall without it: several that agree need not each other.
        """
        for term in self.terms:
            if isinstance(term, GivenTerm) and term.name == name:
                return term.cause(title)
        return None

    def is_regional(self, title: int) -> bool:
        """Whether ``title`` stands better in the region than everywhere, so that it gains by it."""
        told = {term.name: term for term in self.terms if isinstance(term, PriorTerm)}
        if "region" not in told:
            return False
        here, everywhere = told["region"].standard(), told["popularity"].standard()
        return float(here[title] - everywhere[title]) > LEAST_FALL

    def span(self, pool: int) -> float:
        """Return how far the best and the last of the ``pool`` best candidates lie apart."""
        best = self.total[top_k(self.total, pool, self.candidates)]
        return float(best[0] - best[-1]) if len(best) else 0.0

    def plus(self, terms: Sequence[Term]) -> Scores:
        """Return the scores with further summands."""
        total = self.total.copy()
        for term in terms:
            total += np.float32(term.weight) * term.values
        return Scores(total, (*self.terms, *terms), self.candidates)


def summed(terms: Sequence[Term], candidates: Mask) -> Scores:
    """Add up the summands."""
    total = np.zeros(len(candidates), np.float32)
    for term in terms:
        if term.weight:
            total += np.float32(term.weight) * term.values
    return Scores(total, tuple(terms), candidates)


def _taste_terms(
    history: Indices,
    *,
    space: TasteSpace,
    taste: Part,
    content: Part,
    settings: RankerSettings,
) -> list[Term]:
    """The summands of a television that has pulled a round."""

    def taste_term(name: str, weight: float, decay: float) -> Term:
        return dot_term(
            name,
            weight,
            watched=history,
            factors=space.weights[history],
            decay=decay,
            part=taste,
        )

    terms = [taste_term("recent", 1.0, settings.recent_decay)]
    if settings.full_weight:
        terms.append(taste_term("full", settings.full_weight, 1.0))
    if settings.content_weight:
        weight = settings.content_weight
        terms.append(_content_term(history, weight, content, settings))
    return terms


def _content_term(history: Indices, weight: float, content: Part, settings: RankerSettings) -> Term:
    return dot_term(
        "content",
        weight,
        watched=history,
        factors=np.ones(len(history), np.float32),
        decay=settings.content_decay,
        part=content,
    )


def _evening_terms(
    evening: Evening,
    *,
    space: TasteSpace | None,
    part: Part,
    settings: RankerSettings,
) -> list[Term]:
    """The summands of the long run and of what has just ended, by taste or else by content."""
    terms: list[Term] = []
    for name, weight, told in (
        ("session", settings.session_weight, evening.just_ended),
        ("core", settings.core_weight, evening.core),
    ):
        if not weight or told is None:
            continue
        if isinstance(told, tuple):
            titles, factors = told
        else:
            titles, factors = np.array([told], np.int64), np.ones(1, np.float32)
        if space is not None:
            factors = factors * space.weights[titles]
        terms.append(
            dot_term(
                name,
                weight,
                watched=titles,
                factors=factors,
                decay=1.0,
                part=part,
            )
        )
    return terms


def _prior_terms(
    history: Indices,
    *,
    space: TasteSpace | None,
    log_popularity: Floats,
    region: Floats | None,
    candidates: Mask,
    settings: RankerSettings,
) -> list[Term]:
    """Popularity: that of everybody and that of the region share one weight."""

    def whole(count: int) -> float:
        if space is None:
            return settings.local_popularity_weight
        return settings.popularity_weight if count < settings.popularity_below else 0.0

    def local(count: int) -> float:
        """The part of the weight that is the region's."""
        if region is None:
            return 0.0
        return settings.region_share * settings.region_evidence / (settings.region_evidence + count)

    counts = log_popularity if space is None else space.log_counts
    terms: list[Term] = []
    if whole(0):
        terms.append(
            _prior_term(
                "popularity", counts, lambda n: whole(n) * (1.0 - local(n)), history, candidates
            )
        )
        if region is not None and settings.region_share:
            terms.append(
                _prior_term("region", region, lambda n: whole(n) * local(n), history, candidates)
            )
    return terms


def _prior_term(
    name: str,
    counts: Floats,
    weight_at: Callable[[int], float],
    history: Indices,
    candidates: Mask,
) -> PriorTerm:
    standard = cache(lambda: standardise(counts, candidates))
    weight = weight_at(len(history))
    values = standard() if weight else np.zeros(len(counts), np.float32)
    return PriorTerm(name, weight, values, history, weight_at, standard)


def _given_term(name: str, weight: float, given: Given, candidates: Mask) -> Term:
    without = cache(lambda cause: centred(given.without(cause), candidates))
    return GivenTerm(name, weight, centred(given.values, candidates), given.because, without)


def score_titles(
    history: Indices,
    *,
    space: TasteSpace | None,
    content: Table | Floats | None,
    log_popularity: Floats,
    candidates: Mask,
    settings: RankerSettings,
    taste: Table | None = None,
    evening: Evening = NOTHING,
    products: Products | None = None,
) -> Scores:
    """Score all titles for one household.

    Args:
        history: ``(n,)`` finished titles, oldest first; n may be 0.
        space: what the fleet published, or None before the first pull.
        content: ``(m, 384)`` centred unit content vectors; None ranks without any vector.
        log_popularity: ``(m,)`` log(1 + popularity) of the catalogue.
        candidates: ``(m,)`` titles that may be shown; the z are taken over them.
        settings: the weights.
        taste: the table of ``space.vectors``, where it is kept between calls.
        evening: what else is known.
        products: where products with the tables are kept between calls.
    """
    terms: list[Term] = []
    table = Table(content) if isinstance(content, np.ndarray) else content
    if table is None:
        space = None
    elif space is None:
        part = Part(table, candidates, products)
        terms.append(_content_term(history, 1.0, part, settings))
        terms += _evening_terms(evening, space=None, part=part, settings=settings)
    else:
        known = Table(space.vectors) if taste is None else taste
        used = Part(known, candidates, products)
        terms += _taste_terms(
            history,
            space=space,
            taste=used,
            content=Part(table, candidates, products),
            settings=settings,
        )
        terms += _evening_terms(evening, space=space, part=used, settings=settings)
    terms += _prior_terms(
        history,
        space=space,
        log_popularity=log_popularity,
        region=evening.region,
        candidates=candidates,
        settings=settings,
    )
    for name, weight, given in (
        ("fact", settings.fact_weight, evening.fact),
        ("rhythm", settings.rhythm_weight, evening.rhythm),
    ):
        if given is not None and weight:
            terms.append(_given_term(name, weight, given, candidates))
    return summed(terms, candidates)


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
