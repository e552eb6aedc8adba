"""Reading a write-ahead log: what SQLite would recover, and nothing else."""

from __future__ import annotations

from pathlib import Path

import apsw
import numpy as np
import pytest

from exogenesis.tv.persistence.wal import committed_pages

PAGE = 4096


def _logged(folder: Path, commits: int) -> apsw.Connection:
    connection = apsw.Connection(str(folder / "a.db"))
    list(connection.execute("PRAGMA journal_mode = WAL; PRAGMA wal_autocheckpoint = 0"))
    list(connection.execute("CREATE TABLE t (x)"))
    for row in range(commits):
        list(connection.execute("INSERT INTO t VALUES (?)", (bytes([row]) * 3000,)))
    return connection


def _recovered(folder: Path, log: bytes) -> bytes:
    """What SQLite makes of the files: the twin."""
    other = folder / "other"
    other.mkdir(exist_ok=True)
    (other / "a.db").write_bytes((folder / "a.db").read_bytes())
    (other / "a.db-wal").write_bytes(log)
    connection = apsw.Connection(str(other / "a.db"))
    list(connection.execute("PRAGMA wal_checkpoint(TRUNCATE)"))
    connection.close()
    return (other / "a.db").read_bytes()


def _ours(folder: Path, log: bytes) -> bytes:
    raw = (folder / "a.db").read_bytes()
    pages = {at // PAGE + 1: raw[at : at + PAGE] for at in range(0, len(raw), PAGE)}
    newer, size = committed_pages(log, PAGE)
    pages |= newer
    return b"".join(pages[n] for n in sorted(pages) if n <= (size or len(pages)))


def test_the_log_is_read_as_sqlite_reads_it(tmp_path: Path) -> None:
    connection = _logged(tmp_path, 20)
    log = (tmp_path / "a.db-wal").read_bytes()
    assert _ours(tmp_path, log) == _recovered(tmp_path, log)
    list(connection.execute("BEGIN; DELETE FROM t"))  # not committed
    assert _ours(tmp_path, log) == _recovered(tmp_path, log)
    connection.close()


@pytest.mark.parametrize("seed", range(8))
def test_a_log_that_is_cut_or_rotten_ends_at_the_commit_before(tmp_path: Path, seed: int) -> None:
    rng = np.random.default_rng(seed)
    connection = _logged(tmp_path, 12)
    log = bytearray((tmp_path / "a.db-wal").read_bytes())
    if seed % 2:
        log = log[: int(rng.integers(32, len(log)))]
    else:
        log[int(rng.integers(32, len(log)))] ^= 1
    assert _ours(tmp_path, bytes(log)) == _recovered(tmp_path, bytes(log))
    connection.close()


def test_a_log_from_before_its_last_restart_is_not_read(tmp_path: Path) -> None:
    connection = _logged(tmp_path, 12)
    list(connection.execute("PRAGMA wal_checkpoint(RESTART)"))
    list(connection.execute("INSERT INTO t VALUES (1)"))
    log = (tmp_path / "a.db-wal").read_bytes()
    assert len(log) > 10 * PAGE
    assert len(committed_pages(log, PAGE)[0]) < 4
    assert _ours(tmp_path, log) == _recovered(tmp_path, log)
    connection.close()


@pytest.mark.parametrize("raw", [b"", b"x" * 31, bytes(32), b"\xff" * 5000])
def test_what_is_no_log_holds_nothing(raw: bytes) -> None:
    assert committed_pages(raw, PAGE) == ({}, 0)
