from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
import pytest

from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.metasona.accept import FALSE_ACCEPT, Interval
from exogenesis.tv.metasona.improve import MetaSona, Verdict
from exogenesis.tv.metasona.lineage import Lineage
from exogenesis.tv.metasona.replay import Case
from exogenesis.tv.metasona.space import Point
from exogenesis.tv.persistence import Database
from tests.unit.tv.metasona.planted import cases, drained, unit_space, worth_of

DIM = 4
SPACE = unit_space(DIM)
NAMES = tuple(one.name for one in SPACE.settings)
PRIOR = SPACE.decode(np.full(DIM, 0.5))
BETTER = MappingProxyType({"s00": 0.8, "s01": 0.2, "s02": 0.6, "s03": 0.5})


class Stopwatch:
    """A clock that a judge pushes on."""

    def __init__(self) -> None:
        self.ns = 0

    def __call__(self) -> int:
        return self.ns


def sona(
    judge: Callable[[Point, Case], float],
    *,
    seed: int = 0,
    timer: Callable[[], int] = lambda: 0,
    evaluations: int = 60,
) -> MetaSona:
    database = Database.open(None)
    return MetaSona(
        lineage=Lineage(database, CosmicMemory(database), SPACE, PRIOR),
        space=SPACE,
        judge=judge,
        timer=timer,
        rng=np.random.default_rng([seed, 5]),
        evaluations=evaluations,
    )


def accepted_in_a_life(seed: int, looks: tuple[int, ...], evaluations: int = 30) -> bool:
    one = sona(worth_of(SPACE, seed), seed=seed, evaluations=evaluations)
    outcomes = [drained(one.improve(cases(size), tuned=NAMES, now=size)) for size in looks]
    return any(outcome.verdict is Verdict.ACCEPTED for outcome in outcomes)


def test_a_planted_better_setting_is_found_accepted_and_used() -> None:
    found = 0
    for seed in range(20):
        judge = worth_of(SPACE, seed, centre=BETTER)
        one = sona(judge, seed=seed)
        outcome = drained(one.improve(cases(400), tuned=NAMES, now=400))
        if outcome.verdict is Verdict.ACCEPTED:
            assert outcome.proposed == one.lineage.active()
            assert outcome.interval is not None
            assert outcome.interval.low > 0.0
            place = SPACE.encode(one.lineage.active())
            before, after = (
                np.linalg.norm(here - SPACE.encode(BETTER)) for here in (SPACE.encode(PRIOR), place)
            )
            found += bool(after < before)
    assert found >= 17


@pytest.mark.parametrize(
    ("seeds", "looks"),
    [(100, (50, 80, 130)), pytest.param(2000, (50, 80, 130, 200, 320), marks=pytest.mark.soak)],
)
def test_on_noise_at_most_one_life_in_twenty_is_given_other_settings(
    seeds: int, looks: tuple[int, ...]
) -> None:
    wrong = sum(accepted_in_a_life(seed, looks) for seed in range(seeds))
    assert wrong <= FALSE_ACCEPT * seeds


def test_what_guides_the_search_does_not_decide_and_the_other_way_round() -> None:
    asked: list[tuple[bool, Point]] = []
    worth = worth_of(SPACE, 3, centre=BETTER)

    def judge(point: Point, case: Case) -> float:
        asked.append((case.decides, point))
        return worth(point, case)

    outcome = drained(sona(judge).improve(cases(100), tuned=NAMES, now=100))
    deciding = {tuple(point.values()) for decides, point in asked if decides}
    assert outcome.proposed is not None
    assert deciding == {tuple(PRIOR.values()), tuple(outcome.proposed.values())}
    first_decision = [decides for decides, _ in asked].index(True)
    assert all(decides for decides, _ in asked[first_decision:])
    guiding = len({tuple(point.values()) for decides, point in asked if not decides})
    assert 1 < guiding <= outcome.evaluations <= 60


def test_settings_that_are_not_tuned_stay() -> None:
    one = sona(worth_of(SPACE, 1, centre=BETTER))
    outcome = drained(one.improve(cases(200), tuned=("s00", "s02"), now=200))
    assert outcome.proposed is not None
    assert outcome.proposed["s01"] == PRIOR["s01"]
    assert outcome.proposed["s03"] == PRIOR["s03"]
    assert outcome.proposed["s00"] != PRIOR["s00"]


