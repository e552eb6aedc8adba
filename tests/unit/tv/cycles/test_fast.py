"""Reflexive and reactive: one cycle for what came together, and a list that is ready."""

from __future__ import annotations

from collections.abc import Iterator

from exogenesis.tv.cycles import reactive, reflexive
from exogenesis.tv.loops import LoopType
from exogenesis.tv.memory import MemoryTier
from exogenesis.tv.observe import Signal
from tests.support.cycles import Workshop


def test_signals_become_tier_1_in_one_cycle_and_make_the_next_list_ready() -> None:
    shop, waiting, prepared = Workshop(), list[Signal](), list[int]()

    def take() -> int:
        taken = len(waiting)
        while waiting:
            shop.observer.signal(waiting.pop(0))
        return taken

    def prepare() -> Iterator[None]:
        for viewer in range(2):
            prepared.append(viewer)
            yield

    works = {LoopType.REFLEXIVE: reflexive(take), LoopType.REACTIVE: reactive(prepare)}
    engine = shop.engine(works)
    for title in ("t001", "t002", "t001"):
        waiting.append(Signal(kind="skip", title_id=title))
        engine.request(LoopType.REFLEXIVE)
    assert shop.memory.count(MemoryTier.INSTANT) == 0
    ended = engine.run_due(5.0)
    assert [(one.loop, dict(one.results)) for one in ended] == [
        (LoopType.REFLEXIVE, {"signals": 3}),
        (LoopType.REACTIVE, {"lists": 2}),
    ]
    assert shop.memory.count(MemoryTier.INSTANT) == 3
    assert prepared == [0, 1]
    assert engine.run_due(5.0) == []


def test_without_a_signal_no_list_is_made() -> None:
    engine = Workshop().engine({LoopType.REFLEXIVE: reflexive(lambda: 0)})
    engine.request(LoopType.REFLEXIVE)
    (output,) = engine.run_due(5.0)
    assert output.requests == ()
