"""How long work stays out of a list's way: slices, a thread, or a second process beside it.

One television of 10,000 titles and 1,000 events, each list made afresh: before each, an event
changes what is known. The long work is the same everywhere: the nightly cycle and the learning of
the loops, again and again. What is measured is the wall time of `recommend` alone, and in the row
of the slices also that of a whole slice, which is how long a list would wait that is asked for at
the worst moment.

    python benchmarks/interference.py

writes results/interference.json. In the row of the slices the list is not made in advance, as the
reactive loop would do.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from television import _SEED, TITLES, fill, large_pack, open_large
from whole_loop import machine

from exogenesis.tv import Brain, ViewContext, ViewingEvent
from exogenesis.tv.loops import LoopType
from exogenesis.tv.runtime import Ladder, Substrate
from exogenesis.tv.runtime.ways import FULL, WRITE
from exogenesis.wire.fields import signing_pair

RESULTS = Path(__file__).with_name("results") / "interference.json"
EVENTS = 1_000
BLOCK = 10
BLOCKS = 20
SLICE_MS = 5.0
SWITCH_S = 0.0005
_REST_S = 0.05
_BEGIN_S = 3.0
_ANYHOW = Ladder(name="recommend", ways=(FULL,))

Figures = dict[str, float]


def percentiles(values_ms: list[float]) -> Figures:
    """p50, p99 and the worst, in milliseconds."""
    return {
        "p50_ms": round(float(np.percentile(values_ms, 50)), 2),
        "p99_ms": round(float(np.percentile(values_ms, 99)), 2),
        "most_ms": round(max(values_ms), 2),
    }


class Lists:
    """Wall times of lists made afresh, and how much of them was waiting for the processor."""

    def __init__(self) -> None:
        self.taken_ms: list[float] = []
        self.waited_ms: list[float] = []

    def make(self, brain: Brain, rng: np.random.Generator, between: Callable[[], None]) -> None:
        """Make one list after an event; ``between`` runs before it."""
        title = int(rng.integers(TITLES))
        brain.observe(ViewingEvent(title_id=f"t{title:05}", fraction=float(rng.random())))
        between()
        begun, cpu = time.perf_counter_ns(), time.thread_time_ns()
        brain.recommend(ViewContext())
        own = time.thread_time_ns() - cpu
        passed = time.perf_counter_ns() - begun
        self.taken_ms.append(passed / 1e6)
        self.waited_ms.append((passed - own) / 1e6)

    def figures(self) -> dict[str, Figures]:
        """Percentiles of both."""
        return {"wall": percentiles(self.taken_ms), "waiting": percentiles(self.waited_ms)}


class Slices:
    """Always something to do: the loops are asked for again when they have ended."""

    def __init__(self, brain: Brain) -> None:
        self.brain = brain
        self.taken_ms: list[float] = []
        self.cycles = 0

    def __call__(self) -> None:
        engine = self.brain._upkeep._engine
        engine.request(LoopType.DELIBERATIVE, within_s=0)
        self.brain._upkeep._asked.clear()  # or the reactive loop would have made the list
        engine.request(LoopType.ADAPTIVE, within_s=0)
        begun = time.perf_counter_ns()
        self.cycles += len(self.brain.tick(SLICE_MS))
        self.taken_ms.append((time.perf_counter_ns() - begun) / 1e6)


def work(pack: bytes, go_on: Callable[[], bool]) -> None:
    """The long work on a television of its own, for as long as it may go on."""
    brain = open_large(None, pack)
    fill(brain, events=EVENTS)
    while go_on():
        brain.run_loop(LoopType.ADAPTIVE)
        brain.run_loop(LoopType.DELIBERATIVE)
        brain._parts.learning.rebuild_at_once("home", int(time.time()))
    brain.close()


class ThreadBeside:
    """The long work in a thread of this interpreter; it rests outside the blocks."""

    def __init__(self, pack: bytes) -> None:
        self._may_run = threading.Event()
        self._ended = False
        self._thread = threading.Thread(target=work, args=(pack, self._go_on))
        self._thread.start()

    def _go_on(self) -> bool:
        self._may_run.wait()
        return not self._ended

    @contextmanager
    def busy(self, switch_s: float | None = None) -> Iterator[None]:
        """Let it work in the block."""
        before = sys.getswitchinterval()
        sys.setswitchinterval(before if switch_s is None else switch_s)
        self._may_run.set()
        try:
            yield
        finally:
            self._may_run.clear()
            time.sleep(_REST_S)
            sys.setswitchinterval(before)

    def end(self) -> None:
        """Let it come to its end."""
        self._ended = True
        self._may_run.set()
        self._thread.join()


class ProcessBeside:
    """The long work in a process of its own; it is stopped outside the blocks."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, __file__, "work", str(folder)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self._process.stdout.readline()  # it has begun
        self._process.send_signal(signal.SIGSTOP)

    @contextmanager
    def busy(self) -> Iterator[None]:
        """Let it work in the block."""
        self._process.send_signal(signal.SIGCONT)
        try:
            yield
        finally:
            self._process.send_signal(signal.SIGSTOP)

    def end(self) -> None:
        """Kill it."""
        self._process.kill()
        self._process.wait()


