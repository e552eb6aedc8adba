"""The store: all or nothing, one owner, no newer schema, and a full disk."""

from __future__ import annotations

import stat
from pathlib import Path

import apsw
import pytest

from exogenesis.errors import DiskFull, StorageError
from exogenesis.tv.persistence import Database


def _pages(home: Path, statement: str) -> None:
    connection = apsw.Connection(str(home / "brain.db"))
    list(connection.execute(statement))
    connection.close()


def test_a_setting_survives_reopening(tmp_path: Path) -> None:
    home = tmp_path / "tv"
    database = Database.open(home)
    database.store_setting("k", b"\x00\xff")
    database.close()
    again = Database.open(home)
    assert again.setting("k") == b"\x00\xff"
    again.store_setting("k", None)
    assert again.setting("k") is None
    again.close()


def test_the_home_is_for_its_owner_alone(tmp_path: Path) -> None:
    home = tmp_path / "a" / "tv"
    Database.open(home).close()
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_a_home_that_exists_keeps_its_mode_and_the_store_is_private(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    database = Database.open(tmp_path)
    assert stat.S_IMODE(tmp_path.stat().st_mode) == 0o755
    assert {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()} == {0o600}
    database.close()


def test_every_commit_is_durable(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    assert database._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert database._connection.execute("PRAGMA synchronous").fetchone() == (2,)
    database.close()


def test_a_row_refers_to_something_that_is_there(tmp_path: Path) -> None:
    for database in (Database.open(None), Database.open(tmp_path)):
        with pytest.raises(StorageError, match="FOREIGN KEY"):
            list(database.run("add_outbox", ledger=7, round=1, due_at=0))
        database.close()


def test_a_failed_transaction_leaves_nothing() -> None:
    database = Database.open(None)

    def half() -> None:
        with database.transaction():
            database.store_setting("k", 1)
            raise KeyError

    with pytest.raises(KeyError):
        half()
    assert database.setting("k") is None
    with database.transaction():
        database.store_setting("k", 2)
    assert database.setting("k") == 2


def test_a_newer_schema_is_refused(tmp_path: Path) -> None:
    Database.open(tmp_path).close()
    _pages(tmp_path, "CREATE TABLE later (x); PRAGMA user_version = 99")
    written = (tmp_path / "brain.db").read_bytes()
    with pytest.raises(StorageError, match="schema 99") as caught:
        Database.open(tmp_path)
    assert caught.value.code == "newer_store"
    assert (tmp_path / "brain.db").read_bytes() == written


def test_a_second_program_is_told_that_the_store_is_in_use(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    with pytest.raises(StorageError) as caught:
        Database.open(tmp_path)
    assert caught.value.code == "store_in_use"
    database.close()


def test_what_is_no_store_is_kept_aside_and_reported(tmp_path: Path) -> None:
    """There is nothing to save in it: the television works on, and says what it lost."""
    rubbish = b"this is no database at all" * 400
    (tmp_path / "brain.db").write_bytes(rubbish)
    database = Database.open(tmp_path)
    assert database.recovery is not None
    assert (database.recovery.kept, database.recovery.filled) == (0, 0)
    assert "skill" in database.recovery.damaged
    assert (tmp_path / "brain.db.damaged").read_bytes() == rubbish
    database.store_setting("k", 1)
    database.close()
    again = Database.open(tmp_path)
    assert again.setting("k") == 1
    again.close()


def test_a_home_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match="File exists"):
        Database.open(tmp_path / "file")


def test_a_full_disk_stores_nothing_and_loses_nothing(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    database.store_setting("kept", 1)
    list(database._connection.execute("PRAGMA max_page_count = 30"))
    with pytest.raises(DiskFull):
        database.store_setting("big", bytes(1 << 20))
    assert database.setting("big") is None
    database.close()
    again = Database.open(tmp_path)
    assert (again.setting("kept"), again.setting("big")) == (1, None)
    again.close()
