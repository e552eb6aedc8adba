"""What follows a cause more often than without it."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest

from exogenesis.errors import InputError
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.agentdb.causal import CausalCounts
from exogenesis.tv.persistence import Database

CONTENT = np.eye(1, 384, dtype=np.float32)


@pytest.fixture
def database() -> Iterator[Database]:
    opened = Database.open(None)
    yield opened
    opened.close()


def record(db: AgentDB, cause: str, effect: str, *counts: int) -> None:
    """Counts are: hits and misses with the cause, hits and misses without it."""
    cases = ((True, True), (True, False), (False, True), (False, False))
    for (treated, hit), count in zip(cases, counts, strict=True):
        if count:
            db.causal_record(cause, effect, treated=treated, hit=hit, count=count)


def test_uplift_compares_with_and_without(database: Database) -> None:
    db = AgentDB(database, CONTENT)
    record(db, "trailer", "watched", 56, 14, 48, 32)
    (found,) = db.causal_effects("trailer")
    assert (found.treated, found.treated_hits) == (70, 56)
    assert (found.untreated, found.untreated_hits) == (80, 48)
    assert found.uplift == pytest.approx(0.2)
    assert (found.low, found.high) == pytest.approx((0.0524, 0.3339), abs=5e-5)
    assert db.causal_causes("watched") == [found]
    assert db.causal_effects("watched") == db.causal_causes("trailer") == []


def test_cases_add_up(database: Database) -> None:
    once, many = AgentDB(database, CONTENT), AgentDB(database, CONTENT)
    record(once, "a", "x", 3, 2, 1, 4)
    for _ in range(3):
        many.causal_record("b", "x", treated=True, hit=True)
    record(many, "b", "x", 0, 2, 1, 4)
    first, second = once.causal_causes("x")
    assert (first.low, first.uplift, first.high) == (second.low, second.uplift, second.high)


def test_the_surest_comes_first_not_the_largest(database: Database) -> None:
    db = AgentDB(database, CONTENT)
    record(db, "lucky", "x", 1, 0, 0, 1)
    record(db, "solid", "x", 700, 300, 300, 700)
    record(db, "useless", "x", 500, 500, 500, 500)
    record(db, "harmful", "x", 100, 900, 800, 200)
    found = db.causal_causes("x")
    assert [one.cause for one in found] == ["solid", "useless", "lucky", "harmful"]
    assert found[2].uplift == 1.0


def test_a_planted_effect_is_found_and_chance_is_not(database: Database) -> None:
    db, rng = AgentDB(database, CONTENT), np.random.default_rng(0)
    for _ in range(400):
        treated = bool(rng.random() < 0.5)
        db.causal_record("real", "x", treated=treated, hit=bool(rng.random() < 0.3 + 0.3 * treated))
        db.causal_record("chance", "x", treated=treated, hit=bool(rng.random() < 0.3))
    real, chance = db.causal_causes("x")
    assert real.cause == "real"
    assert real.low > 0.1
    assert real.low < 0.3 < real.high
    assert chance.low < 0.0 < chance.high


@pytest.mark.parametrize(("cause", "effect", "count"), [("", "x", 1), ("a", "", 1), ("a", "x", 0)])
def test_bad_input_changes_nothing(database: Database, cause: str, effect: str, count: int) -> None:
    db = AgentDB(database, CONTENT)
    with pytest.raises(InputError):
        db.causal_record(cause, effect, treated=True, hit=True, count=count)
    assert db.causal_causes("x") == db.causal_effects("a") == []


def test_the_pair_not_seen_for_longest_makes_room(database: Database) -> None:
    ticks = iter(range(1, 100))
    counts = CausalCounts(database, now=lambda: next(ticks), capacity=3)
    for cause in "abcadea":
        counts.record(cause, "x", treated=True, hit=True, count=1)
        assert len(counts.causes("x")) <= 3
    assert sorted(one.cause for one in counts.causes("x")) == ["a", "d", "e"]


def test_a_record_takes_part_in_the_transaction_of_its_caller(database: Database) -> None:
    db = AgentDB(database, CONTENT)

    def fail_after_recording() -> None:
        with database.transaction():
            db.causal_record("a", "x", treated=True, hit=True)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_after_recording()
    assert db.causal_causes("x") == []
