"""Makes a sound store of a damaged one: what can be read, row by row, then what a backup holds.

The damaged file is only read. The new one gets its place in one step, when it is whole and on
the disk; a crash before leaves the damaged file, a crash after is finished at the next opening.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import apsw

from exogenesis.disk import FolderLock, adopt, disk_errors, make_private, move, remove
from exogenesis.errors import DiskFull
from exogenesis.sqlite import database_errors, statements
from exogenesis.tv.persistence.ballast import free_ballast
from exogenesis.tv.persistence.carve import PAGE_BYTES, carve
from exogenesis.tv.persistence.generations import Generations
from exogenesis.tv.persistence.head import Head, drop_head, read_head, version_of
from exogenesis.tv.persistence.layout import (
    Row,
    Table,
    add_functions,
    migrate,
    rows_of,
    scripts,
    tables,
)
from exogenesis.tv.persistence.recovery import Recovery
from exogenesis.tv.persistence.wal import committed_pages

STORE_NAME = "brain.db"
RECOVERY_KEY = "recovery"

_LOGS = ("", "-wal")
_EVIDENCE = f"{STORE_NAME}.damaged"
_READY = f"{STORE_NAME}.salvaged"
_PART = f".{STORE_NAME}.part"
_SPEAKING = ("plan", "outbox")
"""Tables that say what leaves next: never taken from a backup, emptied when in doubt."""
_NOT_FILLED = (*_SPEAKING, "page")
"""Pages of the fleet are asked for again."""
_NEVER_FILLED = ("consent", "manifest", "pending_manifest", RECOVERY_KEY)
"""Settings that a backup may not say again."""
_FIXES = statements(__package__, "sql/queries/salvage.sql")


def salvage(home: Path, found: str, *, use_store: bool = True) -> Recovery:
    """Replace the store in ``home``, which no connection has open, by what can be saved of it.

    Args:
        home: the television's folder.
        found: what is wrong with it, in words.
        use_store: False takes nothing from the store itself, only from the newest backup.

    Raises:
        DiskFull: there is no room for the new file; nothing was changed.
        StorageError: another process is at it, or the folder cannot be used.
    """
    lock = FolderLock(home, "television")
    try:
        try:
            recovery = _rebuild(home, found, use_store)
        except DiskFull:
            free_ballast(home)
            drop_evidence(home)
            recovery = _rebuild(home, found, use_store)
        _swap(home)
    finally:
        lock.release()
    return recovery


def finish_salvage(home: Path) -> None:
    """Put a finished new store in its place, if a crash prevented that."""
    if (home / _READY).exists():
        lock = FolderLock(home, "television")
        try:
            _swap(home)
        finally:
            lock.release()


def drop_evidence(home: Path) -> None:
    """Remove the damaged file that was kept aside, and what an interrupted rescue left."""
    for name in (*(f"{_EVIDENCE}{log}" for log in _LOGS), _PART):
        remove(home / name)


def _swap(home: Path) -> None:
    """Keep the damaged file aside, once, and give the new one its name."""
    ready = home / _READY
    if not ready.exists():
        return
    drop_head(home)  # the tables begin elsewhere in the new file
    if (home / STORE_NAME).exists():
        drop_evidence(home)
    for log in _LOGS:
        path = home / f"{STORE_NAME}{log}"
        if path.exists():
            move(path, home / f"{_EVIDENCE}{log}")
    move(ready, home / STORE_NAME)


def _rebuild(home: Path, found: str, use_store: bool) -> Recovery:
    part = home / _PART
    remove(part)
    make_private(part)
    try:
        with database_errors(part):
            target = apsw.Connection(str(part))
        try:
            with database_errors(part, target):
                rows_of(target, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF; BEGIN")
                recovery = _Rescue(target, home).run(found, use_store)
                rows_of(target, "COMMIT")
        finally:
            target.close()
        adopt(part, home / _READY)
    finally:
        remove(part)
    return recovery


class _Rescue:
    """Fills a new, empty store."""

    def __init__(self, target: apsw.Connection, home: Path) -> None:
        self._target = target
        self._home = home
        self._tables: tuple[Table, ...] = ()
        add_functions(target)

    def run(self, found: str, use_store: bool) -> Recovery:
        """Take over what the damaged file holds, then what the newest good backup can add."""
        head = read_head(self._home)
        pages = _read_pages(self._home / STORE_NAME) if use_store else {}
        version = _version(head, pages)
        migrate(self._target, 0, version)
        self._tables = tables(self._target)
        for table in self._tables:
            self._run(f"DELETE FROM {table.name}")  # what a migration put there
        source = _opened(_image(pages, head))
        damaged = [table for table in self._tables if not self._scan(source, table)]
        source.close()
        dropped = self._carve(pages, damaged)
        kept = self._count()
        consented = bool(self._setting("consent"))
        generation, filled, agreed = self._fill(damaged, version)
        migrate(self._target, version, len(scripts()))
        in_doubt = any(table.name == "setting" for table in damaged)
        self._set_right({table.name for table in damaged}, in_doubt)
        recovery = Recovery(
            found=found,
            damaged=tuple(table.name for table in damaged),
            kept=kept,
            dropped=dropped,
            filled=filled,
            generation=generation,
            consent_withdrawn=in_doubt and (consented or agreed),
        )
        self._store(RECOVERY_KEY, recovery.to_json())
        return recovery

    def _scan(self, source: apsw.Connection, table: Table) -> bool:
        """Take over the sound rows of a table; False when there may be others."""
        clean, last = True, None
        keys = [table.columns.index(column) for column in table.key]
        try:
            for *values, sound in source.execute(
                f"SELECT {table.listed}, {table.sound} FROM main.{table.name}"
            ):
                if not sound:
                    clean = False
                    continue
                key = [values[at] for at in keys]
                clean = clean and (last is None or last < key)
                last = key
                self._insert(table, values)
        except apsw.FullError:
            raise
        except (apsw.Error, UnicodeDecodeError):
            return False
        return clean

    def _carve(self, pages: dict[int, bytes], damaged: list[Table]) -> int:
        """Take over the rows that no tree leads to any more; returns how many were rotten."""
        dropped = 0
        for table, row in carve(pages, damaged) if damaged else ():
            if row is None:
                dropped += 1
            else:
                self._insert(table, row)
        return dropped

    def _fill(self, damaged: list[Table], version: int) -> tuple[int | None, int, bool]:
        """Take lost rows from the newest good backup.

        Returns:
            Its number or None, how many rows it gave, and whether it says that consent was on.
        """
        if not damaged:
            return None, 0, False
        for generation in Generations(self._home).list():
            raw = generation.read()
            if raw is None:
                continue
            source = _opened(_unlogged(raw))
            try:
                ((theirs,),) = rows_of(source, "PRAGMA user_version")
                if not 0 < theirs <= version:
                    continue
                migrate(source, theirs, version)
                before = self._count()
                agreed = self._take_from(source, damaged)
                return generation.number, self._count() - before, agreed
            except apsw.FullError:
                raise
            except apsw.Error:  # sealed when it was rotten already: an older one may be better
                continue
            finally:
                source.close()
        return None, 0, False

    def _take_from(self, source: apsw.Connection, damaged: list[Table]) -> bool:
        counted = self._setting("seq") is not None
        agreed = False
        for table in damaged:
            if table.name in _NOT_FILLED:
                continue
            for row in rows_of(
                source, f"SELECT {table.listed} FROM main.{table.name} WHERE {table.sound}"
            ):
                if table.name == "setting" and row[0] in _NEVER_FILLED:
                    agreed = agreed or (row[0] == "consent" and bool(row[1]))
                    continue
                self._insert(table, row)
        if not counted:
            self._run(_FIXES["skip_seq"])
        return agreed

    def _set_right(self, damaged: set[str], in_doubt: bool) -> None:
        """Make the parts agree with each other; what is in doubt is decided for silence."""
        if in_doubt or damaged.intersection(_SPEAKING):
            self._run(_FIXES["raise_planned_round"])
        if in_doubt:
            self._run(_FIXES["drop_broken_identity"])
            self._run(_FIXES["drop_fleets_round"])
            self._run("DELETE FROM page")
            self._store("consent", 0)
        for table in _SPEAKING:
            if in_doubt or damaged.intersection(_SPEAKING):
                self._run(f"DELETE FROM {table}")
        self._run(_FIXES["drop_outbox_without_ledger"])
        self._run(_FIXES["drop_imported_without_skill"])
        self._run(_FIXES["home_without_word"])
        self._run(_FIXES["profiles_without_word"])

    def _insert(self, table: Table, values: Iterable[object]) -> None:
        marks = ", ".join("?" * len(table.columns))
        self._target.execute(
            f"INSERT OR IGNORE INTO {table.name} ({table.listed}) VALUES ({marks})", tuple(values)
        )

    def _run(self, sql: str) -> list[Row]:
        return rows_of(self._target, sql)

    def _count(self) -> int:
        return sum(self._run(f"SELECT count(*) FROM {table.name}")[0][0] for table in self._tables)

    def _setting(self, key: str) -> object:
        rows = rows_of(self._target, "SELECT value FROM setting WHERE key = ?", (key,))
        return rows[0][0] if rows else None

    def _store(self, key: str, value: str | int) -> None:
        self._target.execute(
            "INSERT INTO setting (key, value) VALUES (?, ?) "
            "ON CONFLICT DO UPDATE SET value = excluded.value",
            (key, value),
        )


def _read_pages(path: Path) -> dict[int, bytes]:
    """The pages of a store as its log leaves them; those that the disk refuses are missing."""
    pages: dict[int, bytes] = {}
    with disk_errors(path):
        if path.exists():
            with path.open("rb", buffering=0) as file:
                for number in range(1, path.stat().st_size // PAGE_BYTES + 1):
                    try:
                        file.seek((number - 1) * PAGE_BYTES)
                        page = file.read(PAGE_BYTES)
                    except OSError:
                        continue
                    if len(page) == PAGE_BYTES:
                        pages[number] = page
        log = path.with_name(f"{path.name}-wal")
        newer, size = committed_pages(log.read_bytes() if log.exists() else b"", PAGE_BYTES)
    pages |= newer
    return {n: page for n, page in pages.items() if n <= size} if size else pages


def _version(head: Head | None, pages: dict[int, bytes]) -> int:
    """The version of the schema, by the copy of page 1 or else by page 1."""
    page = (head or pages).get(1, b"")
    version = version_of(page) if page else 0
    return version if 1 <= version <= len(scripts()) else len(scripts())


def _image(pages: dict[int, bytes], head: Head | None) -> bytes:
    """The bytes of a database with those pages, the schema's taken from the copy."""
    whole = {**pages, **(head or {})}
    count = max(whole, default=0)
    image = bytearray(b"".join(whole.get(n, bytes(PAGE_BYTES)) for n in range(1, count + 1)))
    if head is not None:
        # Change counter, pages, no free ones; and the counter again, so that the size is believed.
        struct.pack_into(">4I", image, 24, 1, count, 0, 0)
        struct.pack_into(">I", image, 92, 1)
    return _unlogged(image)


def _unlogged(raw: bytes | bytearray) -> bytes:
    """Mark a database as one without a log, so that it can be read from memory."""
    return bytes(raw[:18] + b"\x01\x01" + raw[20:])


def _opened(image: bytes) -> apsw.Connection:
    """Open a database that lies in memory; whatever is wrong with it shows when it is read."""
    connection = apsw.Connection(":memory:")
    add_functions(connection)
    connection.deserialize("main", image)
    return connection
