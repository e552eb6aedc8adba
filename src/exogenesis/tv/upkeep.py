"""What the television does by itself: its loops, and how it keeps answering.

Joins the work of the seven loops with the parts that they work on.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from functools import cache
from typing import TypeVar

import numpy as np

from exogenesis.core.effects import NS_PER_S
from exogenesis.errors import InputError, StorageError
from exogenesis.tv.assembly import Parts
from exogenesis.tv.cycles import (
    adaptive,
    deliberative,
    evolutionary,
    keep_measures,
    kept_measures,
    once,
    reactive,
    reflexive,
    steps,
    transcendent,
    transformative,
)
from exogenesis.tv.cycles.deliberative import SIZE_MAX_BYTES, Stage
from exogenesis.tv.loops import CycleOutput, LoopEngine, LoopStatus, LoopType, Work
from exogenesis.tv.memory import MemoryTier
from exogenesis.tv.metasona.television import settings_of
from exogenesis.tv.metasona.weekly import WeeklySona
from exogenesis.tv.observe import Signal
from exogenesis.tv.recommend import Recommendation, ViewContext
from exogenesis.tv.runtime import Finding, Health, RuntimeOrchestrator, examine
from exogenesis.tv.runtime import probes as probe
from exogenesis.tv.runtime.degradation import Component
from exogenesis.tv.runtime.substrate import Substrate
from exogenesis.tv.runtime.ways import (
    DURABLE,
    LADDERS,
    RECOMMEND,
    WRITE,
    mode_of_way,
    settings_of_way,
)
from exogenesis.tv.sync import SyncResult

T = TypeVar("T")

_VIEWERS = 3
"""So many of the last lists are made again in advance."""

_SESSION_END_S = 30 * 60
_SYNCED_AT = "synced_at"
_US = NS_PER_S // 1_000_000


class Upkeep:
    """The loops and the runtime of one television.

    Args:
        parts: what they work on.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._signals: list[Signal] = []
        self._asked: deque[ViewContext] = deque(maxlen=_VIEWERS)
        self._way = RECOMMEND.ways[0]
        (self._jitter,) = parts.outside.rng.spawn(1)
        self.substrate = Substrate(LADDERS)
        if parts.has(MemoryTier.SUBSTRATE):
            self.substrate.restore(kept_measures(parts.memory))
        self.runtime = RuntimeOrchestrator(
            parts.database, parts.now, capped=lambda: mode_of_way(self._way)
        )
        parts.mode = lambda: self.runtime.mode
        self._sona = self._new_sona()
        self.use_settings()
        self._engine = self._new_engine()

    def _new_engine(self) -> LoopEngine:
        outside = self._parts.outside
        return LoopEngine(
            self._parts.database,
            {loop: work for loop, work in self._works().items() if self._runs(loop)},
            now=self._parts.timekeeper.now,
            timer=outside.timer,
            rng=self._jitter,
        )

    def _runs(self, loop: LoopType) -> bool:
        return loop not in self._parts.config.loops_off

    # --- what sets the loops going ------------------------------------------------------------

    def signalled(self, signal: Signal) -> None:
        """Take a signal of the remote control through the reflexive loop.

        Raises:
            UnknownTitle, InputError: it cannot be; nothing changes.
        """
        self._parts.observer.check_signal(signal)
        self._signals.append(signal)
        if self._runs(LoopType.REFLEXIVE):
            self._engine.request(LoopType.REFLEXIVE)
            self._engine.run_event(LoopType.REFLEXIVE)
        else:
            self._signals.clear()

    def watched(self, count: int) -> None:
        """Lists are made anew after ``count`` viewings, and learning follows within half an hour.

        Nothing follows from none.
        """
        if not count:
            return
        if self._runs(LoopType.REACTIVE):
            self._engine.request(LoopType.REACTIVE)
        if self._runs(LoopType.ADAPTIVE):
            self._engine.request(LoopType.ADAPTIVE, within_s=_SESSION_END_S)

    def session_ended(self) -> None:
        """Learn now from what was watched, and not in half an hour."""
        if self._runs(LoopType.ADAPTIVE):
            self._engine.request(LoopType.ADAPTIVE, within_s=0)

    def erased(self) -> None:
        """Something was forgotten: nothing that was kept in memory is written back.

        With everything, the settings that were found for the ranking are gone too.
        """
        self._signals.clear()
        self._asked.clear()
        self._engine = self._new_engine()
        self.use_settings()

    # --- what it answers ----------------------------------------------------------------------

    def recommend(self, context: ViewContext) -> list[Recommendation]:
        """Make a list in the highest mode that works, and quick enough for this device.

        Raises:
            UnknownTitle, InputError: the question is wrong.
        """
        self._asked.append(context)
        way = self.substrate.choose(RECOMMEND.name)
        if way != self._way:
            self._way = way
            self.use_settings()
        begins = self._parts.outside.timer()
        listed = self.runtime.answer(
            lambda: self._parts.recommender.recommend(context),
            mode_of=lambda made: made[0].mode if made else None,
        )
        self.substrate.record(RECOMMEND.name, way, (self._parts.outside.timer() - begins) // _US)
        return listed

    def store(self, work: Callable[[], T]) -> T:
        """Write something durable, whatever failed before, and measure it."""
        begins = self._parts.outside.timer()
        value = self.runtime.write(work)
        self.substrate.record(WRITE.name, DURABLE, (self._parts.outside.timer() - begins) // _US)
        return value

    def sync(self, *, insist: bool) -> SyncResult:
        """Sync through its breaker.

        Args:
            insist: somebody asked for it: try, whatever failed before.

        Raises:
            BreakerOpen: it failed too often; it is left alone for a while.
            InputError, NetworkError, RemoteError, RefusedError: as :meth:`Sync.run`.
        """
        run = self._parts.sync.run
        result = run() if insist else self.runtime.guard(Component.SYNC, run)
        if insist:
            self.runtime.heed([Finding(name=Component.SYNC.value, health=Health.OK, says="")])
        if result.state != "consent_off":
            self._parts.database.store_setting(_SYNCED_AT, self._parts.now())
        return result

    # --- the loops ----------------------------------------------------------------------------

    def tick(self, budget_ms: float, *, busy: bool = False) -> list[CycleOutput]:
        """Go on with the loops for so many milliseconds; returns the cycles that ended."""
        return self._engine.run_due(budget_ms, busy=busy)

    def run_loop(self, loop: LoopType) -> CycleOutput:
        """Run one cycle of a loop to its end, due or not.

        Raises:
            InputError: the loop is switched off.
        """
        return self._engine.execute_cycle(loop)

    def loops(self) -> list[LoopStatus]:
        """How each loop stands."""
        return self._engine.status()

    def next_due(self) -> int | None:
        """When a loop is due next, Unix seconds; None: when something happens."""
        return self._engine.next_due()

    def close(self) -> None:
        """Stop; what was begun goes on at the next start."""
        self._engine.close()

    # --- work ---------------------------------------------------------------------------------

    def _works(self) -> dict[LoopType, Work]:
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
                known=lambda title: title in parts.catalog,
                settled_s=parts.timekeeper.settled_s,
                extra={
                    **self._copies(),
                    "measures": steps(
                        lambda cycle: keep_measures(
                            parts.memory, self.substrate.measures(), cycle.at
                        )
                    ),
                    "index": once(parts.agentdb.compact),
                },
            ),
            LoopType.EVOLUTIONARY: evolutionary(
                check=self._check_settings, improve=self._improve_settings, use=self.use_settings
            ),
            LoopType.TRANSFORMATIVE: transformative(
                parts.database,
                parts.memory,
                encoder=parts.catalog.encoder,
                known=lambda title: title in parts.catalog,
                embed=parts.catalog.embed,
                settled_s=parts.timekeeper.settled_s,
                moved=self._vectors_moved,
                retired=parts.refresh,
            ),
            LoopType.TRANSCENDENT: transcendent(
                parts.database,
                parts.memory,
                content=parts.catalog.content,
                row_of=parts.row_of,
                settled_s=parts.timekeeper.settled_s,
                changed=self._relearnt,
                size_max_bytes=SIZE_MAX_BYTES,
            ),
        }

    def _copies(self) -> dict[str, Stage]:
        """Check and copy the store, where there is a folder for it."""
        if self._parts.config.storage_path is None:
            return {}
        return {
            "copy": steps(lambda cycle: self._parts.persistence.back_up()),
            "ballast": once(self._parts.database.lay_ballast),
        }

    def _take_signals(self) -> int:
        taken, self._signals = self._signals, []
        for signal in taken:
            self._parts.observer.signal(signal)
        return len(taken)

    def _prepare(self) -> Iterator[None]:
        for context in dict.fromkeys(self._asked):
            with suppress(InputError):  # a profile that is gone
                self._parts.recommender.prepare(context)
            yield

    def _vectors_moved(self) -> None:
        self._parts.agentdb.drop_cache()
        self._parts.agentdb.refresh()
        self._relearnt()

    def _relearnt(self) -> None:
        self._parts.learning.refresh()
        self._parts.refresh()

    # --- settings of the ranking --------------------------------------------------------------

    def use_settings(self) -> None:
        """Rank by the settings that are in force."""
        settings = self._parts.config.ranker
        if self._parts.has(MemoryTier.ARCHITECTURAL):
            with suppress(StorageError):  # lists are made all the same
                settings = settings_of(self._sona.lineage.active(), settings)
        self._parts.recommender.use(settings_of_way(self._way, settings))

    def _new_sona(self) -> WeeklySona:
        parts = self._parts
        return WeeklySona(
            database=parts.database,
            memory=parts.memory,
            catalog=parts.catalog,
            policy=parts.policy,
            collective=parts.pulled,
            learning=parts.learning,
            base=parts.config.ranker,
            timer=parts.outside.timer,
            rng=parts.outside.rng,
            region=parts.config.region if parts.has(MemoryTier.CIVILIZATIONAL) else None,
            facts=parts.has(MemoryTier.SEMANTIC),
            core=parts.has(MemoryTier.EVOLUTIONARY),
            evaluations=parts.config.evaluations,
        )

    def _check_settings(self, now: int) -> Generator[None, None, int]:
        rollbacks = yield from self._sona.check(now)
        return len(rollbacks)

    def _improve_settings(self, now: int) -> Generator[None, None, str]:
        outcome = yield from self._sona.improve(now)
        self.use_settings()
        return outcome.verdict.value

    # --- how it is ----------------------------------------------------------------------------

    def examine(self, *, free_bytes: int | None = None) -> list[Finding]:
        """Look at every part, and let the modes follow what was found.

        Args:
            free_bytes: room on the disk, or None where nobody can say.
        """
        parts, config = self._parts, self._parts.config
        status = cache(parts.persistence.status)
        found = examine(
            {
                "store": lambda: probe.probe_store(parts.database),
                "backups": lambda: probe.probe_backups(
                    status(), kept=config.storage_path is not None
                ),
                "catalogue": lambda: probe.probe_catalog(len(parts.catalog), self._available()),
                "vectors": lambda: probe.probe_vectors(parts.catalog.content, self._nearest),
                "clock": lambda: probe.probe_clock(parts.timekeeper.now()),
                "disk": lambda: probe.probe_disk(free_bytes, status().size_bytes),
                "loops": lambda: probe.probe_loops(self.loops(), parts.now()),
                "sync": lambda: probe.probe_sync(
                    consented=parts.policy.consented,
                    configured=parts.outside.transport is not None,
                    synced_at=parts.database.setting(_SYNCED_AT),
                    now=parts.now(),
                ),
                "latency": self._latency,
            }
        )
        self.runtime.heed(found)
        resting = {one.value: wait_s for one, wait_s in self.runtime.resting.items()}
        return [*found, probe.probe_mode(self.runtime.mode, resting)]

    def _available(self) -> int:
        columns, now = self._parts.catalog.feasibility, self._parts.now()
        return int(((columns.available_from <= now) & (now < columns.available_until)).sum())

    def _nearest(self, query: np.ndarray) -> tuple[int, float]:
        found = self._parts.agentdb.title_search(query, 1)
        if not found:
            raise InputError("the search found nothing")
        return found[0].index, found[0].similarity

    def _latency(self) -> Finding:
        measure = self.substrate.measure(RECOMMEND.name)
        return probe.probe_latency(
            None if measure is None else measure.p99_us / 1000,
            self.substrate.way(RECOMMEND.name),
            RECOMMEND.ways,
            calls=0 if measure is None else measure.calls,
        )
