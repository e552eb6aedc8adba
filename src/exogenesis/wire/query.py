"""The query table of a catalogue pack: words and their vectors, in a zstd frame of its own.

Body, for n words::

    u32 n, u32 t, then t bytes of UTF-8: the words in the order of their code points, each
    followed by a line feed
    f32 least length   384 x f32 centre
    n x f16 weights    n x f16 scales    n x 384 int8 codes

It is checked when the pack is read and unpacked again when somebody searches, so that a
television that is never searched on keeps only the compressed bytes.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from itertools import pairwise

import numpy as np

from exogenesis.core.limits import (
    CONTENT_DIM,
    PACK_BODY_BYTES_FREE,
    PACK_RATIO_MAX,
    QUERY_BODY_BYTES_MAX,
    QUERY_WORD_LENGTH_MAX,
    QUERY_WORDS_MAX,
)
from exogenesis.core.query import QueryTable
from exogenesis.errors import RemoteError
from exogenesis.wire.fields import check_size, fixed
from exogenesis.wire.frame import compressed, decompressed

_START = struct.Struct("<II")
_CENTRE_BYTES = 4 + 4 * CONTENT_DIM
_ROW_BYTES = 2 + 2 + CONTENT_DIM


def encode_query(table: QueryTable) -> bytes:
    """Code and compress a table.

    Raises:
        ValueError: the columns are of different lengths, or the words are out of order.
    """
    count = len(table.rows)
    if list(table.rows.values()) != list(range(count)) or list(table.rows) != sorted(table.rows):
        raise ValueError("the words of a query table must be in their order")
    text = "".join(f"{word}\n" for word in table.rows).encode()
    body = b"".join(
        (
            _START.pack(count, len(text)),
            text,
            struct.pack("<f", table.least_length),
            fixed(table.centre.astype("<f4").tobytes(), 4 * CONTENT_DIM, "the centre"),
            fixed(table.weights.astype("<f2").tobytes(), 2 * count, "the weights"),
            fixed(table.scales.astype("<f2").tobytes(), 2 * count, "the scales"),
            fixed(table.codes.tobytes(), count * CONTENT_DIM, "the codes"),
        )
    )
    return compressed(body)


def decode_query(frame: bytes) -> QueryTable:
    """Check and read a table.

    Raises:
        RemoteError: ``truncated``, ``oversized``, ``bad_compression`` or ``bad_value``.
    """
    most = min(QUERY_BODY_BYTES_MAX, PACK_BODY_BYTES_FREE + PACK_RATIO_MAX * len(frame))
    body = decompressed(frame, "a query table", most=most)
    check_size(body, "a query table", least=_START.size, most=most)
    count, length = _START.unpack_from(body)
    if not 1 <= count <= QUERY_WORDS_MAX:
        raise RemoteError("bad_value", f"a query table of {count} words")
    size = _START.size + length + _CENTRE_BYTES + count * _ROW_BYTES
    check_size(body, f"a query table of {count} words", least=size, most=size)
    at = _START.size + length
    (least_length,) = struct.unpack_from("<f", body, at)
    centre = np.frombuffer(body, "<f4", CONTENT_DIM, at + 4)
    at += _CENTRE_BYTES
    weights = np.frombuffer(body, "<f2", count, at)
    scales = np.frombuffer(body, "<f2", count, at + 2 * count)
    codes = np.frombuffer(body, np.int8, count * CONTENT_DIM, at + 4 * count)
    finite = all(np.isfinite(part).all() for part in (least_length, centre, weights, scales))
    if not finite or least_length < 0 or (weights <= 0).any() or (scales < 0).any():
        raise RemoteError("bad_value", "a query table with a number out of range")
    if (codes == -128).any():
        raise RemoteError("bad_value", "a query table with a vector out of range")
    return QueryTable(
        rows=_rows(body[_START.size : _START.size + length], count),
        weights=weights,
        codes=codes.reshape(count, CONTENT_DIM),
        scales=scales,
        centre=centre,
        least_length=least_length,
    )


def _rows(text: bytes, count: int) -> Mapping[str, int]:
    try:
        words = text.decode().split("\n")
    except UnicodeDecodeError as error:
        raise RemoteError("bad_value", "a query table with a word that is no text") from error
    if len(words) != count + 1 or words.pop() != "":
        raise RemoteError("bad_value", f"a query table that does not name its {count} words")
    if not all(1 <= len(word) <= QUERY_WORD_LENGTH_MAX for word in words):
        raise RemoteError("bad_value", "a query table with a word of no length, or too long")
    if any(left >= right for left, right in pairwise(words)):
        raise RemoteError("bad_value", "a query table whose words are out of order")
    return {word: row for row, word in enumerate(words)}
