"""A copy of page 1 and of the schema's pages, in a file of its own.

Where the tables begin is written there and nowhere else. These pages change only when the schema
does or the file is rewritten; the copy is taken away before and made anew after, so what it
says is never out of date.
"""

from __future__ import annotations

import hashlib
import struct
from pathlib import Path

import apsw

from exogenesis.disk import disk_errors, remove, replace_file
from exogenesis.tv.persistence.carve import PAGE_BYTES
from exogenesis.tv.persistence.layout import rows_of

HEAD_NAME = "brain.head"

_DIGEST_BYTES = 32
_NUMBER = struct.Struct(">I")
_ENTRY_BYTES = _NUMBER.size + PAGE_BYTES
# Change counter, size and free pages; the counter's copy and the library that wrote last.
_CHANGING = ((24, 40), (92, 100))
_VERSION_AT = 60

Head = dict[int, bytes]
"""The pages by number, page 1 without what every commit changes."""


def read_head(home: Path) -> Head | None:
    """Read the copy, or None where there is none that is whole."""
    path = home / HEAD_NAME
    with disk_errors(path):
        if not path.exists():
            return None
        raw = path.read_bytes()
    body, seal = raw[:-_DIGEST_BYTES], raw[-_DIGEST_BYTES:]
    if _seal(body) != seal or not body or len(body) % _ENTRY_BYTES:
        return None
    entries = (body[at : at + _ENTRY_BYTES] for at in range(0, len(body), _ENTRY_BYTES))
    return {_NUMBER.unpack_from(entry)[0]: entry[_NUMBER.size :] for entry in entries}


def write_head(home: Path, head: Head) -> None:
    """Keep the copy, whole or not at all.

    Raises:
        DiskFull, StorageError
    """
    body = b"".join(_NUMBER.pack(number) + page for number, page in sorted(head.items()))
    replace_file(home / HEAD_NAME, body + _seal(body), mode=0o600)


def drop_head(home: Path) -> None:
    """Take the copy away, before the pages change."""
    remove(home / HEAD_NAME)


def current_head(connection: apsw.Connection, path: Path, vfs: str | None) -> Head:
    """Read the pages as they are in the file; the log must have been folded into it."""
    numbers = rows_of(connection, "SELECT pageno FROM dbstat WHERE name = 'sqlite_schema'")
    return read_pages(path, [number for (number,) in numbers], vfs)


def read_pages(path: Path, numbers: list[int], vfs: str | None) -> Head:
    """Read pages of a database that may be open.

    Through SQLite's own file: another handle, when closed, would drop the locks of this process.
    """
    flags = apsw.SQLITE_OPEN_MAIN_DB | apsw.SQLITE_OPEN_READONLY
    file = apsw.VFSFile(vfs or "", str(path), [flags, 0])
    try:
        size = file.xFileSize()
        within = [number for number in numbers if number * PAGE_BYTES <= size]
        pages = {n: file.xRead(PAGE_BYTES, (n - 1) * PAGE_BYTES) for n in within}
    finally:
        file.xClose()
    return {n: masked(page) if n == 1 else page for n, page in pages.items()}


def masked(page: bytes) -> bytes:
    """Page 1 without what every commit changes."""
    plain = bytearray(page)
    for start, end in _CHANGING:
        plain[start:end] = bytes(end - start)
    return bytes(plain)


def version_of(page: bytes) -> int:
    """The schema's version that page 1 tells."""
    return int(_NUMBER.unpack_from(page, _VERSION_AT)[0])


def _seal(body: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_DIGEST_BYTES).digest()
