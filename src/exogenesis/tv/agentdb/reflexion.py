"""What was tried, and how it went: episodes, kept in the third tier of the memory.

What was recalled often moves on to the fourth and the sixth tier, and is found there.

A viewing is such an episode, of the task ``watch``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

from exogenesis.core.vectors import Floats
from exogenesis.errors import InputError
from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, Query

EPISODE = "episode"

_PROMOTED = (MemoryTier.SEMANTIC, MemoryTier.EVOLUTIONARY)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReflexionEpisode:
    """One attempt at something.

    Attributes:
        session_id: the stretch of watching it belongs to.
        task: what was tried, in a word.
        input: what with; of a viewing the title.
        output: what came out.
        reward: how good that was, 0..1.
        success: whether it counts as a success.
        critique: what to do better.
        latency_ms: how long it took.
        timestamp: Unix seconds.
        embedding: ``(384,)`` to find it by, or None.
        profile: whose it is, or None.
        id: set by the store.
    """

    session_id: str
    task: str
    input: str
    output: str
    reward: float
    success: bool
    timestamp: int
    critique: str = ""
    latency_ms: float = 0.0
    embedding: Floats | None = None
    profile: str | None = None
    id: int | None = None


def store_episode(memory: CosmicMemory, episode: ReflexionEpisode) -> int:
    """Keep an episode and return its number; what went very well or very badly matters most.

    Raises:
        InputError: no task, a reward outside 0..1, a latency below 0, an unknown profile, or an
            embedding of a wrong shape.
        DiskFull, StorageError: nothing was stored.
    """
    if not episode.task:
        raise InputError("an episode needs a task")
    if not 0.0 <= episode.reward <= 1.0:
        raise InputError(f"the reward of an episode lies in 0..1, not {episode.reward}")
    if not (math.isfinite(episode.latency_ms) and episode.latency_ms >= 0.0):
        raise InputError(f"the latency of an episode is at least 0, not {episode.latency_ms}")
    return memory.store(
        Memory(
            tier=MemoryTier.EPISODIC,
            kind=EPISODE,
            profile=episode.profile,
            session=episode.session_id,
            text=episode.input,
            metadata={
                "task": episode.task,
                "output": episode.output,
                "reward": episode.reward,
                "success": episode.success,
                "critique": episode.critique,
                "latency_ms": episode.latency_ms,
            },
            vector=episode.embedding,
            importance=max(episode.reward, 1.0 - episode.reward),
            at=episode.timestamp,
        )
    )


def retrieve_episodes(
    memory: CosmicMemory,
    *,
    now: int,
    similar_to: Floats | None,
    task: str | None,
    session: str | None,
    success: bool | None,
    profile: str | None,
    limit: int,
) -> list[ReflexionEpisode]:
    """Return the episodes that all of what is given holds for, the most relevant first.

    Relevance is that of the memory: similarity by importance by what age has left of it.

    Raises:
        InputError: a vector of a wrong shape, or a limit below 0.
    """
    asked: dict[str, Any] = {}
    if task is not None:
        asked["task"] = task
    if success is not None:
        asked["success"] = success
    query = Query(vector=similar_to, metadata=asked, session=session, profile=profile, limit=limit)
    found = memory.recall(query, (MemoryTier.EPISODIC,), now=now)
    found += memory.recall(replace(query, kind=EPISODE), _PROMOTED, now=now)
    found.sort(key=lambda one: -one.relevance)
    return [_episode(one.memory) for one in found[:limit]]


def _episode(memory: Memory) -> ReflexionEpisode:
    told = memory.metadata
    return ReflexionEpisode(
        id=memory.id,
        session_id=memory.session,
        task=told.get("task", memory.kind),
        input=memory.text or memory.subject,
        output=told.get("output", ""),
        reward=float(told.get("reward", memory.importance)),
        success=bool(told.get("success", False)),
        critique=told.get("critique", ""),
        latency_ms=float(told.get("latency_ms", 0.0)),
        timestamp=memory.at,
        embedding=memory.vector,
        profile=memory.profile,
    )
