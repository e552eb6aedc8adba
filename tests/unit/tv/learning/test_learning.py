"""The one door: the same in slices and at once, and nothing forgotten comes back."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from exogenesis.tv.learning import Learning
from exogenesis.tv.memory import Memory, MemoryTier, Query, Writer
from tests.support.learning import NOW, Household

TIERS = (MemoryTier.SEMANTIC, MemoryTier.EVOLUTIONARY, MemoryTier.TEMPORAL)


def _lived() -> Household:
    home = Household()
    rng = np.random.default_rng(2)
    for title in rng.permutation(200)[:80].tolist():
        rhythm = {str(int(rng.integers(168))): 1, f"m{int(rng.integers(1, 13))}": 1}
        at = NOW - int(rng.integers(0, 600 * 86_400))
        home.watch([title], at=at, rhythm=rhythm, finished=bool(rng.random() < 0.8))
    return home


def _derived(home: Household) -> list[tuple[Any, ...]]:
    found = [one.memory for one in home.memory.recall(Query(limit=9999), TIERS, now=NOW)]
    return sorted((m.tier, m.subject, str(m.metadata), m.importance, m.at) for m in found)


def test_in_slices_and_at_once_are_the_same_and_a_second_time_changes_nothing() -> None:
    sliced, at_once = _lived(), _lived()
    sliced.rebuild()
    with at_once.database.transaction():
        at_once.learning.rebuild_at_once("home", NOW)
    assert _derived(sliced) == _derived(at_once)
    assert len(_derived(sliced)) > 10
    before = _derived(sliced)
    sliced.rebuild()
    assert _derived(sliced) == before


def test_between_two_steps_no_transaction_is_open() -> None:
    home = _lived()
    for _ in home.learning.rebuild("home", NOW):
        with home.database.transaction():
            pass


@pytest.mark.parametrize("step", range(0, 12, 2))
def test_what_is_forgotten_while_a_rebuild_runs_does_not_come_back(step: int) -> None:
    home = _lived()
    home.watch([111], rhythm={"5": 1, "m1": 1})
    work = home.learning.rebuild("home", NOW)
    for _ in range(step):
        next(work, None)
    with home.database.transaction():
        home.memory.forget_subject("t111")
        home.database.run("forget_skill_title", title="t111")
        home.learning.forget_title("t111", ["home"], NOW)
    expected = _derived(home)
    for _ in work:
        pass
    assert _derived(home) == expected
    assert "t111" not in str(expected)


def test_derived_knowledge_is_a_function_of_the_skills() -> None:
    home = _lived()
    home.rebuild()
    before = _derived(home)
    for tier in (MemoryTier.SEMANTIC, MemoryTier.TEMPORAL):
        for one in home.memory.recall(Query(limit=9999), (tier,), now=NOW):
            assert one.memory.id is not None
            home.memory.delete(one.memory.id)
    home.learning.refresh()
    assert home.learning.facts("home") == []
    home.rebuild()
    assert _derived(home) == before


def test_an_empty_television_knows_nothing() -> None:
    home = Household()
    home.rebuild()
    assert _derived(home) == []
    assert home.learning.fact_term("home") is None
    assert home.learning.rhythm_term("home", 3, 4) is None
    assert home.learning.core("home", NOW) is None
    assert home.learning.core_vector("home", NOW) is None


def test_what_was_read_is_kept_until_the_memories_change() -> None:
    home = _lived()
    home.rebuild()
    assert home.learning.fact_term("home") is home.learning.fact_term("home")
    terms = [home.learning.rhythm_term("home", hour, None) for hour in range(40)]
    again = [home.learning.rhythm_term("home", hour, None) for hour in range(40)]
    for one, other in zip(terms, again, strict=True):
        assert (one is None) == (other is None)
        if one is not None and other is not None:
            assert np.array_equal(one.values, other.values)


def test_what_is_deleted_or_stored_by_another_door_counts_at_once() -> None:
    home = _lived()
    home.rebuild()
    assert home.learning.rhythm_term("home", 3, 4) is not None
    assert home.learning.core_titles("home", NOW)
    version = home.memory.version
    for one in home.memory.recall(Query(limit=999), TIERS, now=NOW):
        home.memory.delete(one.memory.id or 0)
    assert home.memory.version > version
    assert home.learning.rhythm_term("home", 3, 4) is None
    assert home.learning.core_titles("home", NOW) == {}
    home.rebuild()
    assert home.learning.rhythm_term("home", 3, 4) is not None


@pytest.mark.parametrize("metadata", [{}, {"titles": [1]}, {"alpha": "x"}, {"of": "all"}])
def test_what_is_malformed_blocks_nothing(metadata: dict[str, Any]) -> None:
    home, sound = _lived(), _lived()
    for held in (home, sound):
        held.rebuild()
    for tier, kind in zip(TIERS, ("fact", "snapshot", "rhythm"), strict=True):
        for subject in ("x", "2026Q4", "a-b-c"):
            bad = Memory(
                tier=tier, kind=kind, profile="home", subject=subject, metadata=metadata, at=NOW
            )
            home.memory.store(bad, writer=Writer.LOOP)
    assert home.learning.facts("home") == sound.learning.facts("home")
    for learning in (home.learning, sound.learning):
        learning.refresh()
        assert learning.rhythm_term("home", 3, 4) is not None
    assert home.learning.core_titles("home", NOW) == sound.learning.core_titles("home", NOW)
    home.learning.forget_title("t001", ["home"], NOW)
    home.rebuild()
    assert home.learning.facts("home") == sound.learning.facts("home")


def test_attributes_can_be_shared() -> None:
    home = _lived()
    shared = Learning(home.database, home.memory, home.catalog, attributes=home.learning.attributes)
    assert shared.attributes is home.learning.attributes
