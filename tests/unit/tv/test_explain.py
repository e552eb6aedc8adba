"""Reasons are true: take the named cause away and the title falls."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from exogenesis.core.limits import TASTE_DIM
from exogenesis.core.ranking import Evening, Given, RankerSettings, Scores, score_titles
from exogenesis.core.taste import TasteSpace, title_weight
from exogenesis.core.vectors import Floats, Indices, top_k, unit_rows
from exogenesis.tv.explain import Reason, parts, reasons, sentence

TITLES = 150
GENRES = 5
WORLDS = 60


class World:
    """A catalogue of clusters, and one household's evening in front of it, drawn by a seed."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self.genres = rng.random((TITLES, GENRES)) < 0.4
        groups = rng.integers(0, 6, TITLES)
        self.content = self._clustered(rng, groups, 384)
        taste = self._clustered(rng, groups, TASTE_DIM)
        self.space: TasteSpace | None = TasteSpace(
            round=3,
            sigma=np.ones(TASTE_DIM, np.float32),
            vectors=taste * rng.uniform(0.3, 1.0, (TITLES, 1)).astype(np.float32),
            weights=title_weight(rng.integers(0, 900, TITLES).astype(np.float32)),
            published=rng.random(TITLES) < 0.8,
        )
        if seed % 3 == 0:
            self.space = None
        kin = rng.permutation(np.flatnonzero(groups == groups[0]))[: rng.integers(0, 6)]
        others = rng.permutation(TITLES)[: rng.integers(0, 8)]
        self.history: Indices = rng.permutation(np.unique([*kin, *others])).astype(np.int64)
        self.popularity = np.log1p(rng.pareto(1.0, TITLES)).astype(np.float32)
        self.candidates = rng.random(TITLES) < rng.choice([0.3, 0.95])
        self.candidates[self.history] = False
        core = rng.permutation(TITLES)[:3]
        self.lifts = rng.normal(0, 1.5, GENRES).astype(np.float32)
        self.by_hour, self.by_month = rng.normal(0, 1, (2, TITLES)).astype(np.float32)
        region = np.log1p(rng.pareto(1.0, TITLES)).astype(np.float32)
        self.evening = Evening(
            just_ended=int(rng.integers(TITLES)) if rng.random() < 0.5 else None,
            core=(core, np.ones(3, np.float32)) if rng.random() < 0.5 else None,
            fact=self._fact(self.lifts) if rng.random() < 0.5 else None,
            rhythm=self._rhythm() if rng.random() < 0.5 else None,
            region=region if rng.random() < 0.5 else None,
        )

    @staticmethod
    def _clustered(rng: np.random.Generator, groups: Indices, dims: int) -> Floats:
        middles = rng.normal(size=(6, dims))
        return unit_rows(
            (middles[groups] + 0.6 * rng.normal(size=(TITLES, dims))).astype(np.float32)
        )

    def _fact(self, lifts: Floats) -> Given:
        def values(some: Floats) -> Floats:
            return np.clip(self.genres @ some, -2.0, 2.0).astype(np.float32)

        def because(title: int) -> str | None:
            own = np.where(self.genres[title], lifts, -np.inf)
            return f"genre:{own.argmax()}" if own.max() > 0 else None

        def without(fact: str) -> Floats:
            return values(np.where(np.arange(GENRES) == int(fact[6:]), 0.0, lifts))

        return Given(values=values(lifts), because=because, without=without)

    def _rhythm(self) -> Given:
        def because(title: int) -> str:
            return "hour:117" if self.by_hour[title] >= self.by_month[title] else "month:12"

        return Given(
            values=np.clip(self.by_hour + self.by_month, -1.5, 1.5),
            because=because,
            without=lambda habit: self.by_month if habit == "hour:117" else self.by_hour,
        )

    def scores(self, evening: Evening, history: Indices | None = None) -> Scores:
        return score_titles(
            self.history if history is None else history,
            space=self.space,
            content=self.content,
            log_popularity=self.popularity,
            candidates=self.candidates,
            settings=RankerSettings(fact_weight=1.0, rhythm_weight=1.0, session_weight=1.0),
            evening=evening,
        )

    def without(self, reason: Reason) -> Scores:
        """The scores of a television without what the reason names."""
        evening, history = self.evening, self.history
        match reason.kind:
            case "taste" | "content":
                gone = [*reason.also] if reason.cause is None else [reason.cause, *reason.also]
                history = history[~np.isin(history, gone or history)]
                if evening.just_ended in gone:
                    evening = replace(evening, just_ended=None)
                if evening.core is not None:
                    kept = ~np.isin(evening.core[0], gone)
                    core = (evening.core[0][kept], evening.core[1][kept])
                    evening = replace(evening, core=core if kept.any() else None)
            case "session":
                assert reason.cause == evening.just_ended
                evening = replace(evening, just_ended=None)
            case "core":
                evening = replace(evening, core=None)
            case "region":
                evening = replace(evening, region=None)
            case "fact" | "rhythm":
                known = evening.fact if reason.kind == "fact" else evening.rhythm
                assert known is not None
                rest = None
                if reason.detail is not None:
                    rest = replace(known, values=known.without(reason.detail))
                if reason.kind == "fact":
                    evening = replace(evening, fact=rest)
                else:
                    evening = replace(evening, rhythm=rest)
            case _:
                raise AssertionError(reason)
        return self.scores(evening, history)


