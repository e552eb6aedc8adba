"""The two loops that only ever run because something has happened."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from exogenesis.tv.loops import Cycle, LoopType, Work


def reflexive(take: Callable[[], int]) -> Work:
    """Return the work of the reflexive loop: signals of the remote control become tier 1.

    Signals that come close together are taken at once. What was skipped is suppressed from then
    on, and the reactive loop makes the next list ready.

    Args:
        take: stores the signals that wait, and returns how many they were; under 1 ms.
    """

    def work(cycle: Cycle) -> Iterator[None]:
        taken = take()
        cycle.results["signals"] = taken
        if taken:
            cycle.ask(LoopType.REACTIVE, within_s=0)
        yield

    return work


def reactive(prepare: Callable[[], Iterator[None]]) -> Work:
    """Return the work of the reactive loop: the next list is ready before it is asked for.

    Args:
        prepare: makes the lists of the last few viewers, one a step.
    """

    def work(cycle: Cycle) -> Iterator[None]:
        for count, _ in enumerate(prepare(), start=1):
            cycle.results["lists"] = count
            yield

    return work
