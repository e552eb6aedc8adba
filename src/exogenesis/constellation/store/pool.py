"""pool/round-<n>.db: the envelopes of a closed round, shuffled, without their senders.

Folder and files are for their owner alone. Where server and worker run as two users, make the
folder beforehand with their common group (mode 2770): a pool is readable by the group if its
folder is.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import apsw
import numpy as np

from exogenesis.constellation.exchange import PoolChunk, PoolFacts
from exogenesis.core.effects import Entropy
from exogenesis.core.limits import BUCKET_DEVICES_MIN, BUCKETS_MAX
from exogenesis.disk import (
    adopt,
    make_folder,
    make_private,
    partial_name,
    remove,
    share_with_folder,
)
from exogenesis.errors import StorageError
from exogenesis.sqlite import database_errors, statements, transaction
from exogenesis.wire.envelope import ENVELOPE_BYTES

_SQL = statements(__package__, "pool.sql")
_KEY_BYTES = 16


def bucket_count(devices: int) -> int:
    """Number of buckets: at most 12, fewer while one would hold under 50 televisions.

    >>> bucket_count(0), bucket_count(120), bucket_count(100_000)
    (1, 2, 12)
    """
    return max(1, min(BUCKETS_MAX, devices // BUCKET_DEVICES_MIN))


def bucket_of(device: bytes, bucket_key: bytes, buckets: int) -> int:
    """The bucket of a device in one round; ``bucket_key`` is 32 bytes that nobody keeps."""
    hashed = hashlib.blake2b(device, digest_size=8, key=bucket_key, person=b"omega-bucket-v1")
    return int.from_bytes(hashed.digest(), "little") % buckets


def _rows(
    pushes: Iterable[tuple[bytes, bytes]], buckets: int, entropy: Entropy
) -> Iterator[tuple[bytes, int, bytes]]:
    bucket_key = entropy(32)
    for device, envelopes in pushes:
        bucket = bucket_of(device, bucket_key, buckets)
        for start in range(0, len(envelopes), ENVELOPE_BYTES):
            yield entropy(_KEY_BYTES), bucket, envelopes[start : start + ENVELOPE_BYTES]


@contextmanager
def _reading(path: Path) -> Iterator[apsw.Connection]:
    """Open a pool to read it; closes it even when the reader stops half-way."""
    with database_errors(path):
        if not path.exists():
            raise StorageError(f"there is no pool {path}: has the server closed the round?")
        db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
        try:
            yield db
        finally:
            db.close(True)


class PoolFolder:
    """The pools of an exchange folder; the server writes them, the worker reads and deletes."""

    def __init__(self, exchange: Path) -> None:
        self._folder = exchange / "pool"

    def path(self, round: int) -> Path:
        """Where the pool of ``round`` is."""
        return self._folder / f"round-{round}.db"

    def write(
        self,
        round: int,
        pushes: Iterable[tuple[bytes, bytes]],
        *,
        devices: int,
        entropy: Entropy,
    ) -> int:
        """Write the pool of ``round`` whole, in place of one that may be there.

        It is put together in memory: about 200 bytes an envelope.

        Args:
            round: the closed round.
            pushes: device and concatenated envelopes of every push.
            devices: how many televisions pushed.
            entropy: source of the random keys that shuffle, and of the bucket key, which is
                forgotten on return.

        Returns:
            The number of envelopes.

        Raises:
            DiskFull, StorageError: there is no new pool.
        """
        buckets = bucket_count(devices)
        path = self.path(round)
        partial = partial_name(path)
        make_folder(self._folder, mode=0o700)
        remove(partial)
        make_private(partial)
        with database_errors(path):
            # In memory, so that no order but that of the keys ever lies on a disk.
            db = apsw.Connection(":memory:")
            try:
                with transaction(db, path):
                    db.execute(_SQL["schema"])
                    db.execute(_SQL["put_meta"], (round, buckets, devices))
                    db.executemany(_SQL["put_envelope"], _rows(pushes, buckets, entropy))
                db.execute(_SQL["copy"], (str(partial),))
            finally:
                db.close()
        share_with_folder(partial)
        adopt(partial, path)
        return self.facts(round).envelopes

    def facts(self, round: int) -> PoolFacts:
        """Describe the pool of ``round``.

        Raises:
            StorageError: there is no such pool, or it is damaged.
        """
        path = self.path(round)
        with _reading(path) as db:
            row = db.execute(_SQL["facts"], (round,)).fetchone()
        if row is None or row[0] < 1:
            raise StorageError(f"{path} is no pool of round {round}")
        return PoolFacts(buckets=row[0], devices=row[1], envelopes=row[2])

    def chunks(self, round: int, size: int) -> Iterator[PoolChunk]:
        """Read the pool of ``round``, ``size`` envelopes at a time, always in the same order.

        Raises:
            StorageError: there is no such pool, or it is damaged.
        """
        with _reading(self.path(round)) as db:
            cursor = db.execute(_SQL["read"])
            while rows := list(islice(cursor, size)):
                buckets = np.fromiter((row[0] for row in rows), np.int64, len(rows))
                yield PoolChunk(sealed=[row[1] for row in rows], buckets=buckets)

    def rounds(self) -> list[int]:
        """The rounds that a pool is there for."""
        names = (path.stem.removeprefix("round-") for path in self._folder.glob("round-*.db"))
        return sorted(int(name) for name in names if name.isdecimal())

    def delete(self, round: int) -> None:
        """Delete the pool of ``round``, if there is one."""
        remove(self.path(round))
