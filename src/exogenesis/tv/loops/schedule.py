"""When each loop is due; kept in the store, and true to the time that has really passed.

Due times are Unix seconds of the clock as it stands. When the clock is put back they move with it,
so that a loop is as far away as before: it is not run again for the days that come twice, and not
held up until the old time is reached. Time during which the clock was not to be trusted counts,
but never as more than a month, so that the step from 1970 to today is not taken for half a century.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exogenesis.errors import StorageError
from exogenesis.tv.loops.cycle import NOTES_MAX, Note, Request
from exogenesis.tv.loops.periods import DAY_S, MINUTE_S, PERIODS, LoopType, Trigger
from exogenesis.tv.moment import Moment
from exogenesis.tv.persistence import Database

ATTEMPTS_MAX = 3
"""So many cycles that began and got nowhere: the next starts from the beginning."""

_SEEN = "loops_seen"
_SLACK_S = 60
_UNTRUSTED_MAX_S = 31 * DAY_S
_PATIENCE_MAX_S = 7 * DAY_S
_GAP_MAX_S = 2 * DAY_S
_FLUSH_S = 10 * MINUTE_S
_JITTER = 0.1
_INTERRUPTED = "it was interrupted three times before it had got anywhere"


@dataclass(slots=True, kw_only=True)
class LoopState:
    """One loop, as it stands.

    Attributes:
        due_at: when its next cycle may begin, Unix seconds; None waits for an event.
        since: when the cycle that runs was due; None while none runs.
        last_at: when its last cycle ended, Unix seconds.
        runs, failures: cycles that ended, and those of them that failed.
        attempts: cycles that began since one ended well or saved progress.
        spent_us, longest_us: time in all steps, and in the longest.
        error: what stopped the last cycle; empty after a success.
        progress: where the next cycle goes on.
        notes: what the next cycle will be told.
    """

    due_at: int | None = None
    since: int | None = None
    last_at: int | None = None
    runs: int = 0
    failures: int = 0
    attempts: int = 0
    spent_us: int = 0
    longest_us: int = 0
    error: str = ""
    progress: Note = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


class Schedule:
    """The due times of the loops over the store.

    What event-driven loops count reaches the store every ten minutes, or with the next cycle of
    another loop; a store that cannot be written holds no loop up.

    Args:
        database: the store.
        now: the present moment.
        rng: source of the jitter, a twentieth of a period to either side.
        loops: those that have work; the others are never due.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], Moment],
        rng: np.random.Generator,
        *,
        loops: Iterable[LoopType],
    ) -> None:
        self._database = database
        self._now = now
        self._rng = rng
        self._loops = tuple(loops)
        self._dirty = False
        moment = now()
        self.at = moment.at
        self._trusted = moment.trusted
        self._flushed_at = moment.at
        stored = {row[0]: _state(row) for row in database.run("list_loops")}
        self.states = {loop: stored.get(loop.value, LoopState()) for loop in LoopType}
        seen = database.setting(_SEEN)
        if seen is not None:
            self.at, self._trusted = json.loads(seen)
            self.follow_clock()
        self._complete()

    def _complete(self) -> None:
        """Give new loops a due time, and note what was cut off again and again."""
        for loop in self._loops:
            state = self.states[loop]
            if state.due_at is None and PERIODS[loop].trigger is not Trigger.EVENT:
                starts = PERIODS[loop].trigger is Trigger.DEMAND
                state.due_at = self.at if starts else self._next(loop)
                self._dirty = True
            if state.attempts >= ATTEMPTS_MAX:
                state.runs += 1
                state.failures += 1
                state.error = _INTERRUPTED
                state.due_at = self.at + PERIODS[loop].retry_s
                self._restart(state)

    def _restart(self, state: LoopState) -> None:
        state.attempts, state.progress = 0, {}
        self._dirty = True

    def _next(self, loop: LoopType) -> int:
        period = PERIODS[loop].period_s
        return self.at + int(period * (1.0 + _JITTER * (float(self._rng.random()) - 0.5)))

    def follow_clock(self) -> None:
        """Read the clock; move the due times where it was put back, or was not to be trusted."""
        moment = self._now()
        passed = moment.at - self.at
        counted = passed
        if not (moment.trusted and self._trusted):
            counted = min(passed, _UNTRUSTED_MAX_S)
        if passed < -_SLACK_S:
            counted = 0
        elif passed < 0:
            return  # the clock was corrected a little: it will soon be where it was
        if counted != passed:
            self._shift(passed - counted)
        self.at, self._trusted = moment.at, moment.trusted
        changed = self._dirty or not self._trusted
        if changed and self.at - self._flushed_at >= _FLUSH_S:
            self.flush()

    def _shift(self, by_s: int) -> None:
        for state in self.states.values():
            if state.due_at is not None:
                state.due_at += by_s
            if state.since is not None:
                state.since += by_s
        self._flushed_at += by_s
        self._dirty = True

    def is_due(self, loop: LoopType) -> bool:
        """Whether a cycle may begin."""
        due_at = self.states[loop].due_at
        return due_at is not None and due_at <= self.at

    def is_overdue(self, loop: LoopType) -> bool:
        """Whether a loop has waited for a quiet hour for so long that it must run without one."""
        state = self.states[loop]
        due_at = state.due_at if state.since is None else state.since
        patience_s = min(PERIODS[loop].period_s, _PATIENCE_MAX_S)
        return due_at is not None and self.at - due_at >= patience_s

    def request(self, loop: LoopType, within_s: int, note: Note) -> None:
        """Something happened: let a loop run within so many seconds, and tell it."""
        state = self.states[loop]
        due_at = self.at + within_s
        state.due_at = due_at if state.due_at is None else min(state.due_at, due_at)
        _tell(state, note)
        self._dirty = True

    def apply(self, asked: Request) -> None:
        """Do what another loop asks: run sooner or later, within bounds, and listen."""
        state, period_s = self.states[asked.loop], PERIODS[asked.loop].period_s
        if asked.within_s is not None:
            event = PERIODS[asked.loop].trigger is Trigger.EVENT
            gap_s = 0 if event else min(period_s // 4, _GAP_MAX_S)
            soonest = self.at if state.last_at is None else state.last_at + gap_s
            self.request(asked.loop, max(asked.within_s, soonest - self.at), {})
        if asked.not_before_s is not None and state.due_at is not None:
            latest = state.due_at if state.last_at is None else state.last_at + 2 * period_s
            wanted = min(self.at + asked.not_before_s, latest)
            state.due_at = max(state.due_at, wanted)
        _tell(state, asked.note)
        self._dirty = True

    def begin(self, loop: LoopType) -> tuple[Note, ...]:
        """Begin a cycle; returns what the loop is told.

        The store goes on saying that it is due until it has ended, so that a cycle which is cut
        off runs again.
        """
        state, trigger = self.states[loop], PERIODS[loop].trigger
        if state.attempts >= ATTEMPTS_MAX:
            self._restart(state)
        told = tuple(state.notes)
        if trigger is not Trigger.EVENT:
            state.attempts += 1
            self._store([loop])
        state.since = self.at if state.due_at is None else state.due_at
        state.due_at = self._next(loop) if trigger is Trigger.CLOCK else None
        if trigger is Trigger.EVENT:
            state.notes.clear()
        return told

    def save(self, loop: LoopType, progress: Note) -> None:
        """Store where a cycle goes on after an interruption.

        Raises:
            StorageError
        """
        if PERIODS[loop].trigger is Trigger.EVENT:
            return  # it is short, and its reason does not outlast the power
        self._database.run("set_loop_progress", name=loop.value, progress=json.dumps(progress))
        state = self.states[loop]
        state.attempts, state.progress = 0, progress

    def end(self, loop: LoopType, *, told: int, spent_us: int, longest_us: int, error: str) -> None:
        """Write down how a cycle ended.

        Args:
            loop: whose cycle it was.
            told: how many notes it was told; a failed cycle will be told them again.
            spent_us, longest_us: time spent in its steps, and in the longest.
            error: empty for a success.
        """
        state, period = self.states[loop], PERIODS[loop]
        lasting = period.trigger is not Trigger.EVENT
        self.follow_clock()
        state.since, state.last_at = None, self.at
        state.runs += 1
        state.spent_us += spent_us
        state.longest_us = max(state.longest_us, longest_us)
        state.error = error
        if error:
            state.failures += 1
            self._reread_progress(loop)
            if lasting:
                self.request(loop, period.retry_s, {})
        else:
            state.attempts, state.progress = 0, {}
            if lasting:
                del state.notes[:told]
        self._dirty = True
        if lasting:
            self.flush()

    def _reread_progress(self, loop: LoopType) -> None:
        """A step that failed took back what it had saved."""
        try:
            rows = self._database.run("get_loop_progress", name=loop.value)
        except StorageError:
            return
        self.states[loop].progress = _note(rows[0][0]) if rows else {}

    def drop(self, loop: LoopType) -> None:
        """Forget a cycle that was cut off; it is due as before."""
        state = self.states[loop]
        state.due_at, state.since = state.since, None

    def next_due(self) -> int | None:
        """The soonest due time, Unix seconds; None when all loops wait for an event."""
        dues = [self.states[loop].due_at for loop in self._loops]
        return min((due_at for due_at in dues if due_at is not None), default=None)

    def flush(self) -> None:
        """Store what has changed; a cycle that runs is stored when it has ended."""
        if self._store([loop for loop, state in self.states.items() if state.since is None]):
            self._dirty = False
        self._flushed_at = self.at

    def _store(self, loops: list[LoopType]) -> bool:
        try:
            with self._database.transaction():
                self._database.run_many("set_loop", [self._row(loop) for loop in loops])
                self._database.store_setting(_SEEN, json.dumps([self.at, self._trusted]))
        except StorageError:
            return False  # it is in memory, and stored with the next change
        return True

    def _row(self, loop: LoopType) -> dict[str, Any]:
        state, event = self.states[loop], PERIODS[loop].trigger is Trigger.EVENT
        return {
            "name": loop.value,
            "due_at": None if event else state.due_at,
            "last_at": state.last_at,
            "runs": state.runs,
            "failures": state.failures,
            "attempts": state.attempts,
            "spent_us": state.spent_us,
            "longest_us": state.longest_us,
            "error": state.error,
            "progress": json.dumps(state.progress),
            "notes": json.dumps([] if event else state.notes),
        }


def _tell(state: LoopState, note: Note) -> None:
    if note:
        state.notes.append(note)
        del state.notes[:-NOTES_MAX]


def _state(row: tuple[Any, ...]) -> LoopState:
    """Read a row of the store."""
    _, due_at, last_at, runs, failures, attempts, spent_us, longest_us, error, progress, notes = row
    return LoopState(
        due_at=due_at,
        last_at=last_at,
        runs=runs,
        failures=failures,
        attempts=attempts,
        spent_us=spent_us,
        longest_us=longest_us,
        error=error,
        progress=_note(progress),
        notes=[note for note in json.loads(notes) if isinstance(note, dict)],
    )


def _note(text: str) -> Note:
    note = json.loads(text)
    return note if isinstance(note, dict) else {}
