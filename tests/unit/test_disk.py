"""Whole files, secrets and locks."""

from __future__ import annotations

import errno
import os
import resource
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exogenesis.disk import FolderLock, create_file, keep_secret, make_folder, remove, replace_file
from exogenesis.errors import DiskFull, InputError, StorageError


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    replace_file(path, b"old")
    replace_file(path, b"new")
    assert path.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [path]


@contextmanager
def _no_room() -> Iterator[None]:
    """No file may grow beyond 100 bytes; not a fixture, for that would hold for the report, too."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_without_room_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "a"
    replace_file(path, b"old")
    with _no_room(), pytest.raises(DiskFull):
        replace_file(path, bytes(1000))
    with _no_room(), pytest.raises(DiskFull):
        create_file(tmp_path / "b", bytes(1000))
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_new_file_never_takes_the_place_of_another(tmp_path: Path) -> None:
    path = tmp_path / "a"
    create_file(path, b"first", mode=0o600)
    with pytest.raises(InputError, match="never overwritten"):
        create_file(path, b"second")
    assert path.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("write", [replace_file, create_file])
def test_what_is_not_on_the_disk_yet_has_no_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, bytes], None]
) -> None:
    path = tmp_path / "a"

    def stops(handle: int) -> None:
        raise OSError(errno.EIO, "the machine stops here")

    monkeypatch.setattr(os, "fsync", stops)
    with pytest.raises(StorageError, match="stops here"):
        write(path, b"content")
    assert not path.exists()


def test_every_new_folder_is_made_durable_in_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    monkeypatch.setattr(os, "fsync", lambda handle: synced.add(os.fstat(handle).st_ino))
    folder = make_folder(tmp_path / "a" / "b" / "c", mode=0o700)
    assert synced == {path.stat().st_ino for path in (tmp_path, tmp_path / "a", folder.parent)}
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_folder_that_is_there_keeps_its_mode(tmp_path: Path) -> None:
    tmp_path.chmod(0o750)
    make_folder(tmp_path, mode=0o700)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o750


def test_a_missing_folder_is_a_storage_error(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="missing"):
        replace_file(tmp_path / "missing" / "a", b"x")


@pytest.mark.parametrize("reason", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_place_that_may_not_be_written_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reason: int
) -> None:
    def refuses(path: object, mode: int = 0) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(os, "mkdir", refuses)
    with pytest.raises(StorageError, match="choose another folder, or give this user") as caught:
        make_folder(tmp_path / "x")
    assert str(tmp_path / "x") in str(caught.value)
    assert caught.value.exit_code == 3


def test_a_secret_is_drawn_once_and_its_owner_s_alone(tmp_path: Path) -> None:
    path = tmp_path / "round-1.key"
    secret = keep_secret(path, os.urandom)
    assert keep_secret(path, os.urandom) == secret
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_secret_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "round-1.key"
    keep_secret(path, os.urandom)
    path.chmod(0o640)
    with pytest.raises(InputError, match="chmod 600"):
        keep_secret(path, os.urandom)


@pytest.mark.parametrize("content", [b"", b"zz" * 32, b"00" * 31, b"\xff\xfe"])
def test_a_damaged_secret_is_not_replaced(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "round-1.key"
    path.write_bytes(content)
    with pytest.raises(StorageError, match="64 hex digits"):
        keep_secret(path, os.urandom)
    assert path.read_bytes() == content


def test_removing_what_is_gone_is_no_error(tmp_path: Path) -> None:
    path = tmp_path / "a"
    replace_file(path, b"x")
    remove(path)
    remove(path)
    assert not path.exists()


def test_a_folder_has_one_holder(tmp_path: Path) -> None:
    lock = FolderLock(tmp_path, "server")
    with pytest.raises(StorageError, match="another server"):
        FolderLock(tmp_path, "server")
    lock.release()
    FolderLock(tmp_path, "server").release()
