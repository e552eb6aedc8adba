"""How the server opens its databases."""

from __future__ import annotations

from pathlib import Path

import apsw

from exogenesis.sqlite import connect, transaction

BUSY_MS = 5_000


def open_database(path: Path, schema: str) -> apsw.Connection:
    """Open or create ``path`` with the statements of ``schema``; wait for others that write.

    Raises:
        DiskFull, StorageError
    """
    db = connect(path, settings=f"PRAGMA busy_timeout = {BUSY_MS};")
    with transaction(db, path):
        db.execute(schema)
    return db
