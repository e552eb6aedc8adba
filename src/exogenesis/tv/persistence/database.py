"""SQLite as the source of truth: one file, one connection, acknowledged means on the disk.

Write-ahead log, ``synchronous = FULL``, exclusive lock, no memory map. Statements live in
``sql/queries``, each under a line ``-- name: ...``; the schema in ``sql/migrations``, applied in
order and counted in ``PRAGMA user_version``. Every row carries a digest of its values, which
SQLite computes when the row is written, and which is checked when the store is opened.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import apsw

from exogenesis.disk import make_folder
from exogenesis.errors import DiskFull, StorageError
from exogenesis.sqlite import connect, database_errors, statements, transaction
from exogenesis.tv.persistence.ballast import free_ballast, lay_ballast
from exogenesis.tv.persistence.check import damage, damage_in_slices
from exogenesis.tv.persistence.generations import Generations
from exogenesis.tv.persistence.head import (
    Head,
    current_head,
    drop_head,
    read_head,
    read_pages,
    write_head,
)
from exogenesis.tv.persistence.layout import (
    Row,
    Value,
    add_functions,
    expected_schema,
    migrate,
    rows_of,
    schema,
    scripts,
    tables,
)
from exogenesis.tv.persistence.recovery import Recovery
from exogenesis.tv.persistence.salvage import (
    RECOVERY_KEY,
    STORE_NAME,
    drop_evidence,
    finish_salvage,
    salvage,
)

__all__ = ["Database", "Row", "Value"]

T = TypeVar("T")

_SETTINGS = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA mmap_size = 0;
PRAGMA secure_delete = ON;
PRAGMA foreign_keys = ON;
"""
# These say something about the machine or another program, and nothing about the file.
_NO_DAMAGE = (
    apsw.BusyError,
    apsw.CantOpenError,
    apsw.FullError,
    apsw.InterruptError,
    apsw.LockedError,
    apsw.NoMemError,
    apsw.PermissionsError,
)


class _Damaged(StorageError):
    """The file is there and may be used, and is not as it was written."""

    def __init__(self, found: str) -> None:
        super().__init__(found, code="store_damaged")


def _queries() -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in files(__package__).joinpath("sql/queries").iterdir():
        found |= statements(__package__, f"sql/queries/{entry.name}")
    return found


_QUERIES = _queries()


