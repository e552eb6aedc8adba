"""Televisions that are killed: a child observes and acknowledges, and dies at any moment.

Run as a program of its own (one thread, so that it may fork): it prints what it found as JSON.

    python -m tests.support.killing CYCLES SEED after|early FOLDER
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import shutil
import signal
import struct
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np

from exogenesis.tv import ViewingEvent
from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.layout import rows_of
from tests.support.television import NOW, FakeClock, open_brain, small_catalog

CATALOG = small_catalog()
CYCLES_A_HOME = 50
LIFE_S = 0.02
"""No child lives longer after its first acknowledgement."""

_NUMBER = struct.Struct(">I")
FIRST_AT = NOW - 10_000_000
"""Events are known by their times: the n-th is this many seconds later."""


def live(home: Path, pipe: int, first: int, *, early: bool) -> None:
    """Observe one event after the other, and tell when each is stored; never returns."""
    brain = open_brain(CATALOG, clock=FakeClock(NOW), home=home)
    number = first
    while True:
        if early:
            os.write(pipe, _NUMBER.pack(number))
            time.sleep(LIFE_S / 4)  # most are killed while they have promised too much
        brain.observe(
            ViewingEvent(title_id=f"t{number % 120:03}", fraction=1.0, at=FIRST_AT + number)
        )
        if not early:
            os.write(pipe, _NUMBER.pack(number))
        number += 1


def kill_one(home: Path, first: int, rng: np.random.Generator, *, early: bool) -> list[int]:
    """Let a television live and kill it; returns the numbers that it acknowledged."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(reader)
            live(home, writer, first, early=early)
        finally:
            os._exit(1)
    os.close(writer)
    # Some die while the store is opened, most while they observe.
    opening = rng.random() < 0.2
    select.select([reader], [], [], rng.random() * LIFE_S if opening else 30.0)
    time.sleep(rng.random() * LIFE_S)
    with contextlib.suppress(ProcessLookupError):
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    told = b""
    while part := os.read(reader, 1 << 16):
        told += part
    os.close(reader)
    assert os.WIFSIGNALED(status), "the television ended by itself"
    whole = len(told) - len(told) % _NUMBER.size
    return [number for (number,) in _NUMBER.iter_unpack(told[:whole])]


def stored(home: Path) -> tuple[Counter[int], int, bool]:
    """How often each event is there, how many starts are counted, and whether it was damaged."""
    database = Database.open(home)
    connection = database._connection
    times = rows_of(connection, "SELECT created_at FROM memory WHERE tier = 3")
    ((starts,),) = rows_of(connection, "SELECT coalesce(sum(starts), 0) FROM skill")
    damaged = database.recovery is not None
    database.close()
    return Counter(at - FIRST_AT for (at,) in times), starts, damaged


def kill_many(cycles: int, seed: int, *, early: bool, folder: Path) -> dict[str, float]:
    """Kill ``cycles`` televisions; returns what was lost, doubled, torn and more than expected."""
    rng = np.random.default_rng(seed)
    found = {"acknowledged": 0, "lost": 0, "doubled": 0, "torn": 0, "damaged": 0, "extra": 0}
    began = time.perf_counter()
    for cycle in range(cycles):
        if cycle % CYCLES_A_HOME == 0:
            home = folder / str(cycle)
            expected: set[int] = set()
            first = 0
        told = kill_one(home, first, rng, early=early)
        expected |= set(told)
        first += len(told) + 2  # the one after the last may be stored, and not told
        counts, starts, damaged = stored(home)
        found["acknowledged"] += len(told)
        found["lost"] += len(expected - set(counts))
        found["doubled"] += sum(count > 1 for count in counts.values())
        found["torn"] += starts != counts.total()
        found["damaged"] += damaged
        found["extra"] += max(0, len(set(counts) - expected) - 1)
        expected = set(counts)
        if cycle % CYCLES_A_HOME == CYCLES_A_HOME - 1:
            shutil.rmtree(home)
    minutes = (time.perf_counter() - began) / 60
    return {**found, "cycles_per_minute": round(cycles / minutes)}


if __name__ == "__main__":
    cycles_, seed_, acknowledge, folder_ = sys.argv[1:]
    print(
        json.dumps(
            kill_many(int(cycles_), int(seed_), early=acknowledge == "early", folder=Path(folder_))
        )
    )
