"""Probes: they look at what is there now, and say what is wrong and what to do."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exogenesis.core.vectors import Floats
from exogenesis.errors import StorageError
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.loops import LoopStatus, LoopType, Trigger
from exogenesis.tv.moment import Moment
from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.manager import StoreStatus
from exogenesis.tv.runtime import Finding, Health, Mode, examine, probes
from tests.support.television import NOW, clustered_content

OK, WARN, FAIL = Health.OK, Health.WARN, Health.FAIL

STATUS = LoopStatus(
    loop=LoopType.DELIBERATIVE,
    trigger=Trigger.CLOCK,
    period_s=86_400.0,
    running=False,
    last_at=NOW - 3600,
    next_at=NOW + 80_000,
    runs=10,
    success_rate=1.0,
    spent_ms=100.0,
    longest_ms=4.0,
    error="",
)
STORE = StoreStatus(size_bytes=1 << 20, generations=3, rotten=0, ballast=True, recovery=None)


def _told(finding: Finding, health: Health, words: str) -> None:
    assert finding.health is health
    assert words in finding.says
    assert bool(finding.remedy) is (health is not OK)


def test_a_probe_that_fails_is_itself_a_finding_and_the_others_go_on() -> None:
    def broken() -> Finding:
        raise StorageError("the file is damaged")

    def stupid() -> Finding:
        raise ZeroDivisionError

    found = examine(
        {"store": broken, "clock": lambda: probes.probe_clock(Moment(at=NOW)), "disk": stupid}
    )
    assert [one.health for one in found] == [FAIL, OK, FAIL]
    assert found[0].says == "the file is damaged"
    assert "rescued when it is opened" in found[0].remedy
    assert "ZeroDivisionError" in found[2].says


def test_a_store_that_answers_and_one_that_is_closed() -> None:
    database = Database.open(None)
    _told(probes.probe_store(database), OK, "answers")
    database.close()
    (finding,) = examine({"store": lambda: probes.probe_store(database)})
    assert finding.health is FAIL


def test_copies_of_the_store() -> None:
    _told(probes.probe_backups(STORE, kept=True), OK, "3 good copies")
    _told(probes.probe_backups(replace(STORE, rotten=1), kept=True), WARN, "cannot be read")
    _told(probes.probe_backups(replace(STORE, ballast=False), kept=True), WARN, "spare room")
    _told(probes.probe_backups(replace(STORE, generations=0), kept=True), WARN, "no copy")
    _told(probes.probe_backups(replace(STORE, generations=0), kept=False), OK, "memory")


@pytest.mark.parametrize(
    ("titles", "available", "health"), [(0, 0, FAIL), (50, 0, FAIL), (50, 4, WARN), (50, 5, OK)]
)
def test_the_catalogue(titles: int, available: int, health: Health) -> None:
    assert probes.probe_catalog(titles, available).health is health


def _nearest(content: Floats) -> object:
    agentdb = AgentDB(Database.open(None), content)

    def nearest(query: Floats) -> tuple[int, float]:
        (found,) = agentdb.title_search(query, 1)
        return found.index, found.similarity

    return nearest


def test_vectors_are_searched_by_themselves() -> None:
    content = clustered_content(60)
    content[7] = 0.0
    content[8] = content[9]
    _told(probes.probe_vectors(content, _nearest(content)), OK, "found")  # type: ignore[arg-type]
    other = np.roll(content, 1, axis=0)
    found = probes.probe_vectors(content, _nearest(other))  # type: ignore[arg-type]
    _told(found, FAIL, "does not find it")
    rotten = content.copy()
    rotten[-1, 3] = np.nan
    found = probes.probe_vectors(rotten, _nearest(content))  # type: ignore[arg-type]
    _told(found, FAIL, "no number")


def test_the_clock() -> None:
    _told(probes.probe_clock(Moment(at=NOW)), OK, "believed")
    _told(probes.probe_clock(Moment(at=NOW, trusted=False)), WARN, "cannot be believed")


@pytest.mark.parametrize(
    ("free_mb", "store_mb", "health"),
    [(None, 5, OK), (1000, 5, OK), (50, 5, WARN), (100, 40, WARN), (4, 1, FAIL), (30, 40, FAIL)],
)
def test_the_disk(free_mb: int | None, store_mb: int, health: Health) -> None:
    free = None if free_mb is None else free_mb << 20
    assert probes.probe_disk(free, store_mb << 20).health is health


def test_the_loops() -> None:
    def told(**changed: object) -> Finding:
        bad = replace(STATUS, **changed)  # type: ignore[arg-type]
        return probes.probe_loops([STATUS, bad], NOW)

    _told(told(), OK, "20 cycles")
    _told(told(success_rate=None, runs=0, last_at=None), OK, "10 cycles")
    _told(told(success_rate=0.4, error="the disk is gone"), FAIL, "the disk is gone")
    _told(told(success_rate=0.9, error="the disk is gone"), WARN, "last time")
    _told(told(next_at=NOW - 4 * 86_400), WARN, "overdue")
    _told(told(next_at=NOW - 2 * 86_400), OK, "cycles")
    _told(told(trigger=Trigger.DEMAND, next_at=NOW - 4 * 86_400), OK, "cycles")
    _told(told(longest_ms=80.0), WARN, "80 ms")


def test_the_sync() -> None:
    def told(consented: bool, configured: bool, synced_at: int | None) -> Finding:
        return probes.probe_sync(
            consented=consented, configured=configured, synced_at=synced_at, now=NOW
        )

    _told(told(False, True, None), OK, "off")
    _told(told(True, False, None), WARN, "no server")
    _told(told(True, True, None), WARN, "no sync yet")
    _told(told(True, True, NOW - 7200), OK, "2 hours")
    _told(told(True, True, NOW - 9 * 86_400), WARN, "9 days")
    _told(told(True, True, NOW + 500), OK, "0 hours")


def test_the_latency() -> None:
    ways = ("full", "small pool")
    _told(probes.probe_latency(None, "full", ways, calls=3), OK, "too few")
    _told(probes.probe_latency(4.0, "full", ways, calls=99), OK, "4.0 ms")
    _told(probes.probe_latency(4.0, "small pool", ways, calls=99), WARN, "'small pool'")
    _told(probes.probe_latency(30.0, "small pool", ways, calls=99), WARN, "more than 15 ms")


def test_the_mode() -> None:
    _told(probes.probe_mode(Mode.FULL, {}), OK, "everything")
    _told(probes.probe_mode(Mode.FULL, {"sync": 40}), WARN, "sync for 40 s")
    _told(probes.probe_mode(Mode.REDUCED, {"vectors": 4}), WARN, "reduced")
    _told(probes.probe_mode(Mode.POPULAR, {"store": 4}), FAIL, "popular-only")
