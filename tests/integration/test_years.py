"""Long lives in front of the real brain: what is left of years, and what its parts are worth."""

from __future__ import annotations

import numpy as np
import pytest

from exogenesis.core.ranking import RankerSettings
from exogenesis.sim.ablation import Stage, Variant, Viewer, means, ndcg, prepare, variants
from exogenesis.sim.decade import live_years
from exogenesis.sim.life import LifeSettings
from exogenesis.sim.world import WorldSettings
from exogenesis.tv import LoopType, MemoryTier

SIZE_CAP_BYTES = 64 << 20


@pytest.fixture(scope="module")
def stage() -> Stage:
    return prepare(
        WorldSettings(households=60, titles=300, finished=40.0), LifeSettings(days=60), seed=1
    )


def test_some_months_leave_the_same_store_twice(stage: Stage) -> None:
    first, again = (live_years(stage, days=80, seed=3) for _ in range(2))
    assert first == again
    assert first.viewings > 80
    assert first.store_bytes < SIZE_CAP_BYTES
    assert all(failed == 0 for _, failed in first.cycles.values())
    assert first.cycles["deliberative"][0] > 70
    assert first.cycles["evolutionary"][0] > 9
    assert live_years(stage, days=20, seed=4).digest != live_years(stage, days=20, seed=3).digest


@pytest.mark.soak
def test_ten_years_stay_small(stage: Stage) -> None:
    days: list[None] = []
    told = live_years(stage, days=3650, seed=3, day=lambda: days.append(None))
    assert len(days) > 3600
    assert told.store_bytes < SIZE_CAP_BYTES
    assert told.tiers["episodic"] < 200
    assert told.cycles["transformative"][0] >= 9
    assert all(failed == 0 for _, failed in told.cycles.values())


def test_what_is_taken_away_is_missed(stage: Stage) -> None:
    def lived(variant: Variant) -> dict[str, float]:
        return means(Viewer(stage, variant, 7).live())

    whole = lived(Variant(name="whole"))
    alone = lived(Variant(name="tier 5", tiers=frozenset({MemoryTier.COLLECTIVE})))
    patient = lived(Variant(name="tier 2", tiers=frozenset({MemoryTier.SESSION})))
    unmoved = lived(Variant(name="reflexive", loops=frozenset({LoopType.REFLEXIVE})))
    unrelated = lived(Variant(name="session", ranker=RankerSettings(session_weight=0.0)))
    assert alone["first"] < whole["first"]
    assert patient["browse"] == 0.0 < whole["browse"]
    assert unmoved["mood"] < whole["mood"]
    assert unrelated["next"] < whole["next"]


def test_a_guard_is_no_variant() -> None:
    off = {tier for one in variants(RankerSettings(), ("content_weight",)) for tier in one.tiers}
    assert off == set(MemoryTier) - {MemoryTier.PHYSICAL, MemoryTier.OMEGA}


def test_ndcg_counts_places() -> None:
    wanted = np.array([4, 5])
    assert ndcg(np.array([4, 5, 6]), wanted) == pytest.approx(1.0)
    assert ndcg(np.array([6, 4]), wanted) == pytest.approx((1 / np.log2(3)) / (1 + 1 / np.log2(3)))
    assert ndcg(np.array([6, 7]), wanted) == 0.0
    assert ndcg(np.array([6, 7]), wanted[:0]) == 0.0
