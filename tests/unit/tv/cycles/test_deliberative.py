"""Deliberative: the night keeps memories, ledger and measures in their bounds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from exogenesis.cli.screen import entry_lines
from exogenesis.errors import StorageError
from exogenesis.tv.cycles import (
    Stage,
    deliberative,
    keep_measures,
    kept_measures,
    once,
    steps,
)
from exogenesis.tv.cycles.missing import KIND
from exogenesis.tv.ledger import ACKNOWLEDGED, Ledger, titles_told
from exogenesis.tv.loops import Cycle, LoopType, Work
from exogenesis.tv.memory import Memory, MemoryTier, Query
from exogenesis.tv.persistence import PersistenceManager
from exogenesis.tv.runtime import Ladder, Substrate
from tests.support.cycles import Workshop
from tests.support.television import NOW, plain_titles, small_catalog

DELIBERATIVE = LoopType.DELIBERATIVE
DAY_S = 86_400


def _work(shop: Workshop, extra: dict[str, Stage] | None = None, **bounds: int) -> Work:
    return deliberative(
        shop.database,
        shop.memory,
        known=lambda title: title in shop.catalog,
        settled_s=shop.timekeeper.settled_s,
        extra=extra or {},
        **bounds,
    )


def test_after_30_days_the_detail_is_gone_and_what_was_learnt_stays() -> None:
    shop = Workshop()
    shop.watch(f"t{row:03}" for row in range(50))
    shop.pass_s(29 * DAY_S)
    shop.timekeeper.now()
    assert shop.run(DELIBERATIVE, _work(shop)).results["expired"] == 0
    shop.pass_s(2 * DAY_S)
    shop.timekeeper.now()
    output = shop.run(DELIBERATIVE, _work(shop))
    assert output.results["expired"] == 50
    assert shop.memory.count(MemoryTier.EPISODIC) == 0
    assert len(shop.agentdb.skill_list("home")) == 50


def test_a_clock_that_leaps_erases_nothing() -> None:
    shop = Workshop()
    shop.watch(f"t{row:03}" for row in range(10))
    shop.pass_s(20 * 365 * DAY_S)
    shop.timekeeper.now()
    assert shop.run(DELIBERATIVE, _work(shop)).results["expired"] == 0
    assert shop.memory.count(MemoryTier.EPISODIC) == 10


def test_what_is_ripe_moves_on_and_the_number_of_memories_is_conserved() -> None:
    shop = Workshop()
    for row in range(250):
        shop.memory.store(
            Memory(
                tier=MemoryTier.EPISODIC, kind="remark", subject=f"r{row}", importance=0.9, at=NOW
            )
        )
    for _ in range(4):
        shop.memory.recall(Query(kind="remark", limit=999), now=NOW)
    shop.pass_s(10 * DAY_S)
    output = shop.run(DELIBERATIVE, _work(shop))
    assert output.results["promoted"] == 250
    assert output.steps > 3, "in slices"
    assert shop.memory.count(MemoryTier.SEMANTIC) == 250
    assert shop.memory.count(MemoryTier.EPISODIC) == 0


def _pushes(shop: Workshop, ages_days: list[int]) -> Ledger:
    ledger = Ledger(shop.database)
    for number, age in enumerate(ages_days):
        envelopes = [
            {"kind": "skill", "title": f"t{number:03}", "body": "ab" * 81},
            {"kind": "dummy"},
            {"kind": "erased"},
        ]
        entry = ledger.add(
            "push",
            b"s" * 981,
            {"envelopes": envelopes},
            at=shop.clock.at - age * DAY_S,
            round=7,
        )
        ledger.settle(entry, ACKNOWLEDGED)
    return ledger


def test_after_a_year_the_ledger_drops_bytes_and_keeps_what_forgetting_must_know() -> None:
    shop = Workshop()
    ledger = _pushes(shop, [800] * 45 + [400, 300])
    shop.timekeeper.now()
    before = [(titles_told(one), one.round, one.outcome, one.at) for one in ledger.entries()]
    output = shop.run(DELIBERATIVE, _work(shop))
    assert output.results["shortened"] == 46
    after = ledger.entries()
    assert [(titles_told(one), one.round, one.outcome, one.at) for one in after] == before
    assert [len(one.sent) for one in after] == [0] * 46 + [981]
    assert "body" not in json.dumps(after[0].content)
    assert ledger.erase(after[0], {"t000"}) == 1
    said = "\n".join(entry_lines(ledger.entries()[1], {"t001": "Heat"}, with_bytes=True))
    assert "bytes dropped after a year" in said
    assert "Heat [t001]" in said
    assert said.count("empty") == 1
    assert shop.run(DELIBERATIVE, _work(shop)).results["shortened"] == 0


def test_what_waits_to_be_sent_is_not_shortened() -> None:
    shop = Workshop()
    ledger = _pushes(shop, [800, 700])
    shop.timekeeper.now()
    first = ledger.entries()[0].id
    shop.database.run("add_outbox", ledger=first, round=7, due_at=NOW)
    assert shop.run(DELIBERATIVE, _work(shop)).results["shortened"] == 1
    assert [len(one.sent) for one in ledger.entries()] == [981, 0]


def test_missing_titles_are_noted_with_the_first_night_and_forgotten_when_they_are_back() -> None:
    shop = Workshop()
    shop.watch(f"t{row:03}" for row in range(110))
    whole = shop.catalog
    shop.catalog = small_catalog(plain_titles(100))
    shop.run(DELIBERATIVE, _work(shop))
    shop.pass_s(5 * DAY_S)
    shop.run(DELIBERATIVE, _work(shop))

    def noted() -> dict[str, int]:
        found = shop.memory.recall(
            Query(kind=KIND, limit=999), (MemoryTier.PHYSICAL,), now=NOW, touch=False
        )
        return {one.memory.subject: one.memory.at for one in found}

    assert noted() == {f"t{row:03}": NOW for row in range(100, 110)}
    shop.catalog = whole
    shop.run(DELIBERATIVE, _work(shop))
    assert noted() == {}


def test_a_store_that_has_grown_too_large_calls_the_slowest_loop() -> None:
    shop = Workshop()
    output = shop.run(DELIBERATIVE, _work(shop))
    assert output.requests == ()
    size = output.results["bytes"]
    assert isinstance(size, int)
    output = shop.run(DELIBERATIVE, _work(shop, size_max_bytes=size - 1))
    assert [one.loop for one in output.requests] == [LoopType.TRANSCENDENT]


def test_measures_are_kept_once_each_and_read_back() -> None:
    shop = Workshop()
    substrate = Substrate([Ladder(name="write", ways=("durable",))])
    for latency_us in range(40):
        substrate.record("write", "durable", latency_us)
    stage = steps(lambda cycle: keep_measures(shop.memory, substrate.measures(), cycle.at))
    for _ in range(2):
        shop.run(DELIBERATIVE, _work(shop, {"measures": stage}))
    assert shop.memory.count(MemoryTier.SUBSTRATE) == 1
    assert kept_measures(shop.memory) == substrate.measures()


def test_the_store_is_checked_and_copied_at_the_end_of_the_night(tmp_path: Path) -> None:
    shop = Workshop(tmp_path)
    shop.watch(f"t{row:03}" for row in range(100))
    keeper = PersistenceManager(shop.database, tmp_path)
    extra = {"compact": once(shop.agentdb.compact), "copy": steps(lambda _: keeper.back_up())}
    assert keeper.status().generations == 0
    shop.run(DELIBERATIVE, _work(shop, extra))
    assert keeper.status().generations == 1


def test_a_damaged_store_fails_the_night_with_the_reason() -> None:
    shop = Workshop()

    def damaged(cycle: Cycle) -> Iterator[None]:
        yield
        raise StorageError("the store is damaged (3 rows of memory)", code="store_damaged")

    engine = shop.engine({DELIBERATIVE: _work(shop, {"copy": damaged})})
    output = engine.execute_cycle(DELIBERATIVE)
    assert not output.success
    assert output.error == "the store is damaged (3 rows of memory)"


@pytest.mark.parametrize("slices", [1, 3, 5, 6])
def test_a_night_that_was_cut_off_goes_on_with_its_stage(tmp_path: Path, slices: int) -> None:
    shop, ran = Workshop(tmp_path), list[str]()

    def stage(name: str) -> Stage:
        def run(cycle: Cycle) -> Iterator[None]:
            ran.append(name)
            yield
            yield

        return run

    def extra() -> dict[str, Stage]:
        return {name: stage(name) for name in ("a", "b", "c")}

    engine = shop.engine({DELIBERATIVE: _work(shop, extra())})
    engine.request(DELIBERATIVE, within_s=0)
    engine.run_due(0.05 * (3 + slices))
    shop.kill()
    engine = shop.engine({DELIBERATIVE: _work(shop, extra())})
    (output,) = engine.run_due(1000.0)
    assert output.success
    again = [name for name in "abc" if ran.count(name) == 2]
    assert len(again) <= 1, "only the stage that was under way is done again"
    assert sorted(set(ran)) == ["a", "b", "c"]
