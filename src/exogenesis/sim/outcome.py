"""A fleet's run, measured: everything that the report and the picture show, as plain values."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from exogenesis.core.titles import Title
from exogenesis.core.vectors import Indices
from exogenesis.sim.evaluation.baselines import fit_ease, fit_popularity
from exogenesis.sim.evaluation.federated import television_lists
from exogenesis.sim.evaluation.metrics import Quality, best_lists, measure, padded
from exogenesis.sim.evaluation.settings import frozen_settings
from exogenesis.sim.fleet import (
    Advance,
    Fleet,
    FleetSettings,
    Stage,
    Television,
    open_fleet,
)
from exogenesis.sim.households import Dataset
from exogenesis.sim.processes import OpenedEnvelope
from exogenesis.sim.scenario import Scenario
from exogenesis.tv import LedgerEntry, Recommendation
from exogenesis.wire.push import PUSH_BYTES, decode_push

LISTED = 5
"""Titles shown of each list."""

KINDS = ("enrol", "manifest", "pages", "push")
_RECENT = 3
_VECTOR_HEAD = 4


def run(
    scenario: Scenario, settings: FleetSettings, *, folder: Path, advance: Advance
) -> dict[str, Any]:
    """Run a fleet and measure it.

    Args:
        scenario: what is run.
        settings: how.
        folder: an empty folder for the homes of server and worker.
        advance: progress; see :func:`exogenesis.sim.fleet.steps`.

    Returns:
        Plain values, ready for JSON.

    Raises:
        ChildFailed: the server or the worker failed.
        NetworkError, RemoteError, RefusedError: a television could not sync.
    """
    with (
        threadpool_limits(limits=1),  # small matrices: more threads only wait for each other
        open_fleet(
            scenario.tenants,
            pack=scenario.pack,
            catalog_public=scenario.catalog_public,
            folder=folder,
            start_s=scenario.start_s,
            settings=settings,
        ) as fleet,
    ):
        stages = list(fleet.run(advance))
        return _facts(scenario, settings, fleet, stages)


def _facts(
    scenario: Scenario, settings: FleetSettings, fleet: Fleet, stages: Sequence[Stage]
) -> dict[str, Any]:
    dataset, titles = scenario.dataset, fleet.catalog.titles
    qualities = [measure(_lists(fleet, stage), dataset) for stage in stages]
    typical, hits = _typical(qualities[-1])
    household = dataset.evaluated[typical]
    television = next(t for t in fleet.televisions if t.tenant.household is household)
    wanted = {titles[row].id for row in household.relevant}
    return {
        "dataset": {
            "name": dataset.name,
            "truth": scenario.truth,
            "simulated": scenario.simulated,
            "televisions": len(dataset.households),
            "evaluated": len(dataset.evaluated),
            "titles": dataset.titles,
            "finished": dataset.positives,
            "relevant": float(np.mean([len(h.relevant) for h in dataset.evaluated])),
            "pack_bytes": len(scenario.pack),
        },
        "settings": {
            "rounds": settings.rounds,
            "round_hours": settings.federation.length_s / 3600,
            "seed": settings.seed,
            "loss": settings.loss,
            "k": settings.federation.k,
            "dial": asdict(settings.federation.dial),
            "ease_lambda": frozen_settings().ease_lambda,
        },
        "models": _models(scenario.dataset, settings, qualities),
        "rounds": [asdict(stage.step.result) for stage in stages if stage.step is not None],
        "bytes": _bytes(fleet.televisions),
        "pushes": _pushes(fleet.televisions),
        "television": {
            "name": household.name,
            "among": hits,
            "finished": len(household.history),
            "lately": [titles[row].name for row in household.history[::-1][:_RECENT]],
            "ndcg10": [float(quality.ndcg10[typical]) for quality in qualities],
            "before": _shown(stages[0].shown[typical], wanted),
            "after": _shown(stages[-1].shown[typical], wanted),
        },
        "one_push": _views(television, stages[-1], titles),
    }


def _lists(fleet: Fleet, stage: Stage) -> Indices:
    index_of = fleet.catalog.index_of
    rows = [
        padded(np.array([index_of(entry.title_id) for entry in shown], np.int64))
        for shown in stage.shown
    ]
    return np.array(rows)


def _typical(quality: Quality) -> tuple[int, int]:
    """The household in the middle by NDCG@10 of those with a hit, and how many those are."""
    order = np.argsort(quality.ndcg10, kind="stable")
    hits = order[quality.ndcg10[order] > 0]
    middle = hits if len(hits) else order
    return int(middle[len(middle) // 2]), len(hits)


def _models(
    dataset: Dataset, settings: FleetSettings, qualities: Sequence[Quality]
) -> dict[str, dict[str, float]]:
    """The fleet's qualities by round among those of what it is compared with.

    ``local_only`` was measured on the televisions before their first pull; their pack's
    popularity is 0. ``local_popularity`` is the same ranking with a pack that counts the
    histories of all households, which nobody here could have collected.
    """
    ease = fit_ease(dataset, lam=frozen_settings().ease_lambda)
    offline = television_lists(dataset, None, settings.ranker)
    found = {
        "popularity": measure(best_lists(fit_popularity(dataset), dataset), dataset),
        "local_only": qualities[0],
        "local_popularity": measure(offline, dataset),
        **{f"federated_r{number}": q for number, q in enumerate(qualities[1:], start=1)},
        "ease": measure(best_lists(ease, dataset), dataset),
    }
    return {
        name: {
            "ndcg10": float(quality.ndcg10.mean()),
            "recall20": float(quality.recall20.mean()),
            "hr10": float(quality.hr10.mean()),
            "coverage10": quality.coverage10,
        }
        for name, quality in found.items()
    }


def _bytes(televisions: Sequence[Television]) -> dict[str, Any]:
    """Bytes of the whole run by kind of message: the mean and the largest television."""
    kinds: dict[str, Any] = {}
    for kind in KINDS:
        up = [t.line.traffic.up[kind] for t in televisions]
        down = [t.line.traffic.down[kind] for t in televisions]
        kinds[kind] = {
            "up": {"mean": float(np.mean(up)), "max": max(up)},
            "down": {"mean": float(np.mean(down)), "max": max(down)},
        }
    return {
        "push": PUSH_BYTES,
        "page_max": max(t.line.traffic.page_max for t in televisions),
        "television": kinds,
    }


def _pushes(televisions: Sequence[Television]) -> dict[str, int]:
    """Both ends of the wire, counted: what was acknowledged, and what the ledgers say it held."""
    acknowledged = [
        entry
        for television in televisions
        for entry in television.brain.ledger()
        if entry.kind == "push" and entry.outcome == "acknowledged"
    ]
    envelopes = Counter(
        envelope["kind"] for entry in acknowledged for envelope in entry.content["envelopes"]
    )
    return {
        "acknowledged": len(acknowledged),
        "resent": sum(t.line.traffic.resent for t in televisions),
        "skills": envelopes["skill"],
        "dummies": envelopes["dummy"],
    }


def _shown(entries: Sequence[Recommendation], wanted: set[str]) -> list[dict[str, Any]]:
    return [
        {
            "title": entry.name,
            "reason": entry.reason,
            "kind": entry.kind,
            "relevant": entry.title_id in wanted,
        }
        for entry in entries[:LISTED]
    ]


def _views(television: Television, last: Stage, titles: Sequence[Title]) -> dict[str, Any]:
    """The newest push of a television from all three sides."""
    entry = [e for e in television.brain.ledger() if e.kind == "push"][-1]
    push = decode_push(entry.sent)
    names = {title.id: title.name for title in titles}
    assert last.step is not None
    return {
        "television": {
            "at": entry.at,
            "round": entry.round,
            "envelopes": [names.get(said.get("title", "")) for said in _envelopes(entry)],
        },
        "server": {
            "bytes": len(entry.sent),
            "device": push.header.device.hex(),
            "epoch": push.header.epoch,
            "seq": push.header.seq,
            "round": push.header.round,
            "sealed": [envelope.hex() for envelope in push.envelopes],
        },
        "worker": {
            "round": last.step.result.closed,
            "envelopes": last.step.result.envelopes,
            "reports": last.step.result.reports,
            "opened": [_opened(envelope, titles) for envelope in last.step.shown],
        },
    }


def _envelopes(entry: LedgerEntry) -> list[dict[str, Any]]:
    envelopes: list[dict[str, Any]] = entry.content["envelopes"]
    return envelopes


def _opened(envelope: OpenedEnvelope, titles: Sequence[Title]) -> dict[str, Any]:
    report = envelope.report
    if report is None:
        return {"bucket": envelope.bucket, "title": None, "vector": []}
    head = [round(float(value), 3) for value in report.vector[:_VECTOR_HEAD]]
    return {"bucket": envelope.bucket, "title": titles[report.index].name, "vector": head}
