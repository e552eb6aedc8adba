"""How both machines use SQLite: durable, all or nothing, and our errors."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import apsw
import pytest

from exogenesis.errors import DiskFull, StorageError
from exogenesis.sqlite import check_library, connect, statements, transaction


def a_table(path: Path) -> apsw.Connection:
    db = connect(path)
    db.execute("CREATE TABLE t (x)")
    return db


@pytest.mark.parametrize("version", ["3.51.2", "3.9.0", "2.99.99"])
def test_an_old_library_is_refused(version: str) -> None:
    with pytest.raises(StorageError, match=r"update apsw"):
        check_library(version)


@pytest.mark.parametrize("version", ["3.51.3", "3.52.0", "4.0.0"])
def test_a_new_library_is_taken(version: str) -> None:
    check_library(version)


def test_statements_are_found_by_name() -> None:
    found = statements("exogenesis.constellation.store", "rounds.sql")
    assert set(found) == {"schema", "mark", "finish", "find", "marked"}
    assert found["mark"] == "INSERT OR IGNORE INTO closed (round) VALUES (?);"


def test_a_new_database_and_its_log_are_for_their_owner_alone(tmp_path: Path) -> None:
    db = a_table(tmp_path / "a.db")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == {"a.db": 0o600, "a.db-wal": 0o600, "a.db-shm": 0o600}
    db.close()


def test_a_transaction_that_fails_leaves_nothing_and_says_why(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    db = a_table(path)
    db.execute("PRAGMA max_page_count = 3")

    def run(statement: str, times: int) -> None:
        with transaction(db, path):
            for _ in range(times):
                db.execute(statement)

    with pytest.raises(DiskFull):
        run("INSERT INTO t VALUES (randomblob(500))", 100)
    with pytest.raises(StorageError, match="no such table"):
        run("INSERT INTO t VALUES (1); INSERT INTO missing VALUES (1)", 1)
    assert db.execute("SELECT count(*) FROM t").fetchone() == (0,)


def test_what_is_no_database_is_named_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.db"
    path.write_bytes(b"no database" * 100)
    with pytest.raises(StorageError, match=r"a\.db is damaged") as caught:
        connect(path)
    assert caught.value.code == "store_damaged"
    assert path.read_bytes() == b"no database" * 100


def test_a_second_connection_leaves_the_locks_of_the_first(tmp_path: Path) -> None:
    """The system drops a process's locks on a file as soon as it closes the file anywhere."""
    path = tmp_path / "a.db"
    first = connect(path, settings="PRAGMA locking_mode = EXCLUSIVE;")
    first.execute("CREATE TABLE t (x)")
    with pytest.raises(StorageError):
        connect(path)
    program = (
        "import sys; from pathlib import Path; from exogenesis.sqlite import connect; "
        "connect(Path(sys.argv[1]))"
    )
    command = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(command, check=False, capture_output=True)
    assert b"in use by another program" in done.stderr
    first.close()


def test_a_database_that_another_holds_is_named(tmp_path: Path) -> None:
    db = a_table(tmp_path / "a.db")
    db.execute("BEGIN EXCLUSIVE")
    other = connect(tmp_path / "a.db")
    with pytest.raises(StorageError) as caught, transaction(other, "a.db"):
        pass
    assert caught.value.code == "store_in_use"
