"""The transformative loop: moves to another space of vectors, and lets go of what is gone.

Vectors that were made by another encoder mean nothing in the space of this one. A memory about a
title takes the title's new vector, one with words is embedded anew, another one keeps its content
and loses its vector. A vector of the owner is embedded anew from the words in its metadata, and
erased when it has none: it could only be found by mistake.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from exogenesis.core.vectors import Floats, quantise
from exogenesis.tv.cycles.missing import retire_missing
from exogenesis.tv.loops import Cycle, LoopType, Work
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.persistence import Database

SPACE = "vector_space"
"""Setting: the encoder that made all vectors in the store."""

_ROWS_AT_ONCE = 20
_WORDS = ("text", "description", "name", "title")

Embed = Callable[[str], Floats | None]


def space_of(database: Database, encoder: str) -> str:
    """Return which encoder made the vectors of the store; a new store begins with ``encoder``."""
    held = database.setting(SPACE)
    if held is None:
        database.store_setting(SPACE, encoder)
        return encoder
    return str(held)


def transformative(
    database: Database,
    memory: CosmicMemory,
    *,
    encoder: str,
    known: Callable[[str], bool],
    embed: Embed,
    settled_s: Callable[[], int],
    moved: Callable[[], None],
    retired: Callable[[], None],
) -> Work:
    """Return the work of the transformative loop.

    Cut off at any moment it goes on with the next row; lists and searches are answered meanwhile.

    Args:
        database: the store.
        memory: the twelve tiers.
        encoder: which makes the catalogue's vectors now.
        known: whether the catalogue holds a title.
        embed: the vector ``(384,)`` of some words, or None.
        settled_s: Unix seconds by which something old may be erased.
        moved: called when vectors have changed: indexes are to be built anew.
        retired: called when skills were let go.
    """

    def work(cycle: Cycle) -> Iterator[None]:
        if space_of(database, encoder) != encoder:
            yield from _migrate(cycle, database, encoder, known, embed)
            database.store_setting(SPACE, encoder)
            moved()
            cycle.ask(LoopType.REACTIVE, within_s=0)
            yield
        gone = 0
        for _ in retire_missing(database, memory, settled_s()):
            gone += 1
            yield
        cycle.results["retired"] = gone
        if gone:
            retired()
            cycle.ask(LoopType.ADAPTIVE, within_s=0, skills_gone=gone)

    return work


def _migrate(
    cycle: Cycle, database: Database, encoder: str, known: Callable[[str], bool], embed: Embed
) -> Iterator[None]:
    """Move every row that has a vector, some a step; each step saves where it has come to."""
    rows_moved = 0

    def place(stage: str) -> int:
        progress = cycle.progress
        same = progress.get("space") == encoder and progress.get("stage") == stage
        after = progress.get("after") if same else 0
        return after if isinstance(after, int) else 0

    def memories(after: int) -> int:
        rows = database.run("cycle_old_vectors", after=after, limit=_ROWS_AT_ONCE)
        for number, subject, text in rows:
            vector = None if known(subject) or not text else embed(text)
            database.run("cycle_set_vector", id=number, **_coded(vector))
        return rows[-1][0] if rows else 0

    def own(after: int) -> int:
        rows = database.run("cycle_own_vectors", after=after, limit=_ROWS_AT_ONCE)
        for number, metadata in rows:
            vector = _own_vector(json.loads(metadata), embed)
            if vector is None:
                database.run("cycle_drop_own_vector", id=number)
            else:
                database.run("cycle_set_own_vector", id=number, **_coded(vector))
        return rows[-1][0] if rows else 0

    finished = cycle.progress.get("space") == encoder and cycle.progress.get("stage") == "own"
    stages = {"own": own} if finished else {"memories": memories, "own": own}
    for stage, move in stages.items():
        after = place(stage)
        while True:
            with database.transaction():
                after = move(after)
                if after:
                    cycle.save(space=encoder, stage=stage, after=after)
            if not after:
                break
            rows_moved += 1
            cycle.results["slices"] = rows_moved
            yield


def _own_vector(metadata: Mapping[str, Any], embed: Embed) -> Floats | None:
    words = " ".join(str(metadata[key]) for key in _WORDS if isinstance(metadata.get(key), str))
    return embed(words) if words else None


def _coded(vector: Floats | None) -> dict[str, bytes | float | None]:
    if vector is None:
        return {"codes": None, "scale": None}
    codes, scales = quantise(np.asarray(vector, np.float32)[None])
    return {"codes": codes[0].tobytes(), "scale": float(scales[0])}
