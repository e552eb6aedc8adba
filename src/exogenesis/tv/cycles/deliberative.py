"""The deliberative loop: the nightly upkeep."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from exogenesis.tv.cycles.ledger import shorten_ledger
from exogenesis.tv.cycles.missing import note_missing
from exogenesis.tv.loops import Cycle, LoopType, Work
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.persistence import Database

SIZE_MAX_BYTES = 64 << 20
"""A store that grows beyond it has the slowest loop called."""

_ROWS_AT_ONCE = 100

Stage = Callable[[Cycle], Iterator[None]]


def deliberative(
    database: Database,
    memory: CosmicMemory,
    *,
    known: Callable[[str], bool],
    settled_s: Callable[[], int],
    extra: Mapping[str, Stage],
    size_max_bytes: int = SIZE_MAX_BYTES,
) -> Work:
    """Return the work of the deliberative loop: stages, each in short steps.

    A cycle that was cut off goes on with the stage it was in. Promotion comes before expiry,
    which leaves alone what is ripe, and both before the copy.

    Args:
        database: the store.
        memory: the twelve tiers.
        known: whether the catalogue holds a title.
        settled_s: Unix seconds by which something old may be erased.
        extra: further stages by name, done at the end in their order: measures, the vector
            index, check and copy of the store.
        size_max_bytes: of the store, from which on it has to be compressed.
    """

    def promote(cycle: Cycle) -> Iterator[None]:
        yield from _in_slices(
            cycle, "promoted", database, lambda: memory.promote(cycle.at, limit=_ROWS_AT_ONCE)
        )

    def expire(cycle: Cycle) -> Iterator[None]:
        yield from _in_slices(
            cycle, "expired", database, lambda: memory.expire(settled_s(), limit=_ROWS_AT_ONCE)
        )

    def missing(cycle: Cycle) -> Iterator[None]:
        yield from note_missing(database, memory, known, cycle.at)

    def ledger(cycle: Cycle) -> Iterator[None]:
        shortened = 0
        for count in shorten_ledger(database, settled_s()):
            shortened += count
            yield
        cycle.results["shortened"] = shortened

    def size(cycle: Cycle) -> Iterator[None]:
        ((size_bytes,),) = database.run("cycle_store_bytes")
        cycle.results["bytes"] = size_bytes
        if size_bytes > size_max_bytes:
            cycle.ask(LoopType.TRANSCENDENT, within_s=0)
        yield

    own = {"promote": promote, "expire": expire, "missing": missing, "ledger": ledger}
    stages: dict[str, Stage] = {**own, **extra, "size": size}

    def work(cycle: Cycle) -> Iterator[None]:
        names = list(stages)
        begun = cycle.progress.get("stage")
        for name in names[names.index(begun) if isinstance(begun, str) and begun in names else 0 :]:
            cycle.save(stage=name)
            yield from stages[name](cycle)

    return work


def _in_slices(
    cycle: Cycle, name: str, database: Database, some: Callable[[], int]
) -> Iterator[None]:
    """Do ``some`` in a transaction each until it has nothing left to do, and count."""
    total = 0
    while True:
        with database.transaction():
            done = some()
        total += done
        cycle.results[name] = total
        yield
        if not done:
            return


def steps(some: Callable[[Cycle], Iterator[object]]) -> Stage:
    """Return a stage that takes the steps of an iterator and drops what they yield."""

    def stage(cycle: Cycle) -> Iterator[None]:
        for _ in some(cycle):
            yield

    return stage


def once(some: Callable[[], object]) -> Stage:
    """Return a stage of a single step."""

    def stage(cycle: Cycle) -> Iterator[None]:
        some()
        yield

    return stage
