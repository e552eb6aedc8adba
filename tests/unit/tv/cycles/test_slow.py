"""Evolutionary, transformative, transcendent: rare work that may be cut off at any moment."""

from __future__ import annotations

from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from exogenesis.core.vectors import Floats, unit_rows
from exogenesis.tv.cycles import evolutionary, space_of, transcendent, transformative
from exogenesis.tv.cycles.missing import KIND
from exogenesis.tv.cycles.transcendent import STAGE_TITLES, Quarter, stages
from exogenesis.tv.loops import LoopType, Work
from exogenesis.tv.memory import Memory, MemoryTier, Query, Writer
from tests.support.cycles import Workshop
from tests.support.television import NOW, plain_titles, small_catalog

DAY_S = 86_400
YEAR_S = 365 * DAY_S
EVOLUTIONARY, TRANSFORMATIVE = LoopType.EVOLUTIONARY, LoopType.TRANSFORMATIVE


T = TypeVar("T")


def _value(value: T) -> Generator[None, None, T]:
    yield
    return value


@pytest.mark.parametrize(
    ("rollbacks", "verdict", "asked", "used"),
    [
        (0, "rejected", set(), 0),
        (0, "accepted", {LoopType.REACTIVE}, 1),
        (2, "waiting", {LoopType.REACTIVE}, 1),
    ],
)
def test_evolution_tells_its_neighbours(
    rollbacks: int, verdict: str, asked: set[LoopType], used: int
) -> None:
    uses: list[int] = []
    work = evolutionary(
        check=lambda now: _value(rollbacks),
        improve=lambda now: _value(verdict),
        use=lambda: uses.append(1),
    )
    output = Workshop().run(EVOLUTIONARY, work)
    assert {one.loop for one in output.requests} == asked
    assert len(uses) == used
    assert output.results == {"rollbacks": rollbacks, "verdict": verdict}


def _direction(text: str) -> Floats:
    rng = np.random.default_rng(sum(map(ord, text)))
    row: Floats = unit_rows(rng.normal(size=(1, 384)).astype(np.float32))[0]
    return row


def _embed(text: str) -> Floats | None:
    """A made-up encoder: a direction of its own for every text."""
    return None if text == "unknown" else _direction(text)


def _filled(home: Path | None) -> tuple[Workshop, list[int]]:
    """A store whose vectors are of the encoder ``old``; returns the numbers of own vectors."""
    shop = Workshop(home)
    assert space_of(shop.database, "old") == "old"
    rng = np.random.default_rng(1)
    for row in range(100):
        subject = f"t{row:03}" if row % 4 == 0 else f"remark {row}"
        shop.memory.store(
            Memory(
                tier=MemoryTier.EPISODIC,
                kind="remark",
                subject=subject,
                text="" if row % 4 == 1 else "unknown" if row % 4 == 2 else f"words {row}",
                vector=unit_rows(rng.normal(size=(1, 384)).astype(np.float32))[0],
                at=NOW,
            )
        )
    own = [
        shop.agentdb.vector_store(
            rng.normal(size=384).astype(np.float32),
            {"text": f"clip {row}"} if row % 2 else {"shelf": row},
        )
        for row in range(50)
    ]
    return shop, own


def _migration(shop: Workshop, encoder: str = "new") -> Work:
    return transformative(
        shop.database,
        shop.memory,
        encoder=encoder,
        known=lambda title: title in shop.catalog,
        embed=_embed,
        settled_s=shop.timekeeper.settled_s,
        moved=shop.agentdb.refresh,
        retired=lambda: None,
    )


def _check_migrated(shop: Workshop, own: list[int]) -> None:
    assert space_of(shop.database, "new") == "new"
    held = shop.memory.recall(Query(kind="remark", limit=999), now=NOW, touch=False)
    assert len(held) == 100, "no memory is lost"
    for one in held:
        row, text, vector = one.memory.id or 0, one.memory.text, one.memory.vector
        if (row - 1) % 4 == 3:
            assert vector is not None
            assert float(vector @ _direction(text)) > 0.99
        else:
            assert vector is None
    for row, number in enumerate(own):
        stored = shop.agentdb.vector_get(number)
        if row % 2:
            assert stored is not None
            assert float(stored.embedding @ _direction(f"clip {row}")) > 0.99
        else:
            assert stored is None, "nothing of another space is left"


def test_vectors_move_to_the_space_of_a_new_encoder() -> None:
    shop, own = _filled(None)
    output = shop.run(TRANSFORMATIVE, _migration(shop))
    _check_migrated(shop, own)
    assert [one.loop for one in output.requests] == [LoopType.REACTIVE]
    again = shop.run(TRANSFORMATIVE, _migration(shop))
    assert "slices" not in again.results


def test_the_same_encoder_moves_nothing() -> None:
    shop, _ = _filled(None)
    output = shop.run(TRANSFORMATIVE, _migration(shop, "old"))
    assert output.results == {"retired": 0}
    assert len(shop.database.run("cycle_old_vectors", after=0, limit=999)) == 100


