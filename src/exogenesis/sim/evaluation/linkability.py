"""How well the worker could tell that two reports come from one television.

A report is linkable when, of all other reports of the round, the one nearest by cosine belongs
to the same household. The worker also knows the bucket of each report, so the share is stated
twice: among all reports, and among those of the same bucket. Chance is what a guess would reach.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exogenesis.constellation.store.pool import bucket_count
from exogenesis.core.report import report_vectors
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Floats, Indices, dequantise, quantise, unit_rows
from exogenesis.sim.evaluation.federated import Mode
from exogenesis.sim.households import Dataset

_CHUNK = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Linkability:
    """Shares of linkable reports, and what guessing would reach."""

    among_all: float
    chance_among_all: float
    in_bucket: float
    chance_in_bucket: float


def linkability(
    dataset: Dataset, space: TasteSpace, mode: Mode, rng: np.random.Generator
) -> Linkability:
    """Draw one round of reports and link each to its nearest neighbour."""
    vectors, owners = _reports(dataset, space, mode, rng)
    buckets = rng.integers(bucket_count(len(dataset.households)), size=len(dataset.households))
    return Linkability(
        among_all=_linked(vectors, owners, np.zeros(len(owners), np.int64)),
        chance_among_all=_chance(owners, np.zeros(len(owners), np.int64)),
        in_bucket=_linked(vectors, owners, buckets[owners]),
        chance_in_bucket=_chance(owners, buckets[owners]),
    )


def _reports(
    dataset: Dataset, space: TasteSpace, mode: Mode, rng: np.random.Generator
) -> tuple[Floats, Indices]:
    basis = space.basis
    vectors, owners = [], []
    for owner, household in enumerate(dataset.households):
        anchors = household.history
        if mode.anchors is not None and len(anchors) > mode.anchors:
            anchors = rng.choice(anchors, mode.anchors, replace=False)
        drawn = report_vectors(household.history, anchors, space, mode.dial, rng, basis=basis)
        vectors.append(dequantise(*quantise(drawn)))
        owners.append(np.full(len(anchors), owner))
    return unit_rows(np.concatenate(vectors)), np.concatenate(owners)


def _linked(vectors: Floats, owners: Indices, groups: Indices) -> float:
    linked = 0
    for group in np.unique(groups):
        rows = np.flatnonzero(groups == group)
        if len(rows) < 2:
            continue
        for start in range(0, len(rows), _CHUNK):
            part = rows[start : start + _CHUNK]
            alike = vectors[part] @ vectors[rows].T
            alike[np.arange(len(part)), np.arange(start, start + len(part))] = -np.inf
            linked += int((owners[rows[alike.argmax(axis=1)]] == owners[part]).sum())
    return linked / len(owners)


def _chance(owners: Indices, groups: Indices) -> float:
    """Mean share of the other reports of the group that belong to the same household."""
    own = np.bincount(owners)[owners]
    together = np.bincount(groups)[groups]
    return float(np.mean((own - 1) / np.maximum(1, together - 1)))
