"""A whole television: what each loop changes in it, and that it answers whatever fails."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exogenesis.core.ranking import RankerSettings, diversify
from exogenesis.core.titles import Title
from exogenesis.errors import InputError, NetworkError, StorageError
from exogenesis.tv import Brain, BrainConfig, Recommendation, ViewContext, ViewingEvent
from exogenesis.tv import recommend as recommending
from exogenesis.tv.loops import LoopType
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.metasona.accept import Interval
from exogenesis.tv.metasona.lineage import Lineage
from exogenesis.tv.metasona.television import RANKER_SPACE, point_of
from exogenesis.tv.observe import Signal
from exogenesis.tv.persistence import Database
from exogenesis.tv.recommend import Recommender
from exogenesis.tv.runtime import BreakerOpen, Health, Mode
from exogenesis.tv.runtime.breaker import FAILURES_MAX, OPEN_S
from exogenesis.tv.runtime.substrate import COLD_CALLS, MEASURED_LEAST, TRY_EVERY
from exogenesis.tv.sync import Sync
from tests.support.loops import FakeTimer
from tests.support.television import CATALOG_PUBLIC, FakeClock, FakeEntropy, small_catalog

GENRES = ("thriller", "comedy", "drama")
CATALOG = small_catalog(
    [
        Title(
            id=f"t{row:03}",
            name=f"Title {row}",
            genres=(GENRES[row % 3],),
            popularity=1.0,
        )
        for row in range(150)
    ]
)
PLAIN = ViewContext(explore=False)


class Television:
    """A brain with clock and timer in hand."""

    def __init__(self, home: Path | None = None, *, off: tuple[str, ...] = ()) -> None:
        self.config = BrainConfig(
            storage_path=home, catalog_public=CATALOG_PUBLIC, loops_off=frozenset(off)
        )
        self.clock, self.timer = FakeClock(), FakeTimer()
        self.open()

    def open(self) -> None:
        self.brain = Brain.open(
            self.config,
            catalog=CATALOG,
            clock=self.clock,
            timer=self.timer,
            rng=np.random.default_rng(1),
            entropy=FakeEntropy(),
        )

    def kill(self) -> None:
        self.brain._parts.database.close()
        self.open()

    def watch(self, rows: range) -> None:
        self.brain.observe_many([ViewingEvent(title_id=f"t{row:03}", fraction=1.0) for row in rows])

    def titles(self) -> list[str]:
        return [one.title_id for one in self.brain.recommend(PLAIN)]

    def mode(self) -> Mode:
        return self.brain.recommend(PLAIN)[0].mode

    def health(self) -> dict[str, Health]:
        return {one.name: one.health for one in self.brain.doctor()}


def _genre_of(title: str) -> str:
    return CATALOG.titles[CATALOG.index_of(title)].genres[0]


def _thrillers_after_two_skips(off: tuple[str, ...]) -> tuple[int, int, int]:
    """Thrillers on a list before two of them are skipped, just after, and 61 seconds later."""
    television = Television(off=off)
    television.watch(range(60, 90))
    counts = [Counter(map(_genre_of, television.titles()))["thriller"]]
    skipped = [title for title in television.titles() if _genre_of(title) == "thriller"][:2]
    for title in skipped:
        television.brain.signal(Signal(kind="skip", title_id=title))
    counts.append(Counter(map(_genre_of, television.titles()))["thriller"])
    television.clock.at += 61
    counts.append(Counter(map(_genre_of, television.titles()))["thriller"])
    return counts[0], counts[1], counts[2]


def test_two_skips_of_a_genre_lower_its_share_for_a_minute_through_the_reflexive_loop() -> None:
    before, after, later = _thrillers_after_two_skips(())
    assert after < before
    assert later == before
    before, after, _ = _thrillers_after_two_skips(("reflexive",))
    assert after == before, "without the loop, signals do nothing"


def test_a_wrong_signal_is_refused_at_once() -> None:
    with pytest.raises(InputError):
        Television().brain.signal(Signal(kind="skip", title_id="nothing"))


def test_the_reactive_loop_makes_the_next_list_before_it_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made: list[int] = []

    def counted(*args: Any, **values: Any) -> Any:
        made.append(1)
        return diversify(*args, **values)

    monkeypatch.setattr(recommending, "diversify", counted)
    for off, expected in (((), 0), (("reactive",), 1)):
        television = Television(off=off)
        television.titles()
        television.watch(range(5))
        while television.brain.tick():
            pass
        made.clear()
        television.titles()
        assert len(made) == expected


def test_a_habit_is_learnt_by_the_adaptive_loop_and_leads_the_list() -> None:
    told: dict[tuple[str, ...], list[Recommendation]] = {}
    for off in ((), ("adaptive",)):
        television = Television(off=off)
        television.watch(range(0, 75, 3))
        television.clock.at += 1800
        television.brain.tick(1000.0)
        told[off] = television.brain.recommend(PLAIN)
    lists = {off: [one.title_id for one in told[off]] for off in told}
    assert lists[()] != lists[("adaptive",)]
    assert sum(_genre_of(title) == "thriller" for title in lists[()]) > sum(
        _genre_of(title) == "thriller" for title in lists[("adaptive",)]
    )


def test_the_night_makes_a_copy_and_the_doctor_sees_it(tmp_path: Path) -> None:
    television = Television(tmp_path / "tv")
    assert television.health()["backups"] is Health.WARN
    television.brain.tick(1000.0)
    television.clock.at = television.brain.next_due() or 0
    assert television.brain.tick(1000.0, busy=True) == [], "not while something is played"
    assert [one.loop for one in television.brain.tick(1000.0)] == [LoopType.DELIBERATIVE]
    assert set(television.health().values()) == {Health.OK}


def test_settings_that_were_accepted_are_used_from_the_next_start_on(tmp_path: Path) -> None:
    television = Television(tmp_path / "tv")
    television.watch(range(0, 20))
    before = television.titles()
    television.brain.close()
    database = Database.open(tmp_path / "tv")
    base = RankerSettings()
    lineage = Lineage(database, CosmicMemory(database), RANKER_SPACE, point_of(base))
    other = {**point_of(base), "content_decay": 0.6, "diversity": 0.5}
    gain = Interval(gain=0.1, low=0.05, high=0.2, cases=50, level=0.05)
    lineage.record(other, gain, accepted=True, now=television.clock.at)
    database.close()
    television.open()
    assert television.titles() != before


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, ZeroDivisionError])
def test_without_vectors_there_is_a_reduced_list_and_the_full_one_comes_back(
    monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    television = Television()
    television.watch(range(20))

    def broken(*_: object, **__: object) -> None:
        raise error

    with monkeypatch.context() as patched:
        patched.setattr(recommending, "diversify", broken)
        for _ in range(FAILURES_MAX):
            television.brain._parts.refresh()
            assert television.mode() is Mode.REDUCED
        assert television.brain.mode is Mode.REDUCED
    assert television.mode() is Mode.REDUCED, "left alone for a minute"
    assert television.health()["mode"] is Health.OK, "the probe of the vectors has passed"
    assert television.mode() is Mode.FULL


def test_without_a_store_there_is_a_popular_list(monkeypatch: pytest.MonkeyPatch) -> None:
    television = Television()
    television.watch(range(20))
    television.brain.recommend(PLAIN)

    def broken(*_: object, **__: object) -> None:
        raise StorageError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "run", broken)
        for _ in range(FAILURES_MAX + 1):
            television.brain._parts.refresh()
            listed = television.brain.recommend(PLAIN)
            assert len(listed) == 10
            assert {one.mode for one in listed} == {Mode.POPULAR}
        health = television.health()
        assert health["store"] is health["mode"] is Health.FAIL
    assert television.health()["store"] is Health.OK
    assert television.mode() is Mode.FULL


def test_a_slow_ranking_is_replaced_by_a_cheaper_one_and_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    television = Television(tmp_path / "tv")
    made = Recommender.recommend

    def slow(self: Recommender, context: ViewContext) -> list[Recommendation]:
        pool = self._scorer.settings.pool
        television.timer.pass_ms(40.0 if pool > 20 else 2.0)
        return made(self, context)

    monkeypatch.setattr(Recommender, "recommend", slow)

    def latency_ms() -> float:
        begun = television.timer.ns
        television.titles()
        return (television.timer.ns - begun) / 1e6

    first = [latency_ms() for _ in range(COLD_CALLS + 5)]
    assert first == [40.0] * (COLD_CALLS + 3) + [2.0] * 2
    later = [latency_ms() for _ in range(TRY_EVERY + MEASURED_LEAST)]
    assert np.percentile(later, 99) < 15.0
    assert television.health()["latency"] is Health.WARN
    for _ in range(MEASURED_LEAST):  # enough of the slow way to keep
        television.brain._upkeep.substrate.record("recommend", "full", 40_000)
    television.brain.run_loop(LoopType.DELIBERATIVE)
    television.kill()
    assert latency_ms() == 2.0, "not slow again, to find out what was known"


def test_a_sync_that_fails_again_and_again_is_left_alone_for_a_while(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    television = Television()
    asked: list[int] = []

    def unreachable(self: Sync) -> None:
        asked.append(1)
        raise NetworkError("nobody answered")

    with monkeypatch.context() as patched:
        patched.setattr(Sync, "run", unreachable)
        for _ in range(FAILURES_MAX):
            with pytest.raises(NetworkError):
                television.brain.sync()
        with pytest.raises(BreakerOpen):
            television.brain.sync()
        assert len(asked) == FAILURES_MAX
    assert television.mode() is Mode.FULL
    with pytest.raises(BreakerOpen):
        television.brain.sync()
    television.clock.at += OPEN_S
    assert television.brain.sync().state == "consent_off"


def test_a_life_is_the_same_twice_and_keeps_its_bounds() -> None:
    def life() -> tuple[list[tuple[LoopType, bool, object]], list[str]]:
        television = Television()
        rng = np.random.default_rng(3)
        ended: list[tuple[LoopType, bool, object]] = []
        until = television.clock.at + 30 * 86_400
        while television.clock.at < until:
            due = television.brain.next_due() or until
            television.clock.at = max(television.clock.at + 600, min(due, until))
            if rng.random() < 0.5:
                television.watch(range(row := int(rng.integers(150)), row + 1))
            ended += [
                (one.loop, one.success, dict(one.results)) for one in television.brain.tick(500.0)
            ]
        assert all(success for _, success, _ in ended)
        return ended, television.titles()

    assert life() == life()


def test_a_loop_that_is_switched_off_does_not_run() -> None:
    television = Television(off=("deliberative", "transcendent"))
    with pytest.raises(InputError, match="nothing to do"):
        television.brain.run_loop(LoopType.DELIBERATIVE)
    television.clock.at += 30 * 365 * 86_400
    ran = {one.loop for one in television.brain.tick(1000.0)}
    assert ran.isdisjoint({LoopType.DELIBERATIVE, LoopType.TRANSCENDENT})


def test_a_viewing_is_stored_as_soon_as_the_store_can_be_written_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    television = Television()

    def broken(*_: object, **__: object) -> None:
        raise StorageError("the disk is gone")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "run", broken)
        for _ in range(FAILURES_MAX):
            with pytest.raises(StorageError):
                television.watch(range(1))
    modes = [television.brain.mode]
    television.watch(range(1))
    assert television.brain.stats().events == 1
    assert [*modes, television.brain.mode] == [Mode.POPULAR, Mode.FULL]


def test_with_everything_else_the_settings_of_the_ranking_are_erased() -> None:
    television = Television()
    brain = television.brain
    base = RankerSettings()
    gain = Interval(gain=0.1, low=0.05, high=0.2, cases=50, level=0.05)
    brain._upkeep._sona.lineage.record(
        {**point_of(base), "diversity": 0.5}, gain, accepted=True, now=television.clock.at
    )
    brain._upkeep.use_settings()
    assert brain._parts.recommender._scorer.settings.diversity == 0.5
    brain.forget(everything=True)
    assert brain._parts.recommender._scorer.settings == base


def test_no_viewing_sets_no_loop_going() -> None:
    television = Television()
    television.brain.tick(1000.0)
    due = television.brain.next_due()
    television.watch(range(0))
    assert television.brain.next_due() == due
