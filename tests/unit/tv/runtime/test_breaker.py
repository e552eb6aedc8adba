"""Breakers and retries: nothing is hammered, nothing is given up for ever."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from exogenesis.errors import DiskFull, NetworkError
from exogenesis.tv.persistence import Database
from exogenesis.tv.runtime import BreakerOpen, BreakerState, CircuitBreaker
from exogenesis.tv.runtime.breaker import FAILURES_MAX, OPEN_MAX_S, OPEN_S


class Seconds:
    def __init__(self, at: int = 1_000_000) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at


def _failing() -> int:
    raise NetworkError("nobody answered")


def _fail(breaker: CircuitBreaker, times: int) -> None:
    for _ in range(times):
        with pytest.raises(NetworkError):
            breaker.call(_failing)


def _opened(database: Database, now: Callable[[], int]) -> CircuitBreaker:
    breaker = CircuitBreaker("sync", database, now)
    _fail(breaker, FAILURES_MAX)
    return breaker


def test_it_opens_after_three_failures_in_a_row_and_calls_do_not_go_through() -> None:
    now = Seconds()
    breaker = CircuitBreaker("sync", Database.open(None), now)
    _fail(breaker, FAILURES_MAX - 1)
    assert breaker.call(lambda: 5) == 5
    _fail(breaker, FAILURES_MAX - 1)
    assert breaker.state is BreakerState.CLOSED, "a success in between starts the count anew"
    _fail(breaker, 1)
    asked = []
    with pytest.raises(BreakerOpen, match="60 more seconds"):
        breaker.call(lambda: asked.append(1))
    assert asked == []


def test_after_its_time_one_call_decides() -> None:
    now = Seconds()
    breaker = _opened(Database.open(None), now)
    now.at += OPEN_S - 1
    assert not breaker.admit()
    now.at += 1
    assert breaker.admit()
    assert breaker.state is BreakerState.HALF_OPEN
    assert not breaker.admit(), "one trial, not many"
    breaker.succeeded()
    _fail(breaker, FAILURES_MAX - 1)
    assert breaker.wait_s == 0


def test_each_failed_trial_doubles_the_wait_up_to_an_hour() -> None:
    now = Seconds()
    breaker = _opened(Database.open(None), now)
    waits = []
    for _ in range(9):
        waits.append(breaker.wait_s)
        now.at += breaker.wait_s
        _fail(breaker, 1)
    assert waits == [60, 120, 240, 480, 960, 1920, OPEN_MAX_S, OPEN_MAX_S, OPEN_MAX_S]


def test_a_trial_that_never_reports_does_not_stay_half_open() -> None:
    now = Seconds()
    breaker = _opened(Database.open(None), now)
    now.at += OPEN_S
    assert breaker.admit()  # and the process hangs, or is killed
    now.at += OPEN_S
    assert breaker.call(lambda: 1) == 1
    assert breaker.state is BreakerState.CLOSED


def test_a_call_that_says_nothing_leaves_the_trial_to_the_next() -> None:
    now = Seconds()
    breaker = _opened(Database.open(None), now)
    now.at += OPEN_S
    assert breaker.admit()
    breaker.withdraw()
    assert breaker.admit()


@pytest.mark.parametrize("jump_s", [-(10**9), -3600, 10**9])
def test_a_clock_that_jumps_keeps_it_open_for_its_time_at_most(jump_s: int) -> None:
    now = Seconds(2 * 10**9)
    breaker = _opened(Database.open(None), now)
    now.at += jump_s
    assert breaker.wait_s <= OPEN_S
    now.at += OPEN_S
    assert breaker.admit()


def test_its_state_survives_a_restart(tmp_path: Path) -> None:
    now = Seconds()
    database = Database.open(tmp_path)
    _opened(database, now)
    database.close()
    now.at += OPEN_S - 10
    again = CircuitBreaker("sync", Database.open(tmp_path), now)
    assert again.state is BreakerState.OPEN
    assert again.wait_s == 10
    assert again.failures == FAILURES_MAX


def test_a_store_that_fails_does_not_break_the_breaker(monkeypatch: pytest.MonkeyPatch) -> None:
    now = Seconds()
    database = Database.open(None)

    def full(*_: object, **__: object) -> None:
        raise DiskFull("the store")

    monkeypatch.setattr(Database, "run", full)
    breaker = _opened(database, now)
    assert breaker.state is BreakerState.OPEN
    now.at += OPEN_S
    assert breaker.call(lambda: 1) == 1
