"""Vector arithmetic that both machines share.

Arrays are float32 unless a docstring says otherwise; ``(n, d)`` is n rows of length d.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float32]
Int8s = npt.NDArray[np.int8]
Halves = npt.NDArray[np.float16]
Indices = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_HALF_MAX = np.float32(np.finfo(np.float16).max)


def unit_rows(rows: Floats) -> Floats:
    """Scale each row of ``(n, d)`` to Euclidean length 1; a row of zeros stays zero."""
    squares = np.einsum("nd,nd->n", rows, rows, dtype=np.float64)  # no overflow, no underflow
    lengths = np.sqrt(squares)[:, None]
    scaled: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return scaled


def quantise(rows: Floats) -> tuple[Int8s, Halves]:
    """Code each row of ``(n, d)`` as int8 with one float16 scale.

    ``scale`` is the least float16 from ``max |x| / 127`` on, ``code = round(x / scale)``, so no
    value is off by more than half a scale. Values beyond 127 times the largest float16 are
    clipped, infinite ones too.

    Returns:
        Codes ``(n, d)`` int8 in -127..127 and scales ``(n,)`` float16, finite and from 0 on.

    Raises:
        ValueError: a value is not a number.
    """
    peak = np.minimum(np.abs(rows).max(axis=1, initial=0.0) / np.float32(127.0), _HALF_MAX)
    if np.isnan(peak).any():
        raise ValueError("a vector that holds a NaN cannot be coded")
    scales: Halves = peak.astype(np.float16)
    short = scales.astype(np.float32) < peak
    scales[short] = np.nextafter(scales[short], np.float16(np.inf))
    wide = scales.astype(np.float32)[:, None]
    codes = np.divide(rows, wide, out=np.zeros_like(rows, dtype=np.float32), where=wide > 0)
    return np.clip(np.rint(codes), -127, 127).astype(np.int8), scales


def dequantise(codes: Int8s, scales: Halves) -> Floats:
    """Undo :func:`quantise`: ``code * scale`` as ``(n, d)`` float32."""
    return codes.astype(np.float32) * scales.astype(np.float32)[:, None]


def mean_and_spread(scores: Floats, candidates: Mask) -> tuple[float, float]:
    """Return mean and standard deviation of ``(m,)`` scores over the candidates.

    The deviation of scores that differ by no more than float32 rounding is 0.
    """
    chosen = scores[candidates]
    if chosen.size == 0:
        return 0.0, 0.0
    centre, spread = float(chosen.mean(dtype=np.float64)), float(chosen.std(dtype=np.float64))
    alike = spread <= 1e-6 * float(np.abs(chosen).max())
    return centre, 0.0 if alike else spread


def standardise(scores: Floats, candidates: Mask) -> Floats:
    """Shift and scale ``(m,)`` scores to mean 0 and standard deviation 1 over the candidates.

    Scores that differ by no more than float32 rounding become 0. Values outside the candidates
    are scaled alike and mean nothing.
    """
    return shifted(scores, *mean_and_spread(scores, candidates))


def shifted(scores: Floats, centre: float, spread: float) -> Floats:
    """Return ``(scores - centre) / spread``; zeros where the spread is 0."""
    if spread == 0.0:
        return np.zeros_like(scores)
    return ((scores - np.float32(centre)) / np.float32(spread)).astype(np.float32)


def top_k(scores: Floats, k: int, candidates: Mask) -> Indices:
    """Return the indices of the ``k`` best candidates, best first; ties go to the lower index.

    The mask is applied before the cut, so ``min(k, candidates)`` rows always come back.
    """
    rows = np.flatnonzero(candidates)
    if k <= 0:
        return rows[:0]
    if rows.size > k:
        values = scores[rows]
        cut = np.partition(values, rows.size - k)[rows.size - k]
        rows = rows[values >= cut]
    order = np.lexsort((rows, -scores[rows]))
    return rows[order[:k]]
