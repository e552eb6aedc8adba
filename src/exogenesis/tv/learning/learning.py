"""Facts, rhythm and snapshots of every profile behind one door."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping
from typing import TypeVar

from exogenesis.core.ranking import Given
from exogenesis.core.vectors import Floats
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.learning import facts, rhythm, snapshots
from exogenesis.tv.learning.attributes import Attributes
from exogenesis.tv.learning.derived import Change, apply, changes, stored
from exogenesis.tv.learning.evidence import read_evidence
from exogenesis.tv.learning.facts import Fact
from exogenesis.tv.learning.rhythm import Rhythm
from exogenesis.tv.learning.snapshots import Core
from exogenesis.tv.memory import CosmicMemory, MemoryTier
from exogenesis.tv.persistence import Database

K = TypeVar("K")
T = TypeVar("T")

_WORK_AT_ONCE, _ROW_WORK = 1000, 25
"""A step writes so much: rows count 25, and each of their titles 1."""

_HOURS_KEPT = 8


class Learning:
    """Computes derived knowledge from the skills, keeps it in memories, and ranks by these.

    What is read from the memories is held until they change by whatever door of ``memory``; call
    :meth:`refresh` after they were changed otherwise, or taken back.

    Args:
        database: holds the skills.
        memory: holds what follows from them, in tiers 4, 6 and 10.
        catalog: knows the titles.
        attributes: those of the catalogue's titles, for brains of one process to share; None
            makes them when they are first asked for.
    """

    def __init__(
        self,
        database: Database,
        memory: CosmicMemory,
        catalog: Catalog,
        *,
        attributes: Attributes | None = None,
    ) -> None:
        self._database = database
        self._memory = memory
        self._catalog = catalog
        self._attributes = attributes
        self._title_ids = [title.id for title in catalog.titles]
        self._rows = {title: row for row, title in enumerate(self._title_ids)}
        self._era = 0
        self.refresh()

    @property
    def attributes(self) -> Attributes:
        """Genres, people, languages and lengths of the catalogue's titles."""
        if self._attributes is None:
            self._attributes = Attributes(self._catalog.titles)
        return self._attributes

    def refresh(self) -> None:
        """Forget what was read from the memories."""
        self._read_at = self._memory.version
        self._facts: dict[str, list[Fact]] = {}
        self._fact_terms: dict[str, Given | None] = {}
        self._rhythms: dict[str, Rhythm] = {}
        self._rhythm_terms: dict[tuple[str, int | None, int | None], Given | None] = {}
        self._cores: dict[str, Core | None] = {}

    # --- computing ----------------------------------------------------------------------------

    def rebuild(self, profile: str, now: int) -> Iterator[None]:
        """Compute all derived knowledge of a profile anew, in short steps.

        Each step that writes is a transaction of its own. Something forgotten in between ends
        the work, for it must not come back. At the end all is read that the ranking asks for.
        """
        era = self._era
        wanted: list[Change] = []
        for found in self._computed(profile, now):
            wanted += found
            yield
            if era != self._era:
                return
        while wanted:
            with self._database.transaction():
                self._apply(_taken(wanted))
            yield
            if era != self._era:
                return
        self.refresh()
        self.fact_term(profile)
        yield
        self.rhythm(profile)
        yield
        self._cores[profile] = yield from self._computed_core(profile, now)

    def rebuild_at_once(self, profile: str, now: int) -> None:
        """Do as :meth:`rebuild` in one step, in the caller's transaction."""
        self._era += 1
        for found in self._computed(profile, now):
            apply(self._memory, found)
        self.refresh()

    def forget_title(self, title_id: str, profiles: list[str], now: int) -> None:
        """Take a title out of all that was learnt; in the transaction that erases its skill.

        To be called after that: what follows from the skills is computed anew from the others.
        """
        for one in stored(
            self._memory, MemoryTier.EVOLUTIONARY, snapshots.KIND, None, snapshots.is_snapshot
        ):
            left = snapshots.without_title(one, title_id)
            if left is not None and one.id is not None:
                self._memory.revise(one.id, metadata=left, importance=one.importance, at=one.at)
        for profile in profiles:
            self.rebuild_at_once(profile, now)

    def _computed(self, profile: str, now: int) -> Generator[list[Change], None, None]:
        """Yield what has to be changed, in short steps, some of which find nothing."""
        evidence = yield from _silently(read_evidence(self._database, profile, self._rows.get))
        attributes = self.attributes
        yield []
        # What is no fact is erased; what is no snapshot is somebody else's, and stays.
        known = facts.computed_facts(evidence, attributes, profile=profile, now=now)
        held = stored(self._memory, MemoryTier.SEMANTIC, facts.KIND, profile)
        yield changes(held, known, facts.same_fact)
        habits = rhythm.computed_rhythm(
            evidence, attributes, self._title_ids, profile=profile, now=now
        )
        held = stored(self._memory, MemoryTier.TEMPORAL, rhythm.KIND, profile)
        yield changes(held, habits, rhythm.same_rhythm)
        held = stored(
            self._memory, MemoryTier.EVOLUTIONARY, snapshots.KIND, profile, snapshots.is_snapshot
        )
        yield []
        for one in snapshots.computed_snapshots(evidence, self._title_ids, held, profile=profile):
            same = [memory for memory in held if memory.subject == one.subject]
            yield changes(same, [one], snapshots.same_snapshot)

    def _computed_core(self, profile: str, now: int) -> Generator[None, None, Core | None]:
        held = stored(
            self._memory, MemoryTier.EVOLUTIONARY, snapshots.KIND, profile, snapshots.is_snapshot
        )
        return (yield from snapshots.core_of(held, self._catalog.content, self._rows.get, now=now))

    def _apply(self, some: list[Change]) -> None:
        """Write changes down; what was read before is still held until all are written."""
        self._notice()
        apply(self._memory, some)
        self._read_at = self._memory.version

    # --- ranking ------------------------------------------------------------------------------

    def _notice(self) -> None:
        """Forget what was read when the memories were changed by another door."""
        if self._read_at != self._memory.version:
            self.refresh()

    def facts(self, profile: str) -> list[Fact]:
        """Return the facts of a profile, the strongest liking first."""
        self._notice()

        def read() -> list[Fact]:
            return facts.read_facts(
                stored(self._memory, MemoryTier.SEMANTIC, facts.KIND, profile, facts.is_fact)
            )

        return _kept(self._facts, profile, read)

    def fact_term(self, profile: str) -> Given | None:
        """Return what the facts of a profile say about each title; None without any."""
        self._notice()
        return _kept(
            self._fact_terms,
            profile,
            lambda: (
                facts.fact_term(self.facts(profile), self.attributes)
                if self.facts(profile)
                else None
            ),
        )

    def rhythm_term(
        self, profile: str, hour_of_week: int | None, month: int | None
    ) -> Given | None:
        """Return what the habits of a profile say about each title; None without any.

        Args:
            profile: who watches.
            hour_of_week: 0..167, local; None when the clock is not believed.
            month: 1..12; None when the clock is not believed.
        """
        if hour_of_week is None and month is None:
            return None
        self._notice()
        while len(self._rhythm_terms) >= _HOURS_KEPT:
            self._rhythm_terms.pop(next(iter(self._rhythm_terms)))
        return _kept(
            self._rhythm_terms,
            (profile, hour_of_week, month),
            lambda: self.rhythm(profile).term(hour_of_week, month),
        )

    def rhythm(self, profile: str) -> Rhythm:
        """Return the habits of a profile."""
        self._notice()

        def read() -> Rhythm:
            held = stored(self._memory, MemoryTier.TEMPORAL, rhythm.KIND, profile, rhythm.is_rhythm)
            return Rhythm(held, self.attributes, self._rows)

        return _kept(self._rhythms, profile, read)

    def core(self, profile: str, now: int) -> Core | None:
        """Return the core of a profile's taste, as titles and what each counts.

        None before there are snapshots of two quarters. What was computed once is kept until the
        snapshots change: a few days more or less make no difference.
        """
        self._notice()

        return _kept(self._cores, profile, lambda: _value_of(self._computed_core(profile, now)))

    def core_titles(self, profile: str, now: int) -> Mapping[str, float]:
        """Return the core as what each title counts; empty before there is one."""
        core = self.core(profile, now)
        if core is None:
            return {}
        rows, factors = core
        return dict(zip((self._title_ids[row] for row in rows), factors.tolist(), strict=True))

    def core_vector(self, profile: str, now: int) -> Floats | None:
        """Return the core as a content vector ``(384,)``, or None."""
        core = self.core(profile, now)
        return None if core is None else core[1] @ self._catalog.content[core[0]]


def _silently(work: Generator[None, None, T]) -> Generator[list[Change], None, T]:
    """Go the steps of a work that finds nothing to change."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            value: T = end.value
            return value
        yield []


def _value_of(work: Generator[None, None, T]) -> T:
    """Run a work to its end and return its value."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            value: T = end.value
            return value


def _taken(wanted: list[Change]) -> list[Change]:
    """Take the next few changes from the list, about as much work as others take."""
    taken: list[Change] = []
    work = 0
    while wanted and work < _WORK_AT_ONCE:
        taken.append(wanted.pop())
        memory = taken[-1].memory
        work += _ROW_WORK + len(memory.metadata.get("titles", ()) if memory else ())
    return taken


def _kept(kept: dict[K, T], key: K, read: Callable[[], T]) -> T:
    if key not in kept:
        kept[key] = read()
    return kept[key]
