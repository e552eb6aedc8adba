"""intake-<round>.db: what televisions pushed into the open round, each push exactly once."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal

from exogenesis.constellation.store.database import open_database
from exogenesis.core.limits import PUSHES_PER_ROUND
from exogenesis.disk import remove
from exogenesis.sqlite import database_errors, statements, transaction
from exogenesis.wire.push import Push

_SQL = statements(__package__, "intake.sql")
_DIGEST_BYTES = 16

Outcome = Literal["stored", "known", "seq_reused", "budget_spent"]
"""``known``: the same bytes were stored before; the last two stored nothing."""


def intake_path(home: Path, round: int) -> Path:
    """Where the intake of ``round`` is."""
    return home / f"intake-{round}.db"


def delete_intake(home: Path, round: int) -> None:
    """Delete the intake of ``round`` with its log; nothing happens when there is none."""
    path = intake_path(home, round)
    for suffix in ("-wal", "-shm", ""):
        remove(path.with_name(path.name + suffix))


class Intake:
    """The intake of one round; it belongs to one thread at a time."""

    def __init__(self, home: Path, round: int) -> None:
        self._path = intake_path(home, round)
        self._db = open_database(self._path, _SQL["schema"])

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def store(self, pushes: Sequence[Push]) -> list[Outcome]:
        """Store ``pushes`` in one transaction; it is on the disk on return.

        Raises:
            DiskFull, StorageError: none of them was stored.
        """
        with transaction(self._db, self._path):
            outcomes = [self._store(push) for push in pushes]
        return outcomes

    def _store(self, push: Push) -> Outcome:
        header = push.header
        key = (header.device, header.epoch, header.seq)
        digest = hashlib.blake2b(push.raw, digest_size=_DIGEST_BYTES).digest()
        row = self._db.execute(_SQL["find_push"], key).fetchone()
        if row is not None:
            return "known" if row[0] == digest else "seq_reused"
        pushed = self._db.execute(_SQL["count_pushes"], (header.device,)).fetchone()
        if pushed is not None and pushed[0] >= PUSHES_PER_ROUND:
            return "budget_spent"
        self._db.execute(_SQL["put_push"], (*key, digest, b"".join(push.envelopes)))
        return "stored"

    def devices(self) -> int:
        """How many televisions pushed."""
        with database_errors(self._path):
            row = self._db.execute(_SQL["count_devices"]).fetchone()
        return int(row[0]) if row else 0

    def pushes(self) -> Iterator[tuple[bytes, bytes]]:
        """Device and envelopes (903 bytes) of every push."""
        with database_errors(self._path):
            yield from self._db.execute(_SQL["read_pushes"])
