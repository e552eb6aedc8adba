"""Self-optimisation: does it find what is there, and leave alone what is not?

    python benchmarks/metasona.py [--small]

Prints JSON: how often the search beats random search at equal budget on planted optima; how much
of a known gain each measure of a case sees; how often a household that nothing can be learnt from
is given other settings within its life; how often planted better settings are found, by the number
of finished titles. Everything is drawn from fixed seeds; only ``seconds`` differs between runs.

Households live in small invented catalogues and choose by the ranker itself, with planted
settings (``planted``), with the fleet's (``content``: there is nothing to gain) or without looking
(``noise``: every setting is worth the same).
"""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Generator, Sequence
from dataclasses import replace
from typing import Any, TypeVar

import click
import numpy as np

from exogenesis.core.limits import CONTENT_DIM, TASTE_DIM
from exogenesis.core.ranking import RankerSettings, Scores, score_titles
from exogenesis.core.tables import Table
from exogenesis.core.taste import TasteSpace, title_weight
from exogenesis.core.vectors import Indices, Mask, unit_rows
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.metasona.accept import (
    FRESH,
    LEAST_CASES,
    compare,
    level_of_try,
    student_quantile,
)
from exogenesis.tv.metasona.improve import MetaSona, Verdict
from exogenesis.tv.metasona.lineage import Lineage
from exogenesis.tv.metasona.replay import Case, Judge, decides, rank_of, utility
from exogenesis.tv.metasona.search import search
from exogenesis.tv.metasona.space import Point, Setting, Space
from exogenesis.tv.metasona.television import RANKER_SPACE, point_of, settings_of
from exogenesis.tv.persistence import Database

T = TypeVar("T")

TITLES = 1000
CIRCLES = 25
KNOWN_BEFORE = 5
EAGER = 0.4
"""How closely households follow their taste: two in five choices are of their own best ten."""
TUNED = ("recent_decay", "full_weight", "content_weight", "content_decay")
PRIOR = RankerSettings(diversity=0.0)
PLANTED = {
    "content matters much": replace(PRIOR, content_weight=1.5),
    "taste does not age": replace(PRIOR, recent_decay=1.0, full_weight=2.0),
    "only the latest counts": replace(PRIOR, recent_decay=0.5, full_weight=0.0),
    "content does not matter": replace(PRIOR, content_weight=0.0),
}
MEASURES = {
    "ndcg at 10": lambda rank: 1 / math.log2(rank + 1) if rank <= 10 else 0.0,
    "1 / log2(1 + rank)": lambda rank: 1 / math.log2(rank + 1),
    "1 / rank": lambda rank: 1 / rank,
    "1 - ln(rank) / ln(candidates)": lambda rank: 1 - math.log(rank) / math.log(TITLES),
}


