"""Self-optimisation joined with the parts of a television."""

from __future__ import annotations

from collections.abc import Callable, Generator

import numpy as np

from exogenesis.core.ranking import RankerSettings
from exogenesis.core.taste import TasteSpace
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.learning import Learning
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.metasona.improve import EVALUATIONS, LATENCY_BUDGET_US, MetaSona, Outcome
from exogenesis.tv.metasona.lineage import Ancestor, Lineage
from exogenesis.tv.metasona.past import Past
from exogenesis.tv.metasona.replay import LATEST_CASES, Case, read_cases
from exogenesis.tv.metasona.television import (
    RANKER_SPACE,
    WITH_CORE,
    WITH_FACTS,
    WITH_FLEET,
    WITHOUT_FLEET,
    point_of,
    ranking_judge,
    settings_of,
)
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy

_KNOWN_SHARE = 10
"""One title in so many must be published, or the ranker's pool full, as in the ranking."""


class WeeklySona:
    """Looks after the ranker's settings of one television, and tries others once a week.

    Everything is read anew for each run, and given up after it.

    Args:
        database: the store.
        memory: keeps the lineage.
        catalog: the titles.
        policy: profiles and blocks.
        collective: what the fleet taught.
        learning: whose facts and core take part in the ranking.
        base: the fleet's settings.
        timer: nanoseconds that only grow.
        rng: draws proposals.
        region: whose favourites a new television shows, or None.
        facts: whether facts take part in the ranking.
        core: whether the core of the taste does.
        latency_budget_us: settings whose median case takes longer are never accepted.
        evaluations: settings evaluated in one search.
        latest: cases that are replayed at most.
    """

    def __init__(
        self,
        *,
        database: Database,
        memory: CosmicMemory,
        catalog: Catalog,
        policy: Policy,
        collective: Collective,
        learning: Learning,
        base: RankerSettings,
        timer: Callable[[], int],
        rng: np.random.Generator,
        region: str | None = None,
        facts: bool = True,
        core: bool = True,
        latency_budget_us: float = LATENCY_BUDGET_US,
        evaluations: int = EVALUATIONS,
        latest: int = LATEST_CASES,
    ) -> None:
        self.lineage = Lineage(database, memory, RANKER_SPACE, point_of(base))
        self._database = database
        self._catalog = catalog
        self._policy = policy
        self._collective = collective
        self._learning = learning
        self._base = base
        self._timer = timer
        self._rng = rng
        self._region = catalog.log_popularity_in(region) if region in catalog.regions else None
        self._facts = facts
        self._core = core
        self._budget_us = latency_budget_us
        self._evaluations = evaluations
        self._latest = latest

    def settings(self) -> RankerSettings:
        """Return the settings in use."""
        return settings_of(self.lineage.active(), self._base)

    def improve(self, now: int) -> Generator[None, None, Outcome]:
        """Try once to find better settings; yields after every ranked case.

        Raises:
            DiskFull, StorageError: nothing was accepted.
        """
        cases = read_cases(self._database, self._catalog, latest=self._latest)
        yield
        space, past = self._space(), self._past()
        sona = self._sona(space, past)
        if sona.has_enough(cases):
            yield from past.read(self._database, cases)
        tuned = [
            *(WITHOUT_FLEET if space is None else WITH_FLEET),
            *(WITH_FACTS if self._facts else ()),
            *(WITH_CORE if self._core else ()),
        ]
        return (yield from sona.improve(cases, tuned=tuned, now=now))

    def check(self, now: int) -> Generator[None, None, list[Ancestor]]:
        """Roll back settings that are damaged, too slow, or worse than their parent.

        Raises:
            DiskFull, StorageError
        """
        newest = self.lineage.newest()
        cases: list[Case] = []
        past = self._past()
        if newest is not None:
            found = read_cases(self._database, self._catalog, latest=self._latest)
            cases = [case for case in found if case.at > newest.at]
            yield
            yield from past.read(self._database, cases)
        return (yield from self._sona(self._space(), past).check(cases, now=now))

    def _space(self) -> TasteSpace | None:
        """What the fleet taught, once it says something about most of what is ranked."""
        space = self._collective.taste.ranking
        if space is None:
            return None
        least = max(1, min(self._base.pool, len(self._catalog) // _KNOWN_SHARE))
        return space if int(space.published.sum()) >= least else None

    def _past(self) -> Past:
        return Past(
            catalog=self._catalog,
            attributes=self._learning.attributes,
            region=self._region,
            facts=self._facts,
            core=self._core,
        )

    def _sona(self, space: TasteSpace | None, past: Past) -> MetaSona:
        judge = ranking_judge(
            catalog=self._catalog,
            profiles={profile.name: profile for profile in self._policy.profiles()},
            blocked=self._catalog.indices_of(self._policy.blocks()),
            space=space,
            taste=None if space is None else self._collective.taste.table,
            base=self._base,
            evening_of=past.evening_of,
        )
        return MetaSona(
            lineage=self.lineage,
            space=RANKER_SPACE,
            judge=judge,
            timer=self._timer,
            rng=self._rng,
            latency_budget_us=self._budget_us,
            evaluations=self._evaluations,
        )