def test_killed_after_every_few_rows_a_migration_comes_to_its_end(tmp_path: Path) -> None:
    shop, own = _filled(tmp_path)
    lives = 0
    while True:
        lives += 1
        engine = shop.engine({TRANSFORMATIVE: _migration(shop)})
        if lives == 1:
            engine.request(TRANSFORMATIVE, within_s=0)
        ended = engine.run_due(0.1)
        assert shop.memory.recall(Query(text="words 7", limit=1), now=NOW), "answers meanwhile"
        if ended:
            break
        shop.kill()
    assert ended[0].success
    assert lives > 3
    _check_migrated(shop, own)


def test_another_encoder_during_a_migration_begins_it_anew(tmp_path: Path) -> None:
    shop, own = _filled(tmp_path)
    engine = shop.engine({TRANSFORMATIVE: _migration(shop, "between")})
    engine.request(TRANSFORMATIVE, within_s=0)
    engine.run_due(0.15)
    shop.kill()
    shop.database.run("cycle_set_vector", id=4, codes=bytes(384), scale=1.0)  # of "between"
    engine = shop.engine({TRANSFORMATIVE: _migration(shop)})
    (output,) = engine.run_due(1000.0)
    assert output.success
    _check_migrated(shop, own)


def test_skills_of_titles_that_are_gone_for_a_year_are_retired() -> None:
    shop = Workshop()
    shop.watch(f"t{row:03}" for row in range(110))
    shop.catalog = small_catalog(plain_titles(100))
    for row, age_days in ((105, 400), (106, 300)):
        shop.memory.store(
            Memory(
                tier=MemoryTier.PHYSICAL, kind=KIND, subject=f"t{row}", at=NOW - age_days * DAY_S
            ),
            writer=Writer.LOOP,
        )
    output = shop.run(TRANSFORMATIVE, _migration(shop, "old"))
    assert output.results["retired"] == 1
    assert [(one.loop, one.note) for one in output.requests] == [
        (LoopType.ADAPTIVE, {"skills_gone": 1})
    ]
    left = {one.name for one in shop.agentdb.skill_list("home")}
    assert "t105" not in left
    assert "t106" in left
    assert len(left) == 109
    assert shop.memory.count(MemoryTier.PHYSICAL) == 1


def _transcendent(shop: Workshop, size_max_bytes: int = 1 << 30) -> Work:
    return transcendent(
        shop.database,
        shop.memory,
        content=shop.catalog.content,
        row_of=shop.row_of,
        settled_s=shop.timekeeper.settled_s,
        changed=shop.learning.refresh,
        size_max_bytes=size_max_bytes,
    )


def _snapshots(shop: Workshop) -> list[Memory]:
    found = shop.memory.recall(
        Query(kind="snapshot", limit=999), (MemoryTier.EVOLUTIONARY,), now=0, touch=False
    )
    return sorted((one.memory for one in found), key=lambda one: one.subject)


def _decade(shop: Workshop) -> None:
    """Ten years before now: four years of one taste, then another, a few new titles a quarter."""
    titles = iter(range(800))
    catalog = small_catalog(plain_titles(800))
    shop.catalog = catalog
    shop.open()
    for quarter in range(40):
        cluster = 0 if quarter < 16 else 1
        at = NOW - 10 * YEAR_S + quarter * YEAR_S // 4 + 30 * DAY_S
        some = [f"t{4 * next(titles) % 800 + cluster:03}" for _ in range(12)]
        shop.watch(some, at=at)
    shop.run(LoopType.ADAPTIVE, shop.adaptive())


def _core(shop: Workshop) -> Floats:
    core = shop.learning.core("home", NOW)
    assert core is not None
    total = core[1] @ shop.catalog.content[core[0]]
    return np.asarray(total / np.linalg.norm(total), np.float32)


def test_old_quarters_become_stages_of_life_and_the_core_stays() -> None:
    shop = Workshop()
    _decade(shop)
    quarters, before = _snapshots(shop), _core(shop)
    output = shop.run(LoopType.TRANSCENDENT, _transcendent(shop))
    after = _snapshots(shop)
    made = [one for one in after if "-" in one.subject]
    assert output.results["quarters"] == len(quarters) - len(after) + len(made)
    assert 1 <= len(made) <= 3
    assert len(after) <= 24
    assert all(len(one.metadata["titles"]) <= STAGE_TITLES for one in made)
    assert float(before @ _core(shop)) > 0.98
    whole = np.mean([_middle(shop, one) for one in quarters[:16]], axis=0)
    middle = _middle(shop, made[0])
    assert float(middle @ whole) / np.linalg.norm(whole) > 0.9


def _middle(shop: Workshop, snapshot: Memory) -> Floats:
    rows = [shop.catalog.index_of(title) for title in snapshot.metadata["titles"]]
    total = shop.catalog.content[rows].sum(axis=0)
    return np.asarray(total / np.linalg.norm(total), np.float32)


