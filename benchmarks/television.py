"""A television of the largest usual size, for the benchmarks: 10,000 titles and a pulled round.

As a program it measures itself: ``python benchmarks/television.py memory|start HOME PACK``.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

from exogenesis.core.effects import Clock
from exogenesis.core.limits import CONTENT_DIM, TASTE_DIM
from exogenesis.core.taste import TasteSpace, start_basis, title_weight
from exogenesis.core.titles import Title
from exogenesis.core.vectors import Floats, quantise, unit_rows
from exogenesis.sim.broadcast import Broadcast
from exogenesis.tv import Brain, BrainConfig, Catalog, ViewContext, ViewingEvent
from exogenesis.wire.fields import digest, signing_pair
from exogenesis.wire.pack import Pack, encode_pack

TITLES = 10_000
CLUSTERS = 200
PUBLISHED = 4_000
EVENTS = 1_000
_GENRES = ("comedy", "crime", "drama", "family", "fantasy", "history", "romance", "thriller")
_SEED = bytes(range(32))


def clustered(rows: int, dims: int, *, clusters: int, seed: int) -> Floats:
    """``(rows, dims)`` centred unit rows around cluster middles, within-cluster cosine about .6."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(clusters, dims))
    table = middles[rng.integers(clusters, size=rows)] + 0.8 * rng.normal(size=(rows, dims))
    return unit_rows((table - table.mean(axis=0)).astype(np.float32))


def large_pack(titles: int = TITLES) -> bytes:
    """A signed pack with clustered content; popularity falls along the catalogue."""
    content = clustered(titles, CONTENT_DIM, clusters=CLUSTERS, seed=1)
    codes, scales = quantise(content)
    named = tuple(
        Title(
            id=f"t{row:05}",
            name=f"Title {row}",
            year=1960 + row % 65,
            genres=(_GENRES[row % len(_GENRES)],),
            minutes=60 + row % 90,
            age=(0, 6, 12, 16)[row % 4],
            popularity=1e5 / (row + 1),
        )
        for row in range(titles)
    )
    pack = Pack(
        lineage="benchmark",
        lineage_id=b"bnch",
        encoder="random",
        titles=named,
        content_codes=codes,
        content_scales=scales,
        basis=start_basis(content).astype(np.float16),
    )
    return encode_pack(pack, signing_pair(_SEED)[1])


def published_round(titles: int = TITLES, published: int = PUBLISHED) -> TasteSpace:
    """A made-up round: the first titles have taste vectors, the others none."""
    vectors = np.zeros((titles, TASTE_DIM), np.float32)
    vectors[:published] = clustered(published, TASTE_DIM, clusters=40, seed=2)
    counts = np.zeros(titles, np.float32)
    counts[:published] = np.linspace(1000, 10, published)
    known = np.arange(titles) < published
    return TasteSpace(
        round=1,
        sigma=np.linspace(30, 1, TASTE_DIM).astype(np.float32),
        vectors=vectors,
        weights=np.where(known, title_weight(counts), np.float32(1.0)).astype(np.float32),
        published=known,
    )


def open_large(home: Path | None, pack: bytes, *, clock: Clock = time.time_ns) -> Brain:
    """Open a television with the large pack; it pulls the round when it syncs."""
    catalog = Catalog.load(pack, signing_pair(_SEED)[0])
    broadcast = Broadcast(
        published_round(len(catalog)),
        lineage=catalog.lineage_id,
        pack=digest(pack),
        opens=clock() // 10**9 - 10,
        entropy=lambda count: bytes(count),
    )
    return Brain.open(
        BrainConfig(
            storage_path=home, worker_public=broadcast.worker_public, enrol_token=bytes(32)
        ),
        catalog=catalog,
        clock=clock,
        rng=np.random.default_rng(1),
        entropy=os.urandom,
        transport=broadcast,
    )


def fill(brain: Brain, *, events: int, seed: int = 3) -> None:
    """Store viewing events over the last hundred days, popular titles more often."""
    rng = np.random.default_rng(seed)
    titles = (TITLES * rng.random(events) ** 3).astype(int)
    times = int(time.time()) - np.sort(rng.integers(0, 100 * 86_400, events))[::-1]
    fractions = np.where(rng.random(events) < 0.7, 1.0, 0.2)
    for title, at, fraction in zip(titles, times, fractions, strict=True):
        brain.observe(ViewingEvent(title_id=f"t{title:05}", fraction=float(fraction), at=int(at)))


def _peak_mb() -> float:
    status = Path("/proc/self/status").read_text(encoding="ascii")
    (line,) = (line for line in status.splitlines() if line.startswith("VmHWM"))
    return int(line.split()[1]) * 1024 / 1e6


def child(what: str, home: Path, pack: Path) -> dict[str, float]:
    """Measure in a fresh process: ``memory`` or ``start``."""
    begins = time.perf_counter_ns()
    brain = open_large(home, pack.read_bytes())
    if what == "start":
        brain.recommend(ViewContext())
        return {"wall_ms": (time.perf_counter_ns() - begins) / 1e6}
    brain.consent(True)
    brain.sync()
    brain.recommend(ViewContext())
    fill(brain, events=EVENTS)
    brain.recommend(ViewContext())
    brain.tick(budget_ms=200.0)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return {
        "rss_mb": pages * os.sysconf("SC_PAGE_SIZE") / 1e6,
        "peak_mb": _peak_mb(),
    }


if __name__ == "__main__":
    print(json.dumps(child(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))))
