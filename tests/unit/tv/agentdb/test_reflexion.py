"""What was tried is found by likeness, task, session and outcome."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from exogenesis.errors import InputError
from exogenesis.tv.agentdb import AgentDB, ReflexionEpisode
from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, Query
from exogenesis.tv.persistence import Database
from tests.support.television import clustered_content

NOW = 1_800_000_000
ROWS = clustered_content(12, clusters=3)
EPISODE = ReflexionEpisode(
    session_id="s1",
    task="suggest",
    input="a rainy evening",
    output="t003",
    reward=0.9,
    success=True,
    critique="shorter next time",
    latency_ms=1.5,
    timestamp=NOW,
)


@pytest.fixture
def database() -> Iterator[Database]:
    opened = Database.open(None)
    yield opened
    opened.close()


@pytest.fixture
def db(database: Database) -> AgentDB:
    return AgentDB(database, ROWS, memory=CosmicMemory(database), now=lambda: NOW + 60)


def test_an_episode_comes_back_whole(db: AgentDB) -> None:
    made = db.reflexion_store(replace(EPISODE, embedding=ROWS[0], profile="home"))
    (found,) = db.reflexion_retrieve()
    assert found.id == made
    assert found.embedding is not None
    assert found.embedding == pytest.approx(ROWS[0], abs=1e-3)
    for name in ("session_id", "task", "input", "output", "reward", "success", "critique"):
        assert getattr(found, name) == getattr(EPISODE, name)
    assert (found.latency_ms, found.timestamp, found.profile) == (1.5, NOW, "home")


def test_everything_asked_for_must_hold(db: AgentDB) -> None:
    for task in ("suggest", "sync"):
        for session in ("s1", "s2"):
            for success in (True, False):
                db.reflexion_store(replace(EPISODE, task=task, session_id=session, success=success))
    assert len(db.reflexion_retrieve()) == 8
    assert len(db.reflexion_retrieve(task="sync")) == 4
    assert len(db.reflexion_retrieve(session="s2", success=False)) == 2
    (found,) = db.reflexion_retrieve(task="sync", session="s1", success=True)
    assert (found.task, found.session_id, found.success) == ("sync", "s1", True)
    assert len(db.reflexion_retrieve(limit=3)) == 3


@pytest.mark.parametrize("reward", [0.0, 1.0])
def test_the_most_alike_come_first_failures_too(db: AgentDB, reward: float) -> None:
    for row, vector in enumerate(ROWS):
        db.reflexion_store(
            replace(EPISODE, input=str(row), embedding=vector, reward=reward, success=reward > 0.5)
        )
    db.reflexion_store(replace(EPISODE, input="without a vector", reward=reward))
    best = np.argsort(-(ROWS @ ROWS[4]))[:4]
    found = db.reflexion_retrieve(ROWS[4], limit=4)
    assert [int(one.input) for one in found] == best.tolist()
    assert db.reflexion_retrieve(ROWS[4], success=reward <= 0.5) == []


def test_of_two_as_alike_the_one_that_went_worst_is_remembered_first(db: AgentDB) -> None:
    for name, reward in (("middling", 0.5), ("bad", 0.0), ("fair", 0.6)):
        db.reflexion_store(replace(EPISODE, input=name, reward=reward, embedding=ROWS[0]))
    found = db.reflexion_retrieve(ROWS[0])
    assert [one.input for one in found] == ["bad", "fair", "middling"]


def test_a_viewing_is_an_episode(database: Database, db: AgentDB) -> None:
    told = {"task": "watch", "fraction": 0.8, "reward": 0.8, "success": True}
    CosmicMemory(database).store(
        Memory(tier=MemoryTier.EPISODIC, kind="viewing", subject="t003", metadata=told, at=NOW)
    )
    db.reflexion_store(EPISODE)
    (found,) = db.reflexion_retrieve(task="watch", success=True)
    assert (found.input, found.reward, found.success) == ("t003", 0.8, True)


@pytest.mark.parametrize(
    "wrong",
    [
        {"task": ""},
        {"reward": 1.1},
        {"reward": float("nan")},
        {"latency_ms": -1.0},
        {"latency_ms": float("inf")},
        {"profile": "nobody"},
        {"embedding": np.zeros(3, np.float32)},
    ],
)
def test_bad_input_changes_nothing(db: AgentDB, wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        db.reflexion_store(replace(EPISODE, **wrong))  # type: ignore[arg-type]
    assert db.reflexion_retrieve() == []


def test_without_a_memory_there_are_no_episodes(database: Database) -> None:
    with pytest.raises(InputError, match="memory"):
        AgentDB(database, ROWS).reflexion_store(EPISODE)


def test_an_episode_that_was_promoted_is_still_found(database: Database, db: AgentDB) -> None:
    memory = CosmicMemory(database)
    memory.store(Memory(tier=MemoryTier.SEMANTIC, kind="note", subject="no episode", at=NOW))
    number = db.reflexion_store(EPISODE)
    for day, tier in ((0, MemoryTier.EPISODIC), (8, MemoryTier.SEMANTIC), (95, 6)):
        memory.promote(NOW + day * 86_400)
        for _ in range(11):
            found = memory.recall(Query(kind="episode"), (MemoryTier(tier),), now=NOW)
        assert [one.memory.id for one in found] == [number]
        assert [one.output for one in db.reflexion_retrieve(task="suggest")] == ["t003"]
        assert [one.output for one in db.reflexion_retrieve()] == ["t003"]
        memory.flush()
