"""Makes sure that there is an answer: guards the parts, chooses the mode, catches failures."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TypeVar

from exogenesis.errors import DiskFull, ExogenesisError, InputError, StorageError
from exogenesis.tv.persistence import Database
from exogenesis.tv.runtime.breaker import CircuitBreaker
from exogenesis.tv.runtime.degradation import MODES, PARTS, Component, Degradation, lowest
from exogenesis.tv.runtime.mode import Mode
from exogenesis.tv.runtime.probes import Finding, Health

T = TypeVar("T")


class RuntimeOrchestrator:
    """Keeps the television answering while parts of it fail.

    Args:
        database: where the breakers are kept.
        now: Unix seconds.
        capped: the highest mode that this device is quick enough for.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], int],
        *,
        capped: Callable[[], Mode] = lambda: Mode.FULL,
    ) -> None:
        self._breakers = {one: CircuitBreaker(one.value, database, now) for one in Component}
        self._degradation = Degradation(lambda one: self._breakers[one].is_ready)
        self._capped = capped
        self._asking: Mode | None = None

    @property
    def mode(self) -> Mode:
        """The mode of the list that is being made; else the one of the next list."""
        if self._asking is not None:
            return self._asking
        return lowest(self._degradation.mode, self._capped())

    @property
    def resting(self) -> dict[Component, int]:
        """The components that are left alone now, and for how many seconds."""
        return {one: each.wait_s for one, each in self._breakers.items() if each.wait_s}

    def guard(self, component: Component, call: Callable[[], T]) -> T:
        """Do what needs a component, through its breaker.

        Bad input, a missing consent and a full disk are no failure of the component.

        Raises:
            BreakerOpen: the component, or one that it needs, is left alone.
            Exception: what the call raises.
        """
        for needed in PARTS[component].needs:
            if not self._breakers[needed].is_ready:
                component = needed  # whose breaker says so
        refused: list[InputError | DiskFull] = []

        def work() -> T | None:
            try:
                return call()
            except (InputError, DiskFull) as error:
                refused.append(error)
                return None

        value = self._breakers[component].call(work)
        if refused:
            raise refused[0]
        return value  # type: ignore[return-value]

    def write(self, call: Callable[[], T]) -> T:
        """Write to the store, whatever failed before: what happens once is not put off.

        A write is its own probe: a success closes the breaker of the store, and a failure of the
        store counts.

        Raises:
            Exception: what the call raises.
        """
        try:
            value = call()
        except DiskFull:
            raise
        except StorageError:
            self._breakers[Component.STORE].failed()
            raise
        self._breakers[Component.STORE].succeeded()
        return value

    def answer(
        self, call: Callable[[], T], *, mode_of: Callable[[T], Mode | None] = lambda value: None
    ) -> T:
        """Make a list in the highest mode that works now, in a lower one when that fails.

        Args:
            call: makes it, in the mode that :attr:`mode` names while it runs.
            mode_of: the mode in which the list was really made, or None for an empty one; a lower
                one than asked for is a failure of what the higher one needs.

        Raises:
            InputError: the question is wrong.
            Exception: not even the catalogue alone makes a list.
        """
        mode = self.mode
        while True:
            self._asking = mode
            needed = _needed(mode)
            trials = [one for one in needed if self._breakers[one].admit()]
            try:
                value = call()
            except InputError:
                for one in trials:
                    self._breakers[one].withdraw()
                raise
            except Exception as error:
                if mode is Mode.POPULAR:
                    raise
                blamed = _blamed(error, mode)
                for one in trials:
                    if one is not blamed:
                        self._breakers[one].withdraw()
                mode = MODES[MODES.index(mode) + 1]
                if blamed is not None:
                    self._breakers[blamed].failed()
                    mode = lowest(PARTS[blamed].without, mode)
                continue
            finally:
                self._asking = None
            made_in = mode_of(value) or mode
            self._count(mode, made_in, trials)
            return value

    def _count(self, mode: Mode, made_in: Mode, trials: Iterable[Component]) -> None:
        failed = set(_needed(mode)) - set(_needed(made_in))
        blamed = Component.STORE if Component.STORE in failed else None
        if failed and blamed is None:
            blamed = Component.FLEET
        for one in trials:
            if one not in failed:
                self._breakers[one].succeeded()
        if blamed is not None:
            self._breakers[blamed].failed()

    def heed(self, findings: Iterable[Finding]) -> None:
        """Let probes decide: a component that passes works again, one that fails is left alone."""
        named = {one.value: one for one in Component}
        for finding in findings:
            component = named.get(finding.name)
            if component is None or finding.health is Health.WARN:
                continue
            breaker = self._breakers[component]
            if finding.health is Health.OK:
                breaker.succeeded()
            else:
                breaker.trip()


def _needed(mode: Mode) -> list[Component]:
    """The components without which a list can be made in lower modes only."""
    return [one for one, part in PARTS.items() if MODES.index(part.without) > MODES.index(mode)]


def _blamed(error: Exception, mode: Mode) -> Component | None:
    """Which component an error comes from; None where a mistake of ours says nothing of one.

    Only an error of the store speaks against the store, which must never be left alone for what
    another part does.
    """
    if isinstance(error, StorageError):
        return Component.STORE
    if mode is not Mode.FULL:
        return None
    return Component.FLEET if isinstance(error, ExogenesisError) else Component.VECTORS
