"""The memory of one television: twelve tiers behind one door."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

import numpy as np

from exogenesis.core.vectors import Floats
from exogenesis.errors import InputError
from exogenesis.tv.memory.memory import (
    Memory,
    Query,
    Recalled,
    check_memory,
    check_values,
    check_vector,
    metadata_text,
)
from exogenesis.tv.memory.recall import Candidates, best_of, from_source, from_table, relevances
from exogenesis.tv.memory.sources import Source
from exogenesis.tv.memory.table import MemoryTable
from exogenesis.tv.memory.tiers import DAY_S, MINUTE_S, RULES, MemoryTier, Writer
from exogenesis.tv.persistence import Database

_EVICTED_PART = 32
"""A full tier drops this part of its capacity, so that not every store has to sort."""

_ALL = 1 << 62
_NEVER = 2.0  # no importance is as large
_COPIED = (MemoryTier.SEMANTIC, MemoryTier.EVOLUTIONARY, MemoryTier.TEMPORAL)
_KEPT_WITHOUT_HISTORY = (MemoryTier.ARCHITECTURAL, MemoryTier.SUBSTRATE, MemoryTier.OMEGA)


def _no_vector(subject: str) -> Floats | None:
    return None


class CosmicMemory:
    """Stores, recalls, promotes and forgets; capacities hold after every call.

    It starts no transaction of its own: a call is one statement on the disk, or takes part in
    the transaction of its caller. Tiers 1 and 2 live in memory and never touch the disk.

    Args:
        database: the store.
        vector_of: the content vector ``(384,)`` of a subject, or None where it has none.
        sources: what some tiers show beside their own rows.
        off: tiers that take no part: what is stored there is dropped, and nothing is found.

    Attributes:
        version: another number whenever a row of tiers 4, 6 or 10, of which others hold copies,
            may have changed; what only happened (tiers 1 to 3) leaves it.
    """

    def __init__(
        self,
        database: Database,
        *,
        vector_of: Callable[[str], Floats | None] = _no_vector,
        sources: Mapping[MemoryTier, Source] | None = None,
        off: Collection[MemoryTier] = (),
    ) -> None:
        self.version = 0
        self._off = frozenset(off)
        self._table = MemoryTable(database)
        self._vector_of = vector_of
        self._sources = dict(sources or {})

    def store(self, memory: Memory, *, writer: Writer = Writer.HOUSEHOLD) -> int:
        """Store a memory, and return its number; a full tier drops its least relevant rows.

        The number is 0 where the tier takes no part.

        Raises:
            InputError: a value that cannot be stored, an unknown profile, a writer that has no
                business in this tier, or a tier that is full and drops nothing.
            DiskFull, StorageError
        """
        rule = RULES[memory.tier]
        if writer not in rule.writers:
            allowed = " or ".join(rule.writers)
            raise InputError(
                f"tier {memory.tier.value} is written by {allowed}, not by {writer}",
                code="wrong_writer",
            )
        check_memory(memory)
        if memory.profile is not None and not self._table.knows_profile(memory.profile):
            raise InputError(f"there is no profile {memory.profile!r}", code="unknown_profile")
        if memory.tier in self._off:
            return 0
        self._make_room(memory.tier, 1, memory.at)
        if memory.tier in _COPIED:
            self.version += 1
        return self._table.add(memory)

    def recall(
        self,
        query: Query,
        tiers: Iterable[MemoryTier] = tuple(MemoryTier),
        *,
        now: int,
        touch: bool = True,
    ) -> list[Recalled]:
        """Return the memories that answer ``query``, the most relevant first.

        Every form of query works in every tier, and everything is applied before the limit.
        What is past the retention of its tier is not returned.

        Args:
            query: what is asked for.
            tiers: where to look.
            now: Unix seconds.
            touch: whether this counts as an access of what is returned.

        Raises:
            InputError: a limit below 0, or a vector or metadata that cannot be compared.
        """
        if query.limit < 0:
            raise InputError(f"the limit of a query is at least 0, not {query.limit}")
        if query.vector is not None:
            check_vector(query.vector, "the vector of a query")
        asked = sorted(set(tiers) - self._off)
        found: list[Candidates] = [
            from_table(self._table, query, tier, now=now, vector_of=self._vector_of)
            for tier in asked
        ]
        found += [
            from_source(self._sources[tier], query, tier, now=now, vector_of=self._vector_of)
            for tier in asked
            if tier in self._sources
        ]
        best = best_of(found, query.limit)
        numbers = [held for held, _ in best if isinstance(held, int)]
        rows = self._table.read(numbers) if numbers else {}
        if touch:
            self._table.touch(numbers, now)
        return [
            Recalled(memory=rows[held] if isinstance(held, int) else held, relevance=value)
            for held, value in best
        ]

    def shown_in_vain(self, profile: str, session: str, *, now: int) -> dict[str, int]:
        """Return how often each title was shown in a session without being chosen."""
        oldest = now - DAY_S + 1
        tally = self._table.tally
        chosen = tally(MemoryTier.SESSION, "chosen", profile, session, oldest)
        taken = {subject for subject, _ in chosen}
        shown = tally(MemoryTier.SESSION, "shown", profile, session, oldest)
        return {subject: count for subject, count in shown if subject not in taken}

    def skipped(self, profile: str, *, now: int) -> list[str]:
        """Return the titles that a profile has skipped within a minute, once for each skip."""
        oldest = now - MINUTE_S + 1
        skips = self._table.tally(MemoryTier.INSTANT, "skip", profile, None, oldest)
        return [subject for subject, count in skips for _ in range(count)]

    def get(self, number: int) -> Memory | None:
        """Return a memory by its number, or None."""
        return self._table.read([number]).get(number)

    def revise(
        self, number: int, *, metadata: Mapping[str, Any], importance: float, at: int
    ) -> bool:
        """Give a memory other content; False when there is none of this number.

        Raises:
            InputError: a value that cannot be stored.
        """
        check_values(importance, at)
        written = metadata_text(metadata)
        self._notice_change(number)
        return self._table.revise(number, metadata=written, importance=importance, at=at)

    def delete(self, number: int) -> bool:
        """Erase a memory; False when there is none of this number."""
        self._notice_change(number)
        return self._table.drop([number]) == 1

    def count(self, tier: MemoryTier) -> int:
        """Return how many memories a tier holds, those of its source included."""
        source = self._sources.get(tier)
        return self._table.count(tier) + (0 if source is None else source.count())

    def flush(self) -> None:
        """Write down what was recalled, how often and when: one statement on the disk."""
        self._table.flush()

    def promote(self, now: int, *, limit: int = _ALL) -> int:
        """Move what is ripe to the next tier, at most ``limit`` rows; returns how many moved.

        A tier that is full by that drops its least relevant rows, as in :meth:`store`. To work
        in slices, call until nothing moved.
        """
        self.flush()
        moved = 0
        for tier in reversed(MemoryTier):  # so that nothing moves on twice in one call
            rule = RULES[tier].promotion
            if rule is None:
                continue
            ripe = self._table.ripe(
                tier,
                until=now - rule.age_s,
                importance=rule.importance,
                accesses=rule.accesses,
                stays=rule.stays,
                limit=limit - moved,
            )
            part = max(1, RULES[rule.to].capacity // _EVICTED_PART)
            for start in range(0, len(ripe), part):
                some = ripe[start : start + part]
                self._make_room(rule.to, len(some), now)
                self._table.move(some, rule.to)
                self.version += rule.to in _COPIED
            moved += len(ripe)
        return moved

    def expire(self, now: int, *, limit: int = _ALL) -> int:
        """Erase what is past the retention of its tier; returns how many rows, at most ``limit``.

        What is ripe for promotion waits for :meth:`promote`. ``now`` should be a time that is
        believed (``Timekeeper.settled_s``), since nothing erased comes back.
        """
        self.flush()
        dropped = 0
        for tier, rule in RULES.items():
            if rule.retention_s is not None:
                promotion = rule.promotion
                stale = self._table.stale(
                    tier,
                    until=now - rule.retention_s,
                    importance=_NEVER if promotion is None else promotion.importance,
                    accesses=0 if promotion is None else promotion.accesses,
                    stays=() if promotion is None else promotion.stays,
                    limit=limit - dropped,
                )
                dropped += self._table.drop(stale)
        return dropped

    def forget_subject(self, subject: str) -> int:
        """Erase all about a title but the owner's word; returns the number of rows."""
        self._table.forget_after(subject)
        return self._table.drop(self._table.of_subject(subject))

    def forget_profile(self, profile: str) -> int:
        """Erase all that belongs to a profile; returns the number of rows."""
        return self._table.drop(self._table.of_profile(profile))

    def forget_history(self) -> int:
        """Erase all that was watched and learnt; settings, measures and the owner's word stay."""
        tiers = [tier for tier in MemoryTier if tier not in _KEPT_WITHOUT_HISTORY]
        return self._table.drop(self._table.of_tiers(tiers))

    def forget_session(self) -> int:
        """Erase the two fleeting tiers, as switching the power off does."""
        return self._table.drop(self._table.of_tiers((MemoryTier.INSTANT, MemoryTier.SESSION)))

    def erase(self) -> int:
        """Erase every tier, the owner's word too."""
        return self._table.drop(self._table.of_tiers(MemoryTier))

    def _notice_change(self, number: int) -> None:
        held = self.get(number) if number > 0 else None
        self.version += held is not None and held.tier in _COPIED

    def _make_room(self, tier: MemoryTier, needed: int, now: int) -> None:
        rule = RULES[tier]
        count = self._table.count(tier)
        if count + needed <= rule.capacity:
            return
        if not rule.evicts:
            raise InputError(
                f"tier {tier.value} holds {count} memories and is full: delete some first",
                code="tier_full",
            )
        spare = max(needed, rule.capacity // _EVICTED_PART)
        self._evict(tier, count - rule.capacity + spare, now)

    def _evict(self, tier: MemoryTier, surplus: int, now: int) -> None:
        """Drop the ``surplus`` least relevant rows of a tier, of equals the oldest."""
        rows = self._table.candidates(Query(), tier)
        newest = max(now, max(row[2] for row in rows))
        values = relevances(rows, np.ones(len(rows)), tier, newest)
        order = np.lexsort(([abs(row[0]) for row in rows], [row[2] for row in rows], values))
        self._table.drop([rows[row][0] for row in order[:surplus].tolist()])
