"""Who is thought to watch, and that a guess opens nothing."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exogenesis.tv import Profile
from exogenesis.tv.moment import HOURS_PER_WEEK, Moment
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy
from exogenesis.tv.who import FINISHES_KNOWN, Who, hour_shares, safe_profile
from tests.support.television import NOW, small_catalog

CATALOG = small_catalog()  # title i belongs to cluster i % 4
AFTERNOON, EVENING = 2 * 24 + 15, 2 * 24 + 21


def _moment(hour_of_week: int | None) -> Moment:
    return Moment(at=NOW, trusted=hour_of_week is not None, hour_of_week=hour_of_week)


class Household:
    """Adults ``home`` and ``ann``, and the child ``mia``; skills are written by hand."""

    def __init__(self) -> None:
        self.database = Database.open(None)
        self.policy = Policy(self.database)
        self.who = Who(database=self.database, catalog=CATALOG, policy=self.policy)

    def add(self, name: str, age_limit: int | None = None) -> None:
        kid = age_limit is not None
        self.policy.add_profile(
            Profile(
                name=name,
                kind="kid" if kid else "adult",
                age_limit=age_limit,
                contributes=not kid,
            )
        )

    def habit(self, profile: str, hour: int | None, titles: list[int], times: int = 1) -> None:
        for title in titles:
            for _ in range(times):
                self.database.run(
                    "store_skill",
                    profile=profile,
                    title=f"t{title:03}",
                    finished=1,
                    at=NOW,
                    fraction=1.0,
                    episode=None,
                    rhythm=json.dumps({} if hour is None else {str(hour): times, "m1": times}),
                )
        self.who.refresh()

    def guess(self, hour: int | None, *titles: int) -> dict[str, float]:
        return self.who.guess(_moment(hour), [f"t{title:03}" for title in titles])


@pytest.fixture
def household() -> Iterator[Household]:
    made = Household()
    yield made
    made.database.close()


def test_one_profile_watches_alone(household: Household) -> None:
    assert household.guess(3, 1, 2) == {"home": 1.0}


def test_of_two_who_did_nothing_yet_each_is_as_likely(household: Household) -> None:
    household.add("ann")
    assert household.guess(3) == pytest.approx({"ann": 0.5, "home": 0.5})


def test_the_hour_tells_two_habits_apart(household: Household) -> None:
    household.add("mia", 6)
    household.habit("home", EVENING, list(range(0, 20)))
    household.habit("mia", AFTERNOON, list(range(20, 40)))
    assert household.guess(EVENING)["home"] > 0.8
    assert household.guess(AFTERNOON)["mia"] > 0.8
    assert household.guess(EVENING + 48)["home"] > 0.5  # the same hour of another day
    assert household.guess(None) == pytest.approx({"home": 0.5, "mia": 0.5})


def test_what_the_session_watched_outweighs_the_hour(household: Household) -> None:
    household.add("mia", 6)
    household.habit("home", EVENING, [0, 4, 8, 12])
    household.habit("mia", AFTERNOON, [1, 5, 9, 13])
    assert household.guess(EVENING, 1, 5)["mia"] > 0.8  # its own titles
    assert household.guess(None, 17, 21)["mia"] > 0.7  # titles like its own
    assert household.guess(None, 16, 20)["home"] > 0.7


def test_a_title_counts_once_and_an_unknown_one_not_at_all(household: Household) -> None:
    household.add("ann")
    household.habit("ann", EVENING, [1, 5])
    once = household.guess(None, 1)
    assert household.guess(None, 1, 1, 1) == once
    assert household.guess(None, 1, 999) == once


def test_a_guess_is_a_distribution_and_is_what_bayes_says(household: Household) -> None:
    household.add("ann")
    household.habit("home", EVENING, [0, 1, 2])
    household.habit("ann", AFTERNOON, [3], times=4)
    guess = household.guess(EVENING, 3)
    logs = {}
    for name, counts, starts in (
        ("home", {EVENING: 3}, {0: 1, 1: 1, 2: 1}),
        ("ann", {AFTERNOON: 4}, {3: 4}),
    ):
        hours = np.zeros(HOURS_PER_WEEK)
        for hour, count in counts.items():
            hours[hour] = count
        middle = sum(count * CATALOG.content[title] for title, count in starts.items())
        likely = np.exp(4.0 * CATALOG.content @ (middle / np.linalg.norm(middle)))
        known = starts.get(3, 0) / sum(starts.values())
        logs[name] = (
            math.log(10 + hours.sum())
            + math.log(hour_shares(hours)[EVENING])
            + math.log(0.5 * known + 0.5 * likely[3] / likely.sum())
        )
    odds = math.exp(logs["ann"] - logs["home"])
    assert guess["ann"] / guess["home"] == pytest.approx(odds, rel=1e-4)
    assert sum(guess.values()) == pytest.approx(1.0)


def test_the_session_is_read_from_what_was_stored(household: Household) -> None:
    household.add("mia", 6)
    household.habit("home", None, [0, 4, 8, 12])
    household.habit("mia", None, [1, 5, 9, 13])
    for subject in ("t001", "t005", "t009"):
        household.database.run(
            "add_memory",
            tier=3,
            kind="viewing",
            profile="home",  # nobody had said who it was
            subject=subject,
            session="evening",
            text="",
            metadata="{}",
            codes=None,
            scale=None,
            importance=1.0,
            trusted=1,
            at=NOW - 60,
        )
    assert household.who.watching(_moment(None), "evening").name == "mia"
    assert household.who.watching(_moment(None), "another").age_limit == 6


def test_when_a_child_may_be_watching_its_limit_holds(household: Household) -> None:
    household.add("mia", 6)
    assert household.who.watching(_moment(None)).age_limit == 6  # nobody knows anything
    household.habit("home", EVENING, list(range(0, 40)), times=10)
    unsure = household.who.watching(_moment(AFTERNOON))
    assert (unsure.name, unsure.age_limit) == ("home", 6)
    household.habit("mia", AFTERNOON, list(range(40, 60)), times=10)
    assert household.who.watching(_moment(EVENING)).age_limit is None
    assert household.who.watching(_moment(AFTERNOON)) == household.policy.profile("mia")


def test_a_child_stays_plausible_however_much_the_others_finish(household: Household) -> None:
    household.add("mia", 6)
    household.habit("home", EVENING, list(range(0, 40)), times=100)
    household.habit("mia", AFTERNOON, list(range(40, 40 + FINISHES_KNOWN - 1)))
    assert household.guess(EVENING, 0, 1)["mia"] < 1e-4
    assert household.who.watching(_moment(EVENING)).age_limit == 6
    household.habit("mia", AFTERNOON, [40 + FINISHES_KNOWN])
    assert household.who.watching(_moment(EVENING)).age_limit is None
    assert household.who.watching(_moment(None)).age_limit == 6  # the prior alone rules nobody out


@given(
    limits=st.lists(st.one_of(st.none(), st.integers(0, 18)), min_size=1, max_size=5),
    data=st.data(),
)
def test_a_guess_never_widens_an_age_limit(limits: list[int | None], data: st.DataObject) -> None:
    profiles = [Profile(name=f"p{n}", age_limit=limit) for n, limit in enumerate(limits)]
    weights = data.draw(
        st.lists(st.floats(1e-6, 1.0), min_size=len(profiles), max_size=len(profiles))
    )
    guess = {p.name: w / sum(weights) for p, w in zip(profiles, weights, strict=True)}
    plausible = data.draw(st.sets(st.sampled_from([p.name for p in profiles])))
    chosen = safe_profile(profiles, guess, plausible)
    assert guess[chosen.name] == max(guess.values())
    for profile in profiles:
        if profile.age_limit is not None and profile.name in plausible | {chosen.name}:
            assert chosen.age_limit is not None
            assert chosen.age_limit <= profile.age_limit


@given(st.dictionaries(st.integers(0, HOURS_PER_WEEK - 1), st.integers(0, 500), max_size=20))
def test_hour_shares_are_a_distribution_that_knows_its_hours(counts: Mapping[int, int]) -> None:
    hours = np.zeros(HOURS_PER_WEEK)
    for hour, count in counts.items():
        hours[hour] = count
    shares = hour_shares(hours)
    assert shares.sum() == pytest.approx(1.0)
    assert (shares > 0).all()
    total = hours.sum()
    for hour in range(0, HOURS_PER_WEEK, 13):
        # the slow twin: one sum an hour
        def near(at: int) -> float:
            around = hours[at % 168] / 2 + (hours[(at - 1) % 168] + hours[(at + 1) % 168]) / 4
            return float(around / total) if total else 1 / 168

        daily = sum(near(hour + 24 * day) for day in range(7)) / 7
        mixed = 0.7 * near(hour) + 0.2 * daily + 0.1 / 168
        assert shares[hour] == pytest.approx((total * mixed + 8 / 168) / (total + 8))
