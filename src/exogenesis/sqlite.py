"""One way to use SQLite: durable at every commit, one kind of transaction, our errors.

Only ``tv/persistence`` and ``constellation/store`` import this module.
"""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import apsw

from exogenesis.disk import make_private
from exogenesis.errors import DiskFull, StorageError

LIBRARY_LEAST = (3, 51, 3)
"""Older libraries can lose a commit when a write-ahead log is reset in an unlucky moment."""

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_NAME = re.compile(r"^-- name: (\w+)$", re.MULTILINE)
_DURABLE = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA temp_store = MEMORY;
"""


def statements(package: str, name: str) -> dict[str, str]:
    """Read the annotated SQL file ``name`` of ``package``: statement by ``-- name:``."""
    parts = _NAME.split(files(package).joinpath(name).read_text("utf-8"))
    return dict(zip(parts[1::2], (part.strip() for part in parts[2::2]), strict=True))


def check_library(version: str) -> None:
    """Refuse a SQLite library that may lose what it acknowledged.

    Raises:
        StorageError: older than :data:`LIBRARY_LEAST`.
    """
    if tuple(map(int, version.split("."))) < LIBRARY_LEAST:
        least = ".".join(map(str, LIBRARY_LEAST))
        raise StorageError(f"SQLite {version} is too old, {least} or newer is needed: update apsw")


@contextmanager
def database_errors(where: Path | str, db: apsw.Connection | None = None) -> Iterator[None]:
    """Turn the database's errors into ours; ``where`` names it.

    Args:
        where: the file, for the message.
        db: the connection that fails; with it, a limit on the size of files is known from a
            broken disk.

    Raises:
        DiskFull: there is no room, or the file would grow over a limit.
        StorageError: any other failure; ``store_in_use`` and ``store_damaged`` have their codes.
    """
    try:
        yield
    except apsw.FullError as error:
        raise DiskFull(str(where)) from error
    except (apsw.BusyError, apsw.LockedError) as error:
        raise StorageError(
            f"{where} is in use by another program: stop it and repeat", code="store_in_use"
        ) from error
    except (apsw.CorruptError, apsw.NotADBError) as error:
        raise StorageError(
            f"{where} is damaged ({error}): restore it from a copy", code="store_damaged"
        ) from error
    except apsw.Error as error:
        unwritable = isinstance(error, apsw.IOError | apsw.CantOpenError)
        if unwritable and db is not None and db.system_errno in _NO_ROOM:
            raise DiskFull(str(where)) from error
        raise StorageError(f"{where} failed, nothing was stored: {error}") from error


@contextmanager
def transaction(db: apsw.Connection, where: Path | str) -> Iterator[None]:
    """All of the block is on the disk on return, or nothing of it is stored.

    SQLite rolls back by itself when the disk is full. The driver's own context manager then
    fails on its second rollback and hides the reason, so it is not used.

    Raises:
        DiskFull, StorageError
    """
    with database_errors(where, db):
        db.execute("BEGIN IMMEDIATE")
        try:
            yield
            db.execute("COMMIT")
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise


def connect(path: Path | None, *, settings: str = "", vfs: str | None = None) -> apsw.Connection:
    """Open ``path``, or a database in memory for None; a new file is for its owner alone.

    Every commit is on the disk when it returns (write-ahead log, ``synchronous = FULL``).

    Args:
        path: the database file, in a folder that is there.
        settings: further PRAGMA statements, run first.
        vfs: the registered name of what stands for the operating system; None is the real one.

    Raises:
        DiskFull, StorageError
    """
    check_library(apsw.sqlite_lib_version())
    if path is not None and vfs is None:
        make_private(path)
    where = path or "memory"
    with database_errors(where):
        db = apsw.Connection(":memory:" if path is None else str(path), vfs=vfs)
    try:
        with database_errors(where, db):
            list(db.execute(settings + _DURABLE))
    except BaseException:
        db.close()
        raise
    return db