_RESIDENT = """
import os, resource, sys, time
import numpy as np
from pathlib import Path
from exogenesis.tv import Brain, BrainConfig, Catalog
from exogenesis.tv.loops import LoopType
catalog = Catalog.load(Path(sys.argv[1]), bytes.fromhex(sys.argv[2]))
brain = Brain.open(BrainConfig(), catalog=catalog, clock=time.time_ns,
                   rng=np.random.default_rng(1), entropy=os.urandom)
brain.run_loop(LoopType.ADAPTIVE)
brain.run_loop(LoopType.DELIBERATIVE)
pages = int(Path("/proc/self/statm").read_text().split()[1])
print(pages * resource.getpagesize() / 2**20)
"""


def resident_mb(pack: Path) -> float:
    """Memory that a second process needs to do the loops' work, in MB."""
    command = [sys.executable, "-c", _RESIDENT, str(pack), signing_pair(_SEED)[0].hex()]
    return float(subprocess.run(command, check=True, capture_output=True).stdout)


def child() -> None:
    """The second process: the long work on a television of its own."""
    pack = (Path(sys.argv[2]) / "pack").read_bytes()
    print("begun", flush=True)
    work(pack, lambda: True)


def measure() -> dict[str, Any]:
    """Measure the ways in turn, a few lists each, so that all see the same weather."""
    pack = large_pack()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "pack").write_bytes(pack)
        brain = open_large(Path(folder) / "tv", pack)
        brain.consent(True)
        brain.sync()
        fill(brain, events=EVENTS)
        while brain.tick(1000.0):
            pass
        # One way of making lists, however slow: what is compared must be the same.
        brain._upkeep.substrate = Substrate([_ANYHOW, WRITE])
        sliced, thread, process = (
            Slices(brain),
            ThreadBeside(pack),
            ProcessBeside(Path(folder)),
        )
        ways: dict[str, tuple[Callable[[], None], Callable[[], AbstractContextManager[None]]]] = {
            "nothing": (_nothing, nullcontext),
            "slices of 5 ms between lists": (sliced, nullcontext),
            "a thread": (_nothing, thread.busy),
            "a thread, switched every 0.5 ms": (_nothing, lambda: thread.busy(SWITCH_S)),
            "a second process": (_nothing, process.busy),
        }
        measured = {way: Lists() for way in ways}
        rng = np.random.default_rng(5)
        try:
            time.sleep(_BEGIN_S)  # until the others have filled their televisions
            for block in range(BLOCKS + 1):
                for way, (between, beside) in ways.items():
                    lists = Lists() if block == 0 else measured[way]
                    with beside():
                        for _ in range(BLOCK):
                            lists.make(brain, rng, between)
        finally:
            thread.end()
            process.end()
        brain.close()
        second_mb = resident_mb(Path(folder) / "pack")
    return {
        "machine": machine(),
        "titles": TITLES,
        "events": EVENTS,
        "lists": BLOCKS * BLOCK,
        "recommend": {way: lists.figures() for way, lists in measured.items()},
        "one_slice_wall": percentiles(sliced.taken_ms),
        "second_process_resident_mb": round(second_mb, 1),
    }


def _nothing() -> None:
    """Nothing runs between two lists."""


if __name__ == "__main__":
    if sys.argv[1:2] == ["work"]:
        child()
    else:
        figures = measure()
        RESULTS.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
        print(json.dumps(figures, indent=2))
