"""A page of global patterns: up to 71 titles, signed, at most 5,120 bytes.

=======  ======  ==================================================
offset   bytes   field
=======  ======  ==================================================
0        2       magic ``XP``
2        1       version, 1
3        4       lineage
7        4       round that was aggregated, u32
11       2       page number, u16
13       1       number of rows n, 1..71
14       1       reserved, 0
15       71 n    rows: index u24, scale f16, w f16, 64 x int8
15+71n   64      signature of the worker over the bytes before it
=======  ======  ==================================================
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from exogenesis.core.limits import PAGE_BYTES_MAX, PAGE_ROWS_MAX, TASTE_DIM, TITLES_MAX
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Floats, Halves, Indices, Int8s, dequantise
from exogenesis.errors import RemoteError
from exogenesis.wire.fields import (
    LINEAGE_BYTES,
    SIGNATURE_BYTES,
    check_signature,
    check_size,
    check_start,
    fixed,
    sign,
)

MAGIC = b"XP"
VERSION = 1
DOMAIN = "page"
_HEAD = struct.Struct("<2sB4sIHBB")
ROW_DTYPE = np.dtype(
    [("index", "u1", 3), ("scale", "<f2"), ("weight", "<f2"), ("codes", "i1", TASTE_DIM)]
)
PAGE_BYTES_LEAST = _HEAD.size + ROW_DTYPE.itemsize + SIGNATURE_BYTES
assert _HEAD.size + PAGE_ROWS_MAX * ROW_DTYPE.itemsize + SIGNATURE_BYTES <= PAGE_BYTES_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Published titles in columns, most reported first.

    Attributes:
        indices: ``(n,)`` catalogue indices, all different.
        codes: ``(n, 64)`` int8.
        scales: ``(n,)`` float16; ``vector = codes * scale``.
        weights: ``(n,)`` float16 damping ``(c + 1) ** -0.25``, in (0, 1].
    """

    indices: Indices
    codes: Int8s
    scales: Halves
    weights: Halves

    @property
    def vectors(self) -> Floats:
        """``(n, 64)`` float32 taste vectors E."""
        return dequantise(self.codes, self.scales)

    def part(self, start: int, stop: int) -> Rows:
        """Rows ``start..stop - 1``."""
        return Rows(
            indices=self.indices[start:stop],
            codes=self.codes[start:stop],
            scales=self.scales[start:stop],
            weights=self.weights[start:stop],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One decoded page."""

    lineage: bytes
    round: int
    number: int
    rows: Rows


def encode_page(page: Page, signing_key: bytes) -> bytes:
    """Code and sign one page of 1 to 71 rows."""
    rows = page.rows
    count = len(rows.indices)
    if not 1 <= count <= PAGE_ROWS_MAX:
        raise ValueError(f"a page holds 1 to {PAGE_ROWS_MAX} rows, not {count}")
    if (rows.indices < 0).any() or (rows.indices >= TITLES_MAX).any():
        raise ValueError(f"a catalogue index lies outside 0..{TITLES_MAX - 1}")
    table = np.zeros(count, ROW_DTYPE)
    for byte in range(3):
        table["index"][:, byte] = (rows.indices >> (8 * byte)) & 0xFF
    table["scale"], table["weight"], table["codes"] = rows.scales, rows.weights, rows.codes
    lineage = fixed(page.lineage, LINEAGE_BYTES, "a lineage")
    head = _HEAD.pack(MAGIC, VERSION, lineage, page.round, page.number, count, 0)
    message = head + table.tobytes()
    return message + sign(DOMAIN, message, signing_key)


def decode_page(raw: bytes, worker_public: bytes) -> Page:
    """Check and read one page.

    Raises:
        RemoteError: ``truncated``, ``oversized``, ``bad_magic``, ``bad_version``, ``bad_count``,
            ``bad_signature`` or ``bad_value``.
    """
    check_size(raw, "a page", least=PAGE_BYTES_LEAST, most=PAGE_BYTES_MAX)
    check_start(raw, "page", MAGIC, VERSION)
    _, _, lineage, round_, number, count, reserved = _HEAD.unpack_from(raw)
    size = _HEAD.size + count * ROW_DTYPE.itemsize + SIGNATURE_BYTES
    if not 1 <= count <= PAGE_ROWS_MAX or reserved:
        raise RemoteError("bad_count", f"a page of {count} rows, expected 1 to {PAGE_ROWS_MAX}")
    check_size(raw, f"a page of {count} rows", least=size, most=size)
    message, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    check_signature(DOMAIN, message, signature, worker_public, "a page")
    table = np.frombuffer(message, ROW_DTYPE, count, _HEAD.size)
    rows = Rows(
        indices=table["index"].astype(np.int64) @ np.array([1, 1 << 8, 1 << 16]),
        codes=table["codes"],
        scales=table["scale"],
        weights=table["weight"],
    )
    _check_rows(rows)
    return Page(lineage=lineage, round=round_, number=number, rows=rows)


def _check_rows(rows: Rows) -> None:
    scales, weights = rows.scales.astype(np.float32), rows.weights.astype(np.float32)
    finite = np.isfinite(scales).all() and np.isfinite(weights).all()
    if not finite or (scales < 0).any() or (weights <= 0).any() or (weights > 1).any():
        raise RemoteError("bad_value", "a page with a scale or weight out of range")
    if (rows.codes == -128).any():
        raise RemoteError("bad_value", "a page with the code -128, which is not used")
    if len(np.unique(rows.indices)) != len(rows.indices):
        raise RemoteError("bad_value", "a page that names one title twice")


def taste_space(parts: Iterable[Rows], *, sigma: Floats, round: int, titles: int) -> TasteSpace:
    """Lay published rows out over the whole catalogue.

    Args:
        parts: the rows of the pages at hand, of one round.
        sigma: ``(64,)`` from that round's manifest.
        round: the round that was aggregated.
        titles: size m of the catalogue; rows beyond it are refused.

    Raises:
        RemoteError: ``bad_value`` when a row names a title the catalogue does not hold, or one
            that an earlier row named.
    """
    vectors = np.zeros((titles, TASTE_DIM), np.float32)
    weights = np.ones(titles, np.float32)
    published = np.zeros(titles, np.bool_)
    for rows in parts:
        if (rows.indices >= titles).any():
            raise RemoteError("bad_value", "a page names a title that this catalogue lacks")
        if published[rows.indices].any():
            raise RemoteError("bad_value", "two pages of a round name the same title")
        vectors[rows.indices] = rows.vectors
        weights[rows.indices] = rows.weights.astype(np.float32)
        published[rows.indices] = True
    return TasteSpace(
        round=round, sigma=sigma, vectors=vectors, weights=weights, published=published
    )
