"""The ranking against its formula, written in loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exogenesis.core.limits import TASTE_DIM
from exogenesis.core.ranking import RankerSettings, diversify, score_titles
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Floats, Mask, unit_rows

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
    causes = scores.causes(scores.past, titles)
    assert causes.shape == (4, 3)
    for column, title in enumerate(titles.tolist()):
        expected = float(scores.total[title]) - scores.part("popularity", title)
        assert float(causes[:, column].sum()) == pytest.approx(expected, abs=1e-3)


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
    assert scores.causes(scores.past, np.array([1, 2])).shape == (0, 2)


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