def drained(work: Generator[Any, None, T]) -> T:
    """Run a generator to its end and return its value."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            return end.value


class World:
    """An invented catalogue in which content and taste are related, and not the same."""

    def __init__(self, seed: int) -> None:
        rng = np.random.default_rng([seed, 1])
        circle = rng.integers(CIRCLES, size=TITLES)
        other = np.where(rng.random(TITLES) < 0.5, circle, rng.integers(CIRCLES, size=TITLES))
        middles = rng.normal(size=(CIRCLES, CONTENT_DIM))
        rows = middles[circle] + 1.2 * rng.normal(size=(TITLES, CONTENT_DIM))
        self.content = Table(unit_rows((rows - rows.mean(axis=0)).astype(np.float32)))
        tastes = 0.6 * rng.normal(size=(CIRCLES, TASTE_DIM))[other]
        vectors = (0.2 * (tastes + 0.6 * rng.normal(size=(TITLES, TASTE_DIM)))).astype(np.float32)
        counts = rng.lognormal(2.0, 1.5, TITLES).astype(np.float32)
        self.space = TasteSpace(
            round=1,
            sigma=np.ones(TASTE_DIM, np.float32),
            vectors=vectors,
            weights=title_weight(counts),
            published=np.ones(TITLES, np.bool_),
        )
        self.taste = Table(vectors)
        self.log_popularity = np.log1p(counts)

    def scores(self, history: Indices, mask: Mask, settings: RankerSettings) -> Scores:
        """Rank as a television does."""
        return score_titles(
            history,
            space=self.space,
            content=self.content,
            taste=self.taste,
            log_popularity=self.log_popularity,
            candidates=mask,
            settings=settings,
        )

    def live(
        self, settings: RankerSettings | None, titles: int, rng: np.random.Generator
    ) -> Indices:
        """Finish titles one after the other, with weight ``exp(EAGER score)`` or blindly."""
        history = rng.choice(TITLES, KNOWN_BEFORE, replace=False).tolist()
        while len(history) < titles + KNOWN_BEFORE:
            mask = np.ones(TITLES, np.bool_)
            mask[history] = False
            weights = mask.astype(np.float64)
            if settings is not None:
                total = self.scores(np.array(history), mask, settings).total.astype(np.float64)
                weights *= np.exp(EAGER * (total - total[mask].max()))
            history.append(int(rng.choice(TITLES, p=weights / weights.sum())))
        return np.array(history)

    def judge(self) -> Judge:
        """The judge of a case, by the real ranking."""

        def judged(point: Point, case: Case) -> float:
            mask = np.ones(TITLES, np.bool_)
            mask[case.seen] = False
            scores = self.scores(case.history, mask, settings_of(point, PRIOR))
            return utility(rank_of(scores.total, case.title, mask), int(mask.sum()))

        return judged


def cases_of(history: Indices) -> list[Case]:
    """Cases of a life; the half a case is on is drawn by its title, as on a television."""
    return [
        Case(
            profile="home",
            title=int(history[at]),
            at=at,
            history=history[:at],
            seen=history[:at],
            decides=decides(f"t{history[at]}"),
        )
        for at in range(KNOWN_BEFORE, len(history))
    ]


def new_sona(world: World, seed: int, evaluations: int) -> MetaSona:
    database = Database.open(None)
    lineage = Lineage(database, CosmicMemory(database), RANKER_SPACE, point_of(PRIOR))
    return MetaSona(
        lineage=lineage,
        space=RANKER_SPACE,
        judge=world.judge(),
        timer=lambda: 0,
        rng=np.random.default_rng([seed, 3]),
        evaluations=evaluations,
    )


def lived(
    settings: RankerSettings | None, seed: int, looks: Sequence[int], evaluations: int
) -> list[bool]:
    """Whether other settings had been accepted after each of ``looks`` finished titles."""
    world = World(seed)
    history = world.live(settings, looks[-1], np.random.default_rng([seed, 2]))
    sona, accepted, after = new_sona(world, seed, evaluations), False, []
    for titles in looks:
        cases = cases_of(history[: titles + KNOWN_BEFORE])
        outcome = drained(sona.improve(cases, tuned=TUNED, now=titles + KNOWN_BEFORE - 1))
        accepted |= outcome.verdict is Verdict.ACCEPTED
        after.append(accepted)
    return after


def planted_function(kind: str, dim: int, seed: int) -> tuple[Space, Any, Any]:
    """A quadratic bowl with its bottom in the cube: the space, its truth, and what is seen."""
    rng = np.random.default_rng([seed, 4])
    bottom, steep = rng.uniform(0.1, 0.9, dim), np.exp(rng.uniform(-1.5, 1.5, dim))
    turn = np.eye(dim) if kind == "separable" else np.linalg.qr(rng.normal(size=(dim, dim)))[0]
    space = Space(Setting(name=f"s{axis:02}") for axis in range(dim))
    noise = np.random.default_rng([seed, 5])

    def truth(point: Point) -> float:
        return -float((steep * (turn @ (space.encode(point) - bottom)) ** 2).sum())

    def seen(point: Point) -> Generator[None, None, float]:
        yield
        return truth(point) + (0.2 * float(noise.normal()) if kind == "noisy" else 0.0)

    return space, truth, seen


def duel(kind: str, dim: int, seed: int, budget: int) -> bool:
    """Whether the search ends nearer to the optimum than random search with the same budget."""
    space, truth, seen = planted_function(kind, dim, seed)
    start = space.decode(np.full(dim, 0.5))
    rng = np.random.default_rng([seed, 6])
    found = drained(search(space, start, seen, evaluations=budget, rng=rng))
    drawn = [start, *(space.decode(rng.uniform(size=dim)) for _ in range(budget - 1))]
    return truth(found.point) > truth(max(drawn, key=lambda point: drained(seen(point))))


def wins(seeds: int) -> dict[str, float]:
    return {
        f"{kind}, {dim} settings, {budget} evaluations": float(
            np.mean([duel(kind, dim, seed, budget) for seed in range(seeds)])
        )
        for kind in ("separable", "rotated", "noisy")
        for dim, budget in ((5, 120), (10, 120), (17, 120))
    }


def sharpness(seeds: int) -> dict[str, dict[str, float]]:
    """Mean of the gain of the planted settings by its standard deviation, over cases."""
    table: dict[str, dict[str, float]] = {}
    for name, settings in PLANTED.items():
        gains: dict[str, list[float]] = {measure: [] for measure in MEASURES}
        for seed in range(seeds):
            world = World(seed)
            for case in cases_of(world.live(settings, 120, np.random.default_rng([seed, 7]))):
                mask = np.ones(TITLES, np.bool_)
                mask[case.seen] = False
                ranks = [
                    rank_of(world.scores(case.history, mask, one).total, case.title, mask)
                    for one in (settings, PRIOR)
                ]
                for measure, worth in MEASURES.items():
                    gains[measure].append(worth(ranks[0]) - worth(ranks[1]))
        table[name] = {m: round(float(np.mean(g) / np.std(g)), 3) for m, g in gains.items()}
    return table


NOISES = {
    "even": lambda rng, n: rng.normal(0.0, 0.1, n),
    "sparse": lambda rng, n: np.where(rng.random(n) < 0.3, rng.normal(0.0, 0.15, n), 0.0),
    "rare wins": lambda rng, n: np.where(rng.random(n) < 0.05, 0.38, -0.02),
    "rare losses": lambda rng, n: np.where(rng.random(n) < 0.05, -0.38, 0.02),
    "very rare losses": lambda rng, n: np.where(rng.random(n) < 0.02, -0.49, 0.01),
    "long tail of losses": lambda rng, n: 0.1 * (1.0 - rng.exponential(1.0, n)),
}
"""Differences of utilities whose mean is 0: (generator, cases)."""


def students(gains: Any, level: float) -> bool:
    """Whether Student's interval alone would accept."""
    error = float(gains.std(ddof=1)) / math.sqrt(len(gains))
    return float(gains.mean()) > student_quantile(1.0 - level, len(gains) - 1) * error


