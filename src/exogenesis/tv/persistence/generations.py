"""Generations of backup: whole copies of the store, each named by its number and its digest."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import NamedTuple

import apsw

from exogenesis.disk import adopt, disk_errors, make_folder, make_private, partial_name, remove
from exogenesis.sqlite import database_errors
from exogenesis.tv.persistence.layout import rows_of

FOLDER_NAME = "backup"
GENERATIONS = 3

_NAME = re.compile(r"(\d{6})\.([0-9a-f]{32})\.db")
_DIGEST_BYTES = 16
_STEP_PAGES = 32
_STEP_BYTES = 1 << 20


class Generation(NamedTuple):
    """One backup; the digest of its bytes is in its name."""

    number: int
    digest: str
    path: Path

    def read(self) -> bytes | None:
        """Return its bytes, or None when they are not what was written."""
        try:
            raw = self.path.read_bytes()
        except OSError:
            return None
        return (
            raw
            if hashlib.blake2b(raw, digest_size=_DIGEST_BYTES).hexdigest() == (self.digest)
            else None
        )


class Generations:
    """The backups in the folder ``backup`` of a television's home."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER_NAME
        self._drops = 0

    def list(self) -> list[Generation]:
        """Return the generations, the newest first, rotten ones included."""
        with disk_errors(self._folder):
            if not self._folder.is_dir():
                return []
            names = [(_NAME.fullmatch(path.name), path) for path in self._folder.iterdir()]
        found = [Generation(int(name[1]), name[2], path) for name, path in names if name]
        return sorted(found, reverse=True)

    def make(self, connection: apsw.Connection) -> Generator[None, None, None]:
        """Copy the store as it is when the last step ends; the store may be written between steps.

        When the generations are dropped meanwhile, the copy is given up. The oldest ones go when
        the new one is there.

        Raises:
            DiskFull, StorageError: there is no new generation, and the old ones stay.
        """
        make_folder(self._folder, mode=0o700)
        partial = partial_name(self._folder / "next.db")
        drops = self._drops
        try:
            remove(partial)
            make_private(partial)
            yield from self._copy(connection, partial, drops)
            if self._drops != drops:
                return
            digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
            with disk_errors(partial), partial.open("rb") as file:
                while self._drops == drops and (part := file.read(_STEP_BYTES)):
                    digest.update(part)
                    yield
            if self._drops != drops:
                return
            older = self.list()
            number = older[0].number + 1 if older else 1
            adopt(partial, self._folder / f"{number:06}.{digest.hexdigest()}.db")
            for generation in older[GENERATIONS - 1 :]:
                remove(generation.path)
        finally:
            remove(partial)

    def _copy(self, connection: apsw.Connection, partial: Path, drops: int) -> Iterator[None]:
        with database_errors(partial):
            copy = apsw.Connection(str(partial))
        try:
            with database_errors(partial, copy):
                # A crash leaves no generation, so neither order nor journal are needed here.
                rows_of(copy, "PRAGMA synchronous = OFF; PRAGMA journal_mode = OFF")
                with copy.backup("main", connection, "main") as backup:
                    while self._drops == drops and not backup.done:
                        backup.step(_STEP_PAGES)
                        yield
        finally:
            copy.close()

    def drop(self) -> None:
        """Remove every generation, and the one that is being made."""
        self._drops += 1
        with disk_errors(self._folder):
            if not self._folder.is_dir():
                return
            paths = list(self._folder.iterdir())
        for path in paths:
            remove(path)
