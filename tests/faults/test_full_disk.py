"""A full disk: what was acknowledged stays, what must be possible is possible, and it goes on."""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from exogenesis.errors import DiskFull, StorageError
from exogenesis.tv import ViewingEvent
from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.layout import rows_of
from tests.support.stores import a_home, break_page, fill, root_of
from tests.support.television import open_brain, small_catalog

CATALOG = small_catalog()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 4 MB in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=4m", "none", str(place)]
    try:
        done = subprocess.run(command, check=False, capture_output=True)
    except FileNotFoundError:
        pytest.skip("there is no mount here: the full disk is not tested")
    if done.returncode:
        pytest.skip("a small file system may not be mounted here: the full disk is not tested")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


@contextmanager
def limited(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes meanwhile."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def occupy(place: Path) -> Path:
    """Take all the room that is left."""
    other = place / "film"
    with other.open("wb", buffering=0) as file:
        for size in (1 << 16, 1 << 12, 1):
            try:
                while file.write(bytes(size)) == size:
                    pass
            except OSError:
                continue
    return other


def shed(database: Database) -> int:
    """Delete the oldest ten memories."""
    with database.transaction():
        gone = rows_of(
            database._connection,
            "DELETE FROM memory WHERE id IN (SELECT id FROM memory ORDER BY id LIMIT 10) "
            "RETURNING id",
        )
    return len(gone)


def test_a_television_goes_on_when_there_is_room_again(small_disk: Path) -> None:
    brain = open_brain(CATALOG, home=small_disk)
    film = occupy(small_disk)
    stored = 0

    def watch() -> None:
        nonlocal stored
        for _ in range(1000):
            brain.observe(ViewingEvent(title_id=f"t{stored % 120:03}", fraction=1.0))
            stored += 1

    with pytest.raises(DiskFull):
        watch()
    assert brain.recommend()
    film.unlink()
    brain.observe(ViewingEvent(title_id="t001", fraction=1.0))
    assert brain.stats().events == stored + 1
    brain.close()
    again = open_brain(CATALOG, home=small_disk)
    assert again.stats().events == stored + 1
    again.close()


def full(place: Path) -> Database:
    """A store on a disk without room, whose log has none either."""
    database = Database.open(place)
    fill(database, memories=3000)
    rows_of(database._connection, "PRAGMA wal_checkpoint(TRUNCATE)")
    occupy(place)
    return database


def test_without_the_spare_room_not_even_a_delete_is_possible(small_disk: Path) -> None:
    """Which is why there is some."""
    database = full(small_disk)
    (small_disk / "ballast").write_bytes(b"")
    occupy(small_disk)
    with pytest.raises(DiskFull):
        shed(database)
    database.close()


def test_the_owner_s_word_and_shedding_go_through_on_a_full_disk(small_disk: Path) -> None:
    database = full(small_disk)
    with pytest.raises(DiskFull):
        database.store_setting("consent", 0)
    database.insist(lambda: database.store_setting("consent", 0))
    assert database.setting("consent") == 0
    while count := database.insist(lambda: shed(database)):
        assert count == 10
    database.close()
    again = Database.open(small_disk)
    assert again.setting("consent") == 0
    assert rows_of(again._connection, "SELECT count(*) FROM memory") == [(0,)]
    again.close()


def test_the_spare_room_is_taken_again_when_there_is_room(small_disk: Path) -> None:
    database = full(small_disk)
    database.insist(lambda: shed(database))
    (small_disk / "film").unlink()
    assert database.lay_ballast()
    assert (small_disk / "ballast").stat().st_size == 256 * 1024
    database.close()


def test_a_file_that_may_not_grow_is_a_full_disk(tmp_path: Path) -> None:
    database = Database.open(a_home(tmp_path))
    with limited((tmp_path / "brain.db").stat().st_size), pytest.raises(DiskFull):
        database.store_setting("big", bytes(1 << 20))
    with limited(4096), pytest.raises(DiskFull):
        list(database.back_up())
    assert list((tmp_path / "backup").iterdir()) == []
    database.store_setting("big", 1)
    database.close()


def test_a_rescue_without_room_changes_nothing_and_is_made_later(tmp_path: Path) -> None:
    home = a_home(tmp_path)
    break_page(home, root_of(home, "memory"))
    damaged = (home / "brain.db").read_bytes()
    with limited(20_000), pytest.raises(StorageError) as caught:
        Database.open(home)
    assert caught.value.code == "disk_full"
    assert (home / "brain.db").read_bytes() == damaged
    database = Database.open(home)
    assert database.recovery is not None
    database.close()


def test_a_rescue_takes_the_spare_room(small_disk: Path) -> None:
    home = a_home(small_disk, memories=300)
    break_page(home, root_of(home, "memory"))
    size = (home / "brain.db").stat().st_size
    film = occupy(small_disk)
    with film.open("r+b") as file:
        file.truncate(film.stat().st_size - size + 50_000)
    database = Database.open(home)
    assert database.recovery is not None
    database.close()


def test_a_new_store_opens_with_next_to_no_room(small_disk: Path) -> None:
    """The spare room is a luxury."""
    film = occupy(small_disk)
    with film.open("r+b") as file:
        file.truncate(film.stat().st_size - 220_000)
    database = Database.open(small_disk)
    assert not (small_disk / "ballast").exists()
    database.close()
