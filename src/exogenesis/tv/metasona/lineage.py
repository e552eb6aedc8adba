"""Accepted settings, each with its parent: tier 7 of the memory.

Three kinds of rows, never changed: ``settings`` (accepted), ``trial`` (compared and refused) and
``rollback`` (says which settings are out of use, and why).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from exogenesis.errors import InputError
from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, Writer
from exogenesis.tv.metasona.accept import Interval
from exogenesis.tv.metasona.space import Point, Space
from exogenesis.tv.persistence import Database

_SEARCHED = "settings_searched"
SETTINGS, TRIAL, ROLLBACK = "settings", "trial", "rollback"

_IMPORTANCE = {SETTINGS: 1.0, TRIAL: 0.3, ROLLBACK: 1.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ancestor:
    """One row of the lineage.

    Attributes:
        id: its number.
        kind: ``settings``, ``trial`` or ``rollback``.
        at: when, Unix seconds.
        point: the settings; None for a rollback, and when they cannot be read.
        gain, low, high: mean gain over the parent and its interval; 0 for a rollback.
        cases: how many were compared.
        parent: the settings it was compared with, or that a rollback went back to; None is
            where the television came from.
        of: for a rollback, the settings that are out of use.
        reason: for a rollback, why; for unreadable settings, what is wrong with them.
    """

    id: int
    kind: str
    at: int
    point: Point | None = None
    gain: float = 0.0
    low: float = 0.0
    high: float = 0.0
    cases: int = 0
    parent: int | None = None
    of: int | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tries:
    """What was tried before.

    Attributes:
        count: how many comparisons there were.
        cases: at the last one, or at a later search that proposed nothing.
        at: when that was; 0 before the first.
    """

    count: int
    cases: int
    at: int


class Lineage:
    """The settings in use, and where they come from.

    Args:
        database: the store.
        memory: writes tier 7.
        space: what valid settings are.
        prior: the settings of the fleet, in use while none were accepted.
    """

    def __init__(
        self, database: Database, memory: CosmicMemory, space: Space, prior: Point
    ) -> None:
        self._database = database
        self._memory = memory
        self._space = space
        self.prior = prior

    def ancestors(self) -> list[Ancestor]:
        """Return the whole lineage, the oldest first."""
        return [self._read(*row) for row in self._database.run("metasona_list_lineage")]

    def newest(self) -> Ancestor | None:
        """Return the settings in use: the newest that are valid and were not rolled back."""
        usable = [one for one in self._standing() if one.point is not None]
        return usable[-1] if usable else None

    def active(self) -> Point:
        """Return the settings in use; the fleet's where none were accepted."""
        newest = self.newest()
        point = None if newest is None else newest.point
        return self.prior if point is None else point

    def parent_point(self, of: Ancestor) -> Point:
        """Return the settings that ``of`` replaced; the fleet's where they are gone."""
        for one in self._standing():
            if one.id == of.parent and one.point is not None:
                return one.point
        return self.prior

    def tries(self) -> Tries:
        """Return how often settings were compared, and when others were last looked for."""
        compared = [one for one in self.ancestors() if one.kind != ROLLBACK]
        searched = self._database.setting(_SEARCHED)
        at, cases = json.loads(searched) if searched is not None else (0, 0)
        if compared and compared[-1].at >= at:
            at, cases = compared[-1].at, compared[-1].cases
        return Tries(count=len(compared), cases=cases, at=at)

    def note_search(self, cases: int, *, now: int) -> None:
        """Store that other settings were looked for, and that none were worth a comparison.

        Args:
            cases: that would have been compared.
            now: Unix seconds.
        """
        self._database.store_setting(_SEARCHED, json.dumps([now, cases]))

    def record(self, point: Point, interval: Interval, *, accepted: bool, now: int) -> int:
        """Store settings that were compared with those in use; returns their number."""
        newest = self.newest()
        return self._store(
            SETTINGS if accepted else TRIAL,
            {
                "settings": dict(point),
                "gain": interval.gain,
                "low": interval.low,
                "high": interval.high,
                "cases": interval.cases,
                "parent": None if newest is None else newest.id,
            },
            now,
        )

    def roll_back(self, of: Ancestor, reason: str, *, now: int) -> Ancestor:
        """Put settings out of use; those before them are in use again. Returns the record."""
        standing = [one for one in self._standing() if one.point is not None and one.id < of.id]
        parent = standing[-1].id if standing else None
        number = self._store(ROLLBACK, {"of": of.id, "parent": parent, "reason": reason}, now)
        return Ancestor(id=number, kind=ROLLBACK, at=now, parent=parent, of=of.id, reason=reason)

    def roll_back_invalid(self, *, now: int) -> list[Ancestor]:
        """Put all settings out of use that cannot be read or are out of bounds."""
        broken = [one for one in self._standing() if one.point is None]
        return [self.roll_back(one, one.reason, now=now) for one in broken]

    def _standing(self) -> list[Ancestor]:
        rows = self.ancestors()
        gone = {one.of for one in rows if one.kind == ROLLBACK}
        return [one for one in rows if one.kind == SETTINGS and one.id not in gone]

    def _store(self, kind: str, metadata: dict[str, Any], now: int) -> int:
        memory = Memory(
            tier=MemoryTier.ARCHITECTURAL,
            kind=kind,
            subject="ranker",
            metadata=metadata,
            importance=_IMPORTANCE[kind],
            at=now,
        )
        return self._memory.store(memory, writer=Writer.LOOP)

    def _read(self, number: int, kind: str, metadata: str, at: int, sound: int) -> Ancestor:
        if not sound:
            return Ancestor(id=number, kind=kind, at=at, reason="the row is not as it was written")
        try:
            held = json.loads(metadata)
            if kind == ROLLBACK:
                return Ancestor(
                    id=number,
                    kind=kind,
                    at=at,
                    parent=held["parent"],
                    of=held["of"],
                    reason=held["reason"],
                )
            return Ancestor(
                id=number,
                kind=kind,
                at=at,
                point=self._space.point(held["settings"]),
                gain=float(held["gain"]),
                low=float(held["low"]),
                high=float(held["high"]),
                cases=int(held["cases"]),
                parent=held["parent"],
            )
        except InputError as error:
            return Ancestor(id=number, kind=kind, at=at, reason=error.message)
        except (AttributeError, KeyError, TypeError, ValueError):
            return Ancestor(id=number, kind=kind, at=at, reason="the row holds no settings")
