"""The parts of a brain, made and joined."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exogenesis.core.effects import Clock, Entropy
from exogenesis.core.ranking import Given
from exogenesis.core.vectors import Floats, Indices
from exogenesis.tv.agentdb import AgentDB, IndexSettings
from exogenesis.tv.agentdb.cache import FILE_NAME
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.config import BrainConfig
from exogenesis.tv.forget import Forgetter
from exogenesis.tv.history import History, Viewing
from exogenesis.tv.http import Transport
from exogenesis.tv.learning import Learning
from exogenesis.tv.learning.sources import (
    PagesSource,
    PhysicalSource,
    PolicySource,
    RegionSource,
)
from exogenesis.tv.ledger import Ledger
from exogenesis.tv.memory import CosmicMemory, MemoryTier
from exogenesis.tv.moment import Moment, Timekeeper
from exogenesis.tv.observe import Observer, ViewingEvent
from exogenesis.tv.persistence import Database, PersistenceManager
from exogenesis.tv.policy import Policy
from exogenesis.tv.portable import Portable
from exogenesis.tv.recommend import Recommender
from exogenesis.tv.resume import Resumer
from exogenesis.tv.runtime import Mode
from exogenesis.tv.search import Finder
from exogenesis.tv.senses import Senses
from exogenesis.tv.sync import Sync
from exogenesis.tv.who import Who


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """What reaches a television from outside.

    Attributes:
        clock: nanoseconds since the epoch, as the device says.
        timer: nanoseconds that only grow; measures durations.
        rng: source of exploration, of the plan and of the reports' noise.
        entropy: source of keys; must be unpredictable outside of tests.
        transport: the way to the constellation, or None.
    """

    clock: Clock
    timer: Clock
    rng: np.random.Generator
    entropy: Entropy
    transport: Transport | None


class Parts:
    """Everything a brain is made of, each part joined with those that it needs.

    Attributes:
        config: what the television was told.
        outside: what reaches it from outside.
        mode: how much of it makes a list; whoever watches over the parts sets it.
    """

    def __init__(
        self,
        *,
        config: BrainConfig,
        database: Database,
        catalog: Catalog,
        timekeeper: Timekeeper,
        outside: Outside,
    ) -> None:
        self.config = config
        self.outside = outside
        self.mode: Callable[[], Mode] = lambda: Mode.FULL
        self.database = database
        self.catalog = catalog
        self.timekeeper = timekeeper
        self.persistence = PersistenceManager(database, config.storage_path)
        self.policy = Policy(database)
        self.collective = Collective(database, catalog, config.worker_public)
        self.pulled = self.collective
        if not self.has(MemoryTier.COLLECTIVE):  # it is synced, and makes no list
            self.pulled = Collective(database, catalog, None)
        self.ledger = Ledger(database)
        self.memory = self._memory()
        self.learning = Learning(database, self.memory, catalog)
        self.agentdb = self._agentdb()
        self.observer = Observer(
            database=database,
            agentdb=self.agentdb,
            memory=self.memory,
            catalog=catalog,
            policy=self.policy,
            timekeeper=timekeeper,
        )
        self.who = Who(database=database, catalog=catalog, policy=self.policy)
        self.resumer = Resumer(
            database=database, catalog=catalog, policy=self.policy, timekeeper=timekeeper
        )
        self.recommender = self._recommender()
        self.finder = Finder(
            catalog=catalog,
            agentdb=self.agentdb,
            policy=self.policy,
            collective=self.collective,
            clock=timekeeper.time_ns,
        )
        self.history = History(
            database=database, catalog=catalog, policy=self.policy, store=self._store_past
        )
        self.portable = Portable(
            database=database,
            catalog=catalog,
            memory=self.memory,
            relearn=lambda profile: self.learning.rebuild_at_once(profile, self.now()),
        )
        self.sync = self._sync()
        self.forgetter = self._forgetter()

    def now(self) -> int:
        """Unix seconds that are believed, or at least never go back."""
        return self.timekeeper.now().at

    def has(self, tier: MemoryTier) -> bool:
        """Whether a tier takes part."""
        return tier not in self.config.tiers_off

    def refresh(self, *, erased: bool = False) -> None:
        """Forget what was read from the store; call it after the store was changed."""
        self.who.refresh()
        self.recommender.refresh(erased=erased)

    def close(self) -> None:
        """Write down what waits, and close the store."""
        try:
            self.memory.flush()
            self.agentdb.flush()
        finally:
            self.database.close()

    def _sync(self) -> Sync:
        return Sync(
            config=self.config,
            database=self.database,
            catalog=self.catalog,
            policy=self.policy,
            collective=self.collective,
            ledger=self.ledger,
            clock=self.timekeeper.time_ns,
            rng=self.outside.rng,
            entropy=self.outside.entropy,
            transport=self.outside.transport,
            on_time=self.timekeeper.adopt,
        )

    def _forgetter(self) -> Forgetter:
        return Forgetter(
            database=self.database,
            ledger=self.ledger,
            collective=self.collective,
            clock=self.timekeeper.time_ns,
            memory=self.memory,
            agentdb=self.agentdb,
            relearn=self._relearn,
        )

    def _store_past(self, viewings: Sequence[Viewing]) -> None:
        """Store imported viewings, in the importing transaction."""
        self.observer.take(
            (
                ViewingEvent(
                    title_id=one.title_id,
                    fraction=one.fraction,
                    profile=one.profile,
                    at=one.at,
                    episode=one.episode,
                    hour_known=one.hour_known,
                )
                for one in viewings
            ),
        )

    def _memory(self) -> CosmicMemory:
        return CosmicMemory(
            self.database,
            vector_of=self._vector_of,
            sources={
                MemoryTier.COLLECTIVE: PagesSource(self.catalog, self.collective),
                MemoryTier.CIVILIZATIONAL: RegionSource(self.catalog, self.config.region),
                MemoryTier.PHYSICAL: PhysicalSource(self.catalog),
                MemoryTier.OMEGA: PolicySource(self.policy),
            },
            off=[tier for tier in MemoryTier if not self.has(tier)],
        )

    def _vector_of(self, subject: str) -> Floats | None:
        if subject not in self.catalog:
            return None
        row: Floats = self.catalog.content[self.catalog.index_of(subject)]
        return row

    def row_of(self, title_id: str) -> int | None:
        """The catalogue index of a title, or None."""
        return self.catalog.index_of(title_id) if title_id in self.catalog else None

    def _agentdb(self) -> AgentDB:
        config, home = self.config, self.config.storage_path
        return AgentDB(
            self.database,
            self.catalog.content,
            memory=self.memory,
            now=self.now,
            row_of=self.row_of,
            cache=None if home is None else home / FILE_NAME,
            capacity=config.max_patterns,
            settings=IndexSettings(kind=config.index, m=config.hnsw_m, ef=config.hnsw_ef),
        )

    def _recommender(self) -> Recommender:
        config = self.config
        return Recommender(
            catalog=self.catalog,
            agentdb=self.agentdb,
            policy=self.policy,
            collective=self.pulled,
            settings=config.ranker,
            clock=self.timekeeper.time_ns,
            rng=self.outside.rng,
            region=config.region if self.has(MemoryTier.CIVILIZATIONAL) else None,
            senses=self._senses(),
        )

    def _senses(self) -> Senses:
        """What the ranking is told, by the tiers that take part."""
        observer = self.observer
        told: dict[MemoryTier, dict[str, Callable[..., Any]]] = {
            MemoryTier.INSTANT: {"skipped": observer.skipped},
            MemoryTier.SESSION: {
                "shown": observer.unchosen,
                "report": lambda profile, session, titles: observer.shown(
                    titles, profile=profile, session=session
                ),
            },
            MemoryTier.SEMANTIC: {"fact": self._facts},
            MemoryTier.EVOLUTIONARY: {"core": self._core},
            MemoryTier.TEMPORAL: {"rhythm": self._habits},
        }
        present = {
            name: sense
            for tier, senses in told.items()
            if self.has(tier)
            for name, sense in senses.items()
        }
        return Senses(
            mode=lambda: self.mode(),
            moment=self.timekeeper.now,
            who=self.who.watching,
            version=lambda: self.memory.version,
            **present,
        )

    def _facts(self, profile: str, now: int) -> Given | None:
        return self.learning.fact_term(profile)

    def _habits(self, profile: str, moment: Moment) -> Given | None:
        return self.learning.rhythm_term(profile, moment.hour_of_week, moment.month)

    def _core(self, profile: str) -> tuple[Indices, Floats] | None:
        return self.learning.core(profile, self.now())

    def _relearn(self, title_id: str | None, profiles: list[str]) -> None:
        """Compute anew what followed from what was erased; in the erasing transaction."""
        if title_id is not None:
            self.learning.forget_title(title_id, profiles, self.now())
            return
        for profile in profiles:
            self.learning.rebuild_at_once(profile, self.now())
