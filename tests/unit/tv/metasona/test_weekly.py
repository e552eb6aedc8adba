from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest

from exogenesis.core.ranking import RankerSettings
from exogenesis.core.titles import Title
from exogenesis.tv import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.learning import Learning
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.metasona.accept import Interval
from exogenesis.tv.metasona.improve import Verdict
from exogenesis.tv.metasona.past import Past
from exogenesis.tv.metasona.replay import Case, read_cases
from exogenesis.tv.metasona.television import RANKER_SPACE, point_of
from exogenesis.tv.metasona.weekly import WeeklySona
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy
from tests.support.television import NOW, small_catalog
from tests.unit.tv.metasona.planted import drained

DAY_S = 86_400
GENRES = ("drama", "thriller", "comedy", "crime")


def a_catalog(titles: int = 240) -> Catalog:
    return small_catalog(
        [
            Title(
                id=f"t{row:03}",
                name=f"Title {row}",
                popularity=float(titles - row),
                genres=(GENRES[row // 4 % 4],),
                minutes=20 + row % 7 * 20,
            )
            for row in range(titles)
        ]
    )


class Television:
    """A store, and what its self-optimisation is joined with."""

    def __init__(self, catalog: Catalog) -> None:
        self.catalog = catalog
        self.database = Database.open(None)
        self.memory = CosmicMemory(self.database)
        self.learning = Learning(self.database, self.memory, catalog)

    def watch(self, row: int, at: int, *, finished: bool = True) -> None:
        self.database.run(
            "store_skill",
            profile="home",
            title=f"t{row:03}",
            finished=int(finished),
            at=at,
            fraction=1.0 if finished else 0.1,
            episode=None,
            rhythm=json.dumps({}),
        )

    def weekly(
        self,
        *,
        timer: Callable[[], int] = lambda: 0,
        evaluations: int = 24,
        base: RankerSettings | None = None,
    ) -> WeeklySona:
        return WeeklySona(
            database=self.database,
            memory=self.memory,
            catalog=self.catalog,
            policy=Policy(self.database),
            collective=Collective(self.database, self.catalog, None),
            learning=self.learning,
            base=base or RankerSettings(),
            timer=timer,
            rng=np.random.default_rng(1),
            evaluations=evaluations,
        )


def lived(rows: list[int], catalog: Catalog, *, until: int | None = None) -> Television:
    """A title every third day; ``until`` leaves out what came from that second on."""
    one = Television(catalog)
    for place, row in enumerate(rows):
        at = NOW - 3 * DAY_S * (len(rows) - place)
        if until is None or at < until:
            one.watch(row, at, finished=place % 9 != 8)
    return one


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return a_catalog()


def thrillers(count: int) -> list[int]:
    """Titles of two genres that stand beside each other in the catalogue, popular or not."""
    rows = [row for row in range(240) if row // 4 % 4 in (1, 3)]
    drawn: list[int] = np.random.default_rng(2).permutation(rows)[:count].tolist()
    return drawn


def test_what_was_known_at_a_case_is_what_a_television_of_that_time_knew(catalog: Catalog) -> None:
    rows = thrillers(70)
    one = lived(rows, catalog)
    cases = read_cases(one.database, catalog)
    past = Past(catalog=catalog, attributes=one.learning.attributes)
    drained(past.read(one.database, cases))
    told = 0
    for case in (cases[0], cases[20], cases[-1]):
        then = lived(rows, catalog, until=case.at)
        then.learning.rebuild_at_once("home", case.at)
        fact, core = then.learning.fact_term("home"), then.learning.core("home", case.at)
        evening = past.evening_of(case)
        assert (evening.fact is None) == (fact is None)
        if fact is not None and evening.fact is not None:
            assert evening.fact.values == pytest.approx(fact.values, abs=1e-3)
            told += 1
        assert (evening.core is None) == (core is None)
        if core is not None and evening.core is not None:
            assert evening.core[0].tolist() == core[0].tolist()
            assert evening.core[1] == pytest.approx(core[1], abs=1e-4)
            told += 1
    assert told >= 3


def test_what_is_switched_off_is_not_known(catalog: Catalog) -> None:
    one = lived(thrillers(60), catalog)
    cases = read_cases(one.database, catalog)[-1:]
    past = Past(catalog=catalog, attributes=one.learning.attributes, facts=False, core=False)
    drained(past.read(one.database, cases))
    evening = past.evening_of(cases[0])
    assert evening.fact is None
    assert evening.core is None


def test_a_week_of_a_television_tries_settings_and_keeps_the_record(catalog: Catalog) -> None:
    one = lived(thrillers(100), catalog)
    weekly = one.weekly()
    outcome = drained(weekly.improve(NOW))
    assert outcome.verdict in (Verdict.ACCEPTED, Verdict.REJECTED)
    assert outcome.proposed is not None
    changed = {
        name
        for name, value in outcome.proposed.items()
        if value != point_of(RankerSettings())[name]
    }
    assert changed <= {
        "content_decay",
        "local_popularity_weight",
        "diversity",
        "fact_weight",
        "core_weight",
    }
    assert len(weekly.lineage.ancestors()) == 1
    assert drained(weekly.improve(NOW + 1)).verdict is Verdict.WAITING


def test_a_young_television_waits_and_reads_nothing_more(catalog: Catalog) -> None:
    weekly = lived(thrillers(20), catalog).weekly()
    assert drained(weekly.improve(NOW)).verdict is Verdict.WAITING
    assert drained(weekly.check(NOW)) == []
    assert weekly.settings() == RankerSettings()


def test_bad_settings_are_used_until_the_next_check_and_no_longer(catalog: Catalog) -> None:
    one = lived(thrillers(110), catalog)
    base = RankerSettings(local_popularity_weight=0.2, fact_weight=2.0)
    weekly = one.weekly(base=base)
    gain = Interval(gain=0.1, low=0.01, high=0.2, cases=50, level=0.025)
    bad = {**point_of(base), "local_popularity_weight": 4.0, "fact_weight": 0.0}
    weekly.lineage.record(RANKER_SPACE.point(bad), gain, accepted=True, now=NOW - 300 * DAY_S)
    assert weekly.settings().local_popularity_weight == 4.0
    (done,) = drained(weekly.check(NOW))
    assert "lost" in done.reason
    assert weekly.settings() == base


def test_the_weekly_work_is_in_short_steps(catalog: Catalog) -> None:
    one = lived(thrillers(60), catalog)
    weekly = one.weekly(evaluations=10)
    cases = read_cases(one.database, catalog)
    steps = sum(1 for _ in weekly.improve(NOW))
    assert steps > len([case for case in cases if not case.decides]) * 8


def test_a_case_of_a_title_that_is_gone_is_not_read() -> None:
    whole = a_catalog()
    one = lived(thrillers(60), whole)
    small = small_catalog([title for title in whole.titles if int(title.id[1:]) < 120])
    cases: list[Case] = read_cases(one.database, small)
    assert cases
    assert max(case.title for case in cases) < 120
