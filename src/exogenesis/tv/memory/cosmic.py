"""The memory of one television: twelve tiers behind one door."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from exogenesis.core.vectors import Floats
from exogenesis.errors import InputError
from exogenesis.tv.memory.match import cosines, match_words, words_of
from exogenesis.tv.memory.memory import (
    TIME_MAX,
    Memory,
    Query,
    Recalled,
    check_memory,
    check_vector,
    metadata_text,
)
from exogenesis.tv.memory.relevance import Doubles, relevance
from exogenesis.tv.memory.rows import memory_of, values_of
from exogenesis.tv.memory.sources import Source, fits
from exogenesis.tv.memory.tiers import FLEETING, RULES, MemoryTier, TierRule, Writer
from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.database import Row

_EVICTED_AT_ONCE = 32
"""A full tier drops this part of its capacity, so that not every store has to look."""


@dataclass(frozen=True, slots=True)
class _Candidates:
    """Memories that passed every filter, with what they are sorted by.

    Attributes:
        held: numbers of rows in the store, or whole memories of a source.
        relevance: ``(n,)``.
        match: ``(n,)``; decides where relevance is equal.
    """

    held: list[int | Memory]
    relevance: Doubles
    match: Doubles


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
    """

    def __init__(
        self,
        database: Database,
        *,
        vector_of: Callable[[str], Floats | None] = _no_vector,
        sources: Mapping[MemoryTier, Source] | None = None,
    ) -> None:
        self._database = database
        self._vector_of = vector_of
        self._sources = dict(sources or {})
        self._touched: dict[int, tuple[int, int]] = {}
        database.run("memory_create_fleeting")
        # At least as many rows as there are; counted exactly when a tier seems to be full.
        self._most = {tier: self._stored(tier) for tier in MemoryTier}

    def store(self, memory: Memory, *, writer: Writer = Writer.HOUSEHOLD) -> int:
        """Store a memory, and return its number; a full tier drops its least relevant rows.

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
        values = values_of(memory)
        if memory.profile is not None and not self._database.run(
            "memory_profile_known", profile=memory.profile
        ):
            raise InputError(f"there is no profile {memory.profile!r}", code="unknown_profile")
        self._make_room(memory.tier, rule, memory.at)
        fleeting = memory.tier in FLEETING
        name = "memory_add_fleeting" if fleeting else "add_memory"
        ((number,),) = self._database.run(name, **values)
        self._most[memory.tier] += 1
        return int(number)

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
        found = [self._candidates(query, tier, now) for tier in sorted(set(tiers))]
        found += [
            self._source_candidates(query, self._sources[tier], tier, now)
            for tier in sorted(set(tiers) & self._sources.keys())
        ]
        held = [one for part in found for one in part.held]
        if not held:
            return []
        values = np.concatenate([part.relevance for part in found])
        matches = np.concatenate([part.match for part in found])
        best = np.lexsort((-matches, -values))[: query.limit]
        numbers = [one for row in best if isinstance(one := held[row], int)]
        rows = self._read(numbers)
        answer: list[Recalled] = []
        for row in best.tolist():
            one = held[row]
            memory = rows[one] if isinstance(one, int) else one
            answer.append(Recalled(memory=memory, relevance=float(values[row])))
        if touch:
            self._touch(numbers, now)
        return answer

    def get(self, number: int) -> Memory | None:
        """Return a memory by its number, or None."""
        return self._read([number]).get(number)

    def delete(self, number: int) -> bool:
        """Erase a memory; False when there is none of this number."""
        return bool(self._drop([number]))

    def count(self, tier: MemoryTier) -> int:
        """Return how many memories a tier holds, those of its source included."""
        source = self._sources.get(tier)
        return self._stored(tier) + (0 if source is None else source.count())

    def flush(self) -> None:
        """Write down what was recalled, how often and when."""
        for name, fleeting in (("memory_touch", False), ("memory_touch_fleeting", True)):
            touches = [
                (number, *touch)
                for number, touch in self._touched.items()
                if (number < 0) == fleeting
            ]
            if touches:
                self._database.run(name, touches=json.dumps(touches))
        self._touched.clear()

    def _stored(self, tier: MemoryTier) -> int:
        ((count,),) = self._database.run("memory_count", tier=int(tier))
        return int(count)

    def _make_room(self, tier: MemoryTier, rule: TierRule, now: int) -> None:
        if self._most[tier] < rule.capacity:
            return
        count = self._stored(tier)
        if count >= rule.capacity:
            if not rule.evicts:
                raise InputError(
                    f"tier {tier.value} holds {count} memories and is full: delete some first",
                    code="tier_full",
                )
            surplus = count - rule.capacity + max(1, rule.capacity // _EVICTED_AT_ONCE)
            count -= self._evict(tier, surplus, now)
        self._most[tier] = count

    def _evict(self, tier: MemoryTier, surplus: int, now: int) -> int:
        """Drop the ``surplus`` least relevant rows of a tier, of equals the oldest."""
        rows = self._rows(Query(), tier, 0)
        values = self._relevance(rows, np.ones(len(rows)), tier, now)
        order = np.lexsort(([row[0] for row in rows], [row[2] for row in rows], values))
        return len(self._drop([rows[row][0] for row in order[:surplus]]))

    def _drop(self, numbers: list[int]) -> list[int]:
        dropped = []
        for name, wanted in (
            ("memory_delete", [number for number in numbers if number > 0]),
            ("memory_delete_fleeting", [number for number in numbers if number < 0]),
        ):
            if wanted:
                dropped += [row[0] for row in self._database.run(name, ids=json.dumps(wanted))]
        for number in dropped:
            self._touched.pop(number, None)
        return dropped

    def _rows(self, query: Query, tier: MemoryTier, oldest: int) -> list[Row]:
        since = 0 if query.since is None else query.since
        return self._database.run(
            "memory_candidates",
            tier=int(tier),
            since=max(since, oldest),
            until=TIME_MAX if query.until is None else query.until,
            min_importance=query.min_importance,
            kind=query.kind,
            subject=query.subject,
            profile=query.profile,
            session=query.session,
            metadata=metadata_text(query.metadata) if query.metadata else None,
            texts=int(query.text is not None),
            vectors=int(query.vector is not None),
        )

    def _relevance(self, rows: list[Row], match: Doubles, tier: MemoryTier, now: int) -> Doubles:
        """Relevances of rows of ``memory_candidates``, what was touched since included."""
        touched = [self._touched.get(row[0], (0, 0)) for row in rows] if self._touched else None
        accesses = np.array([row[3] for row in rows], np.int64)
        accessed_at = np.array([row[4] for row in rows], np.int64)
        if touched is not None:
            accesses += np.array([times for times, _ in touched], np.int64)
            accessed_at = np.maximum(accessed_at, np.array([at for _, at in touched], np.int64))
        return relevance(
            match=match,
            importance=np.array([row[1] for row in rows], np.float64),
            at=np.array([row[2] for row in rows], np.int64),
            accesses=accesses,
            accessed_at=accessed_at,
            now=now,
            half_life_s=RULES[tier].half_life_s,
        )

    def _match(
        self,
        query: Query,
        texts: Iterable[str],
        vectors: Callable[[Floats], Doubles],
        count: int,
    ) -> Doubles:
        """Return ``(count,)`` matches, NaN for what does not answer at all."""
        match = np.ones(count)
        if query.text is not None and (words := words_of(query.text)):
            share = match_words(words, texts)
            match = np.where(share > 0, share, np.nan)
        if query.vector is not None:
            match = match * vectors(query.vector)
        return match

    def _candidates(self, query: Query, tier: MemoryTier, now: int) -> _Candidates:
        retention_s = RULES[tier].retention_s
        rows = self._rows(query, tier, 0 if retention_s is None else now - retention_s + 1)
        match = self._match(
            query,
            (f"{row[6]} {row[5]}" for row in rows),
            lambda vector: cosines(vector, [(row[7], row[5]) for row in rows], self._vector_of),
            len(rows),
        )
        keep = np.flatnonzero(~np.isnan(match))
        kept = [rows[row] for row in keep]
        match = match[keep]
        values = self._relevance(kept, np.maximum(match, 0.0), tier, now)
        return _Candidates([row[0] for row in kept], values, match)

    def _source_candidates(
        self, query: Query, source: Source, tier: MemoryTier, now: int
    ) -> _Candidates:
        rows = [memory for memory in source.rows(query, now) if fits(memory, query)]

        def similar(vector: Floats) -> Doubles:
            own = [(None, memory.subject) for memory in rows]
            return cosines(vector, own, self._vector_of)

        texts = (f"{memory.text} {memory.subject}" for memory in rows)
        match = self._match(query, texts, similar, len(rows))
        keep = np.flatnonzero(~np.isnan(match))
        at = np.array([rows[row].at for row in keep], np.int64)
        values = relevance(
            match=np.maximum(match[keep], 0.0),
            importance=np.array([rows[row].importance for row in keep], np.float64),
            at=at,
            accesses=np.zeros(len(keep), np.int64),
            accessed_at=at,
            now=now,
            half_life_s=RULES[tier].half_life_s,
        )
        return _Candidates([rows[row] for row in keep], values, match[keep])

    def _read(self, numbers: list[int]) -> dict[int, Memory]:
        rows = self._database.run("memory_rows", ids=json.dumps(numbers))
        return {row[0]: memory_of(row, self._touched.get(row[0], (0, 0))) for row in rows}

    def _touch(self, numbers: list[int], now: int) -> None:
        for number in numbers:
            times, at = self._touched.get(number, (0, 0))
            self._touched[number] = (times + 1, max(at, now))
