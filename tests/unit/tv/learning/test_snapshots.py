"""The core of a taste: a binge of one quarter does not move it, a lasting change does."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from exogenesis.core.vectors import Floats
from exogenesis.tv.learning.median import Doubles, median_weights
from exogenesis.tv.learning.snapshots import quarter_name, quarter_of
from exogenesis.tv.memory import MemoryTier, Query
from tests.support.learning import DAY_S, NOW, Household
from tests.support.television import plain_titles

QUARTER_S = 91 * DAY_S


def test_quarters_are_those_of_the_calendar() -> None:
    rng = np.random.default_rng(0)
    edges = [
        datetime(year, month, 1, tzinfo=UTC) for year in (1970, 2024, 2026) for month in (1, 4)
    ]
    times = [int(edge.timestamp()) + d for edge in edges for d in (-1, 0, 1)]
    times += rng.integers(0, 4 * 10**9, 200).tolist()
    for at in [at for at in times if at >= 0]:
        date = datetime.fromtimestamp(at, UTC)
        expected = f"{date.year}Q{(date.month - 1) // 3 + 1}"
        assert quarter_name(int(quarter_of(np.array([at]))[0])) == expected


@pytest.mark.parametrize("seed", range(5))
def test_the_median_has_the_least_sum_of_distances(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points, weights = rng.normal(size=(9, 4)), rng.random(9) + 0.1

    def cost(point: Doubles) -> float:
        return float(weights @ np.linalg.norm(points - point, axis=1))

    shares = median_weights(points, weights)
    assert shares.sum() == pytest.approx(1.0)
    middle = shares @ points
    for _ in range(50):
        assert cost(middle) <= cost(middle + 0.05 * rng.normal(size=4)) + 1e-6


def test_the_median_of_equal_points_and_of_one_point() -> None:
    for points in (np.ones((3, 2)), np.ones((1, 2))):
        weights = np.ones(len(points))
        assert (median_weights(points, weights) @ points).tolist() == pytest.approx([1.0, 1.0])


class _Lives:
    """A household whose titles belong to four clusters of content: title i to ``i % 4``."""

    def __init__(self) -> None:
        self.home = Household(plain_titles(400))
        self.start = NOW - 8 * QUARTER_S
        self._next = {cluster: 0 for cluster in range(4)}

    def quarter(self, number: int, **clusters: int) -> None:
        """Finish so many new titles of each cluster, ``c0`` to ``c3``, in one quarter."""
        for name, count in clusters.items():
            cluster = int(name[1:])
            for _ in range(count):
                title = 4 * self._next[cluster] + cluster
                self._next[cluster] += 1
                self.home.watch([title], at=self.start + number * QUARTER_S + DAY_S)

    def leaning(self, now: int = NOW) -> Floats:
        """``(4,)`` cosine of the core with the middle of each cluster."""
        self.home.rebuild(now)
        core = self.home.learning.core_vector("home", now)
        assert core is not None
        content = self.home.catalog.content
        middles = np.stack([content[cluster::4].mean(axis=0) for cluster in range(4)])
        middles /= np.linalg.norm(middles, axis=1, keepdims=True)
        leaning: Floats = middles @ (core / np.linalg.norm(core))
        return leaning


def test_a_holiday_binge_does_not_move_the_core_and_a_lasting_change_does() -> None:
    steady, binge, change = _Lives(), _Lives(), _Lives()
    for number in range(8):
        steady.quarter(number, c0=8, c1=2)
        if number < 5:
            binge.quarter(number, c0=8, c1=2)
            change.quarter(number, c0=8, c1=2)
        else:
            binge.quarter(number, c0=8, c1=2, **({"c3": 60} if number == 7 else {}))
            change.quarter(number, c3=8, c1=2)
    before, binged, changed = steady.leaning(), binge.leaning(), change.leaning()
    assert before.argmax() == binged.argmax() == 0
    assert float(before @ binged / np.linalg.norm(before) / np.linalg.norm(binged)) > 0.95
    assert changed.argmax() == 3
    # The plain mean over titles goes with the binge.
    content = binge.home.catalog.content
    rows, _ = binge.home.learning.core("home", NOW) or (np.zeros(0, np.int64), None)
    assert (content[rows].mean(axis=0) @ content[3::4].mean(axis=0)) > 0.1


def test_the_core_is_a_weighted_sum_of_titles() -> None:
    life = _Lives()
    for number in range(3):
        life.quarter(number, c0=3)
    life.leaning()
    core, vector = life.home.learning.core("home", NOW), life.home.learning.core_vector("home", NOW)
    assert core is not None
    rows, factors = core
    assert sorted(rows.tolist()) == [4 * n for n in range(9)]
    slow = sum(f * life.home.catalog.content[r] for r, f in zip(rows, factors, strict=True))
    assert vector == pytest.approx(slow, abs=1e-5)
    assert (factors > 0).all()
    by_title = life.home.learning.core_titles("home", NOW)
    assert [by_title[f"t{row:03}"] for row in rows.tolist()] == factors.tolist()


def test_one_quarter_is_no_long_run() -> None:
    life = _Lives()
    life.quarter(1, c0=30)
    life.home.rebuild()
    assert life.home.learning.core("home", NOW) is None
    assert life.home.learning.core_titles("home", NOW) == {}
    assert life.home.memory.count(MemoryTier.EVOLUTIONARY) == 1


def test_a_quarter_keeps_its_titles_when_they_are_watched_again_later() -> None:
    life = _Lives()
    life.quarter(0, c0=3)
    life.home.rebuild()
    life.home.watch([0, 4], at=life.start + 5 * QUARTER_S)
    life.home.rebuild()
    found = life.home.memory.recall(Query(kind="snapshot"), now=NOW)
    titles = sorted(sorted(one.memory.metadata["titles"]) for one in found)
    assert titles == [["t000", "t004"], ["t000", "t004", "t008"]]


def test_a_forgotten_title_is_in_no_snapshot_and_in_no_fact() -> None:
    life = _Lives()
    for number in range(3):
        life.quarter(number, c0=3)
    life.home.rebuild()
    assert "t004" in str(_everything(life.home))
    with life.home.database.transaction():
        life.home.memory.forget_subject("t004")
        life.home.database.run("forget_skill_title", title="t004")
        life.home.learning.forget_title("t004", ["home"], NOW)
    assert "t004" not in str(_everything(life.home))
    assert len(_everything(life.home)) == 3
    core = life.home.learning.core("home", NOW)
    assert core is not None
    assert 4 not in core[0].tolist()
    life.home.rebuild()
    assert "t004" not in str(_everything(life.home))


def _everything(home: Household) -> list[object]:
    tiers = (MemoryTier.SEMANTIC, MemoryTier.EVOLUTIONARY, MemoryTier.TEMPORAL)
    found = home.memory.recall(Query(limit=999), tiers, now=NOW)
    return [(one.memory.subject, one.memory.metadata) for one in found]
