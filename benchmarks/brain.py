"""The figures of the television: latency, memory, start, search, and what writing costs.

CPU time is that of the calling thread. Everything that is compared was measured in one run.
Memory and start are measured in fresh processes (``television.py``).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import search
from television import EVENTS, TITLES, large_pack, open_large
from whole_loop import Row, machine

from exogenesis.tv import Brain, ViewContext, ViewingEvent

RESULTS = Path(__file__).with_name("results") / "brain.json"
CHILD = Path(__file__).with_name("television.py")
CALLS = 400
WRITES = 300
WARM = 5
_PAGE = 4096


def percentiles(values_ms: list[float]) -> tuple[float, float]:
    """p50 and p99."""
    return float(np.percentile(values_ms, 50)), float(np.percentile(values_ms, 99))


def timed_ms(call: Callable[[], object], timer: Callable[[], int]) -> float:
    """How long a call takes by ``timer``, which counts nanoseconds."""
    begins = timer()
    call()
    return (timer() - begins) / 1e6


def recommend_rows(brain: Brain) -> Iterator[Row]:
    """Lists made afresh: before each, an event changes what is known."""
    rng = np.random.default_rng(5)
    cpu: list[float] = []
    wall: list[float] = []
    brain.tick(budget_ms=1000.0)
    for _ in range(WARM):
        brain.recommend(ViewContext())
    for title in rng.integers(TITLES, size=CALLS):
        event = ViewingEvent(title_id=f"t{title:05}", fraction=float(rng.random()))
        brain.observe(event)
        brain.tick(budget_ms=5.0)
        begins = time.perf_counter_ns()
        cpu.append(timed_ms(lambda: brain.recommend(ViewContext()), time.thread_time_ns))
        wall.append((time.perf_counter_ns() - begins) / 1e6)
    p50, p99 = percentiles(cpu)
    note = f"{TITLES} titles, {CALLS} calls, an event and the loops before each"
    yield Row(what="recommend, CPU p50, ms", measured=p50, bar=2.0, at_least=False, note=note)
    yield Row(what="recommend, CPU p99, ms", measured=p99, bar=5.0, at_least=False, note=note)
    yield Row(
        what="recommend, wall p99, all loops active and an observe before each call, ms",
        measured=percentiles(wall)[1],
        bar=15.0,
        at_least=False,
        note=f"p50 {percentiles(wall)[0]:.2f}",
    )


def observe_row(brain: Brain, folder: Path) -> Row:
    """A durable event against a bare write and fdatasync, taken in turns."""
    handle = os.open(folder / "bare", os.O_RDWR | os.O_CREAT)
    block = os.urandom(_PAGE)

    def bare() -> None:
        os.write(handle, block)
        os.fdatasync(handle)

    rng = np.random.default_rng(6)
    ours: list[float] = []
    theirs: list[float] = []
    for title in rng.integers(TITLES, size=WRITES):
        event = ViewingEvent(title_id=f"t{title:05}", fraction=0.9)
        ours.append(timed_ms(lambda event=event: brain.observe(event), time.perf_counter_ns))
        theirs.append(timed_ms(bare, time.perf_counter_ns))
    os.close(handle)
    own, other = percentiles(ours), percentiles(theirs)
    return Row(
        what="observe, durable, wall p99 by that of a bare 4 KiB write and fdatasync",
        measured=own[1] / other[1],
        bar=3.0,
        at_least=False,
        note=f"p50 {own[0]:.2f} ms and {other[0]:.2f} ms, p99 {own[1]:.2f} ms and {other[1]:.2f}",
    )


def in_a_child(what: str, home: Path, pack: Path) -> dict[str, float]:
    """Run ``television.py`` in a process of its own, without what the benchmark has loaded."""
    command = [sys.executable, str(CHILD), what, str(home), str(pack)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def search_rows() -> Iterator[Row]:
    """50 of 10,000 under a mask that keeps nine of ten, with the SIMD kernel and with numpy."""
    told = search.bars()
    for name, bar_ms in (("simd", 1.0), ("numpy", 3.0)):
        found = told[name]
        yield Row(
            what=f"search 50 of 10,000 x 384, masked, {name}, CPU p50, ms",
            measured=found["p50_us"] / 1000,
            bar=bar_ms,
            at_least=False,
            note=f"p99 {found['p99_us'] / 1000:.2f} ms",
        )
        yield Row(
            what=f"search 50 of 10,000 x 384, masked, {name}, recall@50",
            measured=found["recall_mean"],
            bar=0.99,
            at_least=True,
        )


def measure() -> list[Row]:
    """Measure every row and write the results file."""
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="omega-bench-") as name:
        folder = Path(name)
        pack = folder / "large.pack"
        pack.write_bytes(large_pack())
        home = folder / "home"
        memory = in_a_child("memory", home, pack)
        rows.append(
            Row(
                what=f"resident memory, {TITLES} titles after {EVENTS} events, MB",
                measured=memory["rss_mb"],
                bar=100.0,
                at_least=False,
                note=f"peak {memory['peak_mb']:.0f}, the benchmark's own pack included",
            )
        )
        starts = [in_a_child("start", home, pack)["wall_ms"] for _ in range(3)]
        rows.append(
            Row(
                what="open to first recommendation, warm store, wall ms",
                measured=float(np.median(starts)),
                bar=1000.0,
                at_least=False,
                note="median of three fresh processes, imports not counted",
            )
        )
        brain = open_large(home, pack.read_bytes())
        rows += recommend_rows(brain)
        rows.append(observe_row(brain, folder))
        brain.close()
    rows += search_rows()
    write(rows)
    return rows


def write(rows: list[Row]) -> None:
    """Write the results file."""
    results: dict[str, Any] = {
        "machine": machine(),
        "rows": [asdict(row) | {"passed": row.passed} for row in rows],
    }
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
