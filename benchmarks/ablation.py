"""What each part of the brain is worth: it is taken away, and invented households live without it.

    python benchmarks/ablation.py [--lives N] [--days N]

Each variant sees the same lives. Written are the mean NDCG@10 of each kind of list (see
``exogenesis.sim.ablation``) and, for every part, what its absence costs, with a paired bootstrap
interval over the lives. Writes ``results/ablation.json``.
"""

from __future__ import annotations

import json
import multiprocessing
import sys
from functools import cache
from pathlib import Path
from typing import Any

import click
import numpy as np
from whole_loop import machine

from exogenesis.core.ranking import RankerSettings
from exogenesis.sim.ablation import KINDS, Stage, Viewer, prepare, variants
from exogenesis.sim.life import LifeSettings
from exogenesis.sim.world import WorldSettings

RESULTS = Path(__file__).with_name("results") / "ablation.json"
TERMS = (
    "full_weight",
    "content_weight",
    "popularity_weight",
    "session_weight",
    "core_weight",
    "fact_weight",
    "rhythm_weight",
    "fatigue_weight",
    "instant_weight",
    "diversity",
)
WORLD = WorldSettings(households=150, titles=500, finished=40.0)
SEED = 1
DRAWS = 2000
PROCESSES = 2
FIRST_LIFE = 100
"""The weights were looked at on lives of smaller numbers."""

Told = dict[str, list[float]]


@cache
def stage(days: int) -> Stage:
    """The town, once for each process."""
    return prepare(WORLD, LifeSettings(days=days), seed=SEED)


def live(task: tuple[int, int, int]) -> tuple[int, int, Told]:
    """Live one life without one part."""
    part, number, days = task
    variant = variants(RankerSettings(), TERMS)[part]
    return part, number, Viewer(stage(days), variant, FIRST_LIFE + number).live()


def mean(told: list[float]) -> float:
    return float(np.mean(told)) if told else float("nan")


def cost(whole: list[Told], without: list[Told], kind: str) -> dict[str, float] | None:
    """Mean loss by life, and its 95 % interval."""
    pairs = [
        mean(one[kind]) - mean(other[kind])
        for one, other in zip(whole, without, strict=True)
        if one[kind] and other[kind]
    ]
    if not pairs:
        return None
    losses = np.array(pairs)
    rng = np.random.default_rng(0)
    drawn = losses[rng.integers(len(losses), size=(DRAWS, len(losses)))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return {"loss": float(losses.mean()), "low": float(low), "high": float(high)}


def table(told: dict[tuple[int, int], Told], lives: int) -> list[dict[str, Any]]:
    """One row for each part."""
    rows = []
    for part, variant in enumerate(variants(RankerSettings(), TERMS)):
        own = [told[part, number] for number in range(lives)]
        whole = [told[0, number] for number in range(lives)]
        rows.append(
            {
                "without": variant.name,
                "ndcg10": {kind: mean([v for one in own for v in one[kind]]) for kind in KINDS},
                "costs": {kind: cost(whole, own, kind) for kind in KINDS} if part else {},
            }
        )
    return rows


@click.command()
@click.option("--lives", default=8, show_default=True, help="Households that live.")
@click.option("--days", default=120, show_default=True, help="Days of each life.")
def main(lives: int, days: int) -> None:
    """Measure, print the table and write the results."""
    parts = len(variants(RankerSettings(), TERMS))
    tasks = [(part, number, days) for number in range(lives) for part in range(parts)]
    told: dict[tuple[int, int], Told] = {}
    context = multiprocessing.get_context("spawn")
    with (
        context.Pool(PROCESSES) as pool,
        click.progressbar(length=len(tasks), label="Living", file=sys.stderr) as bar,
    ):
        for part, number, found in pool.imap_unordered(live, tasks):
            told[part, number] = found
            bar.update(1)
    rows = table(told, lives)
    results = {"machine": machine(), "lives": lives, "days": days, "rows": rows}
    RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    click.echo(f"{'without':28}" + "".join(f"{kind:>10}" for kind in KINDS))
    for row in rows:
        values = "".join(f"{row['ndcg10'][kind]:10.3f}" for kind in KINDS)
        click.echo(f"{row['without']:28}{values}")


if __name__ == "__main__":
    main()
