"""A television without its brain: the parts that the loops work on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from exogenesis.tv import AgentDB, Catalog
from exogenesis.tv.cycles import adaptive
from exogenesis.tv.learning import Learning
from exogenesis.tv.loops import CycleOutput, LoopEngine, LoopType, Work
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.moment import Timekeeper
from exogenesis.tv.observe import Observer, ViewingEvent
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy
from tests.support.loops import FakeNow, FakeTimer, engine_of
from tests.support.television import FakeClock, small_catalog


class Workshop:
    """Parts of one television, opened again and again over the same folder."""

    def __init__(self, home: Path | None = None, catalog: Catalog | None = None) -> None:
        self.home = home
        self.catalog = catalog or small_catalog()
        self.clock = FakeClock()
        self.now = FakeNow(self.clock.at)
        self.open()

    def open(self) -> None:
        self.database = Database.open(self.home)
        self.timekeeper = Timekeeper(self.database, self.clock)
        self.memory = CosmicMemory(self.database)
        self.agentdb = AgentDB(
            self.database,
            self.catalog.content,
            memory=self.memory,
            now=lambda: self.clock.at,
            row_of=self.row_of,
        )
        self.learning = Learning(self.database, self.memory, self.catalog)
        self.observer = Observer(
            database=self.database,
            agentdb=self.agentdb,
            memory=self.memory,
            catalog=self.catalog,
            policy=Policy(self.database),
            timekeeper=self.timekeeper,
        )

    def kill(self) -> None:
        """Lose everything that is not on the disk, and start again."""
        self.database.close()
        self.open()

    def pass_s(self, seconds: int) -> None:
        self.clock.at += seconds
        self.now.at += seconds

    def row_of(self, title: str) -> int | None:
        return self.catalog.index_of(title) if title in self.catalog else None

    def watch(self, titles: Iterable[str], fraction: float = 1.0, **event: object) -> None:
        self.observer.observe(
            ViewingEvent(title_id=title, fraction=fraction, **event)  # type: ignore[arg-type]
            for title in titles
        )

    def engine(self, works: dict[LoopType, Work], timer: FakeTimer | None = None) -> LoopEngine:
        return engine_of(self.database, works, now=self.now, timer=timer)

    def run(self, loop: LoopType, work: Work) -> CycleOutput:
        """One cycle, whole."""
        output = self.engine({loop: work}).execute_cycle(loop)
        assert output.success, output.error
        return output

    def adaptive(self, refresh: Callable[[], None] = lambda: None) -> Work:
        return adaptive(
            self.database,
            record=self.agentdb.causal_record,
            rebuild=self.learning.rebuild,
            refresh=refresh,
        )
