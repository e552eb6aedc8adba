"""The ranking against its formula, written in loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exogenesis.core.limits import TASTE_DIM
from exogenesis.core.ranking import (
    Evening,
    Given,
    RankerSettings,
    Scores,
    diversify,
    score_titles,
)
from exogenesis.core.taste import TasteSpace
from exogenesis.core.terms import Term
from exogenesis.core.vectors import Floats, Indices, Mask, unit_rows

TITLES = 40
SETTINGS = RankerSettings()


def _space() -> TasteSpace:
    rng = np.random.default_rng(9)
    return TasteSpace(
        round=4,
        sigma=np.ones(TASTE_DIM, np.float32),
        vectors=rng.normal(size=(TITLES, TASTE_DIM)).astype(np.float32),
        weights=rng.uniform(0.2, 1, TITLES).astype(np.float32),
        published=np.ones(TITLES, np.bool_),
    )


def _content() -> Floats:
    return unit_rows(np.random.default_rng(10).normal(size=(TITLES, 384)).astype(np.float32))


def _popularity() -> Floats:
    return np.log1p(np.random.default_rng(11).integers(0, 90, TITLES)).astype(np.float32)


def _candidates() -> Mask:
    return np.random.default_rng(12).random(TITLES) < 0.8


def _z(raw: list[float], candidates: Mask) -> list[float]:
    chosen = [x for x, c in zip(raw, candidates, strict=True) if c]
    mean = sum(chosen) / len(chosen)
    deviation = math.sqrt(sum((x - mean) ** 2 for x in chosen) / len(chosen))
    return [(x - mean) / deviation if deviation > 1e-12 else 0.0 for x in raw]


def _dots(profile: list[float], table: Floats) -> list[float]:
    return [sum(p * float(x) for p, x in zip(profile, row, strict=True)) for row in table]


def _profile(history: list[int], table: Floats, factors: list[float], decay: float) -> list[float]:
    total = [0.0] * table.shape[1]
    for j, title in enumerate(history):
        weight = decay ** (len(history) - 1 - j) * factors[title]
        for d in range(table.shape[1]):
            total[d] += weight * float(table[title, d])
    return total


def _slow(history: list[int], space: TasteSpace | None, settings: RankerSettings) -> list[float]:
    candidates, content = _candidates(), _content()
    ones = [1.0] * TITLES
    liked = _dots(_profile(history, content, ones, settings.content_decay), content)
    parts: list[tuple[float, list[float]]] = []
    if space is None:
        parts = [(1.0, liked), (settings.local_popularity_weight, _popularity().tolist())]
    else:
        damping = space.weights.tolist()
        for weight, decay in ((1.0, settings.recent_decay), (settings.full_weight, 1.0)):
            profile = _profile(history, space.vectors, damping, decay)
            parts.append((weight, _dots(profile, space.vectors)))
        parts.append((settings.content_weight, liked))
        if len(history) < settings.popularity_below:
            counts = [-4 * math.log(w) for w in damping]
            parts.append((settings.popularity_weight, counts))
    standard = [(weight, _z(raw, candidates)) for weight, raw in parts]
    return [sum(weight * z[i] for weight, z in standard) for i in range(TITLES)]


@pytest.mark.parametrize("history", [[], [3], [3, 9, 1, 20], [5, 9, 1, 20, 33, 2]])
@pytest.mark.parametrize("space", [None, _space()], ids=["before the first pull", "after"])
def test_scores_follow_the_formula(history: list[int], space: TasteSpace | None) -> None:
    scores = score_titles(
        np.array(history, np.int64),
        space=space,
        content=_content(),
        log_popularity=_popularity(),
        candidates=_candidates(),
        settings=SETTINGS,
    )
    np.testing.assert_allclose(scores.total, _slow(history, space, SETTINGS), atol=2e-4)


@pytest.mark.parametrize("space", [None, _space()], ids=["before the first pull", "after"])
def test_causes_add_up_to_the_score_without_popularity(space: TasteSpace | None) -> None:
    scores = score_titles(
        np.array([5, 9, 1, 20]),
        space=space,
        content=_content(),
        log_popularity=_popularity(),
        candidates=_candidates(),
        settings=SETTINGS,
    )
    titles = np.array([0, 7, 33])
    causes = scores.causes(titles)
    assert causes.shape == (4, 3)
    for column, title in enumerate(titles.tolist()):
        expected = float(scores.total[title]) - scores.part("popularity", title)
        assert float(causes[:, column].sum()) == pytest.approx(expected, abs=1e-3)


CORE = (np.array([20, 30, 2]), np.array([1.0, 0.5, 2.0], np.float32))
WHOLE = Evening(
    just_ended=20,
    core=CORE,
    fact=Given(
        values=np.linspace(-1, 3, TITLES, dtype=np.float32),
        because=lambda title: "genre:war",
        without=lambda fact: np.zeros(TITLES, np.float32),
    ),
    rhythm=Given(
        values=np.cos(np.arange(TITLES, dtype=np.float32)),
        because=lambda title: None,
        without=lambda habit: np.zeros(TITLES, np.float32),
    ),
    region=_popularity()[::-1].copy(),
)
SPACES = pytest.mark.parametrize("space", [None, _space()], ids=["before the first pull", "after"])


def _scored(
    history: Indices,
    space: TasteSpace | None,
    evening: Evening,
    settings: RankerSettings = SETTINGS,
) -> Scores:
    return score_titles(
        history,
        space=space,
        content=_content(),
        log_popularity=_popularity(),
        candidates=_candidates(),
        settings=settings,
        evening=evening,
    )


@SPACES
@pytest.mark.parametrize("count", [0, 1, 4, 6])
def test_the_evening_adds_its_own_summands(space: TasteSpace | None, count: int) -> None:
    history = [5, 9, 1, 20, 33, 2][:count]
    candidates = _candidates()
    table = _content() if space is None else space.vectors
    damping = [1.0] * TITLES if space is None else space.weights.tolist()
    ended = _dots([float(x) * damping[20] for x in table[20]], table)
    core = [0.0] * table.shape[1]
    for title, weight in zip(*(column.tolist() for column in CORE), strict=True):
        for d in range(table.shape[1]):
            core[d] += weight * damping[title] * float(table[title, d])
    expected = np.array(_slow(history, space, SETTINGS))
    expected += SETTINGS.session_weight * np.array(_z(ended, candidates))
    expected += SETTINGS.core_weight * np.array(_z(_dots(core, table), candidates))
    assert WHOLE.fact is not None
    assert WHOLE.rhythm is not None
    assert WHOLE.region is not None
    for weight, values in (
        (SETTINGS.fact_weight, WHOLE.fact.values),
        (SETTINGS.rhythm_weight, WHOLE.rhythm.values),
    ):
        expected += weight * (values - values[candidates].mean())
    everywhere, weight = _popularity().tolist(), SETTINGS.local_popularity_weight
    if space is not None:
        everywhere = [-4 * math.log(w) for w in damping]
        weight = SETTINGS.popularity_weight if count < SETTINGS.popularity_below else 0.0
    share = 0.8 / (1 + count / 10)
    apart = np.array(_z(WHOLE.region.tolist(), candidates)) - _z(everywhere, candidates)
    expected += weight * share * apart
    scores = _scored(np.array(history, np.int64), space, WHOLE)
    np.testing.assert_allclose(scores.total, expected, atol=3e-4)
    parts = sum(scores.part(name, 7) for name in {term.name for term in scores.terms})
    assert parts == pytest.approx(float(scores.total[7]), abs=1e-5)


@SPACES
@pytest.mark.parametrize("count", [0, 3, 6])
def test_a_weight_of_zero_takes_a_summand_out_altogether(
    space: TasteSpace | None, count: int
) -> None:
    off = RankerSettings(
        session_weight=0, core_weight=0, fact_weight=0, rhythm_weight=0, region_share=0
    )
    history = np.array([5, 9, 1, 20, 33, 2][:count], np.int64)
    without = _scored(history, space, Evening())
    with_all = _scored(history, space, WHOLE, off)
    np.testing.assert_array_equal(with_all.total, without.total)
    assert [term.name for term in with_all.terms] == [term.name for term in without.terms]


@SPACES
@pytest.mark.parametrize("count", [1, 4, 5, 6, 9])
def test_falls_are_those_of_a_past_without_the_titles(space: TasteSpace | None, count: int) -> None:
    past = [5, 9, 1, 20, 33, 2, 17, 8, 11][:count]
    scores = _scored(np.array(past, np.int64), space, WHOLE)
    groups = [[title] for title in (*past, 30)] + [past[:2], past[-3:], [*past, 2, 20, 30]]
    titles = np.arange(TITLES)
    falls = scores.falls([np.array(group) for group in groups], titles)
    for group, fallen in zip(groups, falls, strict=True):
        kept = ~np.isin(CORE[0], group)
        other = Evening(
            just_ended=None if 20 in group else 20,
            core=(CORE[0][kept], CORE[1][kept]) if kept.any() else None,
            fact=WHOLE.fact,
            rhythm=WHOLE.rhythm,
            region=WHOLE.region,
        )
        left = np.array([title for title in past if title not in group], np.int64)
        expected = scores.total - _scored(left, space, other).total
        np.testing.assert_allclose(fallen, expected, atol=2e-3)


def test_an_empty_television_shows_what_is_liked_in_its_region() -> None:
    nothing = np.zeros(0, np.int64)
    assert WHOLE.region is not None
    for region in (WHOLE.region, _popularity()):
        scores = _scored(nothing, None, Evening(region=region), RankerSettings(region_share=1.0))
        order = np.argsort(-scores.total, kind="stable")
        assert order.tolist() == np.argsort(-region, kind="stable").tolist()


def test_the_weight_of_the_region_falls_as_own_evidence_grows() -> None:
    weights = []
    for count in range(0, 30, 5):
        scores = _scored(np.arange(count), None, Evening(region=WHOLE.region))
        weights.append({term.name: term.weight for term in scores.terms})
    regional = [weight["region"] for weight in weights]
    assert regional == sorted(regional, reverse=True)
    assert regional[2] == pytest.approx(regional[0] / 2)
    assert {round(w["region"] + w["popularity"], 6) for w in weights} == {2.0}


def test_further_summands_are_added() -> None:
    scores = _scored(np.array([3, 9]), _space(), Evening())
    tired = Term("fatigue", 2.0, -np.ones(TITLES, np.float32))
    np.testing.assert_allclose(scores.plus([tired]).total, scores.total - 2.0, atol=1e-6)
    assert scores.plus([tired]).part("fatigue", 4) == -2.0


def test_no_candidates_and_no_history_give_zeros() -> None:
    scores = score_titles(
        np.zeros(0, np.int64),
        space=_space(),
        content=_content(),
        log_popularity=_popularity(),
        candidates=np.zeros(TITLES, np.bool_),
        settings=SETTINGS,
    )
    assert not scores.total.any()
    assert scores.causes(np.array([1, 2])).shape == (0, 2)


def _slow_mmr(
    scores: Floats, content: Floats, pool: list[int], count: int, lam: float
) -> list[int]:
    best, worst = max(float(scores[i]) for i in pool), min(float(scores[i]) for i in pool)
    chosen: list[int] = []
    while len(chosen) < min(count, len(pool)):

        def value(title: int) -> float:
            relevance = (float(scores[title]) - worst) / (best - worst) if best > worst else 1.0
            near = [float(content[title] @ content[other]) for other in chosen]
            return (1 - lam) * relevance - lam * max([0.0, *near])

        rest = [title for title in pool if title not in chosen]
        chosen.append(max(rest, key=lambda title: (value(title), -pool.index(title))))
    return chosen


@pytest.mark.parametrize("diversity", [0.0, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("count", [0, 1, 10, 60])
def test_diversify_is_greedy_marginal_relevance(diversity: float, count: int) -> None:
    rng = np.random.default_rng(13)
    scores = rng.normal(size=TITLES).astype(np.float32)
    groups = rng.normal(size=(6, 384))[rng.integers(0, 6, TITLES)]
    content = unit_rows((groups + 0.3 * rng.normal(size=(TITLES, 384))).astype(np.float32))
    candidates = _candidates()
    settings = RankerSettings(diversity=diversity, pool=20)
    order = sorted(np.flatnonzero(candidates).tolist(), key=lambda i: -float(scores[i]))
    pool = order[: max(20, count)]
    expected = _slow_mmr(scores, content, pool, count, diversity) if count else []
    assert diversify(scores, content, candidates, count, settings).tolist() == expected