def test_a_stage_is_lasting_and_forgets_a_title_like_any_snapshot() -> None:
    shop = Workshop()
    _decade(shop)
    shop.run(LoopType.TRANSCENDENT, _transcendent(shop))
    subjects = [one.subject for one in _snapshots(shop)]
    shop.watch(["t003"])
    shop.run(LoopType.ADAPTIVE, shop.adaptive())
    assert set(subjects) <= {one.subject for one in _snapshots(shop)}
    assert len(_snapshots(shop)) <= len(subjects) + 1, "no quarter comes back out of the skills"
    output = shop.run(LoopType.TRANSCENDENT, _transcendent(shop))
    assert output.results["quarters"] == 0
    (stage, *_) = (one for one in _snapshots(shop) if "-" in one.subject)
    title = next(iter(stage.metadata["titles"]))
    with shop.database.transaction():
        shop.learning.forget_title(title, ["home"], NOW)
    assert all(
        title not in one.metadata["titles"] for one in _snapshots(shop) if "-" in one.subject
    )


def test_a_change_of_taste_and_four_years_end_a_stage() -> None:
    shop = Workshop()
    content, none = shop.catalog.content, np.zeros(0, np.int64)
    tastes = [0] * 20 + [1] * 3 + [0] * 2
    quarters = [
        Quarter(Memory(tier=MemoryTier.EVOLUTIONARY, kind="snapshot", at=at), (), none, content[of])
        for at, of in enumerate(tastes)
    ]
    assert [len(stage) for stage in stages(quarters)] == [16, 4, 3, 2]
    assert [one for stage in stages(quarters) for one in stage] == quarters
    assert stages([]) == []


def _begun() -> Workshop:
    """A television on which 900 titles were finished and 400 only begun."""
    shop = Workshop(catalog=small_catalog(plain_titles(1500)))
    shop.watch((f"t{row:03}" for row in range(700)), at=NOW - 900 * DAY_S)
    shop.watch((f"t{row:03}" for row in range(700, 1100)), 0.1, at=NOW - 10 * DAY_S)
    shop.watch((f"t{row:03}" for row in range(1100, 1300)), at=NOW - 100 * DAY_S)
    return shop


def _bytes(shop: Workshop) -> int:
    ((size_bytes,),) = shop.database.run("cycle_store_bytes")
    return int(size_bytes)


def _left(shop: Workshop) -> set[str]:
    return {one.title_id for one in shop.agentdb.started("home")}


def test_a_store_over_its_size_drops_what_is_missed_least() -> None:
    shop = _begun()
    output = shop.run(LoopType.TRANSCENDENT, _transcendent(shop, _bytes(shop) - 1))
    dropped = output.results["starts"]
    assert isinstance(dropped, int)
    assert 0 < dropped <= 300
    left = _left(shop)
    assert {f"t{row:03}" for row in (*range(700), *range(1100, 1300))} <= left
    assert len(left) == 1300 - dropped
    notes = {one.loop: one.note for one in output.requests}
    assert notes[LoopType.ADAPTIVE] == {"skills_gone": dropped}


def test_finished_titles_go_only_where_that_is_enough() -> None:
    shop = _begun()
    output = shop.run(LoopType.TRANSCENDENT, _transcendent(shop, size_max_bytes=1))
    assert output.results["starts"] == 0
    assert len(_left(shop)) == 1300
    shop.watch(f"t{row:03}" for row in range(1300, 1500))
    shop.watch(f"t{row:03}" for row in range(700, 1100))
    output = shop.run(LoopType.TRANSCENDENT, _transcendent(shop, _bytes(shop) - 1))
    assert 0 < int(output.results["starts"] or 0) <= 500
    assert {f"t{row:03}" for row in range(700, 1500)} <= _left(shop), "the longest ago goes first"


def test_large_memories_go_before_any_skill_and_the_least_relevant_first() -> None:
    shop = _begun()
    size_bytes = _bytes(shop)
    for row in range(40):
        shop.memory.store(
            Memory(
                tier=MemoryTier.SEMANTIC,
                kind="note",
                subject=f"n{row}",
                metadata={"words": "y" * 50_000},
                importance=0.9 - row / 50,
                at=NOW,
            )
        )
    shop.memory.store(Memory(tier=MemoryTier.SEMANTIC, kind="note", importance=0.0, at=NOW))
    limit = size_bytes + 1_000_000
    output = shop.run(LoopType.TRANSCENDENT, _transcendent(shop, limit))
    assert output.results["starts"] == 0
    assert len(_left(shop)) == 1300
    assert _bytes(shop) <= limit
    held = shop.memory.recall(
        Query(kind="note", limit=99), (MemoryTier.SEMANTIC,), now=NOW, touch=False
    )
    large = 40 - int(output.results["large"] or 0)
    assert 15 <= large <= 20
    assert {one.memory.subject for one in held} == {"", *(f"n{row}" for row in range(large))}
