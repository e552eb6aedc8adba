from __future__ import annotations

from exogenesis.sim.clock import SharedClock
from exogenesis.sim.processes import SPAWN


def test_time_moves_on_when_told_and_never_back() -> None:
    clock = SharedClock(SPAWN, 1_000)
    assert (clock(), clock.seconds) == (1_000_000_000_000, 1_000)
    clock.advance_to(1_600)
    assert clock.seconds == 1_600
    clock.advance_to(1_500)
    assert clock.seconds == 1_600
