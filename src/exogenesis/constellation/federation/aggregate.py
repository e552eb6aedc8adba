"""From the reports of one round to the published taste vectors. Pure: arrays in, arrays out.

For the reports q of title i (unit length, at most once per envelope)::

    counted_i = sum over buckets of min(reports of the bucket, cap)      publish if >= k
    mean_i    = (sum of q) / c_i, shortened to the median length over published titles
    Y_i       = c_i (c_i + 1)^-.25 mean_i
    Y'Y = W S W'      V = Y W S^-1/2      sigma = S^1/4      E = V sqrt(sigma)

The mean of directions is short where reports disagree; the cap on its length keeps identical
reports from a few hostile televisions from standing out, and on sparse data it also lifts
quality. A report's own claims (usage, success, scale) have no weight.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exogenesis.core.limits import K_ANONYMITY, TASTE_DIM
from exogenesis.core.taste import title_weight
from exogenesis.core.vectors import Floats, Indices, Int8s, quantise, unit_rows
from exogenesis.wire.page import Rows

BUCKET_REPORTS_LEAST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Reports:
    """The opened envelopes of one round, in columns.

    Attributes:
        indices: ``(n,)`` catalogue indices.
        codes: ``(n, 64)`` int8 directions; their length carries no information.
        buckets: ``(n,)`` coarse group of televisions that each report came from.
    """

    indices: Indices
    codes: Int8s
    buckets: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Aggregate:
    """What a round says, ready to be paged.

    Attributes:
        rows: published titles, most reported first; may be empty.
        sigma: ``(64,)`` float32.
        counts: ``(n,)`` reports behind each row.
    """

    rows: Rows
    sigma: Floats
    counts: Indices


def bucket_cap(buckets: int, k: int) -> int:
    """How many reports of one bucket count towards ``k``: ``max(3, ceil(2 k / buckets))``.

    With twelve buckets and k = 10 that is 3, so a title needs at least four buckets; with fewer
    buckets the cap grows so that k can be reached at all. From two buckets on it stays below
    any k above 1: no bucket publishes a title by itself.

    >>> bucket_cap(12, 10), bucket_cap(4, 10), bucket_cap(2, 10), bucket_cap(1, 10)
    (3, 5, 9, 20)
    """
    cap = max(BUCKET_REPORTS_LEAST, math.ceil(2 * k / max(1, buckets)))
    return cap if buckets < 2 else max(1, min(cap, k - 1))


def aggregate(reports: Reports, *, titles: int, buckets: int, k: int = K_ANONYMITY) -> Aggregate:
    """Aggregate one round.

    Args:
        reports: the opened envelopes.
        titles: size m of the catalogue; all indices lie below it.
        buckets: number of buckets the server used, at least 1.
        k: least number of reports, counted bucket by bucket, of a published title.

    Raises:
        ValueError: an index or a bucket is out of range.
    """
    for name, column, end in (
        ("catalogue index", reports.indices, titles),
        ("bucket", reports.buckets, buckets),
    ):
        if ((column < 0) | (column >= end)).any():
            raise ValueError(f"a report with a {name} outside 0..{end - 1}")
    counted = _counted(reports, titles, buckets, bucket_cap(buckets, k))
    sums, counts = _sums(reports, titles)
    published = np.flatnonzero(counted >= max(1, k))
    order = np.lexsort((published, -counts[published]))
    published = published[order]
    c = counts[published].astype(np.float64)
    mean = _capped(sums[published] / np.maximum(c, 1.0)[:, None])
    weights = title_weight(c.astype(np.float32))
    vectors, sigma = _subspace(mean * (c * weights)[:, None])
    codes, scales = quantise(vectors)
    rows = Rows(indices=published, codes=codes, scales=scales, weights=weights.astype(np.float16))
    return Aggregate(rows=rows, sigma=sigma, counts=counts[published])


def _counted(reports: Reports, titles: int, buckets: int, cap: int) -> Indices:
    cells = np.bincount(
        reports.indices * buckets + reports.buckets, minlength=titles * buckets
    ).reshape(titles, buckets)
    counted: Indices = np.minimum(cells, cap).sum(axis=1)
    return counted


def _sums(reports: Reports, titles: int) -> tuple[npt.NDArray[np.float64], Indices]:
    """Sum of the unit reports ``(m, 64)`` and number of reports ``(m,)`` by title."""
    order = np.argsort(reports.indices, kind="stable")
    units = unit_rows(reports.codes[order].astype(np.float32))
    counts = np.bincount(reports.indices, minlength=titles)
    sums = np.zeros((titles, TASTE_DIM))
    named = np.flatnonzero(counts)
    if len(named):
        starts = np.concatenate(([0], np.cumsum(counts[named])[:-1]))
        sums[named] = np.add.reduceat(units, starts, axis=0, dtype=np.float64)
    return sums, counts


def _capped(mean: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    lengths = np.linalg.norm(mean, axis=1)
    if not len(lengths):
        return mean
    limit = float(np.median(lengths))
    shrink = np.minimum(1.0, limit / np.maximum(lengths, 1e-12))
    capped: npt.NDArray[np.float64] = mean * shrink[:, None]
    return capped


def _subspace(y: npt.NDArray[np.float64]) -> tuple[Floats, Floats]:
    """One step of subspace iteration: E ``(n, 64)`` and sigma ``(64,)`` from Y ``(n, 64)``.

    Directions that Y does not span get sigma 0 and zero columns. The sign of each column is
    fixed (its largest entry is positive).
    """
    values, axes = np.linalg.eigh(y.T @ y)
    values, axes = values[::-1], axes[:, ::-1]
    usable = values > 1e-9 * max(float(values[0]), 1e-30)
    root = np.where(usable, np.sqrt(np.maximum(values, 1e-300)), np.inf)
    v = (y @ axes) / root
    sigma = np.where(usable, np.sqrt(np.where(usable, root, 0.0)), 0.0)
    if len(v):
        peaks = v[np.abs(v).argmax(axis=0), np.arange(TASTE_DIM)]
        v = v * np.where(peaks < 0, -1.0, 1.0)
    return (v * np.sqrt(sigma)).astype(np.float32), sigma.astype(np.float32)
