"""SQLite as the source of truth: one file, one connection, acknowledged means on the disk.

Write-ahead log, ``synchronous = FULL``, exclusive lock, no memory map. Statements live in
``sql/queries``, each under a line ``-- name: ...``; the schema in ``sql/migrations``, applied in
order and counted in ``PRAGMA user_version``. Every row carries a digest of its values, which
SQLite computes when the row is written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from importlib.resources import files
from pathlib import Path
from typing import Any

import apsw

from exogenesis.disk import make_folder
from exogenesis.errors import StorageError
from exogenesis.sqlite import connect, database_errors, statements, transaction

FILE_NAME = "brain.db"

Value = None | int | float | str | bytes
Row = tuple[Any, ...]

_DIGEST_BYTES = 8
_SETTINGS = """
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA mmap_size = 0;
PRAGMA secure_delete = ON;
PRAGMA foreign_keys = ON;
"""


def row_digest(*values: Value) -> bytes:
    """Return 8 bytes of BLAKE2b over the values of a row, as SQLite hands them on."""
    return hashlib.blake2b(repr(values).encode(), digest_size=_DIGEST_BYTES).digest()


def _queries() -> dict[str, str]:
    found: dict[str, str] = {}
    for entry in files(__package__).joinpath("sql/queries").iterdir():
        found |= statements(__package__, f"sql/queries/{entry.name}")
    return found


_QUERIES = _queries()


def _migrations() -> list[str]:
    folder = files(__package__).joinpath("sql/migrations")
    scripts = sorted((entry.name, entry) for entry in folder.iterdir())
    return [entry.read_text("utf-8") for name, entry in scripts if name.endswith(".sql")]


class Database:
    """The store of one television; every method drains what it starts.

    Every failure of the disk or of SQLite leaves as :class:`StorageError` (:class:`DiskFull`
    when there is no room), with nothing of the running transaction kept.
    """

    def __init__(self, connection: apsw.Connection, where: str) -> None:
        self._connection = connection
        self._where = where

    @classmethod
    def open(cls, home: Path | None) -> Database:
        """Open the store in the folder ``home``, or a fresh one in memory for None.

        Raises:
            StorageError: the folder or file cannot be used, is in use by another program, or
                was written by a newer release.
            DiskFull: there is no room to create it.
        """
        path = None if home is None else make_folder(home, mode=0o700) / FILE_NAME
        connection = connect(path, settings=_SETTINGS)
        try:
            connection.create_scalar_function("row_digest", row_digest, deterministic=True)
            database = cls(connection, str(path or "memory"))
            database._migrate()
        except BaseException:
            connection.close()
            raise
        return database

    def _migrate(self) -> None:
        scripts = _migrations()
        with self.transaction():
            ((version,),) = self._script("PRAGMA user_version")
            if version > len(scripts):
                raise StorageError(
                    f"{self._where} has schema {version}, this release knows {len(scripts)}: "
                    "update the program, or use another home",
                    code="newer_store",
                )
            if version < len(scripts):
                for script in scripts[version:]:
                    self._script(script)
                self._script(f"PRAGMA user_version = {len(scripts)}")

    def _script(self, sql: str) -> list[Row]:
        return list(self._connection.execute(sql))

    def run(self, name: str, /, **values: Value) -> list[Row]:
        """Run the statement ``name`` of ``sql/queries`` and return all its rows."""
        with database_errors(self._where):
            return list(self._connection.execute(_QUERIES[name], values))

    def run_many(self, name: str, rows: Sequence[dict[str, Value]]) -> None:
        """Run the statement ``name`` once for each of ``rows``."""
        with database_errors(self._where):
            for _ in self._connection.executemany(_QUERIES[name], rows):
                pass

    def transaction(self) -> AbstractContextManager[None]:
        """Everything in the block or nothing; on the disk when the block has ended."""
        return transaction(self._connection, self._where)

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

    def scrub(self) -> None:
        """Rewrite the file, so that nothing deleted can be read from it or from its log."""
        with database_errors(self._where):
            self._script("VACUUM")
            self._script("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the file; the log is folded into it."""
        with database_errors(self._where):
            self._connection.close()
