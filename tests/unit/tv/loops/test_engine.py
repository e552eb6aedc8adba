"""The loop engine: order, slices, failures, events, and what neighbours ask of each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from exogenesis.errors import InputError, StorageError
from exogenesis.tv.loops import PERIODS, Cycle, CycleInput, LoopType, Trigger, Work
from exogenesis.tv.loops.engine import LEAST_STEP_US
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

SLOW = [LoopType.DELIBERATIVE, LoopType.EVOLUTIONARY, LoopType.TRANSFORMATIVE]


def test_a_fresh_television_has_nothing_to_catch_up_but_a_look_at_what_is_new() -> None:
    now, timer = FakeNow(), FakeTimer()
    work = Recorder(timer)
    engine = engine_of(Database.open(None), everywhere(work), now=now, timer=timer)
    engine.run_due(1000.0)
    assert work.loops() == [LoopType.ADAPTIVE]


def test_missed_periods_run_once_and_the_oldest_first(tmp_path: Path) -> None:
    now, timer = FakeNow(), FakeTimer()
    database = Database.open(tmp_path)
    engine = engine_of(database, everywhere(Recorder(timer)), now=now, timer=timer)
    engine.run_due(1000.0)
    dues = {one.loop: one.next_at for one in engine.status() if one.next_at is not None}
    engine.close()
    database.close()
    now.at += 30 * YEAR_S
    work = Recorder(timer)
    again = engine_of(Database.open(tmp_path), everywhere(work), now=now, timer=timer)
    again.run_due(1000.0)
    slow = [loop for loop in work.loops() if loop in dues]
    assert slow == sorted(dues, key=lambda loop: dues[loop] or 0)
    assert len(work.cycles) == len(dues) + 1  # and the look at what is new
    assert again.run_due(1000.0) == []
    assert (again.next_due() or 0) > now.at


def test_a_cycle_is_due_exactly_when_next_due_says(tmp_path: Path) -> None:
    now, timer = FakeNow(), FakeTimer()
    work = Recorder(timer)
    engine = engine_of(Database.open(None), everywhere(work), now=now, timer=timer)
    engine.run_due(10.0)
    due = engine.next_due()
    assert due is not None
    now.at = due - 1
    assert engine.run_due(10.0) == []
    now.at = due
    assert [one.loop for one in engine.run_due(10.0)] == [LoopType.DELIBERATIVE]


def test_the_slow_loops_keep_their_periods_over_years_within_their_jitter() -> None:
    now, timer = FakeNow(), FakeTimer()
    work = Recorder(timer)
    works = {loop: work for loop in SLOW}
    engine = engine_of(Database.open(None), works, now=now, timer=timer)
    started = now.at
    while now.at < started + 3 * YEAR_S:
        now.at = engine.next_due() or 0
        engine.run_due(1000.0)
    for loop in SLOW:
        period_s = PERIODS[loop].period_s
        times = [at for which, at in work.cycles if which is loop]
        gaps = {after - before for before, after in pairwise(times)}
        assert abs(len(times) - 3 * YEAR_S / period_s) <= 1 + 0.05 * 3 * YEAR_S / period_s
        assert all(0.94 * period_s < gap < 1.06 * period_s for gap in gaps)
        assert len(times) < 3 or len(gaps) > 1, "there is jitter"


def test_the_same_seed_gives_the_same_years() -> None:
    def life(seed: int) -> list[tuple[LoopType, int]]:
        now, timer = FakeNow(), FakeTimer()
        work = Recorder(timer)
        works = everywhere(work)
        engine = engine_of(Database.open(None), works, now=now, timer=timer, seed=seed)
        for _ in range(60):
            now.at = max(now.at, engine.next_due() or 0)
            engine.run_due(50.0)
        return work.cycles

    assert life(1) == life(1)
    assert life(1) != life(2)


def test_a_long_cycle_is_taken_in_slices_and_goes_on_where_it_was() -> None:
    now, timer = FakeNow(), FakeTimer()
    work = Recorder(timer, steps=10, step_ms=2.0)
    works = {LoopType.DELIBERATIVE: work}
    engine = engine_of(Database.open(None), works, now=now, timer=timer)
    now.at += 2 * DAY_S
    slices = []
    for _ in range(5):
        before = len(work.taken)
        ended = engine.run_due(5.0)
        slices.append(len(work.taken) - before)
    assert slices == [2, 2, 2, 2, 2]  # a third step of 2 ms would not fit into 5 ms
    assert [one.loop for one in ended] == [LoopType.DELIBERATIVE]
    assert (ended[0].steps, ended[0].spent_us, ended[0].longest_us) == (10, 20_000, 2_000)
    assert len(work.cycles) == 1


def test_a_slice_takes_one_step_at_least_and_never_begins_one_that_does_not_fit() -> None:
    now, timer = FakeNow(), FakeTimer()
    work = Recorder(timer, steps=6, step_ms=4.0)
    works = {LoopType.DELIBERATIVE: work}
    engine = engine_of(Database.open(None), works, now=now, timer=timer)
    now.at += 2 * DAY_S
    engine.run_due(5.0)
    assert len(work.taken) == 1
    engine.run_due(1.0)
    assert len(work.taken) == 2
    engine.run_due(0.0)
    assert len(work.taken) == 2


def test_events_in_every_slice_do_not_hold_up_a_cycle_with_a_long_step() -> None:
    now, timer = FakeNow(), FakeTimer()
    work = Recorder(timer, steps=5, step_ms=8.0)
    works: dict[LoopType, Work] = {
        LoopType.REACTIVE: Recorder(timer, step_ms=0.1),
        LoopType.DELIBERATIVE: work,
    }
    engine = engine_of(Database.open(None), works, now=now, timer=timer)
    now.at += 2 * DAY_S
    for _ in range(5):
        engine.request(LoopType.REACTIVE)
        engine.run_due(5.0)
    assert len(work.taken) == 5


def test_where_the_timer_stands_still_steps_are_counted() -> None:
    now = FakeNow()
    steps = 0

    def endless(cycle: Cycle) -> Iterator[None]:
        nonlocal steps
        while True:
            steps += 1
            yield

    engine = engine_of(Database.open(None), {LoopType.DELIBERATIVE: endless}, now=now)
    now.at += 2 * DAY_S
    engine.run_due(5.0)
    assert steps == 5000 // LEAST_STEP_US


def test_a_cycle_over_its_whole_budget_is_ended_and_counts_as_failed() -> None:
    now, timer = FakeNow(), FakeTimer()
    closed = []

    def endless(cycle: Cycle) -> Iterator[None]:
        try:
            while True:
                timer.pass_ms(10_000.0)
                yield
        finally:
            closed.append(cycle.loop)

    works = {LoopType.DELIBERATIVE: endless}
    engine = engine_of(Database.open(None), works, now=now, timer=timer)
    output = engine.execute_cycle(LoopType.DELIBERATIVE)
    assert not output.success
    assert "120000 ms" in output.error
    assert closed == [LoopType.DELIBERATIVE]


def test_a_failed_cycle_is_recorded_lowers_the_rate_and_stops_nothing() -> None:
    now, timer = FakeNow(), FakeTimer()
    work = Recorder(timer)

    def failing(cycle: Cycle) -> Iterator[None]:
        yield
        raise KeyError("the identifier of a title")

    works = {**everywhere(work), LoopType.DELIBERATIVE: failing}
    engine = engine_of(Database.open(None), works, now=now, timer=timer)
    now.at += 8 * DAY_S
    ended = {one.loop: one for one in engine.run_due(1000.0)}
    assert not ended[LoopType.DELIBERATIVE].success
    assert ended[LoopType.EVOLUTIONARY].success
    (status,) = (one for one in engine.status() if one.loop is LoopType.DELIBERATIVE)
    assert (status.runs, status.success_rate) == (1, 0.0)
    assert status.error.startswith("KeyError in test_engine.py, line ")
    assert "title" not in status.error
    assert status.next_at == now.at + PERIODS[LoopType.DELIBERATIVE].retry_s


def test_the_rate_counts_successes_by_cycles() -> None:
    now = FakeNow()

    def every_fourth(cycle: Cycle) -> Iterator[None]:
        yield
        if len(outputs) % 4 == 3:
            raise StorageError("the disk is gone")

    outputs: list[bool] = []
    engine = engine_of(Database.open(None), {LoopType.ADAPTIVE: every_fourth}, now=now)
    for _ in range(8):
        outputs.append(engine.execute_cycle(LoopType.ADAPTIVE).success)
    (status,) = (one for one in engine.status() if one.loop is LoopType.ADAPTIVE)
    assert (status.runs, status.success_rate) == (8, 0.75)
    assert status.error == "the disk is gone"


@pytest.mark.parametrize("error", [RuntimeError, MemoryError, StopIteration, GeneratorExit])
def test_whatever_a_step_raises_the_engine_goes_on(error: type[BaseException]) -> None:
    def failing(cycle: Cycle) -> Iterator[None]:
        yield
        raise error

    def stubborn(cycle: Cycle) -> Iterator[None]:
        try:
            yield
            raise error
        finally:
            yield

    def never_begins(cycle: Cycle) -> Iterator[None]:
        raise error

    now = FakeNow()
    for work in (failing, stubborn, never_begins):
        engine = engine_of(Database.open(None), {LoopType.ADAPTIVE: work}, now=now)
        for _ in range(3):
            engine.run_due(5.0)
            now.at += PERIODS[LoopType.ADAPTIVE].retry_s
        assert engine.status()[2].runs == 3
        engine.close()


def test_an_interruption_of_the_program_passes_through_and_the_cycle_stays_due() -> None:
    now = FakeNow()

    def interrupted(cycle: Cycle) -> Iterator[None]:
        yield
        raise KeyboardInterrupt

    engine = engine_of(Database.open(None), {LoopType.DELIBERATIVE: interrupted}, now=now)
    now.at += 2 * DAY_S
    with pytest.raises(KeyboardInterrupt):
        engine.run_due(5.0)
    assert (engine.next_due() or 0) <= now.at
    assert engine.status()[3].runs == 0


def test_slow_loops_wait_while_something_is_played_but_not_for_ever() -> None:
    now, timer = FakeNow(), FakeTimer()
    work = Recorder(timer, steps=4, step_ms=4.0)
    works = {LoopType.ADAPTIVE: Recorder(timer), LoopType.DELIBERATIVE: work}
    engine = engine_of(Database.open(None), works, now=now, timer=timer)
    engine.run_due(5.0)
    due = now.at = engine.next_due() or 0
    assert engine.run_due(100.0, busy=True) == []
    engine.run_due(5.0)
    assert len(work.taken) == 1
    engine.run_due(100.0, busy=True)
    assert len(work.taken) == 1, "what has begun waits, too"
    engine.request(LoopType.ADAPTIVE, within_s=0)
    assert [one.loop for one in engine.run_due(100.0, busy=True)] == [LoopType.ADAPTIVE]
    now.at = due + PERIODS[LoopType.DELIBERATIVE].period_s
    assert [one.loop for one in engine.run_due(100.0, busy=True)] == [LoopType.DELIBERATIVE]


def test_events_run_the_fast_loops_once_for_all_that_happened_and_nothing_else_does() -> None:
    now = FakeNow()
    told: list[list[object]] = []

    def listen(cycle: Cycle) -> Iterator[None]:
        told.append([note["key"] for note in cycle.input.notes])
        yield

    engine = engine_of(Database.open(None), {LoopType.REFLEXIVE: listen}, now=now)
    for _ in range(3):
        now.at += YEAR_S
        assert engine.run_due(5.0) == []
    assert engine.next_due() is None
    for key in ("skip", "skip", "zap"):
        engine.request(LoopType.REFLEXIVE, key=key)
    assert engine.next_due() == now.at
    assert len(engine.run_due(5.0)) == 1
    assert engine.run_due(5.0) == []
    assert told == [["skip", "skip", "zap"]]
    assert (
        PERIODS[LoopType.REFLEXIVE].trigger is PERIODS[LoopType.REACTIVE].trigger is Trigger.EVENT
    )


def test_events_come_before_a_long_cycle_that_runs() -> None:
    now, timer = FakeNow(), FakeTimer()
    work = Recorder(timer, steps=50)
    works = {loop: work for loop in (LoopType.REFLEXIVE, LoopType.TRANSFORMATIVE)}
    engine = engine_of(Database.open(None), works, now=now, timer=timer)
    now.at += 2 * YEAR_S
    engine.run_due(5.0)
    assert work.taken == [LoopType.TRANSFORMATIVE] * 5
    engine.request(LoopType.REFLEXIVE)
    engine.run_due(1.0)
    assert work.taken[-1] is LoopType.REFLEXIVE


def test_a_short_loop_that_is_due_goes_before_a_long_cycle_that_runs() -> None:
    now, timer = FakeNow(), FakeTimer()
    work = Recorder(timer, steps=50)
    works: dict[LoopType, Work] = {
        loop: work for loop in (LoopType.ADAPTIVE, LoopType.EVOLUTIONARY, LoopType.TRANSFORMATIVE)
    }
    engine = engine_of(Database.open(None), works, now=now, timer=timer)
    engine.run_due(1000.0)
    engine.request(LoopType.EVOLUTIONARY, within_s=0)
    engine.run_due(5.0)
    engine.request(LoopType.ADAPTIVE, within_s=0)
    engine.request(LoopType.TRANSFORMATIVE, within_s=0)
    engine.run_due(5.0)
    assert work.taken[-5:] == [LoopType.ADAPTIVE] * 5
    engine.run_due(1000.0)
    assert work.loops()[-1] is LoopType.TRANSFORMATIVE


def test_a_viewing_makes_the_adaptive_loop_due_within_half_an_hour() -> None:
    now = FakeNow()
    engine = engine_of(Database.open(None), {LoopType.ADAPTIVE: Recorder(FakeTimer())}, now=now)
    engine.run_due(5.0)
    assert engine.next_due() is None
    engine.request(LoopType.ADAPTIVE)
    assert engine.next_due() == now.at + 1800
    now.at += 600
    engine.request(LoopType.ADAPTIVE)
    assert engine.next_due() == now.at + 1200
    engine.request(LoopType.ADAPTIVE, within_s=0)  # the session has ended
    assert engine.next_due() == now.at


def test_what_happens_while_a_cycle_runs_is_for_the_next_one() -> None:
    now = FakeNow()
    told: list[int] = []

    def slow(cycle: Cycle) -> Iterator[None]:
        told.append(len(cycle.input.notes))
        yield
        if len(told) == 2:
            engine.request(LoopType.ADAPTIVE, within_s=0, new=1)
        yield

    engine = engine_of(Database.open(None), {LoopType.ADAPTIVE: slow}, now=now)
    engine.run_due(5.0)
    engine.request(LoopType.ADAPTIVE, within_s=0, new=1)
    engine.request(LoopType.ADAPTIVE, within_s=0, new=1)
    engine.run_due(5.0)
    engine.run_due(5.0)
    assert told == [0, 2, 1]


def test_a_cycle_can_make_another_loop_run_sooner_but_not_all_the_time() -> None:
    now, timer = FakeNow(), FakeTimer()

    def eager(cycle: Cycle) -> Iterator[None]:
        cycle.ask(LoopType.EVOLUTIONARY, within_s=0, new_episodes=40)
        yield

    heard: list[object] = []

    def listen(cycle: Cycle) -> Iterator[None]:
        heard.extend(note["new_episodes"] for note in cycle.input.notes)
        yield

    works = {LoopType.ADAPTIVE: eager, LoopType.EVOLUTIONARY: listen}
    engine = engine_of(Database.open(None), works, now=now, timer=timer)
    ended = [one.loop for one in engine.run_due(5.0)]
    assert ended == [LoopType.ADAPTIVE, LoopType.EVOLUTIONARY], "feed-forward, a week early"
    assert heard == [40]
    evolved_at = now.at
    now.at += DAY_S
    engine.execute_cycle(LoopType.ADAPTIVE)
    assert engine.next_due() == evolved_at + PERIODS[LoopType.EVOLUTIONARY].period_s // 4
    now.at = engine.next_due() or 0
    engine.run_due(5.0)
    assert heard == [40, 40]


def test_a_cycle_can_make_another_loop_run_later_but_not_never() -> None:
    now = FakeNow()

    def worried(cycle: Cycle) -> Iterator[None]:
        cycle.ask(LoopType.EVOLUTIONARY, not_before_s=5 * DAY_S)
        yield

    evolved = Recorder(FakeTimer())
    works: dict[LoopType, Work] = {LoopType.DELIBERATIVE: worried, LoopType.EVOLUTIONARY: evolved}
    engine = engine_of(Database.open(None), works, now=now)
    engine.execute_cycle(LoopType.EVOLUTIONARY)
    began = now.at
    for _ in range(30):
        now.at += DAY_S
        engine.run_due(5.0)
    gaps = [at - began for _, at in evolved.cycles[1:]]
    period_s = PERIODS[LoopType.EVOLUTIONARY].period_s
    assert gaps
    assert 1.5 * period_s < gaps[0] <= 2 * period_s + DAY_S


def test_feed_back_reaches_a_faster_loop_with_its_words() -> None:
    now = FakeNow()
    heard: list[object] = []

    def rolled_back(cycle: Cycle) -> Iterator[None]:
        cycle.ask(LoopType.ADAPTIVE, within_s=0, rolled_back=True)
        yield

    def listen(cycle: Cycle) -> Iterator[None]:
        heard.append([note.get("rolled_back") for note in cycle.input.notes])
        yield

    works = {LoopType.ADAPTIVE: listen, LoopType.EVOLUTIONARY: rolled_back}
    engine = engine_of(Database.open(None), works, now=now)
    engine.run_due(5.0)
    now.at += 10 * DAY_S
    engine.run_due(5.0)
    assert heard == [[], [True]]


def test_two_loops_that_wake_each_other_do_not_run_for_ever() -> None:
    now = FakeNow()
    count = 0

    def ping(cycle: Cycle) -> Iterator[None]:
        nonlocal count
        count += 1
        other = LoopType.REACTIVE if cycle.loop is LoopType.REFLEXIVE else LoopType.REFLEXIVE
        cycle.ask(other, within_s=0)
        yield

    works = {LoopType.REFLEXIVE: ping, LoopType.REACTIVE: ping}
    engine = engine_of(Database.open(None), works, now=now)
    engine.request(LoopType.REFLEXIVE)
    engine.run_due(1000.0)
    assert count == 2


def test_a_failed_cycle_asks_nothing_and_is_told_again_what_it_was_told() -> None:
    now = FakeNow()
    heard: list[object] = []

    def failing_once(cycle: Cycle) -> Iterator[None]:
        heard.append([note["new"] for note in cycle.input.notes])
        cycle.ask(LoopType.EVOLUTIONARY, within_s=0)
        yield
        if len(heard) == 1:
            raise RuntimeError

    evolved = Recorder(FakeTimer())
    works: dict[LoopType, Work] = {LoopType.ADAPTIVE: failing_once, LoopType.EVOLUTIONARY: evolved}
    engine = engine_of(Database.open(None), works, now=now)
    engine.request(LoopType.ADAPTIVE, new=7)
    engine.run_due(5.0)
    assert evolved.cycles == []
    now.at += PERIODS[LoopType.ADAPTIVE].retry_s
    engine.run_due(5.0)
    assert heard == [[7], [7]]
    assert len(evolved.cycles) == 1


def test_execute_cycle_runs_one_cycle_whole_with_what_it_is_given() -> None:
    now, timer = FakeNow(), FakeTimer()

    def work(cycle: Cycle) -> Iterator[None]:
        for note in cycle.input.notes:
            cycle.results["rows"] = note["rows"]
            yield
        timer.pass_ms(3.0)

    engine = engine_of(Database.open(None), {LoopType.DELIBERATIVE: work}, now=now, timer=timer)
    output = engine.execute_cycle(LoopType.DELIBERATIVE, CycleInput(notes=({"rows": 3},)))
    assert output.success
    assert (output.results, output.spent_us, output.steps) == ({"rows": 3}, 3000, 2)
    assert (engine.next_due() or 0) > now.at
    with pytest.raises(InputError, match="nothing to do"):
        engine.execute_cycle(LoopType.ADAPTIVE)


def test_bad_requests_are_refused_and_change_nothing() -> None:
    engine = engine_of(Database.open(None), everywhere(Recorder(FakeTimer())), now=FakeNow())
    before = engine.status()
    with pytest.raises(InputError, match="ago"):
        engine.request(LoopType.ADAPTIVE, within_s=-5)
    with pytest.raises(InputError, match="finite"):
        engine.request(LoopType.ADAPTIVE, share=float("nan"))
    with pytest.raises(InputError, match="plain"):
        engine.request(LoopType.ADAPTIVE, titles=["t001"])  # type: ignore[arg-type]
    assert engine.status() == before


def test_what_a_cycle_may_not_ask_fails_the_cycle() -> None:
    def selfish(cycle: Cycle) -> Iterator[None]:
        cycle.ask(cycle.loop, within_s=0)
        yield

    engine = engine_of(Database.open(None), {LoopType.ADAPTIVE: selfish}, now=FakeNow())
    assert not engine.execute_cycle(LoopType.ADAPTIVE).success
