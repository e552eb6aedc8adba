"""Backups: three, whole, sealed, made in slices while the store is used."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from exogenesis.errors import InputError, StorageError
from exogenesis.tv.persistence import Database, PersistenceManager
from exogenesis.tv.persistence.generations import Generations
from exogenesis.tv.persistence.layout import rows_of
from tests.support.stores import a_home, break_page, fill, root_of


def backed_up(database: Database) -> int:
    """Make a generation; returns in how many steps."""
    return sum(1 for _ in database.back_up())


def numbers(home: Path) -> list[int]:
    return [generation.number for generation in Generations(home).list()]


def test_three_generations_are_kept(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    for wanted in ([1], [2, 1], [3, 2, 1], [4, 3, 2], [5, 4, 3]):
        backed_up(database)
        assert numbers(tmp_path) == wanted
    kept = list((tmp_path / "backup").iterdir())
    assert len(kept) == 3
    assert {stat.S_IMODE(path.stat().st_mode) for path in kept} == {0o600}
    database.close()


def test_a_rotten_generation_is_known(tmp_path: Path) -> None:
    newest, older = Generations(a_home(tmp_path, backups=2)).list()
    raw = bytearray(newest.path.read_bytes())
    raw[-1] ^= 4
    newest.path.write_bytes(raw)
    assert newest.read() is None
    assert older.read() is not None
    database = Database.open(tmp_path)
    status = PersistenceManager(database, tmp_path).status()
    assert (status.generations, status.rotten) == (1, 1)
    database.close()


def test_a_backup_holds_what_was_written_while_it_was_made(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    fill(database, memories=4000)
    for step, _ in enumerate(database.back_up()):
        with database.transaction():
            database.store_setting(f"during {step}", bytes(5000))
            database.store_setting("last", step)
    database.close()
    (generation,) = Generations(tmp_path).list()
    assert step >= 3
    for path in (tmp_path / "brain.db", tmp_path / "brain.db-wal"):
        path.unlink(missing_ok=True)
    again = Database.open(tmp_path)
    assert again.recovery is not None
    assert (again.recovery.generation, again.recovery.kept) == (generation.number, 0)
    copied = [n for n in range(step + 1) if again.setting(f"during {n}") is not None]
    assert copied == list(range(len(copied)))
    assert again.setting("last") == copied[-1] >= 2
    again.close()


def test_a_backup_that_is_given_up_leaves_no_trace(tmp_path: Path) -> None:
    database = Database.open(a_home(tmp_path, backups=1, memories=4000))
    making = database.back_up()
    next(making)
    assert len(list((tmp_path / "backup").iterdir())) == 2
    making.close()
    assert numbers(tmp_path) == [1]
    assert len(list((tmp_path / "backup").iterdir())) == 1
    database.close()


@pytest.mark.parametrize("steps", [1, 3])
def test_a_backup_does_not_outlive_what_is_forgotten_meanwhile(tmp_path: Path, steps: int) -> None:
    database = Database.open(a_home(tmp_path, backups=1, memories=4000))
    making = database.back_up()
    for _ in range(steps):
        next(making)
    database.drop_copies()
    assert list(making) == []
    assert list((tmp_path / "backup").iterdir()) == []
    database.close()


def test_what_is_damaged_is_never_put_over_a_good_backup(tmp_path: Path) -> None:
    """The rot comes while the store is open; its own pages are not read before."""
    home = a_home(tmp_path, backups=1, memories=4000)
    database = Database.open(home)
    list(database._connection.execute("PRAGMA cache_size = 1"))
    leaf = a_leaf(database, "skill")
    with (home / "brain.db").open("r+b") as file:
        file.seek((leaf - 1) * 4096 + 2000)
        file.write(bytes(500))
    with pytest.raises(StorageError) as caught:
        list(PersistenceManager(database, home).back_up())
    assert caught.value.code == "store_damaged"
    assert numbers(home) == [1]
    database.close()


def a_leaf(database: Database, table: str) -> int:
    """The number of a page that holds rows of a table."""
    ((number,),) = rows_of(
        database._connection,
        "SELECT max(pageno) FROM dbstat WHERE name = ? AND pagetype = 'leaf'",
        (table,),
    )
    return int(number)


def test_restoring_puts_the_backup_in_place_of_the_store(tmp_path: Path) -> None:
    home = a_home(tmp_path, backups=1)
    database = Database.open(home)
    database.store_setting("later", 1)
    with pytest.raises(StorageError) as caught:
        PersistenceManager.restore(home)
    assert caught.value.code == "store_in_use"
    database.close()
    recovery = PersistenceManager.restore(home)
    assert recovery.consent_withdrawn
    again = Database.open(home)
    assert again.setting("later") is None
    assert again.setting("seq") is not None
    again.close()


def test_a_damaged_store_may_be_restored(tmp_path: Path) -> None:
    home = a_home(tmp_path, backups=1)
    break_page(home, root_of(home, "skill"))
    break_page(home, 1)
    assert PersistenceManager.restore(home).filled > 200


def test_without_a_good_backup_nothing_is_restored(tmp_path: Path) -> None:
    a_home(tmp_path)
    written = (tmp_path / "brain.db").read_bytes()
    with pytest.raises(InputError, match="no good backup"):
        PersistenceManager.restore(tmp_path)
    assert (tmp_path / "brain.db").read_bytes() == written


def test_a_store_in_memory_has_no_backups() -> None:
    database = Database.open(None)
    manager = PersistenceManager(database, None)
    assert list(manager.back_up()) is not None
    assert manager.status().generations == 0
    database.scrub()
    assert database.insist(lambda: 3) == 3
