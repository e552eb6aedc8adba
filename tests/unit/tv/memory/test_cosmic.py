"""Twelve tiers behind one door: who may write, what is found, what moves, what goes."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest

from exogenesis.core.vectors import Floats
from exogenesis.errors import InputError
from exogenesis.tv.memory import (
    FLEETING,
    RULES,
    CosmicMemory,
    Memory,
    MemoryTier,
    Query,
    Writer,
)
from exogenesis.tv.persistence import Database
from tests.support.memories import NOW, a_memory, writer_of

DAY_S = 86_400
ALL = pytest.mark.parametrize("tier", MemoryTier)


@pytest.fixture
def memory() -> CosmicMemory:
    return CosmicMemory(Database.open(None))


def _subjects(memory: CosmicMemory, query: Query, *tiers: MemoryTier, now: int = NOW) -> list[str]:
    found = memory.recall(query, tiers or MemoryTier, now=now)
    return [one.memory.subject for one in found]


def _axis(number: int) -> Floats:
    vector = np.zeros(384, np.float32)
    vector[number] = 1.0
    return vector


def _put(memory: CosmicMemory, one: Memory) -> int:
    return memory.store(one, writer=writer_of(one.tier))


@ALL
def test_every_form_of_query_works_in_every_tier(memory: CosmicMemory, tier: MemoryTier) -> None:
    put = {
        "subject": "right",
        "text": "Der Große Übersetzer",
        "metadata": {"a": 1, "b": [1, "x"], "c": {"d": None}, "e": True},
        "vector": _axis(3),
        "importance": 0.8,
        "profile": "home",
        "session": "s1",
        "kind": "seen",
        "at": NOW - 10,
    }
    _put(memory, a_memory(tier, **put))
    other = {
        "subject": "wrong",
        "text": "nothing",
        "metadata": {"a": 2},
        "vector": -_axis(3),
        "importance": 0.2,
        "at": NOW - 30,
    }
    _put(memory, a_memory(tier, **other))
    for query in (
        Query(text="ÜBERSETZER"),
        Query(text="groß absent"),
        Query(text="RIGHT"),
        Query(metadata={"a": 1, "b": [1, "x"], "c": {"d": None}, "e": True, "absent": None}),
        Query(vector=_axis(3), limit=1),
        Query(min_importance=0.5),
        Query(kind="seen"),
        Query(subject="right"),
        Query(profile="home"),
        Query(session="s1"),
        Query(since=NOW - 10),
        Query(since=NOW - 10, until=NOW - 9),
    ):
        assert _subjects(memory, query, tier) == ["right"], query
    assert _subjects(memory, Query(until=NOW - 10), tier) == ["wrong"]
    assert _subjects(memory, Query(limit=0), tier) == []
    assert _subjects(memory, Query(text="absent"), tier) == []
    assert set(_subjects(memory, Query(), tier)) == {"right", "wrong"}


@ALL
def test_what_is_stored_comes_back(memory: CosmicMemory, tier: MemoryTier) -> None:
    vector = np.random.default_rng(0).normal(size=384).astype(np.float32)
    put = a_memory(
        tier,
        subject="t1",
        text="words",
        session="s",
        profile="home",
        metadata={"x": [1, {"y": None}]},
        vector=vector,
        importance=0.25,
        trusted=False,
    )
    number = _put(memory, put)
    assert (number < 0) == (tier in FLEETING)
    back = memory.get(number)
    assert back is not None
    for name in (
        *("tier", "kind", "at", "subject", "profile", "session", "text", "metadata"),
        *("importance", "trusted", "accesses", "accessed_at"),
    ):
        assert getattr(back, name) == getattr(put, name), name
    assert back.vector is not None
    assert np.abs(back.vector - vector).max() <= np.abs(vector).max() / 127
    assert memory.count(tier) == 1
    assert memory.delete(number)
    assert not memory.delete(number)
    assert memory.get(number) is None
    assert memory.count(tier) == 0


@ALL
def test_only_those_write_in_a_tier_who_have_business_there(
    memory: CosmicMemory, tier: MemoryTier
) -> None:
    groups = (
        ((1, 2, 3, 4, 6), {Writer.HOUSEHOLD, Writer.LOOP}),
        ((5, 9), {Writer.SERVER, Writer.CATALOG}),
        ((7, 8, 10, 11), {Writer.LOOP, Writer.CATALOG}),
        ((12,), {Writer.OWNER}),
    )
    (allowed,) = (writers for tiers, writers in groups if tier in tiers)
    for writer in Writer:
        if writer in allowed:
            memory.store(a_memory(tier), writer=writer)
        else:
            with pytest.raises(InputError, match="written by"):
                memory.store(a_memory(tier), writer=writer)
    assert memory.count(tier) == len(allowed)


@pytest.mark.parametrize(
    "wrong",
    [
        {"importance": 1.5},
        {"importance": float("nan")},
        {"at": -1},
        {"at": 1 << 41},
        {"kind": ""},
        {"subject": "x" * 201},
        {"text": "x" * 10_001},
        {"metadata": {"x": float("inf")}},
        {"metadata": {"x": object()}},
        {"metadata": {1: 2}},
        {"metadata": {"x": "y" * (1 << 18)}},
        {"vector": np.zeros(64, np.float32)},
        {"vector": np.full(384, np.nan, np.float32)},
        {"profile": "nobody"},
        {"id": 3},
        {"subject": "a\0b"},
        {"session": "a\nb"},
        {"kind": "a\x7f"},
        {"text": "a\0b"},
        {"text": "\ud800"},
        {"metadata": {"x": "\ud800"}},
    ],
)
@pytest.mark.parametrize("tier", [MemoryTier.SESSION, MemoryTier.EPISODIC])
def test_what_cannot_be_stored_is_refused_and_changes_nothing(
    memory: CosmicMemory, wrong: dict[str, object], tier: MemoryTier
) -> None:
    with pytest.raises(InputError):
        memory.store(a_memory(tier, **wrong))
    assert memory.count(tier) == 0


def test_a_query_that_cannot_be_compared_is_refused(memory: CosmicMemory) -> None:
    for query in (Query(limit=-1), Query(vector=np.zeros(3, np.float32))):
        with pytest.raises(InputError):
            memory.recall(query, now=NOW)


def test_the_fleeting_tiers_never_touch_the_disk_and_go_with_the_power(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    memory = CosmicMemory(database)
    memory.store(a_memory(subject="lasting"))
    wal = tmp_path / "brain.db-wal"

    def written() -> tuple[int, int, bytes]:
        state = wal.stat()
        return state.st_size, state.st_mtime_ns, wal.read_bytes()

    before = written()
    for tier in FLEETING:
        for count in range(RULES[tier].capacity + 5):
            memory.store(a_memory(tier, subject=f"f{count}"))
        memory.recall(Query(), [tier], now=NOW)
        memory.flush()
    memory.promote(NOW + 61, limit=100)
    memory.expire(NOW + DAY_S - 1)
    assert written() == before
    database.close()
    again = CosmicMemory(Database.open(tmp_path))
    assert [again.count(tier) for tier in FLEETING] == [0, 0]
    assert _subjects(again, Query()) == ["lasting"]


def test_a_rollback_takes_both_kinds_of_tiers_back() -> None:
    database = Database.open(None)
    memory = CosmicMemory(database)

    def half() -> None:
        with database.transaction():
            for count in range(1100):
                _put(memory, a_memory(MemoryTier.COLLECTIVE, subject=f"{count}"))
                memory.store(a_memory(MemoryTier.INSTANT))
            raise KeyError

    for _ in range(2):
        with pytest.raises(KeyError):
            half()
    assert memory.count(MemoryTier.COLLECTIVE) == memory.count(MemoryTier.INSTANT) == 0
    for count in range(1000):
        _put(memory, a_memory(MemoryTier.COLLECTIVE, subject=f"{count}"))
    assert memory.count(MemoryTier.COLLECTIVE) == 1000


def test_a_full_tier_drops_the_least_relevant(memory: CosmicMemory) -> None:
    tier = MemoryTier.COLLECTIVE
    capacity = RULES[tier].capacity
    for count in range(capacity):
        important = 0.9 if count % 2 else 0.1
        _put(memory, a_memory(tier, subject=f"{count}", importance=important))
    assert memory.count(tier) == capacity
    _put(memory, a_memory(tier, subject="new", importance=0.5))
    assert memory.count(tier) <= capacity
    left = set(_subjects(memory, Query(limit=2 * capacity), tier))
    assert {f"{count}" for count in range(1, capacity, 2)} | {"new"} <= left
    assert {f"{count}" for count in range(0, 62, 2)}.isdisjoint(left)


def test_the_owners_word_is_never_dropped(memory: CosmicMemory) -> None:
    for count in range(RULES[MemoryTier.OMEGA].capacity):
        memory.store(a_memory(MemoryTier.OMEGA, subject=f"{count}"), writer=Writer.OWNER)
    with pytest.raises(InputError, match="full"):
        memory.store(a_memory(MemoryTier.OMEGA), writer=Writer.OWNER)
    assert memory.count(MemoryTier.OMEGA) == RULES[MemoryTier.OMEGA].capacity
    memory.promote(NOW + 4000 * DAY_S)
    memory.expire(NOW + 4000 * DAY_S)
    memory.forget_history()
    memory.forget_subject("3")
    assert memory.count(MemoryTier.OMEGA) == RULES[MemoryTier.OMEGA].capacity
    (one,) = memory.recall(Query(subject="3"), now=NOW + 4000 * DAY_S)
    assert one.relevance == pytest.approx(0.5)  # no decay in ten years
    memory.erase()
    assert memory.count(MemoryTier.OMEGA) == 0


@pytest.mark.parametrize(
    ("tier", "retention_s"),
    [
        (MemoryTier.INSTANT, 60),
        (MemoryTier.SESSION, DAY_S),
        (MemoryTier.EPISODIC, 30 * DAY_S),
        (MemoryTier.SUBSTRATE, 365 * DAY_S),
    ],
)
def test_retention_holds_to_the_second_even_before_the_night(
    memory: CosmicMemory, tier: MemoryTier, retention_s: int
) -> None:
    _put(memory, a_memory(tier, subject="x", importance=0.2))
    last = NOW + retention_s - 1
    assert memory.expire(last) == 0
    assert _subjects(memory, Query(), tier, now=last) == ["x"]
    assert _subjects(memory, Query(), tier, now=last + 1) == []
    assert memory.expire(last + 1) == 1
    assert memory.count(tier) == 0


def test_a_viewing_is_gone_after_thirty_days_however_often_it_was_recalled(
    memory: CosmicMemory,
) -> None:
    memory.store(a_memory(kind="viewing", subject="t1", importance=1.0))
    for _ in range(30):
        memory.recall(Query(), now=NOW)
    assert memory.promote(NOW + 30 * DAY_S) == 0
    assert memory.expire(NOW + 30 * DAY_S) == 1
    assert sum(memory.count(tier) for tier in MemoryTier) == 0


def _recall_often(memory: CosmicMemory, times: int) -> None:
    for _ in range(times):
        memory.recall(Query(), now=NOW)


def test_promotion_moves_along_the_ladder_one_step_at_a_time(memory: CosmicMemory) -> None:
    memory.store(a_memory(MemoryTier.INSTANT, subject="x", importance=0.9, metadata={"a": 1}))
    expected = [
        (60, MemoryTier.SESSION, 0),
        (DAY_S, MemoryTier.EPISODIC, 0),
        (7 * DAY_S, MemoryTier.SEMANTIC, 3),
        (90 * DAY_S, MemoryTier.EVOLUTIONARY, 10),
    ]
    for age_s, to, accesses in expected:
        (known,) = memory.recall(Query(), now=NOW, touch=False)
        _recall_often(memory, max(0, accesses - 1 - known.memory.accesses))
        assert memory.promote(NOW + age_s - 1) == 0
        if accesses:
            assert memory.promote(NOW + age_s) == 0
            _recall_often(memory, 1)
        assert memory.expire(NOW + age_s) == 0, "what is ripe waits for its promotion"
        assert memory.promote(NOW + age_s) == 1
        assert [tier for tier in MemoryTier if memory.count(tier)] == [to]
    (one,) = memory.recall(Query(), now=NOW)
    assert (one.memory.subject, one.memory.at, one.memory.metadata) == ("x", NOW, {"a": 1})
    assert memory.promote(NOW + 4000 * DAY_S) == 0


@pytest.mark.parametrize(
    ("tier", "kind", "gate", "age_s"),
    [
        (MemoryTier.INSTANT, "skip", 0.3, 60),
        (MemoryTier.SESSION, "chosen", 0.6, DAY_S),
        (MemoryTier.EPISODIC, "note", 0.7, 7 * DAY_S),
        (MemoryTier.SEMANTIC, "note", 0.8, 90 * DAY_S),
    ],
)
def test_what_is_not_important_stays_below(
    memory: CosmicMemory, tier: MemoryTier, kind: str, gate: float, age_s: int
) -> None:
    memory.store(a_memory(tier, kind=kind, importance=gate - 0.01))
    _recall_often(memory, 20)
    assert memory.promote(NOW + age_s) == 0
    memory.store(a_memory(tier, kind=kind, importance=gate))
    _recall_often(memory, 20)
    assert memory.promote(NOW + age_s) == 1


def test_a_fact_is_computed_and_stays_where_it_is(memory: CosmicMemory) -> None:
    memory.store(a_memory(MemoryTier.SEMANTIC, kind="fact", importance=1.0))
    _recall_often(memory, 50)
    assert memory.promote(NOW + 4000 * DAY_S) == 0


def test_what_belongs_to_a_removed_profile_does_not_stop_the_others() -> None:
    database = Database.open(None)
    memory = CosmicMemory(database)
    database.run("add_profile", name="guest", kind="adult", age_limit=None, contributes=0)
    for profile in ("guest", "home"):
        memory.store(a_memory(MemoryTier.SESSION, importance=1.0, profile=profile))
    database.run("drop_profile", name="guest")
    memory.promote(NOW + DAY_S)
    assert memory.count(MemoryTier.SESSION) == 0
    assert memory.count(MemoryTier.EPISODIC) == 1


def test_one_call_moves_a_memory_by_one_step_however_old_it_is(memory: CosmicMemory) -> None:
    memory.store(a_memory(MemoryTier.INSTANT, importance=1.0))
    for tier in (MemoryTier.SESSION, MemoryTier.EPISODIC):
        assert memory.promote(NOW + 20 * DAY_S) == 1
        assert memory.count(tier) == 1
    assert memory.promote(NOW + 20 * DAY_S) == 0


def test_promotion_into_a_full_tier_keeps_its_capacity(memory: CosmicMemory) -> None:
    capacity = RULES[MemoryTier.SESSION].capacity
    for _ in range(capacity):
        memory.store(a_memory(MemoryTier.SESSION, importance=0.1))
    for count in range(200):
        memory.store(a_memory(MemoryTier.INSTANT, importance=0.9, subject=f"{count}"))
    assert memory.promote(NOW + 60) == 200
    assert memory.count(MemoryTier.INSTANT) == 0
    assert memory.count(MemoryTier.SESSION) <= capacity
    assert len(_subjects(memory, Query(min_importance=0.5, limit=999), now=NOW + 60)) == 200


def test_upkeep_in_slices_ends_where_upkeep_in_one_go_ends() -> None:
    ends = []
    for limit in (7, 1 << 62):
        memory = CosmicMemory(Database.open(None))
        rng = np.random.default_rng(5)
        for count in range(300):
            tier = (MemoryTier.SESSION, MemoryTier.EPISODIC)[count % 2]
            at = NOW - int(rng.integers(0, 40 * DAY_S))
            memory.store(a_memory(tier, subject=f"{count}", importance=rng.random(), at=at))
        moved = [memory.promote(NOW, limit=limit)]
        while moved[-1]:
            moved.append(memory.promote(NOW, limit=limit))
        dropped = [memory.expire(NOW, limit=limit)]
        while dropped[-1]:
            dropped.append(memory.expire(NOW, limit=limit))
        assert max(moved + dropped) <= limit
        ends.append((sum(moved), sum(dropped), sorted(_subjects(memory, Query(limit=999)))))
    assert ends[0] == ends[1]
    assert min(ends[0][:2]) > 0


def test_recall_touches_and_flush_writes_it_down(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    memory = CosmicMemory(database)
    number = memory.store(a_memory(subject="x"))
    memory.store(a_memory(subject="y"))
    for later in (5, 9, 7):
        memory.recall(Query(subject="x"), now=NOW + later)
    memory.recall(Query(subject="x"), now=NOW + 99, touch=False)
    touched = memory.get(number)
    assert touched is not None
    assert (touched.accesses, touched.accessed_at) == (3, NOW + 9)
    memory.flush()
    database.close()
    database = Database.open(tmp_path)
    again = CosmicMemory(database).get(number)
    assert again is not None
    assert (again.accesses, again.accessed_at) == (3, NOW + 9)
    database.close()


def test_what_is_recalled_often_comes_first_among_equals(memory: CosmicMemory) -> None:
    for subject in ("a", "b", "c"):
        memory.store(a_memory(subject=subject))
    memory.recall(Query(subject="b"), now=NOW)
    assert _subjects(memory, Query(limit=1)) == ["b"]
    memory.flush()
    assert _subjects(memory, Query(limit=1)) == ["b"]


def test_a_memory_without_a_vector_has_that_of_its_title() -> None:
    vectors = {"near": _axis(1), "far": -_axis(1)}
    memory = CosmicMemory(Database.open(None), vector_of=vectors.get)
    for subject in ("far", "near", "none"):
        memory.store(a_memory(subject=subject))
    memory.store(a_memory(subject="far", kind="own", vector=(_axis(1) + _axis(2)) / 2))
    found = memory.recall(Query(vector=3 * _axis(1)), now=NOW)
    assert [(one.memory.subject, one.memory.kind) for one in found] == [
        ("near", "note"),
        ("far", "own"),
        ("far", "note"),
    ]
    expected = [0.5, 0.5 * 0.5**0.5, 0.0]
    assert [one.relevance for one in found] == pytest.approx(expected, rel=1e-2)


class _Shelf:
    def __init__(self, memories: Iterable[Memory]) -> None:
        self._memories = list(memories)

    def rows(self, query: Query, now: int) -> Iterable[Memory]:
        return iter(self._memories)

    def count(self) -> int:
        return len(self._memories)


def test_what_lies_elsewhere_is_recalled_with_what_is_stored() -> None:
    tier = MemoryTier.COLLECTIVE
    shelf = _Shelf(
        a_memory(tier, subject=f"p{n}", text="page", importance=n / 10, metadata={"n": n})
        for n in range(10)
    )
    vectors = {"p3": _axis(1), "p4": _axis(2)}
    memory = CosmicMemory(Database.open(None), sources={tier: shelf}, vector_of=vectors.get)
    memory.store(a_memory(tier, subject="own", importance=0.85), writer=Writer.SERVER)
    assert memory.count(tier) == 11
    assert _subjects(memory, Query(limit=3)) == ["p9", "own", "p8"]
    assert _subjects(memory, Query(metadata={"n": 3})) == ["p3"]
    assert _subjects(memory, Query(text="PAGE p7", limit=1)) == ["p7"]
    assert _subjects(memory, Query(vector=_axis(1))) == ["p3", "p4"]
    assert _subjects(memory, Query(min_importance=0.9)) == ["p9"]
    assert _subjects(memory, Query(kind="other")) == []
    assert _subjects(memory, Query(profile="home")) == []
    assert _subjects(memory, Query(until=NOW)) == []
    assert _subjects(memory, Query(), MemoryTier.EPISODIC) == []


def test_forgetting_a_title_leaves_no_mention_of_it(memory: CosmicMemory) -> None:
    for tier in FLEETING:
        memory.store(a_memory(tier, subject="gone"))
    memory.store(a_memory(subject="gone"))
    number = memory.store(a_memory(subject="kept", metadata={"after": "gone", "x": 1}))
    fleeting = memory.store(
        a_memory(MemoryTier.SESSION, subject="kept", metadata={"after": "gone"})
    )
    assert memory.forget_subject("gone") == 3
    assert set(_subjects(memory, Query())) == {"kept"}
    kept = memory.get(number)
    assert kept is not None
    assert kept.metadata == {"after": None, "x": 1}
    seen = memory.get(fleeting)
    assert seen is not None
    assert seen.metadata == {"after": None}


def test_forgetting_a_profile_and_the_history(memory: CosmicMemory) -> None:
    for tier in MemoryTier:
        _put(memory, a_memory(tier, profile="home", subject="h"))
        _put(memory, a_memory(tier, subject="n"))
    assert memory.forget_profile("home") == 12
    assert _subjects(memory, Query()) == ["n"] * 12
    assert memory.forget_session() == 2
    assert memory.forget_history() == 7
    assert [tier.value for tier in MemoryTier if memory.count(tier)] == [7, 8, 12]


@pytest.mark.parametrize("tier", [MemoryTier.SESSION, MemoryTier.SEMANTIC])
def test_a_memory_can_be_revised_and_keeps_its_number(
    memory: CosmicMemory, tier: MemoryTier
) -> None:
    number = _put(memory, a_memory(tier, subject="x", metadata={"a": 1}))
    assert memory.revise(number, metadata={"a": 2}, importance=0.75, at=NOW + 1)
    back = memory.get(number)
    assert back is not None
    assert (back.subject, back.metadata, back.importance, back.at) == ("x", {"a": 2}, 0.75, NOW + 1)
    assert not memory.revise(2 * number, metadata={}, importance=0.5, at=NOW)
    for wrong in ({"importance": 2.0}, {"at": -1}, {"metadata": {"a": float("nan")}}):
        values = {"metadata": {}, "importance": 0.5, "at": NOW} | wrong
        with pytest.raises(InputError):
            memory.revise(number, **values)  # type: ignore[arg-type]
    assert memory.count(tier) == 1


def test_what_was_shown_in_vain_and_what_was_just_skipped(memory: CosmicMemory) -> None:
    session = {"profile": "home", "session": "s"}
    for subject, times in (("a", 3), ("b", 2), ("c", 1)):
        for _ in range(times):
            memory.store(a_memory(MemoryTier.SESSION, kind="shown", subject=subject, **session))
    memory.store(a_memory(MemoryTier.SESSION, kind="chosen", subject="b", **session))
    memory.store(a_memory(MemoryTier.SESSION, kind="shown", subject="d", session="other"))
    assert memory.shown_in_vain("home", "s", now=NOW) == {"a": 3, "c": 1}
    assert memory.shown_in_vain("home", "s", now=NOW + DAY_S) == {}
    assert memory.shown_in_vain("nobody", "s", now=NOW) == {}
    for kind, subject in (("skip", "x"), ("skip", "y"), ("skip", "x"), ("dwell", "z")):
        memory.store(a_memory(MemoryTier.INSTANT, kind=kind, subject=subject, profile="home"))
    memory.store(a_memory(MemoryTier.INSTANT, kind="skip", subject="w"))
    assert sorted(memory.skipped("home", now=NOW + 59)) == ["x", "x", "y"]
    assert memory.skipped("home", now=NOW + 60) == []
    assert memory.skipped("kid", now=NOW) == []
