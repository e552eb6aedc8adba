"""A television's store as it is after some weeks, and ways to damage its file."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import apsw
import numpy as np

from exogenesis.tv import Profile, ViewingEvent
from exogenesis.tv.persistence import Database, PersistenceManager
from exogenesis.tv.persistence.layout import Row, rows_of, tables
from tests.support.constellation import WORKER_PUBLIC, Constellation
from tests.support.powerloss import put, scratch
from tests.support.television import NOW, FakeClock, open_brain, small_catalog

CATALOG = small_catalog()
PAGE = 4096

Files = dict[str, bytes]
Contents = dict[str, set[Row]]
Damage = Callable[[bytearray, np.random.Generator], bytearray]


def some_weeks(events: int, *, consent: bool = True, backup: bool = True) -> Files:
    """The files of a television that was used, spoke with a constellation, and was switched off."""
    home = scratch()
    clock = FakeClock(NOW)
    constellation = Constellation(CATALOG, opens=NOW)
    brain = open_brain(
        CATALOG, clock=clock, home=home, transport=constellation, worker_public=WORKER_PUBLIC
    )
    rng = np.random.default_rng(events)
    brain.add_profile(Profile(name="ada", kind="kid", age_limit=6, contributes=False))
    brain.block("t100")
    watched = [
        ViewingEvent(
            title_id=f"t{min(99, int(rng.exponential(30))):03}",
            fraction=round(float(rng.random()) ** 0.3, 3),
            profile="home" if rng.random() < 0.8 else "ada",
            at=NOW - 20 * 86_400 + row * 60,
        )
        for row in range(events)
    ]
    brain.observe_many(watched)
    if consent:
        brain.consent(True)
        constellation.next_round()
        for _ in range(3):
            brain.sync()
            clock.at = max(clock.at, brain.next_push_at() or 0)
    brain.close()
    database = Database.open(home)
    if backup:
        for _ in PersistenceManager(database, home).back_up():
            pass
    database.close()
    files = read_files(home)
    shutil.rmtree(home)
    return files


def read_files(home: Path) -> Files:
    """Every file but the spare room, by its path."""
    return {
        str(path.relative_to(home)): path.read_bytes()
        for path in home.rglob("*")
        if path.is_file() and path.name != "ballast"
    }


def contents(database: Database) -> Contents:
    """Every row by table."""
    connection = database._connection
    return {
        table.name: set(rows_of(connection, f"SELECT {table.listed} FROM {table.name}"))
        for table in tables(connection)
    }


def flip_a_bit(raw: bytearray, rng: np.random.Generator) -> bytearray:
    raw[int(rng.integers(len(raw)))] ^= 1 << int(rng.integers(8))
    return raw


def _page(raw: bytearray, rng: np.random.Generator) -> slice:
    start = int(rng.integers(len(raw) // PAGE)) * PAGE
    return slice(start, start + PAGE)


def zero_a_page(raw: bytearray, rng: np.random.Generator) -> bytearray:
    raw[_page(raw, rng)] = bytes(PAGE)
    return raw


def fill_a_page_with_rubbish(raw: bytearray, rng: np.random.Generator) -> bytearray:
    raw[_page(raw, rng)] = rng.bytes(PAGE)
    return raw


def swap_two_pages(raw: bytearray, rng: np.random.Generator) -> bytearray:
    one, other = _page(raw, rng), _page(raw, rng)
    raw[one], raw[other] = raw[other], raw[one]
    return raw


def put_a_page_over_another(raw: bytearray, rng: np.random.Generator) -> bytearray:
    raw[_page(raw, rng)] = raw[_page(raw, rng)]
    return raw


def cut_off(raw: bytearray, rng: np.random.Generator) -> bytearray:
    return raw[: int(rng.integers(len(raw)))]


PAGE_FAULTS = (
    zero_a_page,
    fill_a_page_with_rubbish,
    swap_two_pages,
    put_a_page_over_another,
    cut_off,
)

# What a rescue may say anew; whether it says it rightly is tested one by one.
_SAID_ANEW = {"consent", "planned_round", "recovery", "seq"}


@dataclass
class Outcome:
    """What became of the damages.

    Attributes:
        tried: how many there were.
        detected: how many were found when the store was opened.
        wrong: those after which a row was there that was never stored.
        unseen: those that were not found, and changed the rows.
        mute: those after which the television did not recommend or observe.
        rows: rows that should have been there after the detected ones.
        kept: rows that were.
        slowest_ms: the longest CPU time from opening to the first list.
    """

    tried: int = 0
    detected: int = 0
    wrong: int = 0
    unseen: int = 0
    mute: int = 0
    rows: int = 0
    kept: int = 0
    slowest_ms: float = 0.0


def suffer(files: Files, damages: list[Damage], seed: int, *, answers: bool = True) -> Outcome:
    """Damage the store's file in each way, open it, and compare it with what it was.

    ``answers`` opens a whole television each time, which recommends and observes.
    """
    rng = np.random.default_rng(seed)
    home = scratch()
    outcome = Outcome()
    try:
        put(home, files)
        database = Database.open(home)
        original = contents(database)
        database.close()
        for damage in damages:
            raw = damage(bytearray(files["brain.db"]), rng)
            put(home, {**files, "brain.db": bytes(raw)})
            outcome.tried += 1
            began = time.process_time()
            database = Database.open(home)
            opened_ms = 1e3 * (time.process_time() - began)
            _compare(database, original, outcome)
            database.close()
            if answers:
                _live(home, opened_ms, outcome)
    finally:
        shutil.rmtree(home)
    return outcome


def _live(home: Path, opened_ms: float, outcome: Outcome) -> None:
    """Use the television that was rescued in ``opened_ms``."""
    began = time.process_time()
    brain = open_brain(CATALOG, clock=FakeClock(NOW), home=home, worker_public=WORKER_PUBLIC)
    listed = brain.recommend()
    spent_ms = opened_ms + 1e3 * (time.process_time() - began)
    outcome.slowest_ms = max(outcome.slowest_ms, spent_ms)
    events = brain.stats().events
    brain.observe(ViewingEvent(title_id="t001", fraction=1.0))
    outcome.mute += not listed or brain.stats().events != events + 1
    brain.close()


def _compare(database: Database, original: Contents, outcome: Outcome) -> None:
    try:
        found = contents(database)
    except (apsw.Error, UnicodeDecodeError):
        outcome.unseen += 1
        return
    if database.recovery is None:
        outcome.unseen += found != original
        return
    outcome.detected += 1
    outcome.rows += sum(map(len, original.values()))
    outcome.kept += sum(len(rows & found[name]) for name, rows in original.items())
    outcome.wrong += any(_invented(name, found[name] - original[name]) for name in original)


def _invented(table: str, new: set[Row]) -> bool:
    """Whether there are rows that neither the household nor a rescue wrote."""
    if table == "setting":
        return any(row[0] not in _SAID_ANEW for row in new)
    if table == "profile":  # the least is assumed of one that is lost
        return any(row[1:] not in {("kid", 0, 0), ("adult", None, 0)} for row in new)
    return bool(new)
