"""The evolutionary loop: the ranking's settings, tried on the household's own history."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator

from exogenesis.tv.loops import Cycle, LoopType, Work

ACCEPTED = "accepted"


def evolutionary(
    *,
    check: Callable[[int], Generator[None, None, int]],
    improve: Callable[[int], Generator[None, None, str]],
    use: Callable[[], None],
) -> Work:
    """Return the work of the evolutionary loop.

    First the settings in use are looked after, then others are tried. A cycle that was cut off
    begins anew: nothing is changed before its end.

    Args:
        check: rolls back what does harm at a Unix time; its value is how often.
        improve: searches and judges at a Unix time; its value is the verdict.
        use: makes the next list use the settings that are in force.
    """

    def work(cycle: Cycle) -> Iterator[None]:
        rollbacks = yield from check(cycle.at)
        if rollbacks:
            use()
        verdict = yield from improve(cycle.at)
        cycle.results |= {"rollbacks": rollbacks, "verdict": verdict}
        if verdict == ACCEPTED:
            use()
        if rollbacks or verdict == ACCEPTED:
            cycle.ask(LoopType.REACTIVE, within_s=0)

    return work
