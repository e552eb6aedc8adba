"""Meta-SONA over this television's own history and ranking."""

from __future__ import annotations

from collections.abc import Generator

import numpy as np

from exogenesis.core.effects import Clock
from exogenesis.core.ranking import RankerSettings
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.metasona.improve import MetaSona
from exogenesis.tv.metasona.lineage import Lineage
from exogenesis.tv.metasona.replay import read_cases
from exogenesis.tv.metasona.television import (
    RANKER_SPACE,
    WITH_FLEET,
    WITHOUT_FLEET,
    point_of,
    ranking_judge,
    settings_of,
)
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy


class Evolution:
    """Checks the settings in force and searches for better ones.

    Args:
        database: the history, and the lineage of the settings.
        memory: writes tier 7.
        catalog: the titles.
        policy: who may see what.
        collective: what the fleet taught.
        base: the settings of the fleet.
        timer: measures how long settings take.
        rng: draws proposals.
    """

    def __init__(
        self,
        *,
        database: Database,
        memory: CosmicMemory,
        catalog: Catalog,
        policy: Policy,
        collective: Collective,
        base: RankerSettings,
        timer: Clock,
        rng: np.random.Generator,
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._policy = policy
        self._collective = collective
        self._base = base
        self._timer = timer
        self._rng = rng
        self._lineage = Lineage(database, memory, RANKER_SPACE, point_of(base))

    def settings(self) -> RankerSettings:
        """Return the settings in force; those of the fleet where none were accepted.

        Raises:
            StorageError: the lineage cannot be read.
        """
        newest = self._lineage.newest()
        accepted = None if newest is None else newest.point
        return self._base if accepted is None else settings_of(accepted, self._base)

    def check(self, now: int) -> Generator[None, None, int]:
        """Roll back what does harm; the value is how often."""
        cases = read_cases(self._database, self._catalog)
        yield
        rollbacks = yield from self._sona().check(cases, now=now)
        return len(rollbacks)

    def improve(self, now: int) -> Generator[None, None, str]:
        """Search once for better settings; the value is the verdict."""
        cases = read_cases(self._database, self._catalog)
        yield
        fleet = self._collective.taste.ranking is not None
        tuned = WITH_FLEET if fleet else WITHOUT_FLEET
        outcome = yield from self._sona().improve(cases, tuned=tuned, now=now)
        return outcome.verdict.value

    def _sona(self) -> MetaSona:
        taste = self._collective.taste
        return MetaSona(
            lineage=self._lineage,
            space=RANKER_SPACE,
            judge=ranking_judge(
                catalog=self._catalog,
                profiles={profile.name: profile for profile in self._policy.profiles()},
                blocked=self._catalog.indices_of(self._policy.blocks()),
                space=taste.ranking,
                taste=taste.table,
                base=self._base,
            ),
            timer=self._timer,
            rng=self._rng,
        )
