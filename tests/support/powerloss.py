"""A disk that loses its power: what SQLite asked of it is written down, and crashes are drawn.

A crash leaves what was synced, and of everything else a random part, in pieces of 512 bytes: kept,
lost, or written as rubbish. The name of a file is certain only when its folder was synced, which
SQLite does at the first sync of a new log or journal. Not modelled: a disk that lies about syncing.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from unittest.mock import patch

import apsw
import numpy as np

from exogenesis.errors import StorageError
from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.layout import rows_of, tables

PIECE_BYTES = 512
_VFS_NAME = "powerloss"
_LOGS = apsw.SQLITE_OPEN_WAL | apsw.SQLITE_OPEN_MAIN_JOURNAL
_SHM = Path("/dev/shm")  # in memory, where there is one: a sync costs nothing


@dataclass(frozen=True, slots=True)
class Write:
    file: int
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True)
class Truncate:
    file: int
    size: int


@dataclass(frozen=True, slots=True)
class Sync:
    file: int


@dataclass(frozen=True, slots=True)
class Create:
    file: int
    name: str


@dataclass(frozen=True, slots=True)
class Delete:
    name: str


@dataclass(frozen=True, slots=True)
class FolderSync:
    """All names are on the disk."""


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The program was told that its work is stored."""


Event = Write | Truncate | Sync | Create | Delete | FolderSync | Acknowledged


def _apply(content: bytearray, change: Write | Truncate) -> None:
    if isinstance(change, Truncate):
        del content[change.size :]
        content.extend(bytes(change.size - len(content)))
        return
    end = change.offset + len(change.data)
    content.extend(bytes(max(0, end - len(content))))
    content[change.offset : end] = change.data


class Recorder(apsw.VFS):
    """Files in memory, by their last name, and the log of all that happened to them."""

    def __init__(self, files: dict[str, bytes] | None = None) -> None:
        super().__init__(_VFS_NAME, "")
        self.log: list[Event] = []
        self.names: dict[str, int] = {}
        self.contents: list[bytearray] = []
        for name, content in (files or {}).items():
            file = self._create(name)
            if content:
                self._change(Write(file, 0, content))
            self.log.append(Sync(file))
        self.log.append(FolderSync())

    def _create(self, name: str) -> int:
        self.contents.append(bytearray())
        self.names[name] = len(self.contents) - 1
        self.log.append(Create(self.names[name], name))
        return self.names[name]

    def _change(self, change: Write | Truncate) -> None:
        self.log.append(change)
        _apply(self.contents[change.file], change)

    def acknowledge(self) -> None:
        self.log.append(Acknowledged())

    def xOpen(self, name: object, flags: list[int]) -> Any:  # noqa: N802
        if name is None:
            raise apsw.CantOpenError("temporary files are kept in memory")
        path = name.filename() if isinstance(name, apsw.URIFilename) else str(name)
        last = Path(path).name
        made = last not in self.names
        file = self._create(last) if made else self.names[last]
        flags[1] = flags[0]
        return _File(self, file, new_log=made and bool(flags[0] & _LOGS))

    def xDelete(self, name: str, sync_folder: bool) -> None:  # noqa: N802
        if self.names.pop(Path(name).name, None) is None:
            raise apsw.IOError("no such file")
        self.log.append(Delete(Path(name).name))
        if sync_folder:
            self.log.append(FolderSync())

    def xAccess(self, name: str, flags: int) -> bool:  # noqa: N802
        return Path(name).name in self.names

    def xFullPathname(self, name: str) -> str:  # noqa: N802
        return name


class _File:
    """The methods that SQLite calls; one process, so locks are only said to be there."""

    def __init__(self, disk: Recorder, file: int, *, new_log: bool) -> None:
        self._disk = disk
        self._file = file
        self._new_log = new_log

    def xRead(self, amount: int, offset: int) -> bytes:  # noqa: N802
        return bytes(self._disk.contents[self._file][offset : offset + amount])

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._disk._change(Write(self._file, offset, bytes(data)))

    def xTruncate(self, size: int) -> None:  # noqa: N802
        self._disk._change(Truncate(self._file, size))

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._disk.log.append(Sync(self._file))
        if self._new_log:
            self._disk.log.append(FolderSync())
            self._new_log = False

    def xFileSize(self) -> int:  # noqa: N802
        return len(self._disk.contents[self._file])

    def xLock(self, level: int) -> None: ...  # noqa: N802

    def xUnlock(self, level: int) -> None: ...  # noqa: N802

    def xCheckReservedLock(self) -> bool:  # noqa: N802
        return False

    def xFileControl(self, operation: int, pointer: int) -> bool:  # noqa: N802
        return False

    def xSectorSize(self) -> int:  # noqa: N802
        return PIECE_BYTES

    def xDeviceCharacteristics(self) -> int:  # noqa: N802
        # As of the real one: a write damages no byte beside it.
        return apsw.SQLITE_IOCAP_POWERSAFE_OVERWRITE

    def xClose(self) -> None: ...  # noqa: N802


@contextmanager
def recorded(
    files: dict[str, bytes] | None = None, *, pragmas: str = ""
) -> Iterator[tuple[Recorder, Path]]:
    """Let every television that is opened meanwhile keep its store on a recorded disk.

    Args:
        files: what is on it at the start, by name.
        pragmas: run when a store is opened, for example to switch syncing off.
    """
    disk = Recorder(files)
    home = scratch()
    really = Database.open

    def opened(place: Path | None) -> Database:
        assert place == home
        database = really(place, vfs=_VFS_NAME)
        list(database._connection.execute(pragmas))
        return database

    try:
        with patch.object(Database, "open", opened):
            yield disk, home
    finally:
        disk.unregister()
        shutil.rmtree(home)


