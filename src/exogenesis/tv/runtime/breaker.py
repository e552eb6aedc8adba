"""A circuit breaker: what fails again and again is left alone for a while, then tried once."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import TypeVar

from exogenesis.errors import ExogenesisError, StorageError
from exogenesis.tv.persistence import Database

T = TypeVar("T")

FAILURES_MAX = 3
"""So many failures in a row open a breaker."""

OPEN_S = 60
"""It stays open for so long, twice as long after each trial that fails."""

OPEN_MAX_S = 3600


class BreakerState(StrEnum):
    """Whether calls go through."""

    CLOSED = "closed"
    """They do."""

    OPEN = "open"
    """They do not."""

    HALF_OPEN = "half_open"
    """One does, and its outcome decides."""


class BreakerOpen(ExogenesisError):
    """A component failed so often that it is not asked now; ``code`` is ``resting``."""

    def __init__(self, name: str, wait_s: int) -> None:
        super().__init__(
            f"{name} has failed again and again and is left alone for {wait_s} more seconds",
            code="resting",
        )


class CircuitBreaker:
    """Guards one component; its state is kept in the store, where that can be written.

    A trial that never reports is given up after the time that the breaker was open, so that
    nothing stays half open. A clock that is put back makes it wait anew, once at most.

    Args:
        name: of the component.
        database: where the state is kept.
        now: Unix seconds.
    """

    def __init__(self, name: str, database: Database, now: Callable[[], int]) -> None:
        self.name = name
        self._database = database
        self._now = now
        self._state = BreakerState.CLOSED
        self._failures = 0
        self._opened_at = 0
        try:
            rows = database.run("get_breaker", name=name)
        except StorageError:
            rows = []
        for state, failures, opened_at in rows:
            self._state, self._failures = BreakerState(state), failures
            self._opened_at = opened_at

    @property
    def state(self) -> BreakerState:
        """Closed, open or half open; an open one whose time is over is still open here."""
        return self._state

    @property
    def failures(self) -> int:
        """Failures in a row."""
        return self._failures

    @property
    def wait_s(self) -> int:
        """Seconds until a call may go through; 0 when one may now."""
        if self._state is BreakerState.CLOSED:
            return 0
        now = self._now()
        if now < self._opened_at:  # the clock was put back
            self._opened_at = now
        return max(0, self._opened_at + self._open_s - now)

    @property
    def _open_s(self) -> int:
        trials = max(0, self._failures - FAILURES_MAX)
        return min(OPEN_MAX_S, OPEN_S << min(trials, 10))

    @property
    def is_ready(self) -> bool:
        """Whether the next call would go through."""
        return self.wait_s == 0

    def admit(self) -> bool:
        """Ask to make a call, and report its outcome by :meth:`succeeded` or :meth:`failed`."""
        if not self.is_ready:
            return False
        if self._state is not BreakerState.CLOSED:
            self._become(BreakerState.HALF_OPEN, self._failures)
        return True

    def succeeded(self) -> None:
        """The component works: close."""
        if self._state is not BreakerState.CLOSED or self._failures:
            self._become(BreakerState.CLOSED, 0)

    def failed(self) -> None:
        """The component failed: count, and open when that was once too often."""
        failures = self._failures + 1
        if self._state is not BreakerState.CLOSED or failures >= FAILURES_MAX:
            self.trip()
        else:
            self._become(BreakerState.CLOSED, failures)

    def trip(self) -> None:
        """A probe has found that the component does not work: open at once."""
        self._become(BreakerState.OPEN, max(self._failures + 1, FAILURES_MAX))

    def withdraw(self) -> None:
        """The call that was admitted said nothing about the component: the next one will."""
        if self._state is BreakerState.HALF_OPEN:
            self._become(BreakerState.OPEN, self._failures)
            self._opened_at -= self._open_s

    def call(self, work: Callable[[], T]) -> T:
        """Do ``work`` if the breaker lets it, and count its outcome.

        Raises:
            BreakerOpen: it does not.
            Exception: what the work raises.
        """
        if not self.admit():
            raise BreakerOpen(self.name, self.wait_s)
        try:
            value = work()
        except Exception:
            self.failed()
            raise
        self.succeeded()
        return value

    def _become(self, state: BreakerState, failures: int) -> None:
        self._state, self._failures = state, failures
        if state is not BreakerState.CLOSED:
            self._opened_at = self._now()
        try:
            self._database.run(
                "set_breaker",
                name=self.name,
                state=state.value,
                failures=failures,
                opened_at=self._opened_at,
            )
        except StorageError:
            return  # it is the store that fails, perhaps: what counts is in memory
