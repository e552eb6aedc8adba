"""Runs the seven loops in slices, so that a list never waits for them."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exogenesis.errors import ExogenesisError, InputError
from exogenesis.tv.loops.cycle import Cycle, CycleInput, CycleOutput, Plain, Work, check_note
from exogenesis.tv.loops.periods import PERIODS, LoopType, Trigger
from exogenesis.tv.loops.schedule import Schedule
from exogenesis.tv.moment import Moment
from exogenesis.tv.persistence import Database

Timer = Callable[[], int]
"""Returns nanoseconds that only grow, as ``time.perf_counter_ns`` does."""

LEAST_STEP_US = 50
"""A step is charged with at least so much of a budget, even where the timer stands still."""

_ERROR_LENGTH_MAX = 200
_END = object()


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopStatus:
    """How a loop stands.

    Attributes:
        loop: which one.
        trigger: what makes it run.
        period_s: seconds between two cycles.
        running: whether a cycle has begun and goes on with the next slice.
        last_at: when its last cycle ended, Unix seconds; None before the first.
        next_at: when its next cycle may begin; a time that has passed means now, None that it
            waits for something to happen.
        runs: cycles that ended.
        success_rate: share of them that succeeded; None before the first.
        spent_ms: time spent in all its steps.
        longest_ms: time spent in its longest step.
        error: what stopped the last cycle; empty when nothing did.
    """

    loop: LoopType
    trigger: Trigger
    period_s: float
    running: bool
    last_at: int | None
    next_at: int | None
    runs: int
    success_rate: float | None
    spent_ms: float
    longest_ms: float
    error: str


class _Run:
    """A cycle under way."""

    def __init__(self, cycle: Cycle, work: Work, told: int) -> None:
        self.cycle = cycle
        self.told = told
        self.steps = 0
        self.spent_us = 0
        self.charged_us = 0
        self.longest_us = 0
        self._work = work
        self._iterator: Iterator[None] | None = None

    def step(self, timer: Timer) -> tuple[bool, str]:
        """Take one step; returns whether that was the end, and what failed.

        ``KeyboardInterrupt`` and ``SystemExit`` pass through: they are meant for the program.
        """
        started = timer()
        try:
            if self._iterator is None:
                self._iterator = iter(self._work(self.cycle))
            ended = next(self._iterator, _END) is _END
            error = ""
        except (Exception, GeneratorExit) as raised:
            ended, error = True, _sentence(raised)
        took_us = max(0, timer() - started) // 1000
        self.steps += 1
        self.spent_us += took_us
        self.charged_us += max(LEAST_STEP_US, took_us)
        self.longest_us = max(self.longest_us, took_us)
        budget_ms = PERIODS[self.cycle.loop].budget_ms
        if not ended and self.charged_us > 1000 * budget_ms:
            return True, f"it took longer than its {budget_ms} ms"
        return ended, error

    def close(self) -> None:
        """Let the work clean up; what it raises then changes nothing any more."""
        close = getattr(self._iterator, "close", None)
        if close is not None:
            with suppress(Exception):
                close()


class LoopEngine:
    """Decides which loop runs now, runs it step by step, and keeps the books.

    Args:
        database: where due times and outcomes are kept.
        works: what each loop does; a loop without work is never due.
        now: the present moment.
        timer: measures the steps; where it stands still, steps are counted.
        rng: source of the jitter between periods.

    Raises:
        StorageError: the store cannot be read.
    """

    def __init__(
        self,
        database: Database,
        works: Mapping[LoopType, Work],
        *,
        now: Callable[[], Moment],
        timer: Timer,
        rng: np.random.Generator,
    ) -> None:
        self._works = works
        self._timer = timer
        self._schedule = Schedule(database, now, rng, loops=tuple(works))
        self._running: dict[LoopType, _Run] = {}

    def request(self, loop: LoopType, *, within_s: int | None = None, **note: Plain) -> None:
        """Something happened that concerns a loop; several such events make one cycle.

        Args:
            loop: which one.
            within_s: how soon it has to run at the latest; None means at once for an
                event-driven loop, and within its period for another.
            note: what to tell it: figures and words, but no titles, for it is kept.

        Raises:
            InputError: a note that cannot be kept, or a time in the past.
        """
        if (within_s or 0) < 0:
            raise InputError(f"the {loop} loop cannot run {-(within_s or 0)} seconds ago")
        event = PERIODS[loop].trigger is Trigger.EVENT
        default_s = 0 if event else PERIODS[loop].period_s
        self._schedule.follow_clock()
        self._schedule.request(loop, default_s if within_s is None else within_s, check_note(note))

    def run_due(self, budget_ms: float, *, busy: bool = False) -> list[CycleOutput]:
        """Go on with what runs, begin what is due, until the budget is spent.

        Events come first, then the cycle that runs (behind a faster loop that is due), then what
        is due, oldest first. Beside the events at least one step is taken when anything is to be
        done; a further one only if the longest step of its cycle so far fits into what is left.

        Args:
            budget_ms: time to spend, in milliseconds.
            busy: something is played, or the television is under load: slow loops wait, unless
                they have waited for a whole period, or for a week.

        Returns:
            The cycles that ended.
        """
        self._schedule.follow_clock()
        left_us = 1000.0 * budget_ms
        ended: list[CycleOutput] = []
        served: set[LoopType] = set()
        stepped = False
        while left_us > 0 and (loop := self._choose(busy, served)) is not None:
            run = self._running.get(loop)
            if stepped and run is not None and run.longest_us > left_us:
                break
            run = run or self._begin(loop)
            charged_us = run.charged_us
            output = self._step(run)
            left_us -= run.charged_us - charged_us
            stepped = stepped or PERIODS[loop].trigger is not Trigger.EVENT
            if output is not None:
                served.add(loop)
                ended.append(output)
        return ended

    def run_event(self, loop: LoopType) -> CycleOutput | None:
        """Run an event-driven loop at once, if anything happened that concerns it.

        Raises:
            InputError: the loop waits for the clock.
        """
        if PERIODS[loop].trigger is not Trigger.EVENT:
            raise InputError(f"the {loop} loop is not driven by events")
        return self.execute_cycle(loop) if self._schedule.is_due(loop) else None

    def execute_cycle(self, loop: LoopType, given: CycleInput | None = None) -> CycleOutput:
        """Run one cycle of a loop to its end, due or not.

        A cycle of that loop which is under way is cut off, and this one goes on where it had
        saved its progress.

        Args:
            loop: which one.
            given: told to it besides what events and other loops had to say.

        Raises:
            InputError: the loop has no work here.
        """
        if loop not in self._works:
            raise InputError(f"there is nothing to do for the {loop} loop")
        self._schedule.follow_clock()
        self._cut_off(loop)
        run = self._begin(loop, CycleInput() if given is None else given)
        while True:
            output = self._step(run)
            if output is not None:
                return output

    def _choose(self, busy: bool, served: set[LoopType]) -> LoopType | None:
        schedule = self._schedule
        ready = [
            loop
            for loop in self._works
            if loop not in served
            and (loop in self._running or schedule.is_due(loop))
            and not (busy and PERIODS[loop].inhibited and not schedule.is_overdue(loop))
        ]
        return min(ready, key=self._rank, default=None)

    def _rank(self, loop: LoopType) -> tuple[int, int, int]:
        order = list(LoopType).index(loop)
        if PERIODS[loop].trigger is Trigger.EVENT:
            return (0, 0, order)
        slower = any(list(LoopType).index(other) > order for other in self._running)
        if loop in self._running or slower:
            return (1, order, 0)
        return (2, self._schedule.states[loop].due_at or 0, order)

    def _begin(self, loop: LoopType, given: CycleInput | None = None) -> _Run:
        notes = self._schedule.begin(loop)
        cycle = Cycle(
            loop,
            at=self._schedule.at,
            input=CycleInput(notes=notes + (() if given is None else given.notes)),
            progress=self._schedule.states[loop].progress,
            save=lambda progress: self._schedule.save(loop, progress),
        )
        self._running[loop] = run = _Run(cycle, self._works[loop], len(notes))
        return run

    def _step(self, run: _Run) -> CycleOutput | None:
        loop = run.cycle.loop
        try:
            ended, error = run.step(self._timer)
        except BaseException:
            self._cut_off(loop)
            raise
        return self._end(run, error) if ended else None

    def _end(self, run: _Run, error: str) -> CycleOutput:
        cycle = run.cycle
        del self._running[cycle.loop]
        run.close()
        requests = () if error else tuple(cycle.requests)
        for asked in requests:
            self._schedule.apply(asked)
        self._schedule.end(
            cycle.loop,
            told=run.told,
            spent_us=run.spent_us,
            longest_us=run.longest_us,
            error=error,
        )
        return CycleOutput(
            loop=cycle.loop,
            success=not error,
            error=error,
            results=dict(cycle.results),
            requests=requests,
            steps=run.steps,
            spent_us=run.spent_us,
            longest_us=run.longest_us,
        )

    def _cut_off(self, loop: LoopType) -> None:
        run = self._running.pop(loop, None)
        if run is not None:
            run.close()
            self._schedule.drop(loop)

    def next_due(self) -> int | None:
        """When there is something to do next, Unix seconds; None: when something happens.

        A time that has passed means now.
        """
        if self._running:
            return self._schedule.at
        return self._schedule.next_due()

    def status(self) -> list[LoopStatus]:
        """Return how each loop stands, from the fastest to the slowest."""
        self._schedule.follow_clock()
        return [self._status(loop) for loop in LoopType]

    def _status(self, loop: LoopType) -> LoopStatus:
        state, period = self._schedule.states[loop], PERIODS[loop]
        return LoopStatus(
            loop=loop,
            trigger=period.trigger,
            period_s=period.period_ms / 1000,
            running=loop in self._running,
            last_at=state.last_at,
            next_at=self._schedule.at if loop in self._running else state.due_at,
            runs=state.runs,
            success_rate=1.0 - state.failures / state.runs if state.runs else None,
            spent_ms=state.spent_us / 1000,
            longest_ms=state.longest_us / 1000,
            error=state.error,
        )

    def close(self) -> None:
        """Cut off what runs, to go on at the next start, and store what is not stored yet."""
        for loop in list(self._running):
            self._cut_off(loop)
        self._schedule.follow_clock()
        self._schedule.flush()


def _sentence(error: BaseException) -> str:
    """Say what failed; of a mistake of ours only its kind and place, for it may name a title."""
    if isinstance(error, ExogenesisError) and not isinstance(error, InputError):
        return error.message[:_ERROR_LENGTH_MAX]
    places = traceback.extract_tb(error.__traceback__)
    where = f" in {Path(places[-1].filename).name}, line {places[-1].lineno}" if places else ""
    return f"{type(error).__name__}{where}"