def test_few_cases_are_waited_for_and_cost_nothing() -> None:
    def judge(point: Point, case: Case) -> float:
        raise AssertionError("nothing is ranked")

    one = sona(judge)
    for some in ([], cases(38), cases(39)):
        assert drained(one.improve(some, tuned=NAMES, now=1)).verdict is Verdict.WAITING


def test_the_next_try_waits_for_fresh_cases_and_has_less_to_err() -> None:
    one = sona(worth_of(SPACE, 2), evaluations=20)
    first = drained(one.improve(cases(100), tuned=NAMES, now=100))
    assert first.interval is not None
    for size in (100, 129):
        assert drained(one.improve(cases(size), tuned=NAMES, now=size)).verdict is Verdict.WAITING
    second = drained(one.improve(cases(130), tuned=NAMES, now=130))
    assert second.interval is not None
    assert second.interval.level < first.interval.level


def test_what_is_too_slow_is_not_accepted_however_good_it_is() -> None:
    worth = worth_of(SPACE, 4, centre=BETTER)
    timer = Stopwatch()

    def slow_where_it_is_good(point: Point, case: Case) -> float:
        timer.ns += 9_000_000 if float(point["s00"]) > 0.55 else 500_000
        return worth(point, case)

    one = sona(slow_where_it_is_good, timer=timer)
    outcome = drained(one.improve(cases(400), tuned=NAMES, now=400))
    assert outcome.verdict is Verdict.ACCEPTED
    assert float(one.lineage.active()["s00"]) <= 0.55
    assert outcome.spent_us > 0


def test_what_becomes_slow_between_search_and_decision_is_refused() -> None:
    worth = worth_of(SPACE, 4, centre=BETTER)
    timer = Stopwatch()

    def slow_when_it_counts(point: Point, case: Case) -> float:
        timer.ns += 9_000_000 if case.decides else 500_000
        return worth(point, case)

    one = sona(slow_when_it_counts, timer=timer)
    outcome = drained(one.improve(cases(400), tuned=NAMES, now=400))
    assert outcome.verdict is Verdict.TOO_SLOW
    assert one.lineage.ancestors() == []


def test_the_work_can_be_left_at_any_slice_and_has_changed_nothing() -> None:
    one = sona(worth_of(SPACE, 5, centre=BETTER), evaluations=20)
    slices = 0
    while True:
        work = one.improve(cases(60), tuned=NAMES, now=60)
        try:
            for _ in range(slices + 1):
                next(work)
        except StopIteration:
            break
        work.close()
        assert one.lineage.ancestors() == []
        slices += 97
    assert slices > 97
    assert len(one.lineage.ancestors()) == 1


def accepted(one: MetaSona, point: Point, now: int) -> None:
    gain = Interval(gain=0.1, low=0.01, high=0.2, cases=50, level=0.025)
    one.lineage.record(point, gain, accepted=True, now=now)


def test_settings_that_turn_out_worse_are_rolled_back_to_their_parent() -> None:
    one = sona(worth_of(SPACE, 6, centre=PRIOR))
    accepted(one, BETTER, now=100)
    assert drained(one.check(cases(110), now=110)) == []
    (done,) = drained(one.check(cases(400), now=400))
    assert "lost" in done.reason
    assert one.lineage.active() == PRIOR
    assert drained(one.check(cases(500), now=500)) == []


def test_settings_that_hold_what_they_promised_stay() -> None:
    for seed in range(10):
        one = sona(worth_of(SPACE, seed, centre=BETTER))
        accepted(one, BETTER, now=100)
        assert drained(one.check(cases(400), now=400)) == []
        assert one.lineage.active() == BETTER


def test_settings_that_became_too_slow_are_rolled_back_unless_the_parent_is_slow_too() -> None:
    timer = Stopwatch()
    cost_ns = {"good": 9_000_000, "prior": 500_000}

    def judge(point: Point, case: Case) -> float:
        timer.ns += cost_ns["good" if point == BETTER else "prior"]
        return 0.5

    one = sona(judge, timer=timer)
    accepted(one, BETTER, now=10)
    cost_ns["prior"] = 9_000_000
    assert drained(one.check(cases(100), now=100)) == []
    cost_ns["prior"] = 500_000
    (done,) = drained(one.check(cases(100), now=100))
    assert "9000 us" in done.reason
    assert one.lineage.active() == PRIOR
