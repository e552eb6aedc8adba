"""Reads what a write-ahead log has committed, from its bytes alone.

Format: https://sqlite.org/fileformat2.html#the_write_ahead_log
"""

from __future__ import annotations

import struct

_HEADER = struct.Struct(">8I")
_FRAME = struct.Struct(">6I")
_MAGIC = 0x377F0682  # the last bit says in which order the checksums read their words
_MASK = 0xFFFFFFFF


def committed_pages(raw: bytes, page_bytes: int) -> tuple[dict[int, bytes], int]:
    """Return the newest committed content of every page in a log.

    Args:
        raw: the whole log; may be empty, stale or cut off.
        page_bytes: the size of a page of the database.

    Returns:
        Content by page number, from 1, and how many pages the database has after the last
        commit, 0 when nothing is committed.
    """
    pages: dict[int, bytes] = {}
    size = 0
    if len(raw) < _HEADER.size:
        return pages, size
    magic, _, stated, _, *salt, sum_1, sum_2 = _HEADER.unpack_from(raw)
    if magic & ~1 != _MAGIC or stated != page_bytes:
        return pages, size
    order = ">" if magic & 1 else "<"
    sums = _checksum(raw[:24], (0, 0), order)
    if sums != (sum_1, sum_2):
        return pages, size
    open_pages: dict[int, bytes] = {}
    frame_bytes = _FRAME.size + page_bytes
    for at in range(_HEADER.size, len(raw) - frame_bytes + 1, frame_bytes):
        number, after_commit, *rest = _FRAME.unpack_from(raw, at)
        content = raw[at + _FRAME.size : at + frame_bytes]
        sums = _checksum(content, _checksum(raw[at : at + 8], sums, order), order)
        if rest != [*salt, *sums]:
            break
        open_pages[number] = content
        if after_commit:
            pages |= open_pages
            open_pages = {}
            size = after_commit
    return pages, size


def _checksum(raw: bytes, sums: tuple[int, int], order: str) -> tuple[int, int]:
    """Continue SQLite's checksum over ``raw``, whose length is a multiple of 8."""
    first, second = sums
    words = struct.unpack(f"{order}{len(raw) // 4}I", raw)
    for even, odd in zip(words[::2], words[1::2], strict=True):
        first = (first + even + second) & _MASK
        second = (second + odd + first) & _MASK
    return first, second
