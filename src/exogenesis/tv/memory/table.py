"""The rows of all tiers, and what was touched since they were last written."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from exogenesis.tv.memory.memory import TIME_MAX, Memory, Query, metadata_text
from exogenesis.tv.memory.rows import memory_of, values_of
from exogenesis.tv.memory.tiers import FLEETING, MemoryTier
from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.database import Row, Value


class MemoryTable:
    """Tiers 1 and 2 in a table in memory, seen with negative numbers; the others on the disk.

    Each method is one statement on the disk at most, so it needs no transaction of its own.

    Attributes:
        touched: by number, how often a row was recalled since it was last written, and when.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self.touched: dict[int, tuple[int, int]] = {}
        database.run("memory_create_fleeting", tiers=json.dumps([int(tier) for tier in MemoryTier]))

    def knows_profile(self, name: str) -> bool:
        """Whether there is a profile of this name."""
        return bool(self._database.run("memory_profile_known", profile=name))

    def add(self, memory: Memory) -> int:
        """Store a memory and return its number."""
        name = "memory_add_fleeting" if memory.tier in FLEETING else "add_memory"
        ((number,),) = self._database.run(name, **values_of(memory))
        return int(number)

    def revise(self, number: int, *, metadata: str, importance: float, at: int) -> bool:
        """Write other values into a row; False when there is none of this number."""
        name = "memory_revise" if number > 0 else "memory_revise_fleeting"
        return bool(
            self._database.run(name, id=number, metadata=metadata, importance=importance, at=at)
        )

    def count(self, tier: MemoryTier) -> int:
        """Return the number of rows of a tier."""
        ((count,),) = self._database.run("memory_count", tier=int(tier))
        return int(count)

    def candidates(self, query: Query, tier: MemoryTier, *, oldest: int = 0) -> list[Row]:
        """Return what passes every filter of ``query`` but words and vector.

        Rows are (number, importance, at, accesses, accessed_at, subject, text, codes), the last
        three only where they are asked for. ``oldest`` is the first second that counts.
        """
        since = oldest if query.since is None else max(query.since, oldest)
        values: dict[str, Value] = {} if query.subject is None else {"subject": query.subject}
        rows = self._database.run(
            "memory_candidates" if query.subject is None else "memory_candidates_of",
            tier=int(tier),
            since=since,
            until=TIME_MAX if query.until is None else query.until,
            min_importance=query.min_importance,
            kind=query.kind,
            profile=query.profile,
            session=query.session,
            metadata=metadata_text(query.metadata) if query.metadata else None,
            texts=int(query.text is not None),
            vectors=int(query.vector is not None),
            **values,
        )
        if not self.touched:
            return rows
        return [
            (*row[:3], row[3] + touch[0], max(row[4], touch[1]), *row[5:])
            if (touch := self.touched.get(row[0]))
            else row
            for row in rows
        ]

    def tally(
        self, tier: MemoryTier, kind: str, profile: str | None, session: str | None, oldest: int
    ) -> list[Row]:
        """Return (subject, count) of a kind, since ``oldest``."""
        return self._database.run(
            "memory_tally",
            tier=int(tier),
            kind=kind,
            profile=profile,
            session=session,
            since=oldest,
        )

    def read(self, numbers: Iterable[int]) -> dict[int, Memory]:
        """Return whole memories by number; those that are gone are left out."""
        rows = self._database.run("memory_rows", ids=json.dumps(list(numbers)))
        return {row[0]: memory_of(row, self.touched.get(row[0], (0, 0))) for row in rows}

    def touch(self, numbers: Iterable[int], now: int) -> None:
        """Count an access of each, in memory."""
        for number in numbers:
            times, at = self.touched.get(number, (0, 0))
            self.touched[number] = (times + 1, max(at, now))

    def flush(self) -> None:
        """Write down what was touched."""
        for name, fleeting in (("memory_touch", False), ("memory_touch_fleeting", True)):
            touches = [
                (number, *touch)
                for number, touch in self.touched.items()
                if (number < 0) == fleeting
            ]
            if touches:
                self._database.run(name, touches=json.dumps(touches))
        self.touched.clear()

    def drop(self, numbers: Iterable[int]) -> int:
        """Erase rows and return how many there were."""
        dropped: list[Row] = []
        for name, wanted in (
            ("memory_delete", [number for number in numbers if number > 0]),
            ("memory_delete_fleeting", [number for number in numbers if number < 0]),
        ):
            if wanted:
                dropped += self._database.run(name, ids=json.dumps(wanted))
        for (number,) in dropped:
            self.touched.pop(number, None)
        return len(dropped)

    def move(self, numbers: Sequence[int], to: MemoryTier) -> None:
        """Move rows of one tier to another; from memory to the disk they get new numbers.

        They are on the disk before they leave the memory, which a power cut empties anyway.
        """
        ids = json.dumps(list(numbers))
        if numbers[0] > 0:
            self._database.run("memory_move", tier=int(to), ids=ids)
        elif to in FLEETING:
            self._database.run("memory_move_fleeting", tier=int(to), ids=ids)
        else:
            self._database.run("memory_land", tier=int(to), ids=ids)
            self.drop(numbers)

    def ripe(
        self,
        tier: MemoryTier,
        *,
        until: int,
        importance: float,
        accesses: int,
        stays: Sequence[str],
        limit: int,
    ) -> list[int]:
        """Return the numbers of what is no newer than ``until`` and may move on."""
        return self._ids("memory_ripe", tier, until, importance, accesses, stays, limit)

    def stale(
        self,
        tier: MemoryTier,
        *,
        until: int,
        importance: float,
        accesses: int,
        stays: Sequence[str],
        limit: int,
    ) -> list[int]:
        """Return the numbers of what is no newer than ``until`` and may not move on."""
        return self._ids("memory_stale", tier, until, importance, accesses, stays, limit)

    def _ids(
        self,
        name: str,
        tier: MemoryTier,
        until: int,
        importance: float,
        accesses: int,
        stays: Sequence[str],
        limit: int,
    ) -> list[int]:
        rows = self._database.run(
            name,
            tier=int(tier),
            until=until,
            importance=importance,
            accesses=accesses,
            stays=json.dumps(list(stays)),
            limit=limit,
        )
        return [number for (number,) in rows]

    def of_subject(self, subject: str) -> list[int]:
        """Return the numbers of what is about ``subject``, but for the owner's word."""
        return [row[0] for row in self._database.run("memory_of_subject", subject=subject)]

    def of_profile(self, profile: str) -> list[int]:
        """Return the numbers of all that is of a profile."""
        return [row[0] for row in self._database.run("memory_of_profile", profile=profile)]

    def of_tiers(self, tiers: Iterable[MemoryTier]) -> list[int]:
        """Return the numbers of all rows of some tiers."""
        asked = json.dumps([int(tier) for tier in tiers])
        return [row[0] for row in self._database.run("memory_of_tiers", tiers=asked)]

    def forget_after(self, subject: str) -> None:
        """Erase that ``subject`` ended before something else began."""
        self._database.run("memory_forget_after", subject=subject)
        self._database.run("memory_forget_after_fleeting", subject=subject)
