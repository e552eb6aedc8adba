"""What a brain does beside answering: its loops, its health, and how it works on this device."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Protocol, TypeVar

import numpy as np

from exogenesis.core.effects import Clock
from exogenesis.core.vectors import Floats
from exogenesis.errors import InputError, StorageError
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.config import BrainConfig
from exogenesis.tv.cycles.adaptive import adaptive
from exogenesis.tv.cycles.deliberative import SIZE_MAX_BYTES, Stage, deliberative, once, steps
from exogenesis.tv.cycles.evolution import Evolution
from exogenesis.tv.cycles.evolutionary import evolutionary
from exogenesis.tv.cycles.fast import reactive, reflexive
from exogenesis.tv.cycles.measures import keep_measures, kept_measures
from exogenesis.tv.cycles.transcendent import transcendent
from exogenesis.tv.cycles.transformative import space_of, transformative
from exogenesis.tv.learning import Learning
from exogenesis.tv.loops import CycleOutput, LoopEngine, LoopStatus, LoopType, Work
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.moment import Timekeeper
from exogenesis.tv.observe import Observer, Signal
from exogenesis.tv.persistence import Database, PersistenceManager
from exogenesis.tv.policy import HOME, Policy, feasible
from exogenesis.tv.recommend import Recommendation, Recommender, ViewContext
from exogenesis.tv.runtime import (
    Component,
    Finding,
    Mode,
    Probe,
    RuntimeOrchestrator,
    Substrate,
    examine,
    probes,
)
from exogenesis.tv.runtime.ways import DURABLE, LADDERS, RECOMMEND, mode_of_way, settings_of_way
from exogenesis.tv.slate import TICK_S

T = TypeVar("T")

SYNCED_AT = "synced_at"
"""Setting: when a sync last went well, Unix seconds."""

_CONTEXTS_KEPT = 3
_SIGNALS_MAX = 256
_WRITE = "write"


class Outside(Protocol):
    """What reaches the television from outside, as far as the upkeep needs it."""

    @property
    def timer(self) -> Clock:
        """Nanoseconds that only grow."""

    @property
    def rng(self) -> np.random.Generator:
        """Source of jitter and of proposed settings."""


class Parts(Protocol):
    """What the upkeep works on: the parts of a brain."""

    config: BrainConfig
    database: Database
    catalog: Catalog
    timekeeper: Timekeeper
    persistence: PersistenceManager
    policy: Policy
    collective: Collective
    memory: CosmicMemory
    learning: Learning
    agentdb: AgentDB
    observer: Observer
    recommender: Recommender

    @property
    def outside(self) -> Outside:
        """Timer and chance."""

    def now(self) -> int:
        """Unix seconds."""

    def refresh(self, *, erased: bool = False) -> None:
        """Forget what was read from the store."""


class Upkeep:
    """Keeps one television well; the brain passes through here what loops and health live on.

    Args:
        parts: of the brain; :attr:`mode` is to be what the recommender asks for its mode.

    Attributes:
        substrate: how this device does its work.
        runtime: guards the parts and chooses the mode.
        engine: runs the loops.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._timer = parts.outside.timer
        # A stream of its own: what the loops draw does not change what a list explores.
        (rng,) = parts.outside.rng.spawn(1)
        self._signals: deque[Signal] = deque(maxlen=_SIGNALS_MAX)
        self._contexts: deque[ViewContext] = deque(maxlen=_CONTEXTS_KEPT)
        self.substrate = Substrate(LADDERS)
        self.substrate.restore(kept_measures(parts.memory))
        self._way = self.substrate.way(RECOMMEND.name)
        self.runtime = RuntimeOrchestrator(
            parts.database, parts.now, capped=lambda: mode_of_way(self._way)
        )
        self._evolution = Evolution(
            database=parts.database,
            memory=parts.memory,
            catalog=parts.catalog,
            policy=parts.policy,
            collective=parts.collective,
            base=parts.config.ranker,
            timer=parts.outside.timer,
            rng=rng,
        )
        self._works = {
            loop: work
            for loop, work in self._all_works().items()
            if loop.value not in parts.config.loops_off
        }
        self.engine = LoopEngine(
            parts.database,
            self._works,
            now=parts.timekeeper.now,
            timer=parts.outside.timer,
            rng=rng,
        )
        self.use_settings()
        with suppress(StorageError):
            if space_of(parts.database, parts.catalog.encoder) != parts.catalog.encoder:
                self.engine.request(LoopType.TRANSFORMATIVE, within_s=0)

    # --- what the brain passes on -------------------------------------------------------------

    def signal(self, signal: Signal) -> None:
        """Take a signal of the remote control; the next list follows it.

        Raises:
            UnknownTitle, InputError: as ``Observer.signal``.
        """
        self._parts.observer.check_signal(signal)
        if LoopType.REFLEXIVE in self._works:
            self._signals.append(signal)
            self.engine.request(LoopType.REFLEXIVE)

    def watched(self, *, session_ended: bool = False) -> None:
        """Something was watched: learn from it in half an hour, or now when the session ended."""
        self.engine.request(LoopType.ADAPTIVE, within_s=0 if session_ended else None)
        self.engine.request(LoopType.REACTIVE)

    def recommend(self, context: ViewContext) -> list[Recommendation]:
        """Make a list, or a lower one when something fails, and measure it.

        Raises:
            UnknownTitle, InputError: the question is wrong.
        """
        self.engine.run_event(LoopType.REFLEXIVE)
        way = self.substrate.choose(RECOMMEND.name)
        self._go(way)
        begun = self._timer()
        listed = self.runtime.answer(
            lambda: self._parts.recommender.recommend(context),
            mode_of=lambda made: made[0].mode if made else None,
        )
        self.substrate.record(RECOMMEND.name, way, (self._timer() - begun) // 1000)
        if context in self._contexts:
            self._contexts.remove(context)
        self._contexts.append(context)
        self.engine.request(LoopType.REACTIVE, within_s=TICK_S)
        return listed

    def write(self, work: Callable[[], T]) -> T:
        """Do a durable write, and measure it."""
        begun = self._timer()
        value = work()
        self.substrate.record(_WRITE, DURABLE, (self._timer() - begun) // 1000)
        return value

    def sync(self, work: Callable[[], T]) -> T:
        """Talk to the constellation, unless it has failed again and again just before.

        Raises:
            BreakerOpen: it has; nothing was tried.
            Exception: what the work raises.
        """
        result = self.runtime.guard(Component.SYNC, work)
        if self._parts.policy.consented:
            self._parts.database.store_setting(SYNCED_AT, self._parts.now())
            self.engine.request(LoopType.REACTIVE)
        return result

    @property
    def mode(self) -> Mode:
        """In which mode the list is to be made."""
        return self.runtime.mode

    def use_settings(self) -> None:
        """Rank by the settings in force, in the way that this device is quick enough for."""
        base = self._parts.config.ranker
        with suppress(StorageError):
            base = self._evolution.settings()
        self._settings = base
        self._parts.recommender.use(settings_of_way(self._way, base))

    def forget_waiting(self) -> None:
        """Drop signals and lists of before something was erased."""
        self._signals.clear()
        self._contexts.clear()

    def _go(self, way: str) -> None:
        if way != self._way:
            self._way = way
            self._parts.recommender.use(settings_of_way(way, self._settings))

    # --- loops --------------------------------------------------------------------------------

    def tick(self, budget_ms: float, *, busy: bool = False) -> list[CycleOutput]:
        """Let the loops work for so many milliseconds."""
        return self.engine.run_due(budget_ms, busy=busy)

    def loops(self) -> list[LoopStatus]:
        """Return how each loop stands."""
        return self.engine.status()

    def run_loop(self, loop: LoopType) -> CycleOutput:
        """Run one cycle of a loop now, whole.

        Raises:
            InputError: the loop is switched off.
        """
        return self.engine.execute_cycle(loop)

    def close(self) -> None:
        """Stop what runs, to go on at the next start."""
        self.engine.close()

    def _all_works(self) -> dict[LoopType, Work]:
        parts = self._parts
        return {
            LoopType.REFLEXIVE: reflexive(self._take_signals),
            LoopType.REACTIVE: reactive(self._prepare),
            LoopType.ADAPTIVE: adaptive(
                parts.database,
                record=parts.agentdb.causal_record,
                rebuild=parts.learning.rebuild,
                refresh=parts.refresh,
            ),
            LoopType.DELIBERATIVE: deliberative(
                parts.database,
                parts.memory,
                known=parts.catalog.__contains__,
                settled_s=parts.timekeeper.settled_s,
                extra=self._night(),
            ),
            LoopType.EVOLUTIONARY: evolutionary(
                check=self._evolution.check,
                improve=self._evolution.improve,
                use=self.use_settings,
            ),
            LoopType.TRANSFORMATIVE: transformative(
                parts.database,
                parts.memory,
                encoder=parts.catalog.encoder,
                known=parts.catalog.__contains__,
                embed=parts.catalog.embed,
                settled_s=parts.timekeeper.settled_s,
                moved=self._vectors_moved,
                retired=parts.refresh,
            ),
            LoopType.TRANSCENDENT: transcendent(
                parts.database,
                parts.memory,
                content=parts.catalog.content,
                row_of=self._row_of,
                settled_s=parts.timekeeper.settled_s,
                changed=self._compressed,
                size_max_bytes=SIZE_MAX_BYTES,
            ),
        }

    def _night(self) -> dict[str, Stage]:
        parts = self._parts
        stages: dict[str, Stage] = {
            "health": once(lambda: self.runtime.heed(examine(self._component_probes()))),
            "measures": steps(
                lambda cycle: keep_measures(parts.memory, self.substrate.measures(), cycle.at)
            ),
            "index": once(parts.agentdb.compact),
        }
        if parts.config.storage_path is not None:  # a store in memory neither rots nor lasts
            stages["copy"] = steps(lambda cycle: parts.persistence.back_up())
        return stages

    def _take_signals(self) -> int:
        taken = 0
        while self._signals:
            self._parts.observer.signal(self._signals.popleft())
            taken += 1
        return taken

    def _prepare(self) -> Iterator[None]:
        """Make the lists for the last few viewers; one who is gone is dropped."""
        for context in list(self._contexts):
            try:
                self._parts.recommender.prepare(context)
            except InputError:
                self._contexts.remove(context)
            yield

    def _vectors_moved(self) -> None:
        self._parts.agentdb.drop_cache()
        self._parts.agentdb.refresh()
        self._parts.refresh()

    def _compressed(self) -> None:
        self._parts.learning.refresh()
        self._parts.refresh()

    def _row_of(self, title: str) -> int | None:
        catalog = self._parts.catalog
        return catalog.index_of(title) if title in catalog else None

    # --- health -------------------------------------------------------------------------------

    def doctor(self, free_bytes: int | None = None) -> list[Finding]:
        """Look at every part now; what passes works again, what fails is left alone.

        Args:
            free_bytes: room on the disk, where somebody can say.
        """
        findings = examine({**self._component_probes(), **self._other_probes(free_bytes)})
        self.runtime.heed(findings)
        mode = probes.probe_mode(
            self.runtime.mode, {one.value: left for one, left in self.runtime.resting.items()}
        )
        return [*findings, mode]

    def _component_probes(self) -> dict[str, Probe]:
        parts = self._parts
        return {
            Component.STORE.value: lambda: probes.probe_store(parts.database),
            Component.VECTORS.value: lambda: probes.probe_vectors(
                parts.catalog.content, self._nearest
            ),
        }

    def _other_probes(self, free_bytes: int | None) -> dict[str, Probe]:
        parts, now = self._parts, self._parts.now()
        return {
            "backups": lambda: probes.probe_backups(
                parts.persistence.status(), kept=parts.config.storage_path is not None
            ),
            "catalogue": lambda: probes.probe_catalog(len(parts.catalog), self._available(now)),
            "clock": lambda: probes.probe_clock(parts.timekeeper.now()),
            "disk": lambda: probes.probe_disk(free_bytes, parts.persistence.status().size_bytes),
            "loops": lambda: probes.probe_loops(self.engine.status(), now),
            "sync": lambda: probes.probe_sync(
                consented=parts.policy.consented,
                configured=parts.config.server_url is not None,
                synced_at=parts.database.setting(SYNCED_AT),
                now=now,
            ),
            "latency": self._latency,
        }

    def _latency(self) -> Finding:
        measure = self.substrate.measure(RECOMMEND.name)
        return probes.probe_latency(
            None if measure is None else measure.p99_us / 1000,
            self.substrate.way(RECOMMEND.name),
            [way.name for way in RECOMMEND.ways],
            calls=0 if measure is None else measure.calls,
        )

    def _nearest(self, query: Floats) -> tuple[int, float]:
        (found,) = self._parts.agentdb.title_search(query, 1)
        return found.index, found.similarity

    def _available(self, now: int) -> int:
        profile = self._parts.policy.profile(HOME)
        mask = feasible(self._parts.catalog.feasibility, profile, now=now, minutes=None)
        return int(mask.sum())
