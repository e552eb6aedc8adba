from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from exogenesis.core.ranking import RankerSettings
from exogenesis.core.taste import TasteSpace
from exogenesis.tv import Brain, Catalog, Profile, ViewContext, ViewingEvent
from exogenesis.tv.metasona.replay import (
    LATEST_CASES,
    LEAST_HISTORY,
    Case,
    decides,
    rank_of,
    read_cases,
    replay,
    utility,
)
from exogenesis.tv.metasona.space import Point
from exogenesis.tv.metasona.television import point_of, ranking_judge
from exogenesis.tv.persistence import Database
from tests.support.television import NOW, FakeClock, open_brain, small_catalog
from tests.unit.tv.metasona.planted import drained

PRIOR = RankerSettings()
NOBODY = np.empty(0, np.int64)


def watched(
    brain: Brain, titles: list[str], *, profile: str = "home", fraction: float = 1.0
) -> None:
    for offset, title in enumerate(titles):
        at = NOW - 10_000 + 10 * offset
        brain.observe(ViewingEvent(title_id=title, fraction=fraction, profile=profile, at=at))


@pytest.fixture
def catalog() -> Catalog:
    return small_catalog()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "television"


@pytest.fixture
def brain(catalog: Catalog, home: Path) -> Iterator[Brain]:
    one = open_brain(catalog, clock=FakeClock(), home=home)
    yield one
    one.close()


def cases_at(home: Path, brain: Brain, catalog: Catalog, latest: int = LATEST_CASES) -> list[Case]:
    brain.close()
    database = Database.open(home)
    cases = read_cases(database, catalog, latest=latest)
    database.close()
    return cases


def names(catalog: Catalog, rows: np.ndarray) -> list[str]:
    return [catalog.titles[row].id for row in rows.tolist()]


def test_a_case_knows_what_was_finished_before_it_and_nothing_else(
    brain: Brain, catalog: Catalog, home: Path
) -> None:
    titles = [f"t{row:03}" for row in range(0, 40, 4)]
    watched(brain, titles)
    cases = cases_at(home, brain, catalog)
    assert names(catalog, np.array([case.title for case in cases])) == titles[LEAST_HISTORY:]
    for place, case in enumerate(cases, start=LEAST_HISTORY):
        assert names(catalog, case.history) == titles[:place]
        assert names(catalog, case.seen) == titles[:place]
        assert case.at == NOW - 10_000 + 10 * place
        assert case.decides == decides(titles[place])


def test_what_was_given_up_is_no_case_and_no_history_but_was_seen(
    brain: Brain, catalog: Catalog, home: Path
) -> None:
    watched(brain, [f"t{row:03}" for row in range(6)])
    brain.observe(ViewingEvent(title_id="t050", fraction=0.1, at=NOW - 5000))
    brain.observe(ViewingEvent(title_id="t006", fraction=1.0, at=NOW - 4000))
    last = cases_at(home, brain, catalog)[-1]
    assert catalog.titles[last.title].id == "t006"
    assert "t050" in names(catalog, last.seen)
    assert "t050" not in names(catalog, last.history)


def test_profiles_do_not_mix_and_only_the_latest_cases_are_taken(
    brain: Brain, catalog: Catalog, home: Path
) -> None:
    brain.add_profile(Profile(name="ida"))
    watched(brain, [f"t{row:03}" for row in range(20)])
    watched(brain, [f"t{row:03}" for row in range(60, 68)], profile="ida")
    cases = cases_at(home, brain, catalog)
    assert [case.at for case in cases] == sorted(case.at for case in cases)
    for case in cases:
        assert (case.title >= 60) == (case.profile == "ida")
        assert all((row >= 60) == (case.profile == "ida") for row in case.history.tolist())
    assert len(cases) == 15 + 3
    latest = cases_at(home, brain, catalog, latest=4)
    assert [case.title for case in latest] == [case.title for case in cases[-4:]]