class Database:
    """The store of one television; every method drains what it starts.

    Every failure of the disk or of SQLite leaves as :class:`StorageError` (:class:`DiskFull`
    when there is no room), with nothing of the running transaction kept.
    """

    def __init__(self, connection: apsw.Connection, home: Path | None, vfs: str | None) -> None:
        self._connection = connection
        self._home = home
        self._vfs = vfs
        self._path = Path("memory") if home is None else home / STORE_NAME
        self._generations = None if home is None else Generations(home)

    @classmethod
    def open(cls, home: Path | None, *, vfs: str | None = None) -> Database:
        """Open the store in the folder ``home``, or a fresh one in memory for None.

        The whole file is checked. A damaged one is replaced by what can be saved of it and of
        the backups, and kept aside; :attr:`recovery` says what was lost.

        Args:
            home: the folder.
            vfs: the registered name of what stands for the operating system in a test; the
                store is not replaced there.

        Raises:
            StorageError: the folder or file cannot be used, is in use by another program, or
                was written by a newer release.
            DiskFull: there is no room to create or to rescue it.
        """
        if home is None:
            return cls._connected(None, None)
        make_folder(home, mode=0o700)
        finish_salvage(home)
        try:
            if vfs is None and _is_lost(home):
                raise _Damaged("the file is missing")
            database = cls._connected(home, vfs)
        except _Damaged as error:
            if vfs is not None:
                raise
            salvage(home, error.message)
            database = cls._connected(home, None)
        lay_ballast(home)
        return database

    @classmethod
    def _connected(cls, home: Path | None, vfs: str | None) -> Database:
        path = None if home is None else home / STORE_NAME
        with _damage_named():
            connection = connect(path, settings=_SETTINGS, vfs=vfs)
        try:
            add_functions(connection)
            database = cls(connection, home, vfs)
            if home is None:
                database._migrate(0)
            else:
                database._make_sure(home)
        except BaseException:
            with suppress(apsw.Error):
                connection.close()
            raise
        return database

    def _make_sure(self, home: Path) -> None:
        """Check everything, then bring the schema and the copy of page 1 up to date."""
        with _damage_named():
            version, head = self._checked(home)
        if version < len(scripts()):
            drop_head(home)
            self._migrate(version)
            head = None
        if head is None:
            self._renew_head(home)

    def _checked(self, home: Path) -> tuple[int, Head | None]:
        """Check everything; returns the schema's version and the copy of page 1, if it is there."""
        newest = len(scripts())
        with database_errors(self._path, self._connection):
            ((version,),) = self._script("PRAGMA user_version")
            if version > newest:
                if schema(self._connection) == expected_schema(newest):
                    raise _Damaged(f"the schema's number is {version}, its tables are of {newest}")
                raise StorageError(
                    f"{self._path} has schema {version}, this release knows {newest}: "
                    "update the program, or use another home",
                    code="newer_store",
                )
            head = read_head(home)
            if head is not None and read_pages(self._path, list(head), self._vfs) != head:
                raise _Damaged("the first pages are not as they were written")
            found = damage(self._connection)
            if head is None and schema(self._connection) != expected_schema(version):
                found.insert(0, "the tables are not as they were made")
            if found:
                raise _Damaged("; ".join(found[:3]))
        return version, head

    def _migrate(self, version: int) -> None:
        """Bring the schema up to date, all or nothing.

        A table that is made anew is dropped first, and with it, if they are watched, the rows that
        refer to it; so the references are checked at the end.
        """
        with database_errors(self._path, self._connection):
            self._script("PRAGMA foreign_keys = OFF")
        with self.transaction():
            migrate(self._connection, version, len(scripts()))
            if self._script("PRAGMA foreign_key_check"):
                raise StorageError(f"{self._path} cannot be brought up to date: rows are missing")
        with database_errors(self._path, self._connection):
            self._script("PRAGMA foreign_keys = ON")

    def _renew_head(self, home: Path) -> None:
        with database_errors(self._path, self._connection):
            self._script("PRAGMA wal_checkpoint(TRUNCATE)")
            head = current_head(self._connection, self._path, self._vfs)
        with suppress(StorageError):  # without it a lost page 1 costs more, and nothing else
            write_head(home, head)

    def _script(self, sql: str) -> list[Row]:
        return rows_of(self._connection, sql)

    def run(self, name: str, /, **values: Value) -> list[Row]:
        """Run the statement ``name`` of ``sql/queries`` and return all its rows."""
        with database_errors(self._path, self._connection):
            return list(self._connection.execute(_QUERIES[name], values))

    def run_many(self, name: str, rows: Sequence[dict[str, Value]]) -> None:
        """Run the statement ``name`` once for each of ``rows``."""
        with database_errors(self._path, self._connection):
            for _ in self._connection.executemany(_QUERIES[name], rows):
                pass

    def transaction(self) -> AbstractContextManager[None]:
        """Everything in the block or nothing; on the disk when the block has ended."""
        return transaction(self._connection, self._path)

    def setting(self, key: str) -> Any:
        """Return what is stored under ``key``, or None."""
        rows = self.run("get_setting", key=key)
        return rows[0][0] if rows else None

    def store_setting(self, key: str, value: Value) -> None:
        """Store ``value`` under ``key``; None removes it."""
        if value is None:
            self.run("drop_setting", key=key)
        else:
            self.run("set_setting", key=key, value=value)

    @property
    def recovery(self) -> Recovery | None:
        """What was saved and lost when the store was last found damaged; None if it never was."""
        stored = self.setting(RECOVERY_KEY)
        return None if stored is None else Recovery.from_json(stored)

    def insist(self, work: Callable[[], T]) -> T:
        """Do ``work``; on a full disk give the spare room up and do it again.

        For what must be possible then: the owner's word, forgetting, making room in small steps.

        Raises:
            DiskFull: there is no spare room either.
        """
        try:
            return work()
        except DiskFull:
            if self._home is None or not free_ballast(self._home):
                raise
        try:
            return work()
        finally:
            self.lay_ballast()

    def lay_ballast(self) -> bool:
        """Take the spare room again, if there is any; returns whether it is held."""
        if self._home is None:
            return False
        with suppress(StorageError), database_errors(self._path, self._connection):
            self._script("PRAGMA wal_checkpoint(TRUNCATE)")
        return lay_ballast(self._home)

    def check(self) -> Generator[None, None, list[str]]:
        """Check every row and page a short step at a time; the value is what is wrong, in words.

        Raises:
            StorageError: ``store_damaged``: it cannot even be read through.
        """
        with _damage_named():
            return (yield from damage_in_slices(self._connection))

    def back_up(self) -> Generator[None, None, None]:
        """Add a generation to the backups a short step at a time; the oldest of three goes.

        Raises:
            DiskFull, StorageError: there is no new one, and the old ones stay.
        """
        if self._generations is not None:
            yield from self._generations.make(self._connection)

    def fingerprint(self) -> bytes:
        """Return 16 bytes of BLAKE2b over every row of every table."""
        told = hashlib.blake2b(digest_size=16)
        with database_errors(self._path, self._connection):
            for table in tables(self._connection):
                told.update(table.name.encode())
                for row in self._connection.execute(f"SELECT * FROM {table.name}"):
                    told.update(repr(row).encode())
        return told.digest()

    def drop_copies(self) -> None:
        """Remove every backup and the damaged file that was kept aside.

        To be called before anything is forgotten, so that no rescue brings it back.
        """
        if self._home is not None and self._generations is not None:
            self._generations.drop()
            drop_evidence(self._home)

    def scrub(self) -> None:
        """Rewrite the file, so that nothing deleted can be read from it, its log or its copies.

        The old backups are removed first, and one new one is made if there is room.
        """
        self.drop_copies()
        if self._home is not None:
            drop_head(self._home)
        try:
            with database_errors(self._path, self._connection):
                self._script("VACUUM")
        finally:
            if self._home is not None:
                self._renew_head(self._home)
        with suppress(StorageError):
            for _ in self.back_up():
                pass

    def close(self) -> None:
        """Close the file; the log is folded into it."""
        with database_errors(self._path, self._connection):
            self._connection.close()


def _is_lost(home: Path) -> bool:
    """Whether there is no store although there are backups of one."""
    parts = (home / STORE_NAME, home / f"{STORE_NAME}-wal")
    return bool(Generations(home).list()) and not any(
        part.exists() and part.stat().st_size for part in parts
    )


@contextmanager
def _damage_named() -> Iterator[None]:
    """Tell a damaged file from a machine that cannot use it."""
    try:
        yield
    except UnicodeDecodeError as error:
        raise _Damaged("a text is not readable") from error
    except StorageError as error:
        cause = error.__cause__
        whole = isinstance(error, DiskFull) or isinstance(cause, _NO_DAMAGE)
        if isinstance(cause, apsw.Error) and not whole:
            raise _Damaged(str(cause)) from error
        raise
    except apsw.Error as error:
        if isinstance(error, _NO_DAMAGE):
            raise
        raise _Damaged(str(error)) from error
