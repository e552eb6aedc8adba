"""Facts: what makes one, what it does, and the formula against a slow twin."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exogenesis.tv.learning import Attributes
from exogenesis.tv.learning.evidence import Evidence
from exogenesis.tv.learning.lift import are_facts, beta_counts, lifts, scores
from exogenesis.tv.memory import MemoryTier, Query
from tests.support.learning import DAY_S, GENRES, NOW, Household, genre_titles

YEAR_S = 365 * DAY_S
THRILLERS = list(range(0, 100, 5))


def _evidence(rng: np.random.Generator, count: int = 60) -> Evidence:
    starts = rng.integers(1, 5, count)
    return Evidence(
        rows=rng.permutation(200)[:count],
        starts=starts,
        finishes=np.minimum(starts, rng.integers(0, 5, count)),
        finished_at=NOW - rng.integers(0, 3 * YEAR_S, count),
        last_at=NOW - rng.integers(0, YEAR_S, count),
        rhythm=np.zeros((0, 3), np.int64),
    )


@pytest.mark.parametrize("seed", range(4))
def test_counts_and_lifts_are_what_the_slow_way_says(seed: int) -> None:
    evidence = _evidence(np.random.default_rng(seed))
    titles = genre_titles()
    attributes = Attributes(titles)
    counts = beta_counts(evidence, attributes, now=NOW)
    fast = zip(
        counts.alpha,
        counts.beta,
        lifts(counts.alpha, counts.beta, attributes.base),
        scores(counts.alpha, counts.beta, attributes.base),
        are_facts(counts, attributes.base),
        strict=True,
    )
    for place, (name, got) in enumerate(zip(attributes.names, fast, strict=True)):
        held = {row for row in range(200) if place in attributes.of(row)}
        alpha = beta = gone = 0.0
        for row, starts, finishes, finished_at, last_at in zip(
            *(evidence.rows, evidence.starts, evidence.finishes),
            *(evidence.finished_at, evidence.last_at),
            strict=True,
        ):
            if finishes >= 1 and finishes / starts >= 0.7:
                weight = (1 + math.log(finishes)) * 0.5 ** ((NOW - finished_at) / YEAR_S)
                alpha, beta = (alpha + weight, beta) if row in held else (alpha, beta + weight)
            elif row in held:
                gone += 0.5 ** ((NOW - last_at) / YEAR_S)
        beta += gone
        q = len(held) / 200
        n = alpha + beta
        evenings = max(alpha, n * q)
        lift = math.log((alpha + 4 * q) / ((n + 4) * q)) * evenings / (evenings + 5)
        z = (alpha - n * q) / math.sqrt(n * q * (1 - q))
        fact = (z >= 2 and alpha >= 3) or (z <= -2 and gone >= 3)
        expected = (alpha, beta, max(-2.0, min(2.0, lift)), z)
        assert got[:4] == pytest.approx(expected, rel=1e-9), name
        assert got[4] == fact, name


def test_twenty_good_thriller_evenings_make_a_fact() -> None:
    home = Household()
    home.watch(THRILLERS)
    home.rebuild()
    first, *_ = home.learning.facts("home")
    assert first.name == "genre:thriller"
    assert first.alpha == pytest.approx(20, rel=0.03)
    assert first.beta == 0.0
    assert first.base == pytest.approx(0.2)
    assert first.lift == pytest.approx(20 / 25 * math.log(20.8 / (24 * 0.2)), rel=0.03)
    assert len(home.learning.facts("home")) == 1, "nothing else was more than chance"


def test_two_evenings_make_no_fact_and_the_list_stays() -> None:
    home = Household()
    home.watch(THRILLERS[:2])
    home.rebuild()
    assert home.learning.facts("home") == []
    assert home.learning.fact_term("home") is None


def test_chance_makes_few_facts_and_small_lifts() -> None:
    rng = np.random.default_rng(3)
    found = []
    for _ in range(20):
        home = Household()
        home.watch(rng.permutation(200)[:30].tolist())
        home.rebuild()
        found.append(len(home.learning.facts("home")))
    attributes = len(Household().learning.attributes)
    assert sum(found) / (20 * attributes) < 0.05


def test_a_fact_leads_the_list_and_erasing_it_changes_the_first_ten_and_the_reason() -> None:
    home = Household()
    home.watch(THRILLERS)
    home.watch(list(range(6, 146, 10)))  # comedies in German
    home.rebuild()
    term = home.learning.fact_term("home")
    assert term is not None
    best = home.best(term.values)
    assert {home.genre(title) for title in best} == {"thriller"}
    assert {term.because(int(title)) for title in best} == {"genre:thriller"}
    for one in home.memory.recall(Query(kind="fact", subject="genre:thriller"), now=NOW):
        assert one.memory.id is not None
        home.memory.delete(one.memory.id)
    home.learning.refresh()
    without = home.learning.fact_term("home")
    assert without is not None
    assert {home.genre(title) for title in home.best(without.values)} == {"comedy"}
    assert "genre:thriller" not in {without.because(title) for title in range(200)}


def test_what_is_abandoned_speaks_against_its_genre() -> None:
    home = Household()
    home.watch(list(range(1, 200, 5))[:20], finished=False)
    home.watch(THRILLERS[:5])
    home.rebuild()
    comedy = next(fact for fact in home.learning.facts("home") if fact.name == "genre:comedy")
    assert comedy.alpha == 0.0
    assert comedy.beta > 20
    assert comedy.lift < -0.5


def test_facts_of_old_days_fade_with_a_half_life_of_a_year() -> None:
    alphas = []
    for age_s in (0, YEAR_S, 2 * YEAR_S):
        home = Household()
        home.watch(THRILLERS, at=NOW - age_s)
        home.rebuild()
        alphas.append(next(f for f in home.learning.facts("home") if f.lift > 0).alpha)
    assert alphas[1] / alphas[0] == pytest.approx(0.5, rel=1e-3)
    assert alphas[2] / alphas[0] == pytest.approx(0.25, rel=1e-3)


def test_facts_follow_the_skills_and_do_not_pile_up() -> None:
    home = Household()
    home.watch(THRILLERS)
    home.rebuild()
    home.rebuild(NOW + DAY_S)
    before = home.memory.count(MemoryTier.SEMANTIC)
    names = [fact.name for fact in home.learning.facts("home")]
    assert len(names) == len(set(names)) == before
    home.watch([row for row in range(200) if row % 5], at=NOW + DAY_S)
    home.rebuild(NOW + 2 * DAY_S)
    assert "genre:thriller" not in {f.name for f in home.learning.facts("home") if f.lift > 0}


def test_a_night_without_news_writes_nothing() -> None:
    home = Household()
    home.watch(THRILLERS, rhythm={"116": 1, "m12": 1})
    home.rebuild()
    held = [home.memory.get(number) for number in range(1, 100)]
    home.rebuild(NOW + DAY_S)
    after = [home.memory.get(number) for number in range(1, 100)]
    assert [m.at for m in after if m] == [m.at for m in held if m]
    assert len([m for m in held if m]) > 3


def test_profiles_do_not_share_facts() -> None:
    home = Household()
    home.database.run("add_profile", name="kid", kind="adult", age_limit=None, contributes=0)
    home.watch(THRILLERS, profile="kid")
    home.rebuild()
    home.rebuild(profile="kid")
    assert home.learning.facts("home") == []
    assert home.learning.facts("kid")[0].name == "genre:thriller"
    assert GENRES[0] == "thriller"