def ours(gains: Any, level: float) -> bool:
    """Whether the television accepts."""
    return compare(gains, np.zeros(len(gains)), level).is_better


def drawn_lives(seeds: int, accepts: Callable[[Any, float], bool]) -> dict[str, float]:
    """Share of lives, of 20 to 2000 cases, in which a gain of 0 is accepted at one of the tries."""
    sizes = [LEAST_CASES]
    while sizes[-1] < 2000:
        sizes.append(math.ceil(sizes[-1] * (1.0 + FRESH)))
    table: dict[str, float] = {}
    for name, noise in NOISES.items():
        wrong = 0
        for seed in range(seeds):
            rng = np.random.default_rng([seed, 8])
            wrong += any(
                accepts(noise(rng, size), level_of_try(number))
                for number, size in enumerate(sizes, start=1)
            )
        table[name] = wrong / seeds
    return table


@click.command()
@click.option("--small", is_flag=True, help="A few households, to see that it runs.")
def main(small: bool) -> None:
    """Measure and print."""
    begun = time.process_time()
    households, evaluations = (3, 30) if small else (60, 60)
    life = [50, 100] if small else [50, 65, 85, 110, 145, 190, 245]
    sizes = [50] if small else [50, 100, 200, 400]
    facts = {
        "beats random search": wins(5 if small else 100),
        "gain of a case by its deviation": sharpness(1 if small else 10),
        "falsely accepted within a life": {
            name: float(np.mean([lived(one, s, life, evaluations)[-1] for s in range(households)]))
            for name, one in (("noise", None), ("content", PRIOR))
        },
        "falsely accepted within a life of drawn differences": {
            "as here": drawn_lives(50 if small else 5000, ours),
            "by Student's interval alone": drawn_lives(50 if small else 500, students),
        },
        "planted settings found": {
            name: {
                f"{size} titles": float(
                    np.mean(
                        [lived(one, s, [size], evaluations)[-1] for s in range(households // 3)]
                    )
                )
                for size in sizes
            }
            for name, one in PLANTED.items()
        },
        "seconds": round(time.process_time() - begun),
    }
    click.echo(json.dumps(facts, indent=2))


if __name__ == "__main__":
    main()
