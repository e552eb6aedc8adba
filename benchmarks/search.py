"""Search by vector: CPU time and recall by index, mask and size; prints JSON.

``python benchmarks/search.py`` measures the bars at 10,000 titles (half a minute, with the graph);
``--sizes 10000,30000,100000`` the crossing point of scan and graph as well (minutes, since the
graph is built). One thread; times are CPU time of the calling thread, the median and the 99th
percentile over the queries; recall is against float64 brute force over the same codes.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click
import numpy as np

from exogenesis.core.vectors import Floats, Int8s, Mask, quantise, unit_rows
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.agentdb.graph import GraphIndex, graph_library, recall
from exogenesis.tv.agentdb.index import ExactIndex, Searchable
from exogenesis.tv.agentdb.scan import choose_scan
from exogenesis.tv.agentdb.table import FloatTable
from exogenesis.tv.persistence import Database

TITLES = 10_000
K = 50
QUERIES = 200
JUDGED = 60
"""Of so many queries recall is computed."""

KEEPS = (1.0, 0.9, 0.5, 0.3, 0.1, 0.02, 0.005)
MASKED = 0.9
"""What a household's mask keeps in the measurement of the bars: rating, window, not seen."""

_CLUSTER = 50


def table(count: int, *, clustered: bool, rng: np.random.Generator) -> Int8s:
    """Unit rows as int8: clusters of about 50 rows with cosine .6, or no structure at all."""
    middles = rng.normal(size=(max(1, count // _CLUSTER), 384)).astype(np.float32)
    codes = np.empty((count, 384), np.int8)
    for start in range(0, count, 5000):
        rows = rng.normal(size=(min(5000, count - start), 384)).astype(np.float32)
        if clustered:
            rows = 0.8 * rows + middles[rng.integers(len(middles), size=len(rows))]
        codes[start : start + len(rows)] = quantise(unit_rows(rows))[0]
    return codes


def queries(codes: Int8s, rng: np.random.Generator) -> Floats:
    """Unit rows near a row of the table, at a cosine of about .96."""
    rows = codes[rng.integers(len(codes), size=QUERIES)].astype(np.float32)
    return unit_rows(unit_rows(rows) + 0.3 * unit_rows(rng.normal(size=rows.shape)).astype("f4"))


def timed(call: Callable[[int], object], times: int) -> dict[str, float]:
    """Microseconds of CPU time of ``call(i)``, the first ten not counted."""
    spent = []
    for i in range(times):
        started = time.thread_time_ns()
        call(i)
        spent.append(time.thread_time_ns() - started)
    kept = np.array(spent[10:]) / 1e3
    return {
        "p50_us": round(float(np.median(kept)), 1),
        "p99_us": round(float(np.percentile(kept, 99)), 1),
    }


class Truth:
    """Cosines of all rows to the first queries, in float64."""

    def __init__(self, codes: Int8s, asked: Floats) -> None:
        lengths = np.linalg.norm(codes.astype(np.float32), axis=1)
        wide = asked[:JUDGED].T.astype(np.float64)
        blocks = [
            codes[start : start + 5000].astype(np.float64) @ wide
            for start in range(0, len(codes), 5000)
        ]
        self._cosines = np.concatenate(blocks) / lengths[:, None]

    def best(self, query: int, k: int, mask: Mask) -> list[int]:
        """The ``k`` best rows that the mask allows."""
        allowed = np.flatnonzero(mask)
        return allowed[np.argsort(-self._cosines[allowed, query])[:k]].tolist()


def measured(
    index: Searchable, truth: Truth, asked: Floats, *, k: int, keep: float
) -> dict[str, float]:
    """Time and recall of one index under a mask that keeps a share of the rows."""
    count = len(index.keys)
    mask = np.random.default_rng(1).random(count) < keep
    given = mask if keep < 1.0 else None
    shares = [
        recall(index.search(query, k, given).keys.tolist(), truth.best(at, k, mask))
        for at, query in enumerate(asked[:JUDGED])
    ]
    found = timed(lambda i: index.search(asked[i], k, given), QUERIES)
    return found | {
        "recall_mean": round(float(np.mean(shares)), 4),
        "recall_min": round(float(np.min(shares)), 4),
    }


def by_size(count: int, *, clustered: bool) -> dict[str, Any]:
    """Scan and graph at one size, with and without masks."""
    rng = np.random.default_rng(0)
    codes, keys = table(count, clustered=clustered, rng=rng), np.arange(count)
    asked = queries(codes, rng)
    truth = Truth(codes, asked)
    indexes: dict[str, Searchable] = {
        "exact_simd": ExactIndex(keys, codes, choose_scan()),
        "exact_numpy": ExactIndex(keys, codes, choose_scan([])),
    }
    result: dict[str, Any] = {"rows": count, "clustered": clustered}
    if graph_library() is not None:
        started = time.process_time()
        graph = GraphIndex(keys, codes, choose_scan(), m=32, ef=100, ef_add=128)
        result["graph_build_us_per_row"] = round((time.process_time() - started) / count * 1e6, 1)
        result["graph_file_bytes_per_row"] = round(len(graph.save()) / count)
        indexes["hnsw"] = graph
        walk = GraphIndex(
            keys, codes, choose_scan(), m=32, ef=100, ef_add=128, scan_rows=0, saved=graph.save()
        )
        indexes["hnsw walk"] = walk
    for name, index in indexes.items():
        result[name] = {
            f"top {k}, {100 * keep:g} %": measured(index, truth, asked, k=k, keep=keep)
            for k in (10, K)
            for keep in KEEPS
        }
    return result


def bars() -> dict[str, Any]:
    """What the targets ask for: 50 of 10,000 x 384, masked, by way of multiplying."""
    rng = np.random.default_rng(0)
    codes, keys = table(TITLES, clustered=True, rng=rng), np.arange(TITLES)
    asked = queries(codes, rng)
    truth = Truth(codes, asked)
    simd, plain = choose_scan(), choose_scan([])
    floats = unit_rows(codes.astype(np.float32))
    return {
        "simd_installed": simd.name == "simd",
        "simd": measured(ExactIndex(keys, codes, simd), truth, asked, k=K, keep=MASKED),
        "numpy": measured(ExactIndex(keys, codes, plain), truth, asked, k=K, keep=MASKED),
        "float32 table": measured(FloatTable(floats), truth, asked, k=K, keep=MASKED),
        "bytes": {
            "int8 index": codes.nbytes + 12 * TITLES,
            "float32 table": floats.nbytes,
        },
    }


def store() -> dict[str, Any]:
    """The table ``vector``, full: search with a predicate, one more vector, and opening it."""
    rng = np.random.default_rng(0)
    codes = table(TITLES, clustered=True, rng=rng)
    database = Database.open(None)
    now = iter(range(1_800_000_000, 1_900_000_000))
    db = AgentDB(database, codes[:1].astype(np.float32), now=lambda: next(now))
    database.run_many(
        "agentdb_add_vector",
        [
            {
                "codes": row.tobytes(),
                "scale": 0.01,
                "metadata": json.dumps({"genre": f"g{at % 10}", "year": 1950 + at % 70}),
                "now": 1_800_000_000,
            }
            for at, row in enumerate(codes)
        ],
    )
    started = time.process_time()
    db.vector_stats()
    opened_ms = (time.process_time() - started) * 1e3
    asked = queries(codes, rng)
    result = {
        "open_ms": round(opened_ms, 1),
        "search": timed(lambda i: db.vector_search(asked[i], K), QUERIES),
        "search, one field": timed(
            lambda i: db.vector_search(asked[i], K, {"genre": "g3"}), QUERIES
        ),
        "search, one function": timed(
            lambda i: db.vector_search(asked[i], K, lambda m: m["year"] < 1990), 60
        ),
        "store, evicting one": timed(lambda i: db.vector_store(asked[i]), 60),
    }
    database.close()
    return result


_RESIDENT = """
import numpy as np
from exogenesis.tv.agentdb import *
from exogenesis.tv.agentdb.table import FloatTable
def resident():
    lines = open("/proc/self/status").read().splitlines()
    return int(next(line for line in lines if line.startswith("VmRSS")).split()[1]) / 1024
keys, codes = np.arange(10_000), np.ones((10_000, 384), np.int8)
codes[keys, keys % 384] = keys % 127
np.ones((384, 384), np.float32) @ np.ones((384, 384), np.float32)
before = resident()
index = {make}
index.search(codes[7].astype(np.float32), 50)
print(resident() - before)
"""
_MAKES = {
    "float32 table": "FloatTable(codes.astype(np.float32))",
    "int8, simd": "build_index(keys, codes.copy(), choose_scan(), IndexSettings())",
    "int8, numpy": "build_index(keys, codes.copy(), choose_scan([]), IndexSettings())",
    "hnsw": 'build_index(keys, codes.copy(), choose_scan(), IndexSettings(kind="hnsw"))',
}


def resident_mib() -> dict[str, float]:
    """What each way to search 10,000 titles adds to a process that has numpy, in MiB."""
    found = {}
    for name, make in _MAKES.items():
        if name == "hnsw" and graph_library() is None:
            continue
        run = [sys.executable, "-c", _RESIDENT.replace("{make}", make)]
        answer = subprocess.run(run, check=True, capture_output=True, text=True)
        found[name] = round(float(answer.stdout), 1)
    return found


@click.command()
@click.option("--sizes", default="10000", help="Rows to compare scan and graph at.")
@click.option("--out", type=click.Path(path_type=Path), help="Write the JSON there as well.")
def main(sizes: str, out: Path | None) -> None:
    """Measure and print."""
    result = {
        "machine": f"{platform.machine()}, numpy {np.__version__}, 1 thread",
        "bars": bars(),
        "resident_mib": resident_mib(),
        "store": store(),
        "sizes": [
            by_size(count, clustered=clustered)
            for count in map(int, sizes.split(","))
            for clustered in (True, False)
            if clustered or count == TITLES
        ],
    }
    text = json.dumps(result, indent=2)
    click.echo(text)
    if out is not None:
        out.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
