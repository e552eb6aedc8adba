"""Finds rows in the pages of a damaged file, each page by itself, whatever became of the rest.

No tree is walked: a row is known by its digest, so a lost root costs no leaf.
Format: https://sqlite.org/fileformat2.html#b_tree_pages
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from exogenesis.tv.persistence.layout import Row, Table, Value

PAGE_BYTES = 4096
HEAD_BYTES = 100
"""The database's header, at the start of page 1."""

_ROW_LEAF, _KEY_LEAF, _KEY_INNER = 13, 10, 2
_PAYLOAD_MAX = 1 << 24
_BROKEN = (IndexError, KeyError, OverflowError, ValueError, struct.error)

Pages = Mapping[int, bytes]


class Found(NamedTuple):
    """A cell that looks like a row of one of the tables; ``row`` is None where it is rotten."""

    table: Table
    row: Row | None


def carve(pages: Pages, tables: Iterable[Table]) -> Iterator[Found]:
    """Yield the rows of ``tables``, in the order of the pages.

    Args:
        pages: :data:`PAGE_BYTES` bytes by number, from 1; those that are lost may be missing.
        tables: whose rows are looked for.
    """
    by_shape: dict[tuple[bool, int], list[Table]] = {}
    for table in tables:
        width = len(table.columns) + table.digested
        by_shape.setdefault((table.has_rowid, width), []).append(table)
    for number in sorted(pages):
        for rowid, record in _cells(pages, number):
            candidates = by_shape.get((rowid is not None, len(record)), [])
            rows = ((table, _row(table, rowid, record)) for table in candidates)
            sound = [Found(table, row) for table, row in rows if row is not None]
            yield from sound
            rotten = [table for table in candidates if _is_numbered(table, rowid, record)]
            if rotten and not sound:
                yield Found(rotten[0], None)


def _is_numbered(table: Table, rowid: int | None, record: list[Value]) -> bool:
    """Whether a record leaves its number out, as the rows of such a table do and others do not."""
    return rowid is not None and record[table.columns.index(table.key[0])] is None


def _row(table: Table, rowid: int | None, record: list[Value]) -> Row | None:
    """The values of a record in the order of the columns, or None when its digest denies them."""
    values = record[: len(table.columns)]
    if rowid is not None:
        values[table.columns.index(table.key[0])] = rowid
    row = tuple(
        float(value) if isinstance(value, int) and column in table.reals else value
        for column, value in zip(table.columns, values, strict=True)
    )
    return row if table.is_sound(row, record[-1]) else None


def _cells(pages: Pages, number: int) -> Iterator[tuple[int | None, list[Value]]]:
    """The records of one page; what cannot be read as one is passed over."""
    page = pages[number]
    start = HEAD_BYTES if number == 1 else 0
    kind = page[start]
    if kind not in (_ROW_LEAF, _KEY_LEAF, _KEY_INNER):
        return
    (count,) = struct.unpack_from(">H", page, start + 3)
    first = start + (12 if kind == _KEY_INNER else 8)
    for at in range(first, min(first + 2 * count, PAGE_BYTES - 1), 2):
        (cell,) = struct.unpack_from(">H", page, at)
        try:
            yield _cell(pages, page, cell, kind)
        except _BROKEN:
            continue


def _cell(pages: Pages, page: bytes, at: int, kind: int) -> tuple[int | None, list[Value]]:
    if kind == _KEY_INNER:
        at += 4  # the page below
    size, at = _varint(page, at)
    rowid = None
    if kind == _ROW_LEAF:
        rowid, at = _varint(page, at)
    return rowid, _record(_payload(pages, page, at, size, kind))


def _payload(pages: Pages, page: bytes, at: int, size: int, kind: int) -> bytes:
    """The bytes of a cell; long ones go on in a chain of overflow pages."""
    if size > _PAYLOAD_MAX:
        raise ValueError
    here_max = PAGE_BYTES - 35 if kind == _ROW_LEAF else (PAGE_BYTES - 12) * 64 // 255 - 23
    here_min = (PAGE_BYTES - 12) * 32 // 255 - 23
    here = size
    if size > here_max:
        here = here_min + (size - here_min) % (PAGE_BYTES - 4)
        here = here if here <= here_max else here_min
    payload = bytearray(page[at : at + here])
    if here < size:
        (number,) = struct.unpack_from(">I", page, at + here)
        while len(payload) < size:
            more = pages[number]
            payload += more[4 : 4 + size - len(payload)]
            (number,) = struct.unpack_from(">I", more)
    if len(payload) != size:
        raise ValueError
    return bytes(payload)


def _record(payload: bytes) -> list[Value]:
    head_bytes, at = _varint(payload, 0)
    body = head_bytes
    values: list[Value] = []
    while at < head_bytes:
        kind, at = _varint(payload, at)
        value, body = _value(payload, body, kind)
        values.append(value)
    if body != len(payload):
        raise ValueError
    return values


def _value(payload: bytes, at: int, kind: int) -> tuple[Value, int]:
    """Read one value of a serial type; returns it and where the next one begins."""
    if kind >= 12:
        end = at + (kind - 12) // 2
        raw = payload[at:end]
        if len(raw) != end - at:
            raise ValueError
        return (raw.decode() if kind % 2 else raw), end
    if kind == 0:
        return None, at
    if kind == 7:
        return struct.unpack_from(">d", payload, at)[0], at + 8
    if kind in (8, 9):
        return kind - 8, at
    width = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}[kind]
    return int.from_bytes(payload[at : at + width], "big", signed=True), at + width


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    """Read SQLite's variable-length integer; returns it and where the next byte is."""
    value = 0
    for place in range(8):
        byte = raw[at + place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, at + place + 1
    return value << 8 | raw[at + 8], at + 9
