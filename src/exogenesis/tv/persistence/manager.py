"""Keeping the store safe: checks, backups, restoring, and how it stands."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from exogenesis.errors import InputError, StorageError
from exogenesis.sqlite import connect
from exogenesis.tv.persistence.ballast import BALLAST_BYTES, BALLAST_NAME
from exogenesis.tv.persistence.database import Database
from exogenesis.tv.persistence.generations import Generations
from exogenesis.tv.persistence.recovery import Recovery
from exogenesis.tv.persistence.salvage import STORE_NAME, salvage


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreStatus:
    """How a store stands.

    Attributes:
        size_bytes: the file and its log.
        generations: backups that are as they were written.
        rotten: backups that are not.
        ballast: whether the spare room for a full disk is held.
        recovery: what was saved and lost when it was last found damaged; None if it never was.
    """

    size_bytes: int
    generations: int
    rotten: int
    ballast: bool
    recovery: Recovery | None


class PersistenceManager:
    """Looks after one open store in a folder.

    Args:
        database: the store.
        home: the folder that it was opened in; None for a store in memory, which has no backups.
    """

    def __init__(self, database: Database, home: Path | None) -> None:
        self._database = database
        self._home = home

    def status(self) -> StoreStatus:
        """Say how the store stands; reads every backup."""
        if self._home is None:
            return StoreStatus(size_bytes=0, generations=0, rotten=0, ballast=False, recovery=None)
        files = [self._home / name for name in (STORE_NAME, f"{STORE_NAME}-wal")]
        ballast = self._home / BALLAST_NAME
        whole = [one.read() is not None for one in Generations(self._home).list()]
        return StoreStatus(
            size_bytes=sum(file.stat().st_size for file in files if file.exists()),
            generations=whole.count(True),
            rotten=whole.count(False),
            ballast=ballast.exists() and ballast.stat().st_size == BALLAST_BYTES,
            recovery=self._database.recovery,
        )

    def check(self) -> Generator[None, None, None]:
        """Check every row a short step at a time.

        Raises:
            StorageError: ``store_damaged``: open the store anew, and it is rescued.
        """
        found = yield from self._database.check()
        if found:
            raise StorageError(
                f"the store is damaged ({'; '.join(found)}): start the program anew, and it saves "
                "what can be saved",
                code="store_damaged",
            )

    def back_up(self) -> Generator[None, None, None]:
        """Check the store, then add a generation to its backups, a short step at a time.

        What is damaged is never copied over a good backup.

        Raises:
            DiskFull, StorageError: there is no new one, and the old ones stay.
        """
        yield from self.check()
        yield from self._database.back_up()

    @staticmethod
    def restore(home: Path) -> Recovery:
        """Replace a store that is not open by its newest good backup; the store is kept aside.

        Consent is off afterwards, and nothing waits to be sent.

        Raises:
            InputError: there is no good backup.
            StorageError: the store is in use.
        """
        if not any(one.read() is not None for one in Generations(home).list()):
            raise InputError(f"there is no good backup in {home}")
        try:
            with closing(connect(home / STORE_NAME, settings="PRAGMA locking_mode = EXCLUSIVE;")):
                pass
        except StorageError as error:
            if error.code == "store_in_use":
                raise
        return salvage(home, "a backup was asked for", use_store=False)
