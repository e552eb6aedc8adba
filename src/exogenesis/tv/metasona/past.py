"""What a television knew beside the finished titles when each of them was watched.

Facts and the core of the taste follow from the skills, so they are computed anew from those that
were last touched before a case. The habits of the hour, what had just ended and the signals of the
evening are left out: their past is not kept.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass, replace

import numpy as np

from exogenesis.core.ranking import Evening
from exogenesis.core.vectors import Floats, Mask
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.learning import Attributes, Fact
from exogenesis.tv.learning.evidence import Evidence, read_evidence
from exogenesis.tv.learning.facts import computed_facts, fact_term, read_facts
from exogenesis.tv.learning.snapshots import Core, computed_snapshots, core_of
from exogenesis.tv.metasona.replay import Case
from exogenesis.tv.persistence import Database


@dataclass(frozen=True, slots=True)
class _Known:
    facts: list[Fact]
    core: Core | None


class Past:
    """What was known at each case; computed once a case.

    Args:
        catalog: the titles.
        attributes: theirs.
        region: ``(m,)`` log(1 + popularity) in the region of this television, or None.
        facts: whether facts take part.
        core: whether the core of the taste does.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        attributes: Attributes,
        region: Floats | None = None,
        facts: bool = True,
        core: bool = True,
    ) -> None:
        self._catalog = catalog
        self._attributes = attributes
        self._region = region
        self._with_facts = facts
        self._with_core = core
        self._title_ids = [title.id for title in catalog.titles]
        self._rows = {title: row for row, title in enumerate(self._title_ids)}
        self._known: dict[tuple[str, int], _Known] = {}

    def read(self, database: Database, cases: list[Case]) -> Generator[None, None, None]:
        """Compute what was known at all of ``cases``, in short steps."""
        evidence: dict[str, Evidence] = {}
        for case in cases:
            if case.profile not in evidence:
                evidence[case.profile] = yield from read_evidence(
                    database, case.profile, self._rows.get
                )
            before = _before(evidence[case.profile], case.at)
            facts = self._facts(before, case) if self._with_facts else []
            yield
            core = (yield from self._core(before, case)) if self._with_core else None
            self._known[case.profile, case.title] = _Known(facts, core)
            yield

    def evening_of(self, case: Case) -> Evening:
        """Return what was known at a case that was read."""
        known = self._known[case.profile, case.title]
        fact = fact_term(known.facts, self._attributes) if known.facts else None
        return Evening(core=known.core, fact=fact, region=self._region)

    def _facts(self, evidence: Evidence, case: Case) -> list[Fact]:
        return read_facts(
            computed_facts(evidence, self._attributes, profile=case.profile, now=case.at)
        )

    def _core(self, evidence: Evidence, case: Case) -> Generator[None, None, Core | None]:
        quarters = list(computed_snapshots(evidence, self._title_ids, (), profile=case.profile))
        yield
        return (yield from core_of(quarters, self._catalog.content, self._rows.get, now=case.at))


def _before(evidence: Evidence, at: int) -> Evidence:
    """The part of the evidence about titles that were touched for the last time before ``at``."""
    kept: Mask = evidence.last_at < at
    return replace(
        evidence,
        rows=evidence.rows[kept],
        starts=evidence.starts[kept],
        finishes=evidence.finishes[kept],
        finished_at=evidence.finished_at[kept],
        last_at=evidence.last_at[kept],
        rhythm=np.zeros((0, 3), np.int64),
    )
