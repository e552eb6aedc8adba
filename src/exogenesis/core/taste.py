"""Taste space: what the fleet has learnt together, as one television holds it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exogenesis.core.limits import TASTE_DIM
from exogenesis.core.vectors import Floats, Mask

WEIGHT_POWER = 0.25


def title_weight(counts: Floats) -> Floats:
    """Popularity damping ``w = (c + 1) ** -0.25`` for report counts ``(m,)``."""
    return ((counts + 1.0) ** -WEIGHT_POWER).astype(np.float32)


@dataclass(frozen=True, slots=True, kw_only=True)
class TasteSpace:
    """One published round, or the catalogue's start.

    Attributes:
        round: the round that was aggregated into it; 0 is the catalogue's start.
        sigma: ``(64,)`` singular values; ``vectors = basis * sqrt(sigma)``.
        vectors: ``(m, 64)`` taste vectors E; zero rows where nothing was published.
        weights: ``(m,)`` damping w as published; 1 where nothing was published.
        published: ``(m,)`` True where the fleet said something about the title.
    """

    round: int
    sigma: Floats
    vectors: Floats
    weights: Floats
    published: Mask

    @property
    def basis(self) -> Floats:
        """``(m, 64)`` V, in which the next round's reports are expressed."""
        root = np.sqrt(self.sigma)
        rows: Floats = np.divide(
            self.vectors, root, out=np.zeros_like(self.vectors), where=root > 0
        )
        return rows

    @property
    def log_counts(self) -> Floats:
        """``(m,)`` log(1 + c) recovered from the published weights."""
        return (-np.log(self.weights) / WEIGHT_POWER).astype(np.float32)


def start_space(basis: Floats) -> TasteSpace:
    """Wrap the start basis ``(m, 64)`` of a catalogue: no counts, sigma 1."""
    rows = basis.shape[0]
    return TasteSpace(
        round=0,
        sigma=np.ones(TASTE_DIM, np.float32),
        vectors=basis.astype(np.float32),
        weights=np.ones(rows, np.float32),
        published=np.zeros(rows, np.bool_),
    )


def start_basis(content: Floats) -> Floats:
    """Public start of a catalogue lineage: ``orth([1 | PCA_63(centred content)])``.

    Args:
        content: ``(m, 384)`` content vectors.

    Returns:
        ``(m, 64)`` with orthonormal columns; columns that the catalogue is too small to fill
        are zero. The sign of each column is fixed (its largest entry is positive), so that two
        builders agree.
    """
    rows = content.shape[0]
    centred = content.astype(np.float64) - content.mean(axis=0, dtype=np.float64)
    values, axes = np.linalg.eigh(centred.T @ centred)
    order = np.argsort(values)[::-1][: TASTE_DIM - 1]
    usable = order[values[order] > 1e-9 * max(float(values.max()), 1e-30)]
    stacked = np.column_stack([np.ones(rows), centred @ axes[:, usable]])
    columns, triangle = np.linalg.qr(stacked)
    diagonal = np.abs(np.diag(triangle))
    columns = columns[:, diagonal > 1e-9 * max(float(diagonal.max()), 1e-30)]
    peaks = columns[np.abs(columns).argmax(axis=0), np.arange(columns.shape[1])]
    basis = np.zeros((rows, TASTE_DIM), np.float32)
    basis[:, : columns.shape[1]] = columns * np.where(peaks < 0, -1.0, 1.0)
    return basis