def test_half_of_the_titles_decide() -> None:
    share = sum(decides(f"title-{number}") for number in range(2000)) / 2000
    assert 0.46 < share < 0.54


def test_the_utility_falls_with_the_logarithm_of_the_rank() -> None:
    assert utility(1.0, 100) == 1.0
    assert utility(100.0, 100) == 0.0
    assert utility(10.0, 100) == pytest.approx(0.5)
    assert utility(1.0, 1) == 1.0


def test_equal_scores_share_their_place() -> None:
    scores = np.array([3, 1, 1, 1, 0], np.float32)
    everybody = np.ones(5, np.bool_)
    assert rank_of(scores, 0, everybody) == 1.0
    assert rank_of(scores, 1, everybody) == 3.0
    assert rank_of(scores, 4, everybody) == 5.0
    assert rank_of(scores, 2, np.array([0, 0, 1, 1, 1], np.bool_)) == 1.5
    assert rank_of(np.zeros(5, np.float32), 3, everybody) == 3.0


def test_the_median_of_the_times_is_the_latency() -> None:
    times_ns = iter([0, 4000, 10_000, 12_000, 20_000, 920_000])
    cases = [
        Case(profile="home", title=0, at=0, history=NOBODY, seen=NOBODY, decides=True)
        for _ in range(3)
    ]

    def judge(point: Point, case: Case) -> float:
        return 0.25

    told = drained(replay(point_of(PRIOR), cases, judge, lambda: next(times_ns)))
    assert told.utilities.tolist() == [0.25, 0.25, 0.25]
    assert told.latency_us == 4.0
    assert told.spent_us == 906


def judged(
    catalog: Catalog,
    case: Case,
    settings: RankerSettings,
    *,
    blocked: np.ndarray = NOBODY,
    space: TasteSpace | None = None,
) -> float:
    judge = ranking_judge(
        catalog=catalog,
        profiles={"kid": Profile(name="kid", kind="kid", age_limit=6, contributes=False)},
        blocked=blocked,
        space=space,
        taste=None,
        base=PRIOR,
    )
    return judge(point_of(settings), case)


def a_case(title: int, history: list[int], profile: str = "home") -> Case:
    rows = np.array(history, np.int64)
    return Case(profile=profile, title=title, at=NOW, history=rows, seen=rows, decides=True)


def test_the_judge_ranks_as_the_television_does(brain: Brain, catalog: Catalog) -> None:
    history = [0, 4, 8, 12, 16, 20]
    watched(brain, [f"t{row:03}" for row in history])
    listed = brain.recommend(ViewContext(limit=100, explore=False, profile="home"))
    for rank in (1, 2, 7, 20):
        title = catalog.index_of(listed[rank - 1].title_id)
        told = judged(catalog, a_case(title, history), PRIOR)
        assert told == pytest.approx(utility(rank, len(catalog) - len(history)))


def test_settings_change_what_the_judge_says(catalog: Catalog) -> None:
    alike, popular = a_case(100, [0, 4, 8, 12, 16]), a_case(1, [0, 4, 8, 12, 16])
    content = replace(PRIOR, local_popularity_weight=0.0)
    loud = replace(PRIOR, local_popularity_weight=4.0)
    assert judged(catalog, alike, content) > judged(catalog, alike, loud)
    assert judged(catalog, popular, content) < judged(catalog, popular, loud)


def test_the_mask_of_the_judge_is_the_television_s(catalog: Catalog) -> None:
    history = [0, 4, 8, 12, 16]
    case = a_case(100, history)
    blocked = np.arange(20, 90)
    rank = (1.0 - judged(catalog, case, PRIOR)) * math.log(115)
    narrow = judged(catalog, case, PRIOR, blocked=blocked)
    assert (1.0 - narrow) * math.log(45) <= rank
    assert judged(catalog, case, PRIOR, blocked=np.arange(120)) == 1.0
    assert judged(catalog, a_case(100, history, profile="kid"), PRIOR) == 1.0
