"""Tier 6: what a profile finished, quarter by quarter, and the core of its taste.

A quarter is the unit mean of its titles' content vectors. It weighs

    min(1, titles / 5) * 2 ** (-age / 365 days)

and the core is the weighted geometric median of the quarters. A holiday binge fills one quarter,
which pulls no harder for being full or far off; a lasting change fills one quarter after another.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from exogenesis.core.vectors import Floats, Indices
from exogenesis.tv.learning.derived import is_number
from exogenesis.tv.learning.evidence import Evidence
from exogenesis.tv.learning.median import median_weights
from exogenesis.tv.memory import Memory, MemoryTier

KIND = "snapshot"
TITLES_MOST = 2000
"""Titles of one quarter; of more, those finished last."""

STAGE = "-"
"""Between the first and the last quarter in the name of several drawn together: a stage of life."""

QUARTERS_LEAST = 2
"""With fewer there is no long run yet."""

HALF_LIFE_S = 365 * 86_400
_FULL = 5
_FIRST_YEAR, _YEARS = 1970, 1000

Core = tuple[Indices, Floats]
"""``(c,)`` catalogue indices and what each counts: the core is the sum of their vectors so
weighted."""


@cache
def _quarter_starts() -> Indices:
    """First seconds of the quarters after the first, a thousand years of them."""
    months = np.arange(3, 12 * _YEARS, 3).astype("datetime64[M]")
    return np.asarray(months.astype("datetime64[s]").astype(np.int64), np.int64)


def quarter_of(at: Indices) -> Indices:
    """Return the number of quarters from the beginning of 1970 to Unix times ``at``, in UTC."""
    return np.asarray(np.searchsorted(_quarter_starts(), at, side="right"), np.int64)


def quarter_name(quarter: int) -> str:
    """Return ``2026Q4`` for a number of :func:`quarter_of`."""
    return f"{_FIRST_YEAR + quarter // 4}Q{quarter % 4 + 1}"


def computed_snapshots(
    evidence: Evidence,
    title_ids: Sequence[str],
    held: Sequence[Memory],
    *,
    profile: str,
) -> Iterator[Memory]:
    """Yield the snapshots of a profile that finished something, as memories of tier 6.

    A title belongs to the quarter of its last finish, and to those in whose snapshots it was
    before: what is held and does not come up here stays as it is. A quarter that a stage of life
    has taken in does not come back.
    """
    kept = {memory.subject: memory for memory in held}
    stages = [name.split(STAGE) for name in kept if STAGE in name]
    good = np.flatnonzero(evidence.good)
    order = good[np.argsort(evidence.finished_at[good], kind="stable")]
    at, rows = evidence.finished_at[order], evidence.rows[order]
    quarters = quarter_of(at)
    for quarter in sorted(set(quarters.tolist())):
        own = quarters == quarter
        name = quarter_name(quarter)
        if any(first <= name <= last for first, last in stages):
            continue
        titles = dict(kept[name].metadata["titles"]) if name in kept else {}
        for row in rows[own].tolist():
            titles.pop(title_ids[row], None)  # so that what was finished last stands last
            titles[title_ids[row]] = 1.0
        newest = list(titles.items())[-TITLES_MOST:]
        yield Memory(
            tier=MemoryTier.EVOLUTIONARY,
            kind=KIND,
            subject=name,
            profile=profile,
            metadata={"titles": dict(newest)},
            importance=0.8,
            at=max(int(at[own].max()), kept[name].at if name in kept else 0),
        )


def is_snapshot(memory: Memory) -> bool:
    """Whether a stored memory holds what a snapshot needs: a quarter or two, and its titles."""
    titles = memory.metadata.get("titles")
    return (
        memory.subject.count(STAGE) <= 1
        and isinstance(titles, dict)
        and all(is_number(weight, 0.0) for weight in titles.values())
    )


def same_snapshot(held: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a stored snapshot holds the same titles."""
    same: bool = held["titles"] == new["titles"]
    return same


def without_title(snapshot: Memory, title_id: str) -> dict[str, Any] | None:
    """Return the content of a snapshot without a title, or None when it never held it."""
    titles = dict(snapshot.metadata["titles"])
    if titles.pop(title_id, None) is None:
        return None
    return {**snapshot.metadata, "titles": titles}


def core_of(
    snapshots: Sequence[Memory],
    content: Floats,
    row_of: Callable[[str], int | None],
    *,
    now: int,
) -> Generator[None, None, Core | None]:
    """Compute the core of a taste in short steps; None before there is one.

    Args:
        snapshots: of one profile.
        content: ``(m, 384)`` unit rows of the catalogue.
        row_of: catalogue index of a title, or None when the catalogue does not hold it.
        now: Unix seconds.
    """
    points, parts, weights = [], [], []
    for snapshot in snapshots:
        told = [(row_of(title), weight) for title, weight in snapshot.metadata["titles"].items()]
        rows = np.array([row for row, _ in told if row is not None], np.int64)
        factors = np.array([weight for row, weight in told if row is not None], np.float32)
        total = factors @ content[rows]
        length = np.float32(np.linalg.norm(total))
        if length > 0:
            points.append(total / length)
            parts.append((rows, factors / length))
            left = 2.0 ** (-max(0, now - snapshot.at) / HALF_LIFE_S)
            weights.append(min(1.0, len(rows) / _FULL) * left)
        yield
    if len(points) < QUARTERS_LEAST:
        return None
    shares = median_weights(np.array(points, np.float64), np.array(weights, np.float64))
    counted = np.zeros(len(content), np.float32)
    for share, (rows, factors) in zip(shares.astype(np.float32), parts, strict=True):
        counted[rows] += share * factors
    titles = np.flatnonzero(counted)
    return titles, counted[titles]