def scratch() -> Path:
    """A new folder where a sync costs nothing, if there is such a place."""
    return Path(mkdtemp(prefix="omega-", dir=_SHM if _SHM.is_dir() else None))


@dataclass
class _Disk:
    """What is certain, and what is only asked for, after some of the log."""

    contents: dict[int, bytearray] = field(default_factory=dict)
    pending: dict[int, list[Write | Truncate]] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    renamed: list[Create | Delete] = field(default_factory=list)

    def follow(self, event: Event) -> None:
        match event:
            case Write() | Truncate():
                self.pending[event.file].append(event)
            case Sync():
                for change in self.pending[event.file]:
                    _apply(self.contents[event.file], change)
                self.pending[event.file] = []
            case Create():
                self.contents[event.file] = bytearray()
                self.pending[event.file] = []
                self.renamed.append(event)
            case Delete():
                self.renamed.append(event)
            case FolderSync():
                self.names = _named(self.names, self.renamed)
                self.renamed = []

    def whole(self) -> dict[str, bytes]:
        """What is there if the power stays on."""
        return self._files(self.renamed, lambda change: [change])

    def crash(self, rng: np.random.Generator) -> dict[str, bytes]:
        """What may be there after a crash: names in order, everything else in any."""
        keep, rubbish = rng.choice([0.0, 0.1, 0.5, 0.9, 1.0]), rng.choice([0.0, 0.0, 0.1])

        def survive(change: Write | Truncate) -> Iterator[Write | Truncate]:
            if isinstance(change, Truncate):
                if rng.random() < keep:
                    yield change
                return
            end = change.offset + len(change.data)
            start = change.offset
            while start < end:
                stop = min(end, (start // PIECE_BYTES + 1) * PIECE_BYTES)
                chance = rng.random()
                if chance < keep:
                    piece = change.data[start - change.offset : stop - change.offset]
                    yield Write(change.file, start, piece)
                elif chance < keep + rubbish:
                    yield Write(change.file, start, rng.bytes(stop - start))
                start = stop

        return self._files(self.renamed[: rng.integers(len(self.renamed) + 1)], survive)

    def _files(
        self,
        renamed: list[Create | Delete],
        survive: Callable[[Write | Truncate], Iterable[Write | Truncate]],
    ) -> dict[str, bytes]:
        found = {}
        for name, file in _named(self.names, renamed).items():
            content = bytearray(self.contents[file])
            for change in self.pending[file]:
                for part in survive(change):
                    _apply(content, part)
            found[name] = bytes(content)
        return found


def _named(names: dict[str, int], changes: list[Create | Delete]) -> dict[str, int]:
    after = dict(names)
    for change in changes:
        if isinstance(change, Create):
            after[change.name] = change.file
        else:
            after.pop(change.name, None)
    return after


def disks(log: list[Event]) -> Iterator[tuple[int, _Disk]]:
    """The disk after each event, with the event's place; always the same object."""
    disk = _Disk()
    for place, event in enumerate(log):
        disk.follow(event)
        yield place, disk


def put(home: Path, files: dict[str, bytes]) -> None:
    """Leave exactly ``files`` in the folder, and the spare room where it is."""
    for path in home.iterdir():
        if path.name != "ballast":
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, content in files.items():
        (home / name).parent.mkdir(exist_ok=True)
        (home / name).write_bytes(content)


def fingerprint(database: Database) -> str:
    """A digest of every row of a store."""
    connection = database._connection
    rows = [
        (
            table.name,
            sorted(map(repr, rows_of(connection, f"SELECT {table.listed} FROM {table.name}"))),
        )
        for table in tables(connection)
    ]
    return hashlib.blake2b(repr(rows).encode(), digest_size=16).hexdigest()


def state(home: Path, files: dict[str, bytes]) -> str | None:
    """The fingerprint of the store that opens from ``files``; None if it was damaged."""
    put(home, files)
    try:
        database = Database.open(home)
    except StorageError:
        return None
    try:
        return None if database.recovery is not None else fingerprint(database)
    finally:
        database.close()


@dataclass
class Verdict:
    """What became of the crashes.

    Attributes:
        images: how many were drawn.
        lost: those that opened as a store from before the last acknowledgement.
        broken: those that were damaged, or hold what was never stored.
    """

    images: int = 0
    lost: int = 0
    broken: int = 0

    @property
    def good(self) -> int:
        return self.images - self.lost - self.broken


def _commits(log: list[Event], place: int) -> bool:
    """Whether an event completes a commit: the page of a frame that says how large the file is."""
    match log[place - 1 : place + 1]:
        case [Write(data=head), Write()] if len(head) == 24:
            return any(head[4:8])
    return False


def judge(log: list[Event], images: int, seed: int) -> Verdict:
    """Draw crashes evenly over a log, open each, and compare with what was acknowledged.

    A store must open as it was after the last acknowledged call or after one of the commits since.
    """
    rng = np.random.default_rng(seed)
    crashes = np.bincount(rng.integers(len(log), size=images), minlength=len(log))
    home = scratch()
    verdict = Verdict()
    current = state(home, {})
    allowed, earlier = {current}, set[str | None]()
    try:
        for place, disk in disks(log):
            if isinstance(log[place], Acknowledged):
                earlier |= allowed
                allowed = {current}
            elif _commits(log, place):
                current = state(home, disk.whole())
                assert current is not None, "with the power on, every commit is sound"
                allowed.add(current)
            for _ in range(crashes[place]):
                found = state(home, disk.crash(rng))
                verdict.images += 1
                if found is not None and found in allowed:
                    continue
                verdict.lost += found is not None and found in earlier
                verdict.broken += found is None or found not in earlier
    finally:
        shutil.rmtree(home)
    return verdict
