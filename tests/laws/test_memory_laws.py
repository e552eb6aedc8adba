"""The memory against a list of memories that is searched the slow way."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exogenesis.core.vectors import Floats
from exogenesis.tv.memory import FLEETING, RULES, CosmicMemory, Memory, MemoryTier, Query, Writer
from exogenesis.tv.persistence import Database
from tests.support.memories import NOW, a_memory, writer_of

_VECTORS = np.random.default_rng(9).normal(size=(6, 384)).astype(np.float32)
_BY_SUBJECT: dict[str, Floats] = {f"t{n}": _VECTORS[n] for n in range(3)}

_names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4)
_scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats(allow_nan=False, allow_infinity=False, width=32)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
)
_metadata = st.dictionaries(
    st.sampled_from(["a", "b.c", "$", "[0]"]) | _names,
    _scalars | st.lists(_scalars, max_size=2),
    max_size=3,
)
_words = st.sampled_from(["Krimi", "KRIMI abend", "straße", "über", "t1", "x%_"])
_vectors = st.none() | st.integers(0, 5).map(lambda n: _VECTORS[n])

_memories = st.builds(
    a_memory,
    st.sampled_from(MemoryTier),
    kind=st.sampled_from(["viewing", "note"]),
    subject=st.sampled_from(["", "t0", "t1", "t2", "genre:Krimi", "T1x"]),
    profile=st.sampled_from([None, "home"]),
    session=st.sampled_from(["", "s1"]),
    text=st.sampled_from(["", "ein KRIMI", "STRASSE", "Über uns", "x%_y"]),
    metadata=_metadata,
    vector=_vectors,
    importance=st.sampled_from([0.0, 0.25, 0.5, 1.0]),
    at=st.integers(NOW - 40, NOW + 5) | st.integers(NOW - 400 * 86_400, NOW),
)


def _maybe(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    return st.none() | values


_queries = st.builds(
    Query,
    text=_maybe(_words),
    vector=_vectors,
    metadata=st.just({}) | _metadata,
    min_importance=st.sampled_from([0.0, 0.3, 1.0]),
    kind=_maybe(st.sampled_from(["viewing", "other"])),
    subject=_maybe(st.sampled_from(["t1", ""])),
    profile=_maybe(st.just("home")),
    session=_maybe(st.just("s1")),
    since=_maybe(st.integers(NOW - 50, NOW)),
    until=_maybe(st.integers(NOW - 50, NOW + 5)),
    limit=st.integers(0, 8),
)


def _equal(held: object, asked: object) -> bool:
    if isinstance(held, float | int) and isinstance(asked, float | int):
        return float(held) == float(asked)
    return held == asked


def _slow_match(memory: Memory, query: Query) -> float | None:
    match = 1.0
    if query.text is not None:
        words = set(query.text.casefold().split())
        found = [w for w in words if w in f"{memory.text} {memory.subject}".casefold()]
        if not found:
            return None
        match *= len(found) / len(words)
    if query.vector is not None:
        own = memory.vector if memory.vector is not None else _BY_SUBJECT.get(memory.subject)
        if own is None:
            return None
        match *= float(own @ query.vector / np.linalg.norm(own) / np.linalg.norm(query.vector))
    return match


def _slow_recall(
    memories: list[Memory], query: Query, tiers: set[MemoryTier]
) -> list[tuple[str, float]]:
    answer = []
    for memory in memories:
        rule = RULES[memory.tier]
        exact = ("kind", "subject", "profile", "session")
        if (
            memory.tier not in tiers
            or (rule.retention_s is not None and NOW - memory.at >= rule.retention_s)
            or any(getattr(query, n) not in (None, getattr(memory, n)) for n in exact)
            or memory.importance < query.min_importance
            or (query.since is not None and memory.at < query.since)
            or (query.until is not None and memory.at >= query.until)
            or not all(_equal(memory.metadata.get(k), v) for k, v in query.metadata.items())
        ):
            continue
        match = _slow_match(memory, query)
        if match is not None:
            age_s = max(0, NOW - memory.at)
            left = 1.0 if rule.half_life_s is None else math.pow(0.5, age_s / rule.half_life_s)
            answer.append((memory.subject, max(0.0, match) * memory.importance * left))
    return sorted(answer, key=lambda one: -one[1])


@settings(max_examples=150, deadline=None)
@given(
    memories=st.lists(_memories, max_size=12),
    query=_queries,
    tiers=st.sets(st.sampled_from(MemoryTier)) | st.just(set(MemoryTier)),
)
def test_recall_finds_what_the_slow_way_finds(
    memories: list[Memory], query: Query, tiers: set[MemoryTier]
) -> None:
    memory = CosmicMemory(Database.open(None), vector_of=_BY_SUBJECT.get)
    for one in memories:
        memory.store(one, writer=writer_of(one.tier))
    found = memory.recall(query, tiers, now=NOW)
    slow = _slow_recall(memories, query, tiers)
    # Codes of a vector are off by half a scale: a cosine by less than 0.02.
    expected = [value for _, value in slow[: query.limit]]
    assert [one.relevance for one in found] == pytest.approx(expected, abs=0.02)
    assert not Counter(one.memory.subject for one in found) - Counter(name for name, _ in slow)


@settings(max_examples=100, deadline=None)
@given(held=_metadata, asked=_metadata)
def test_metadata_is_compared_as_python_compares_it(
    held: dict[str, Any], asked: dict[str, Any]
) -> None:
    memory = CosmicMemory(Database.open(None))
    memory.store(a_memory(metadata=held))
    for query in (asked, held):
        expected = all(_equal(held.get(name), value) for name, value in query.items())
        assert len(memory.recall(Query(metadata=query), now=NOW)) == expected


_small = (MemoryTier.INSTANT, MemoryTier.ARCHITECTURAL)
_loads = st.lists(
    st.tuples(st.sampled_from(_small), st.integers(1, 400), st.sampled_from([0.1, 0.5, 0.9])),
    min_size=1,
    max_size=6,
)


@settings(max_examples=25, deadline=None)
@given(loads=_loads, together=st.booleans(), fails=st.booleans())
def test_capacities_hold_under_any_load(
    loads: list[tuple[MemoryTier, int, float]], together: bool, fails: bool
) -> None:
    database = Database.open(None)
    memory = CosmicMemory(database)

    def load() -> None:
        for tier, count, importance in loads:
            for number in range(count):
                one = a_memory(tier, importance=importance, at=NOW - number % 50)
                memory.store(one, writer=Writer.LOOP)
                assert memory.count(tier) <= RULES[tier].capacity
        if fails:
            raise KeyError

    for _ in range(2):
        try:
            if together:
                with database.transaction():
                    load()
            else:
                load()
        except KeyError:
            pass
        for tier in MemoryTier:
            exact = len(memory.recall(Query(limit=10**6), [tier], now=NOW, touch=False))
            assert memory.count(tier) == exact <= RULES[tier].capacity


@settings(max_examples=40, deadline=None)
@given(
    memories=st.lists(_memories, max_size=20),
    recalls=st.integers(0, 12),
    nights=st.lists(st.integers(0, 100 * 86_400), max_size=5),
    limit=st.integers(1, 30),
)
def test_promotion_moves_and_neither_copies_nor_loses(
    memories: list[Memory], recalls: int, nights: list[int], limit: int
) -> None:
    memory = CosmicMemory(Database.open(None))
    for one in memories:
        memory.store(one, writer=writer_of(one.tier))
    for _ in range(recalls):
        memory.recall(Query(limit=10), now=NOW)

    def everything() -> Counter[tuple[Any, ...]]:
        rows = (memory.get(n) for n in (*range(-99, 0), *range(1, 99)))
        return Counter(
            (m.kind, m.subject, m.profile, m.session, m.text, repr(m.metadata), m.at, m.accesses)
            for m in rows
            if m is not None
        )

    before = everything()
    ladder = set(RULES) - {tier for tier, rule in RULES.items() if rule.promotion}
    fixed = {tier: memory.count(tier) for tier in ladder - {MemoryTier.EVOLUTIONARY}}
    now = NOW
    for night in nights:
        now += night
        memory.promote(now, limit=limit)
        assert everything() == before
        assert sum(memory.count(tier) for tier in MemoryTier) == len(memories)
        assert {tier: memory.count(tier) for tier in fixed} == fixed
    kept = {t: memory.count(t) for t in MemoryTier if RULES[t].retention_s is None}
    memory.promote(now)
    memory.expire(now + 1)
    for tier in FLEETING:
        rule = RULES[tier]
        assert rule.retention_s is not None
        found = memory.recall(Query(limit=99), [tier], now=now + 1)
        assert all(now + 1 - one.memory.at < rule.retention_s for one in found)
    assert all(memory.count(tier) >= count for tier, count in kept.items() if tier != 4)
