"""Adaptive: each viewing is counted once, and becomes knowledge, whatever is cut off."""

from __future__ import annotations

from pathlib import Path

import pytest

from exogenesis.core.titles import Title
from exogenesis.tv.cycles.adaptive import CAUSE, EFFECT, MANY_EPISODES
from exogenesis.tv.loops import LoopType
from exogenesis.tv.loops.cycle import CycleInput
from exogenesis.tv.memory import MemoryTier, Query
from exogenesis.tv.policy import Policy, Profile
from tests.support.cycles import Workshop
from tests.support.television import NOW, small_catalog

ADAPTIVE = LoopType.ADAPTIVE


def _genres() -> Workshop:
    titles = [
        Title(id=f"t{row:03}", name=f"Title {row}", genres=("thriller" if row % 2 else "comedy",))
        for row in range(120)
    ]
    return Workshop(catalog=small_catalog(titles))


def _facts(shop: Workshop, profile: str = "home") -> dict[str, float]:
    return {
        fact.memory.subject: fact.memory.metadata["alpha"]
        for fact in shop.memory.recall(
            Query(kind="fact", profile=profile, limit=999), (MemoryTier.SEMANTIC,), now=NOW
        )
    }


def test_a_planted_habit_becomes_a_skill_with_the_right_rate_and_a_fact() -> None:
    shop = _genres()
    shop.watch(f"t{row:03}" for row in range(1, 41, 2))
    shop.watch(["t001"] * 3)
    shop.watch(["t001"], 0.2)
    assert _facts(shop) == {}
    refreshed = []
    output = shop.run(ADAPTIVE, shop.adaptive(lambda: refreshed.append(1)))
    (skill,) = (one for one in shop.agentdb.skill_list("home") if one.name == "t001")
    assert (skill.usage_count, skill.success_rate) == (4, 4 / 5)
    facts = _facts(shop)
    assert "genre:thriller" in facts
    assert facts["genre:thriller"] > 15
    assert refreshed == [1]
    assert output.results == {"viewings": 24, "profiles": 1}


def test_only_who_watched_is_learnt_anew_and_nothing_new_is_no_work() -> None:
    shop = _genres()
    Policy(shop.database).add_profile(Profile(name="mia"))
    shop.watch((f"t{row:03}" for row in range(1, 41, 2)), profile="mia")
    shop.run(ADAPTIVE, shop.adaptive())
    assert _facts(shop, "mia")
    assert _facts(shop) == {}
    refreshed = []
    output = shop.run(ADAPTIVE, shop.adaptive(lambda: refreshed.append(1)))
    assert output.results == {"viewings": 0, "profiles": 0}
    assert output.requests == ()
    assert refreshed == []


def test_listed_titles_are_the_treated_cases_and_each_is_counted_once() -> None:
    shop = Workshop()
    shop.observer.shown(["t000", "t001", "t002"], session="s")
    shop.watch(["t000", "t001"], session="s")
    shop.watch(["t002"], 0.1, session="s")
    shop.watch(["t010"], session="s")
    shop.watch(["t011", "t012"], 0.1, session="s")
    shop.watch([f"t{row:03}" for row in range(40, 60)], at=NOW - 90 * 86_400)  # history
    for _ in range(3):
        shop.run(ADAPTIVE, shop.adaptive())
    (effect,) = shop.agentdb.causal_effects(CAUSE)
    assert effect.effect == EFFECT
    assert (effect.treated, effect.treated_hits) == (3, 2)
    assert (effect.untreated, effect.untreated_hits) == (3, 1)


@pytest.mark.parametrize("steps", range(1, 12, 2))
def test_killed_at_any_step_it_counts_once_and_learns_all(tmp_path: Path, steps: int) -> None:
    shop = Workshop(tmp_path)
    shop.watch([f"t{row:03}" for row in range(30)] * 8, session="s")  # 240 rows: three slices
    engine = shop.engine({ADAPTIVE: shop.adaptive()})
    engine.run_due(0.05 * steps)
    shop.kill()
    shop.run(ADAPTIVE, shop.adaptive())
    (effect,) = shop.agentdb.causal_effects(CAUSE)
    assert effect.treated + effect.untreated == 240
    assert len(shop.memory.recall(Query(kind="snapshot"), now=NOW)) == 1
    assert shop.run(ADAPTIVE, shop.adaptive()).results["profiles"] == 0


def test_much_that_is_new_calls_the_evolutionary_loop() -> None:
    shop = Workshop()
    shop.watch(f"t{row:03}" for row in range(MANY_EPISODES - 1))
    output = shop.run(ADAPTIVE, shop.adaptive())
    assert LoopType.EVOLUTIONARY not in [one.loop for one in output.requests]
    shop.watch(f"t{row:03}" for row in range(MANY_EPISODES))
    output = shop.run(ADAPTIVE, shop.adaptive())
    assert LoopType.EVOLUTIONARY in [one.loop for one in output.requests]


def test_when_skills_are_gone_everybody_is_learnt_anew() -> None:
    shop = _genres()
    shop.watch(f"t{row:03}" for row in range(1, 41, 2))
    shop.run(ADAPTIVE, shop.adaptive())
    before = _facts(shop)["genre:thriller"]
    for row in range(1, 21, 2):
        shop.database.run("cycle_retire_title", title=f"t{row:03}")
    shop.run(ADAPTIVE, shop.adaptive())
    assert _facts(shop)["genre:thriller"] == before, "nothing new was watched"
    engine = shop.engine({ADAPTIVE: shop.adaptive()})
    output = engine.execute_cycle(ADAPTIVE, CycleInput(notes=({"skills_gone": 10},)))
    assert output.success
    assert output.results["profiles"] == 1
    assert _facts(shop)["genre:thriller"] < before
