"""Whole files or none: a reader never sees half a file, a crash never leaves one under its name.

Folders and files get their mode when they are made; what exists keeps the mode it has.
"""

from __future__ import annotations

import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from exogenesis.core.effects import Entropy
from exogenesis.errors import DiskFull, InputError, StorageError

SECRET_BYTES = 32


@contextmanager
def disk_errors(where: Path) -> Iterator[None]:
    """Turn the operating system's errors into ours.

    Raises:
        DiskFull: there is no room, or the file would grow over a limit.
        StorageError: any other failure; the message names the file, and what to do about a
            place that may not be written.
    """
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
            raise DiskFull(str(where)) from error
        forbidden = error.errno in (errno.EACCES, errno.EPERM, errno.EROFS)
        remedy = "; choose another folder, or give this user the right to it" if forbidden else ""
        raise StorageError(f"{where}: {error.strerror or error}{remedy}") from error


def make_folder(folder: Path, *, mode: int = 0o755) -> Path:
    """Create ``folder`` and its parents, durably, where they are missing; returns it."""
    with disk_errors(folder):
        missing = [path for path in (folder, *folder.parents) if not path.exists()]
        folder.mkdir(mode=mode, parents=True, exist_ok=True)
        for made in missing:
            with suppress(PermissionError):  # a parent that may be written, but not read
                _sync(made.parent)
    return folder


def make_private(path: Path) -> None:
    """Create ``path`` empty and for its owner alone, where there is none yet.

    A file that is there is not opened: closing it would drop the locks that this process has on it.
    """
    with disk_errors(path), suppress(FileExistsError):
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))


def share_with_folder(path: Path) -> None:
    """Let the group of ``path`` read it if the group may read its folder."""
    with disk_errors(path):
        path.chmod(path.stat().st_mode | path.parent.stat().st_mode & stat.S_IRGRP)


def check_private(path: Path) -> None:
    """Refuse a secret that is not for its owner alone.

    Raises:
        InputError: others may read the file.
    """
    with disk_errors(path):
        mode = path.stat().st_mode
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise InputError(f"others may read the secret {path}; run: chmod 600 {path}")


def partial_name(path: Path) -> Path:
    """Where a file is written before it gets the name ``path``."""
    return path.with_name(f".{path.name}.part")


def adopt(partial: Path, path: Path) -> None:
    """Make the finished file ``partial`` durable and give it the name ``path`` in one step."""
    with disk_errors(path):
        _sync(partial)
        partial.replace(path)
        _sync(path.parent)


def move(path: Path, to: Path) -> None:
    """Give the file ``path`` the name ``to``, durably, in the same folder or another."""
    with disk_errors(path):
        path.replace(to)
        _sync(to.parent)
        if to.parent != path.parent:
            _sync(path.parent)


def replace_file(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write ``path`` whole and durable: its old content or the new one, never between.

    Raises:
        DiskFull, StorageError: nothing was changed.
    """
    partial = partial_name(path)
    _write(partial, content, mode)
    adopt(partial, path)


def create_file(path: Path, content: bytes, *, mode: int = 0o644) -> None:
    """Write ``path`` whole and durable, where there is none yet.

    Raises:
        InputError: it exists already, and was not changed.
        DiskFull, StorageError: there is no such file.
    """
    partial = partial_name(path.with_name(f"{path.name}.{os.getpid()}"))
    _write(partial, content, mode)
    with disk_errors(path):
        try:
            _sync(partial)
            path.hardlink_to(partial)
        except FileExistsError as error:
            raise InputError(f"{path} exists already and is never overwritten") from error
        finally:
            partial.unlink()
        _sync(path.parent)


def _write(path: Path, content: bytes, mode: int) -> None:
    with disk_errors(path):
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
            with os.fdopen(handle, "wb") as file:
                os.fchmod(handle, mode)  # whatever an older attempt or the umask says
                file.write(content)
        except OSError:
            path.unlink(missing_ok=True)
            raise


def _sync(path: Path) -> None:
    """Make the content of a file, or the names in a folder, durable."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def remove(path: Path) -> None:
    """Remove ``path``, durably; nothing happens when there is none."""
    with disk_errors(path):
        if path.exists():
            path.unlink()
            _sync(path.parent)


def keep_secret(path: Path, entropy: Entropy) -> bytes:
    """Read the 32-byte secret in ``path`` (hex, mode 0600), or draw one and keep it there.

    Raises:
        InputError: others may read it.
        StorageError: the file holds something else.
    """
    with disk_errors(path):
        there = path.exists()
    if not there:
        create_file(path, f"{entropy(SECRET_BYTES).hex()}\n".encode(), mode=0o600)
    with disk_errors(path):
        text = path.read_bytes()
    try:
        secret = bytes.fromhex(text.decode("ascii"))
    except ValueError:
        secret = b""
    if len(secret) != SECRET_BYTES:
        raise StorageError(f"{path} is no secret: it must hold {2 * SECRET_BYTES} hex digits")
    check_private(path)
    return secret


class FolderLock:
    """One process at a time in a folder; the operating system frees it when the process ends."""

    def __init__(self, folder: Path, who: str) -> None:
        """Take the lock.

        Raises:
            StorageError: another process holds it.
        """
        with disk_errors(folder):
            self._handle = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._handle)
            raise StorageError(
                f"another {who} works in {folder}: stop it first, or use another folder",
                code="locked",
            ) from error

    def release(self) -> None:
        """Let the next process in."""
        os.close(self._handle)
