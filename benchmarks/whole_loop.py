"""The figures of the whole loop: quality on real ratings, bytes on the wire, syncs a second."""

from __future__ import annotations

import json
import os
import platform
import sys
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from movielens import movielens_folder
from syncs import SyncRate, sync_rate

from exogenesis.core.limits import (
    ENVELOPES_PER_PUSH,
    PAGE_BYTES_MAX,
    PAGE_ROWS_MAX,
    PUSH_BYTES_MAX,
    TASTE_DIM,
    TITLES_MAX,
)
from exogenesis.errors import InputError
from exogenesis.sim.evaluation import experiment, tables
from exogenesis.sim.evaluation.dataset import read_folder
from exogenesis.sim.evaluation.settings import frozen_settings
from exogenesis.wire.envelope import seal
from exogenesis.wire.fields import box_public, signing_pair
from exogenesis.wire.page import Page, Rows, encode_page
from exogenesis.wire.push import PushHeader, encode_push
from exogenesis.wire.skill import SKILL_BYTES

RESULTS = Path(__file__).with_name("results") / "whole_loop.json"
SEEDS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One measured figure and its bar.

    Attributes:
        what: what was measured.
        measured: the figure.
        bar: what it must reach.
        at_least: whether more is better; otherwise the bar is a limit.
        note: spread, or what stands beside it.
    """

    what: str
    measured: float
    bar: float
    at_least: bool
    note: str = ""

    @property
    def passed(self) -> bool:
        """Whether the bar holds."""
        return self.measured >= self.bar if self.at_least else self.measured <= self.bar


def quality_rows(report: dict[str, Any]) -> Iterator[Row]:
    """The rows that come from the evaluation."""
    models = report["models"]
    for what, name, bar in (
        ("federated, all anchors, mean of rounds 2 to 4, ratio to EASE",
         "federated_mean_r2_r4", 0.94),
        ("television's ranking on top (brain), ratio to EASE", "brain", 0.96),
        ("sealed, 40 anchors, dial .25 / 1, ten draws, mean of rounds 2 to 4, ratio to EASE",
         "sealed_x10_mean_r2_r4", 0.86),
    ):  # fmt: skip
        ratio = models[name]["ratio_to_ease"]
        note = f"95 % {ratio['low']:.3f} .. {ratio['high']:.3f}, sd over seeds {ratio['sd']:.3f}"
        yield Row(what=what, measured=ratio["value"], bar=bar, at_least=True, note=note)
    local = models["local_content"]["ndcg10"]
    yield Row(
        what="television's ranking (brain) against local-only content, times",
        measured=models["brain"]["ndcg10"] / local,
        bar=2.5,
        at_least=True,
        note=f"NDCG@10 {models['brain']['ndcg10']:.4f} against {local:.4f}",
    )


def wire_rows() -> Iterator[Row]:
    """Sizes on worst-case random content: nothing in it can be compressed or left out."""
    rng = np.random.default_rng(1)
    public = box_public(rng.bytes(32))
    envelopes = [
        seal(rng.bytes(SKILL_BYTES), public, rng.bytes(32)) for _ in range(ENVELOPES_PER_PUSH)
    ]
    most = (1 << 32) - 1
    header = PushHeader(device=rng.bytes(16), epoch=most, seq=most, round=most, sent_at=most)
    push = len(encode_push(header, envelopes, rng.bytes(32)))
    yield Row(what="push, bytes", measured=push, bar=PUSH_BYTES_MAX, at_least=False)
    rows = Rows(
        indices=TITLES_MAX - 1 - np.arange(PAGE_ROWS_MAX),
        codes=rng.integers(-127, 128, (PAGE_ROWS_MAX, TASTE_DIM)).astype(np.int8),
        scales=rng.random(PAGE_ROWS_MAX).astype(np.float16),
        weights=np.full(PAGE_ROWS_MAX, 0.1, np.float16),
    )
    page = Page(lineage=rng.bytes(4), round=most, number=0, rows=rows)
    size = len(encode_page(page, signing_pair(rng.bytes(32))[1]))
    yield Row(what="page, bytes", measured=size, bar=PAGE_BYTES_MAX, at_least=False)


def sync_row(rate: SyncRate) -> Row:
    """The throughput row."""
    return Row(
        what="push-bearing syncs a second, sealed codec, no sockets, 2 processes",
        measured=rate.a_second,
        bar=1000.0,
        at_least=True,
        note=f"{rate.cpu_ms:.2f} ms CPU a sync, of which bare boxes {rate.boxes_cpu_ms:.2f} ms",
    )


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    try:
        listed = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        listed = []
    names = [line.partition(":")[2].strip() for line in listed if line.startswith("model name")]
    return {
        "processor": names[0] if names else platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "numpy": np.__version__,
    }


def evaluation() -> dict[str, Any] | None:
    """The report of ``omega eval``; None, and a word on it, where the ratings are missing."""
    try:
        data = movielens_folder()
    except InputError as error:
        click.echo(f"{error}\nQuality is left out; what needs no data is measured.", err=True)
        return None
    folder, settings = read_folder(data), frozen_settings()
    with click.progressbar(
        length=experiment.steps(SEEDS), label="Evaluating", file=sys.stderr
    ) as bar:
        found = experiment.evaluate(
            folder.dataset("test"), settings, seeds=SEEDS, step=lambda: bar.update(1)
        )
    return tables.report(folder, found, settings, seeds=SEEDS)


def measure() -> list[Row]:
    """Measure every row; with the ratings at hand the results file is written anew."""
    report = evaluation()
    rows = [] if report is None else list(quality_rows(report))
    rows += [*wire_rows(), sync_row(sync_rate())]
    if report is not None:
        results = {
            "machine": machine(),
            "rows": [asdict(row) | {"passed": row.passed} for row in rows],
            "evaluation": report,
        }
        RESULTS.parent.mkdir(exist_ok=True)
        RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        click.echo(f"wrote {RESULTS}", err=True)
    return rows
