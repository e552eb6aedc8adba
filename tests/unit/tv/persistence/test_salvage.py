"""A damaged store: what is saved, what is not brought back, and that a rescue survives crashes."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Callable
from pathlib import Path

import apsw
import pytest

from exogenesis.disk import FolderLock
from exogenesis.errors import StorageError
from exogenesis.tv.persistence import Database, Recovery
from exogenesis.tv.persistence import database as database_module
from exogenesis.tv.persistence.head import current_head, write_head
from exogenesis.tv.persistence.layout import rows_of
from exogenesis.tv.persistence.salvage import salvage
from tests.support.stores import (
    PAGE,
    a_home,
    asked,
    break_page,
    old_store,
    root_of,
    without_backups,
)


def rescued(home: Path) -> tuple[Database, Recovery]:
    database = Database.open(home)
    assert database.recovery is not None
    return database, database.recovery


def rows(database: Database, sql: str) -> list[tuple[object, ...]]:
    return rows_of(database._connection, sql)


def count(database: Database, table: str) -> object:
    return rows(database, f"SELECT count(*) FROM {table}")[0][0]


def test_without_page_1_nothing_is_lost_and_consent_stays(tmp_path: Path) -> None:
    break_page(a_home(tmp_path), 1)
    database, recovery = rescued(tmp_path)
    assert (recovery.damaged, recovery.dropped, recovery.filled) == ((), 0, 0)
    assert not recovery.consent_withdrawn
    assert [count(database, table) for table in ("memory", "skill", "plan")] == [200, 50, 1]
    assert database.setting("consent") == 1
    database.close()


def test_without_page_1_and_its_copy_the_rows_are_found_page_by_page(tmp_path: Path) -> None:
    break_page(a_home(tmp_path), 1)
    (tmp_path / "brain.head").unlink()
    database, recovery = rescued(tmp_path)
    assert [count(database, table) for table in ("memory", "skill", "block")] == [200, 50, 1]
    assert recovery.filled == 0
    database.close()


@pytest.mark.parametrize("version", [0, 1, 3, 99])
def test_a_wrong_version_in_page_1_is_damage_and_no_newer_release(
    tmp_path: Path, version: int
) -> None:
    raw = bytearray((a_home(tmp_path) / "brain.db").read_bytes())
    raw[60:64] = version.to_bytes(4, "big")
    (tmp_path / "brain.db").write_bytes(raw)
    database, recovery = rescued(tmp_path)
    assert recovery.damaged == ()
    assert count(database, "memory") == 200
    database.close()


def test_a_lost_root_costs_no_leaf(tmp_path: Path) -> None:
    break_page(a_home(tmp_path, memories=800), root_of(tmp_path, "memory"))
    database, recovery = rescued(tmp_path)
    assert recovery.damaged == ("memory",)
    assert count(database, "memory") == 800
    database.close()


def test_what_a_page_took_with_it_comes_from_the_newest_backup(tmp_path: Path) -> None:
    home = a_home(tmp_path, backups=2)
    before = set(asked(home, "SELECT * FROM memory"))
    ((leaf,),) = asked(
        home, "SELECT max(pageno) FROM dbstat WHERE name = 'memory' AND pagetype = 'leaf'"
    )
    break_page(home, leaf)
    database, recovery = rescued(home)
    assert recovery.generation == 2
    assert recovery.filled > 0
    assert recovery.kept + recovery.filled > 200
    assert set(rows(database, "SELECT * FROM memory")) == before
    assert "came from backup 2" in str(recovery)
    database.close()


def test_a_rotten_row_is_dropped_counted_and_taken_from_the_backup(tmp_path: Path) -> None:
    home = a_home(tmp_path, backups=1)
    raw = (home / "brain.db").read_bytes()
    at = raw.index(b"viewing")
    (home / "brain.db").write_bytes(raw[:at] + b"v\x69\x65\x77\x69\x6f\x67" + raw[at + 7 :])
    database, recovery = rescued(home)
    assert (recovery.damaged, recovery.dropped, recovery.filled) == (("memory",), 1, 1)
    assert "1 row(s) of memory" in recovery.found
    assert rows(database, "SELECT DISTINCT kind FROM memory") == [("viewing",)]
    database.close()


def test_a_rotten_backup_is_passed_over_for_an_older_one(tmp_path: Path) -> None:
    home = a_home(tmp_path, backups=2)
    newest = max((home / "backup").iterdir())
    raw = bytearray(newest.read_bytes())
    raw[5000] ^= 1
    newest.write_bytes(raw)
    (home / "brain.db").unlink()
    (home / "brain.head").unlink()
    database, recovery = rescued(home)
    assert (recovery.generation, recovery.kept) == (1, 0)
    assert count(database, "memory") == 200
    database.close()


@pytest.mark.parametrize("content", [b"", b"rubbish" * 1000, None])
def test_a_store_that_is_gone_comes_back_from_the_backup_silent(
    tmp_path: Path, content: bytes | None
) -> None:
    """Consent may have been withdrawn since, pushes sent, and a round planned."""
    home = a_home(tmp_path, backups=1)
    if content is None:
        (home / "brain.db").unlink()
    else:
        (home / "brain.db").write_bytes(content)
    database, recovery = rescued(home)
    assert recovery.consent_withdrawn
    assert "Consent is off" in str(recovery)
    assert database.setting("consent") == 0
    assert [count(database, table) for table in ("plan", "outbox", "page")] == [0, 0, 0]
    assert database.setting("seq") == 7 + (1 << 20)
    assert database.setting("planned_round") == 3
    assert database.setting("push_key") is not None
    assert rows(database, "SELECT title FROM block") == [("t044",)]
    database.close()


def test_consent_that_was_withdrawn_after_the_backup_stays_so(tmp_path: Path) -> None:
    home = a_home(tmp_path, backups=1)
    database = Database.open(home)
    database.store_setting("consent", 0)
    database.close()
    break_page(home, root_of(home, "setting"))
    database, recovery = rescued(home)
    assert database.setting("consent") == 0
    assert database.setting("encoder") is None
    assert recovery.damaged == ("setting",)
    database.close()


def test_without_the_settings_the_television_is_a_stranger_to_the_server(tmp_path: Path) -> None:
    """Nobody knows how many pushes were counted: the old keys may not speak again."""
    break_page(a_home(tmp_path), root_of(tmp_path, "setting"))
    database, recovery = rescued(tmp_path)
    assert recovery.filled == 0
    for key in ("sign_seed", "box_secret", "device", "push_key", "seq"):
        assert database.setting(key) is None
    assert database.setting("planned_round") == 3  # the ledger knows
    assert count(database, "memory") == 200
    database.close()


def test_one_lost_count_of_pushes_is_enough_for_new_keys(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    raw = bytearray((home / "brain.db").read_bytes())
    raw[raw.index(b"seq") + 3] ^= 1  # the value follows the key
    (home / "brain.db").write_bytes(raw)
    database, recovery = rescued(home)
    assert (recovery.damaged, recovery.dropped) == (("setting",), 0)
    assert database.setting("device") is None
    assert database.setting("sign_seed") is None
    database.close()


def test_pages_of_the_fleet_are_asked_for_again(tmp_path: Path) -> None:
    """Those in the backup may be of an older round."""
    home = a_home(tmp_path, backups=1)
    break_page(home, root_of(home, "page"))
    database, _ = rescued(home)
    assert count(database, "page") == 0
    assert database.setting("consent") == 1
    database.close()


def test_a_page_that_stands_in_for_another_is_not_believed(tmp_path: Path) -> None:
    """Every row that is read is sound, and some are missing."""
    home = a_home(tmp_path, backups=1, memories=800)
    leaves = [
        number
        for (number,) in asked(
            home, "SELECT pageno FROM dbstat WHERE name = 'memory' AND pagetype = 'leaf'"
        )
    ]
    raw = bytearray((home / "brain.db").read_bytes())
    one, other = ((leaf - 1) * PAGE for leaf in leaves[:2])
    raw[one : one + PAGE] = raw[other : other + PAGE]
    (home / "brain.db").write_bytes(raw)
    database, recovery = rescued(home)
    assert recovery.damaged == ("memory",)
    assert recovery.filled > 0
    assert count(database, "memory") == 800
    database.close()


def test_what_was_blocked_again_stays_allowed_unless_the_blocks_are_lost(tmp_path: Path) -> None:
    home = a_home(tmp_path, backups=1)
    database = Database.open(home)
    database.run("drop_block", title="t044")
    database.close()
    break_page(home, root_of(home, "memory"))
    database, _ = rescued(home)
    assert count(database, "block") == 0
    database.close()
    break_page(home, root_of(home, "block"))
    database, _ = rescued(home)
    assert count(database, "block") == 1  # in doubt for the guard
    database.close()


def test_a_lost_profile_may_see_and_tell_the_least(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    database.run("add_profile", name="ada", kind="adult", age_limit=None, contributes=1)
    database.close()
    database = Database.open(tmp_path)
    for name in ("ada", "home"):
        rows_of(
            database._connection,
            "INSERT INTO skill (profile, title, starts, finishes, last_at, last_fraction) "
            "VALUES (?, 't', 1, 1, 0, 1.0)",
            (name,),
        )
    database.close()
    break_page(tmp_path, root_of(tmp_path, "profile"))
    database, _ = rescued(tmp_path)
    assert database.run("list_profiles") == [("ada", "kid", 0, 0), ("home", "adult", None, 0)]
    assert count(database, "skill") == 2
    database.close()


def test_nothing_forgotten_comes_back(tmp_path: Path) -> None:
    home = a_home(tmp_path, backups=3)
    break_page(home, root_of(home, "skill"))
    database, _ = rescued(home)
    assert (home / "brain.db.damaged").exists()
    with database.transaction():
        rows(database, "DELETE FROM memory WHERE subject = 't003'")
        rows(database, "DELETE FROM skill WHERE title = 't003'")
    database.scrub()
    database.close()
    assert not (home / "brain.db.damaged").exists()
    files = [path for path in home.rglob("*") if path.is_file()]
    assert len([path for path in files if path.parent.name == "backup"]) == 1
    assert not [path for path in files if b"t003" in path.read_bytes()]
    (home / "brain.db").unlink()
    database, recovery = rescued(home)
    assert recovery.generation == 1
    assert count(database, "skill") == 49
    database.close()


def test_what_the_log_holds_is_saved_too(tmp_path: Path) -> None:
    """The power went before the log was folded into the file, and page 1 is gone."""
    home, crashed = tmp_path / "a", tmp_path / "b"
    database = Database.open(a_home(home))
    database.store_setting("late", "still in the log")
    crashed.mkdir()
    for name in ("brain.db", "brain.db-wal", "brain.head"):
        shutil.copy(home / name, crashed / name)
    database.close()
    break_page(crashed, 1)
    salvage(crashed, "page 1 is gone")  # as opening does, once SQLite has given the file up
    database, recovery = rescued(crashed)
    assert database.setting("late") == "still in the log"
    assert recovery.damaged == ()
    database.close()


def test_the_damaged_file_is_kept_aside_once_and_private(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    for table in ("memory", "skill"):
        break_page(home, root_of(home, table))
        damaged = (home / "brain.db").read_bytes()
        Database.open(home).close()
        assert (home / "brain.db.damaged").read_bytes() == damaged
    aside = [path for path in home.iterdir() if "damaged" in path.name]
    assert [path.name for path in aside] == ["brain.db.damaged"]
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()} == {0o600}


def test_a_sound_store_is_not_rescued(tmp_path: Path) -> None:
    database = Database.open(a_home(tmp_path, backups=1))
    assert database.recovery is None
    database.close()


@pytest.mark.parametrize("steps", range(6))
def test_a_rescue_that_is_interrupted_is_begun_again_or_finished(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    """The program ends at every change of a name that the rescue makes."""
    home = a_home(tmp_path)
    break_page(home, root_of(home, "memory"))
    left = steps

    def ends(really: Callable[..., None]) -> Callable[..., None]:
        def change(*names: object, **how: object) -> None:
            nonlocal left
            left -= 1
            if left < 0:
                raise KeyboardInterrupt
            really(*names, **how)

        return change

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", ends(os.replace))
        patched.setattr(os, "unlink", ends(os.unlink))
        try:
            Database.open(home).close()
            finished = True
        except KeyboardInterrupt:
            finished = False
    assert finished == (steps == 5)
    database, _ = rescued(home)
    assert count(database, "memory") == 200
    database.close()
    assert (home / "brain.db.damaged").exists()
    assert not [path for path in home.iterdir() if "part" in path.name or "salvaged" in path.name]


@pytest.mark.parametrize("what", ["rewriting", "migration"])
def test_a_crash_before_the_copy_of_page_1_is_renewed_is_no_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    """The copy says where the tables began before."""

    def ends(*_: object) -> None:
        raise KeyboardInterrupt

    if what == "rewriting":
        home = a_home(tmp_path)
        database = Database.open(home)
        rows(database, "DELETE FROM skill")
        work = database.scrub
    else:
        old_store(tmp_path / "brain.db", 1)
        connection = apsw.Connection(str(tmp_path / "brain.db"))
        write_head(tmp_path, current_head(connection, tmp_path / "brain.db", None))
        connection.close()
        work = lambda: Database.open(tmp_path).close()  # noqa: E731
    with monkeypatch.context() as patched:
        patched.setattr(database_module, "write_head", ends)
        with pytest.raises(KeyboardInterrupt):
            work()
    if what == "rewriting":
        database.close()
    again = Database.open(tmp_path)
    assert again.recovery is None
    again.close()


def test_a_rescue_waits_for_nobody(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    break_page(home, root_of(home, "memory"))
    damaged = (home / "brain.db").read_bytes()
    lock = FolderLock(home, "television")
    with pytest.raises(StorageError, match="another television") as caught:
        Database.open(home)
    assert caught.value.code == "locked"
    assert (home / "brain.db").read_bytes() == damaged
    lock.release()


def test_a_store_of_the_first_release_is_saved_too(tmp_path: Path) -> None:
    """Its rows carry no digest: what SQLite can read is taken as it is."""
    old_store(tmp_path / "brain.db", 1)
    break_page(tmp_path, root_of(tmp_path, "block"))
    database, recovery = rescued(tmp_path)
    assert recovery.damaged == ("block",)
    assert count(database, "memory") == 3
    database.close()


def test_the_record_survives_being_stored() -> None:
    recovery = Recovery(
        found="rot",
        damaged=("memory", "skill"),
        kept=1,
        dropped=2,
        filled=3,
        generation=4,
        consent_withdrawn=True,
    )
    assert Recovery.from_json(recovery.to_json()) == recovery


def test_nothing_is_taken_from_a_store_that_shall_be_replaced(tmp_path: Path) -> None:
    home = a_home(tmp_path, backups=1)
    database = Database.open(home)
    rows(database, "DELETE FROM memory")
    database.close()
    recovery = salvage(home, "asked for", use_store=False)
    assert (recovery.kept, recovery.generation) == (0, 1)
    database, _ = rescued(without_backups(home))
    assert count(database, "memory") == 200
    database.close()