def _mean(scores: Scores) -> float:
    return float(scores.total[scores.candidates].mean())


@pytest.mark.parametrize("start", range(0, WORLDS, 10))
def test_without_the_named_cause_the_title_falls_beside_the_other_candidates(start: int) -> None:
    for seed in range(start, start + 10):
        world = World(seed)
        scores = world.scores(world.evening)
        best = top_k(scores.total, 10, scores.candidates)
        for title, reason in zip(best.tolist(), reasons(scores, best), strict=True):
            if reason.kind in ("popularity", "exploration"):
                continue
            other = world.without(reason)
            before = float(scores.total[title]) - _mean(scores)
            after = float(other.total[title]) - _mean(other)
            assert after < before, (seed, title, reason)


def test_every_kind_of_reason_is_given_and_most_name_their_cause() -> None:
    kinds: Counter[str] = Counter()
    named: Counter[str] = Counter()
    for seed in range(WORLDS):
        world = World(seed)
        scores = world.scores(world.evening)
        best = top_k(scores.total, 10, scores.candidates)
        for title, reason in zip(best.tolist(), reasons(scores, best), strict=True):
            kinds[reason.kind] += 1
            named[reason.kind] += reason.cause is not None or reason.detail is not None
            summands = parts(scores, title)
            assert sum(summands.values()) == pytest.approx(float(scores.total[title]), abs=1e-3)
            if reason.kind not in ("popularity", "exploration"):
                assert summands[reason.kind] == max(summands.values())
    assert set(kinds) >= {"taste", "content", "session", "fact", "rhythm", "popularity", "region"}
    for kind in ("taste", "content", "session", "fact", "rhythm"):
        assert named[kind] >= 0.9 * kinds[kind], kind


def test_what_is_popular_everywhere_is_not_put_down_to_the_region() -> None:
    world = World(0)
    world.history = np.zeros(0, np.int64)
    world.candidates = np.ones(TITLES, np.bool_)
    world.popularity[[3, 4]] = 20.0, 1.0
    region = np.ones(TITLES, np.float32)
    region += np.linspace(0, 1, TITLES, dtype=np.float32)
    region[[3, 4]] = 3.0, 5.0
    scores = world.scores(Evening(region=region))
    everywhere, regional = reasons(scores, np.array([3, 4]))
    assert parts(scores, 3)["region"] > parts(scores, 3)["popularity"]
    assert (everywhere.kind, regional.kind) == ("popularity", "region")


def test_titles_that_stand_in_for_each_other_are_named_together() -> None:
    world = World(1)
    assert world.space is not None
    vectors = world.space.vectors.copy()
    vectors[[3, 4, 5]] = vectors[3]
    world.space = replace(world.space, vectors=vectors, weights=np.ones(TITLES, np.float32))
    world.content[[3, 4, 5]] = world.content[3]
    world.history = np.array([3, 4, 5])
    world.candidates = np.ones(TITLES, np.bool_)
    world.candidates[[3, 4, 5]] = False
    scores = world.scores(Evening())
    best = top_k(scores.total, 1, scores.candidates)
    (reason,) = reasons(scores, best)
    assert reason.kind == "taste"
    assert {reason.cause, *reason.also} == {3, 4, 5}


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (Reason("taste", 3), "because you watched X"),
        (Reason("taste", 3, (4, 5)), "because you watched X and 2 more like it"),
        (Reason("content"), "like what you watch"),
        (Reason("session", 3), "goes with X, which has just ended"),
        (Reason("core"), "your long-time taste"),
        (Reason("fact", detail="genre:thriller"), "you like thriller"),
        (Reason("fact", detail="person:Ida Noor: II"), "you like titles with Ida Noor: II"),
        (Reason("fact", detail="language:de"), "you like titles in the language 'de'"),
        (Reason("fact", detail="length:short"), "you like short titles"),
        (Reason("fact"), "like what you usually finish"),
        (Reason("rhythm", detail="hour:0"), "what you watch on Monday nights"),
        (Reason("rhythm", detail="hour:117"), "what you watch on Friday evenings"),
        (Reason("rhythm", detail="hour:153"), "what you watch on Sunday mornings"),
        (Reason("rhythm", detail="month:12"), "what you watch in December"),
        (Reason("rhythm"), "what you watch at this time"),
        (Reason("popularity"), "popular with other households"),
        (Reason("region"), "popular where you live"),
        (Reason("exploration"), "something different to try"),
    ],
)
def test_reasons_are_sentences(reason: Reason, words: str) -> None:
    assert sentence(reason, "" if reason.cause is None else "X", from_fleet=True) == words
