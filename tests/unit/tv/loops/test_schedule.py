"""What the loops keep across power cuts, and what a clock that jumps does to them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exogenesis.errors import DiskFull
from exogenesis.tv.loops import PERIODS, Cycle, LoopType
from exogenesis.tv.persistence import Database
from tests.support.loops import (
    DAY_S,
    YEAR_S,
    FakeNow,
    FakeTimer,
    Recorder,
    engine_of,
    everywhere,
)

DELIBERATIVE = LoopType.DELIBERATIVE


def _migration(rows: int, done: list[int]) -> object:
    """A work over so many rows that goes on where it was cut off."""

    def work(cycle: Cycle) -> Iterator[None]:
        begin = cycle.progress.get("row", 0)
        assert isinstance(begin, int)
        for row in range(begin, rows):
            done.append(row)
            cycle.save(row=row + 1)
            yield

    return work


def test_due_times_and_books_survive_a_restart(tmp_path: Path) -> None:
    now, timer = FakeNow(), FakeTimer()
    database = Database.open(tmp_path)
    works = everywhere(Recorder(timer))
    engine = engine_of(database, works, now=now, timer=timer)
    now.at += 8 * DAY_S
    engine.request(LoopType.REFLEXIVE)
    engine.run_due(1000.0)
    before = engine.status()
    engine.close()
    database.close()
    again = engine_of(Database.open(tmp_path), works, now=now, timer=timer, seed=99)
    after = again.status()
    for was, now_is in zip(before, after, strict=True):
        if was.loop is LoopType.ADAPTIVE:
            assert now_is.next_at == now.at, "a start looks at what is new"
        else:
            assert now_is == was
    assert sum(one.runs for one in after) == 4


def test_a_killed_cycle_goes_on_where_it_had_saved(tmp_path: Path) -> None:
    now, done = FakeNow(), list[int]()
    works = {LoopType.TRANSFORMATIVE: _migration(100, done)}
    for life in range(1, 5):
        database = Database.open(tmp_path / "tv")
        engine = engine_of(database, works, now=now)  # type: ignore[arg-type]
        if life == 1:
            engine.request(LoopType.TRANSFORMATIVE, within_s=0)  # the encoder has changed
        ended = engine.run_due(1.5)  # 30 steps
        assert bool(ended) is (life == 4)
        database.close()  # killed: the engine is never closed
    assert done == list(range(100)), "no row twice, none left out"
    assert ended[0].success
    assert ended[0].steps == 11
    again = engine_of(Database.open(tmp_path / "tv"), works, now=now)  # type: ignore[arg-type]
    assert again.run_due(100.0) == []
    assert again.execute_cycle(LoopType.TRANSFORMATIVE).steps == 101, "a new cycle begins anew"


def test_a_step_that_fails_takes_back_what_it_saved() -> None:
    database, now, began = Database.open(None), FakeNow(), list[object]()

    def work(cycle: Cycle) -> Iterator[None]:
        began.append(cycle.progress.get("row"))
        with database.transaction():
            cycle.save(row=1)
        yield
        with database.transaction():
            cycle.save(row=2)
            raise DiskFull("the store")

    engine = engine_of(database, {DELIBERATIVE: work}, now=now)
    engine.execute_cycle(DELIBERATIVE)
    engine.execute_cycle(DELIBERATIVE)
    assert began == [None, 1]


def test_progress_that_leads_nowhere_is_dropped_after_three_attempts() -> None:
    now, began = FakeNow(), list[object]()

    def work(cycle: Cycle) -> Iterator[None]:
        began.append(cycle.progress.get("row"))
        if not cycle.progress:
            cycle.save(row=5)
        yield
        raise RuntimeError("row 5 cannot be read")

    engine = engine_of(Database.open(None), {DELIBERATIVE: work}, now=now)
    for _ in range(5):
        engine.execute_cycle(DELIBERATIVE)
    assert began == [None, 5, 5, 5, None]


def test_a_cycle_that_takes_the_television_down_is_not_begun_at_every_start(
    tmp_path: Path,
) -> None:
    now, begun = FakeNow(), 0

    def deadly(cycle: Cycle) -> Iterator[None]:
        nonlocal begun
        begun += 1
        yield

    for start in range(10):
        database = Database.open(tmp_path / "tv")
        engine = engine_of(database, {DELIBERATIVE: deadly}, now=now)
        if start == 0:
            now.at += 2 * DAY_S
        engine.run_due(0.05)
        database.close()  # the power goes before the cycle ends
        now.at += 60
    assert begun == 3
    status = engine_of(Database.open(tmp_path / "tv"), {DELIBERATIVE: deadly}, now=now).status()[3]
    assert (status.runs, status.success_rate) == (1, 0.0)
    assert "interrupted" in status.error
    assert status.next_at is not None
    assert status.next_at <= now.at + PERIODS[DELIBERATIVE].retry_s


@pytest.mark.parametrize("back_s", [120, DAY_S, 3 * YEAR_S, 56 * YEAR_S])
@pytest.mark.parametrize("restart", [False, True])
def test_a_clock_put_back_neither_repeats_nor_holds_up(
    tmp_path: Path, back_s: int, restart: bool
) -> None:
    now, timer = FakeNow(60 * YEAR_S), FakeTimer()
    work = Recorder(timer)
    works = everywhere(work)
    database = Database.open(tmp_path)
    engine = engine_of(database, works, now=now, timer=timer)
    engine.run_due(1000.0)
    away = {one.loop: (one.next_at or 0) - now.at for one in engine.status() if one.next_at}
    if restart:
        engine.close()
        database.close()
    now.at -= back_s
    if restart:
        engine = engine_of(Database.open(tmp_path), works, now=now, timer=timer)
        engine.run_due(1000.0)
    work.cycles.clear()
    assert engine.run_due(1000.0) == []
    left = {one.loop: (one.next_at or 0) - now.at for one in engine.status() if one.next_at}
    assert left == away
    now.at += 2 * DAY_S
    engine.run_due(1000.0)
    assert work.loops() == [DELIBERATIVE]


def test_a_clock_put_back_again_and_again_holds_nothing_up() -> None:
    now, timer = FakeNow(), FakeTimer()
    work = Recorder(timer)
    engine = engine_of(Database.open(None), {DELIBERATIVE: work}, now=now, timer=timer)
    for _ in range(80):  # an hour on, and back by an hour and a little
        now.at += 3600
        engine.run_due(10.0)
        now.at -= 3700
        engine.run_due(10.0)
    assert 2 <= len(work.cycles) <= 4


@pytest.mark.parametrize("restart", [False, True])
def test_from_1970_to_today_the_yearly_loops_do_not_run(tmp_path: Path, restart: bool) -> None:
    now, timer = FakeNow(30, trusted=False), FakeTimer()
    work = Recorder(timer)
    database = Database.open(tmp_path)
    engine = engine_of(database, everywhere(work), now=now, timer=timer)
    engine.run_due(1000.0)
    if restart:
        engine.close()
        database.close()
    now.at, now.trusted = 1_800_000_000, True
    if restart:
        engine = engine_of(Database.open(tmp_path), everywhere(work), now=now, timer=timer)
    work.cycles.clear()
    engine.run_due(1000.0)
    assert set(work.loops()) <= {LoopType.ADAPTIVE, DELIBERATIVE, LoopType.EVOLUTIONARY}
    now.at += YEAR_S + YEAR_S // 10
    engine.run_due(1000.0)
    assert LoopType.TRANSFORMATIVE in work.loops()
    assert LoopType.TRANSCENDENT not in work.loops()


def test_a_television_that_always_starts_in_1970_still_has_its_nights(tmp_path: Path) -> None:
    timer = FakeTimer()
    work = Recorder(timer)
    for _ in range(30):  # two hours each evening, then the plug is pulled
        now = FakeNow(10, trusted=False)
        database = Database.open(tmp_path)
        engine = engine_of(database, {DELIBERATIVE: work}, now=now, timer=timer)
        for _ in range(12):
            now.at += 600
            engine.run_due(5.0)
        database.close()
    assert len(work.cycles) == 2


def test_a_clock_far_ahead_and_back_again_leaves_the_rhythm(tmp_path: Path) -> None:
    now, timer = FakeNow(), FakeTimer()
    work = Recorder(timer)
    engine = engine_of(Database.open(None), everywhere(work), now=now, timer=timer)
    engine.run_due(1000.0)
    now.at += 40 * YEAR_S
    engine.run_due(1000.0)
    now.at -= 40 * YEAR_S
    work.cycles.clear()
    for _ in range(240):
        now.at += 3600
        engine.run_due(1000.0)
    counts = {loop: work.loops().count(loop) for loop in LoopType}
    assert counts[DELIBERATIVE] in (9, 10)
    assert counts[LoopType.EVOLUTIONARY] == 1
    assert counts[LoopType.TRANSFORMATIVE] == counts[LoopType.TRANSCENDENT] == 0


def test_a_store_that_cannot_be_written_does_not_stop_the_loops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    database, now, timer = Database.open(None), FakeNow(), FakeTimer()
    work = Recorder(timer)
    engine = engine_of(database, {DELIBERATIVE: work}, now=now, timer=timer)

    def full(*_: object, **__: object) -> None:
        raise DiskFull("the store")

    with monkeypatch.context() as patched:
        patched.setattr(Database, "run_many", full)
        for _ in range(3):
            now.at = max(now.at, engine.next_due() or 0)
            engine.run_due(5.0)
    assert len(work.cycles) == 3
    engine.close()
    ((_, _, _, runs, *_),) = (
        row for row in database.run("list_loops") if row[0] == DELIBERATIVE.value
    )
    assert runs == 3, "stored as soon as there was room"
