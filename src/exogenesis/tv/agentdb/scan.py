"""One query against many int8 rows: with a SIMD library where it computes right, else with numpy.

A scan returns approximate products and a bound on their error, so that whoever asks can decide
which rows must be computed anew in higher precision.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Protocol

import numpy as np
import numpy.typing as npt

from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.vectors import Floats, Int8s, quantise

Kernel = Callable[[Int8s, Int8s], npt.ArrayLike]
"""Takes ``(d,)`` and ``(n, d)`` codes, returns their ``n`` integer products, exactly."""

ROUNDING = 3e-5
"""No product of two vectors of length 1 and 384 values is off by more in float32."""

_BLOCK_ROWS = 512


class Scan(Protocol):
    """A way to multiply one query with all rows of a table."""

    @property
    def name(self) -> str:
        """Which one it is, for the screen."""

    def __call__(self, query: Floats, codes: Int8s) -> tuple[Floats, float]:
        """Multiply.

        Args:
            query: ``(d,)`` of length 1, or of zeros.
            codes: ``(n, d)``.

        Returns:
            ``(n,)`` approximate products of the query with the codes, and a bound on the error
            of each, as a share of the length of its row.
        """


class NumpyScan:
    """Turns blocks of rows into float32 and multiplies them; needs 0.8 MB, not a second table."""

    name = "numpy"

    def __init__(self) -> None:
        self._block = np.empty((0, 0), np.float32)

    def __call__(self, query: Floats, codes: Int8s) -> tuple[Floats, float]:
        """See :class:`Scan`."""
        if self._block.shape[1] != codes.shape[1]:
            self._block = np.empty((_BLOCK_ROWS, codes.shape[1]), np.float32)
        products = np.empty(len(codes), np.float32)
        for start in range(0, len(codes), _BLOCK_ROWS):
            rows = codes[start : start + _BLOCK_ROWS]
            block = self._block[: len(rows)]
            np.copyto(block, rows)
            np.dot(block, query, out=products[start : start + len(rows)])
        return products, ROUNDING


class SimdScan:
    """Codes the query as int8 as well and multiplies with ``kernel``."""

    name = "simd"

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def __call__(self, query: Floats, codes: Int8s) -> tuple[Floats, float]:
        """See :class:`Scan`; by Cauchy and Schwarz the bound is the length of what coding lost."""
        coded, scales = quantise(query[None])
        scale = np.float32(scales[0])
        lost = float(np.linalg.norm(query - coded[0] * scale))
        products = np.asarray(self._kernel(coded[0], codes), np.float32)
        return products * scale, lost + ROUNDING


def numkong_kernels() -> list[Kernel]:
    """Return the kernel of the SIMD library, or none where it is not installed."""
    try:
        import numkong
    except ImportError:
        return []

    def products(query: Int8s, codes: Int8s) -> npt.ArrayLike:
        products: Floats = np.asarray(numkong.cdist(query[None], codes, "dot"), np.float32)[0]
        return products

    return [products]


def computes_right(kernel: Kernel) -> bool:
    """Whether ``kernel`` agrees with 64-bit integers, to the last digit, on hard and odd cases."""
    most = np.full(CONTENT_DIM, 127, np.int64)
    mixed = np.arange(CONTENT_DIM, dtype=np.int64) * 89 % 255 - 127
    for count in (1, 2, 3, 67):
        rows = np.arange(count * CONTENT_DIM, dtype=np.int64) * 31 % 255 - 127
        table = np.concatenate([rows.reshape(count, -1), [most, -most, 0 * most, mixed]])
        for query in (most, mixed):
            try:
                found = np.asarray(kernel(query.astype(np.int8), table.astype(np.int8)))
            except Exception:  # whatever a library raises, it does not compute right
                return False
            if not np.array_equal(found, table @ query):
                return False
    return True


def choose_scan(kernels: Iterable[Kernel] | None = None) -> Scan:
    """Return a scan with the first of ``kernels`` that computes right, else that of numpy.

    Args:
        kernels: None takes what is installed.
    """
    for kernel in numkong_kernels() if kernels is None else kernels:
        if computes_right(kernel):
            return SimdScan(kernel)
    return NumpyScan()
