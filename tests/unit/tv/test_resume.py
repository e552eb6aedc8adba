"""What is offered to go on with."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from exogenesis.core.titles import Title
from exogenesis.errors import InputError
from exogenesis.tv import Profile
from exogenesis.tv.moment import DAY_S, HOUR_S, Timekeeper
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy
from exogenesis.tv.resume import CONTINUE_S, NEARLY_DONE_S, SERIES_S, Resume, Resumer, rhythm_share
from tests.support.television import NOW, FakeClock, plain_titles, small_catalog

SERIES = Title(id="series", name="A series", episodes=6)
CATALOG = small_catalog(
    [
        *plain_titles(20),
        SERIES,
        Title(id="soap", name="A soap", episodes=200),
        Title(id="endless", name="Nobody counted it"),
        Title(id="adult", name="For adults", age=18),
        Title(id="unrated", name="Unrated"),
        Title(id="gone", name="Gone", available_until=NOW),
        Title(id="toon", name="A cartoon", age=0),
    ]
)


class Home:
    """A store whose skills are written by hand, and what is read back from it."""

    def __init__(self) -> None:
        self.clock = FakeClock(NOW)
        self.database = Database.open(None)
        self.policy = Policy(self.database)
        self.resumer = Resumer(
            database=self.database,
            catalog=CATALOG,
            policy=self.policy,
            timekeeper=Timekeeper(self.database, self.clock),
        )

    def watched(
        self,
        title: str,
        fraction: float,
        *,
        age_s: int = 60,
        episode: int | None = None,
        profile: str = "home",
        rhythm: dict[str, int] | None = None,
    ) -> None:
        self.database.run(
            "store_skill",
            profile=profile,
            title=title,
            finished=int(fraction >= 0.7),
            at=self.clock.at - age_s,
            fraction=fraction,
            episode=episode,
            rhythm=json.dumps(rhythm or {}),
        )

    def offered(self, profile: str = "home", limit: int = 10) -> list[Resume]:
        return self.resumer.continue_watching(profile, limit)

    def titles(self, profile: str = "home") -> list[str]:
        return [one.title_id for one in self.offered(profile)]


@pytest.fixture
def home() -> Iterator[Home]:
    made = Home()
    yield made
    made.database.close()


def test_a_film_left_in_the_middle_goes_on_there(home: Home) -> None:
    home.watched("t001", 0.4)
    assert home.offered() == [
        Resume(
            title_id="t001",
            name="Title 1",
            kind="continue",
            episode=None,
            fraction=0.4,
            last_at=NOW - 60,
        )
    ]


@pytest.mark.parametrize(
    ("fraction", "age_s", "offered"),
    [
        (0.049, 60, False),
        (0.05, 60, True),
        (0.69, CONTINUE_S, True),
        (0.69, CONTINUE_S + 1, False),
        (0.7, NEARLY_DONE_S, True),
        (0.7, NEARLY_DONE_S + 1, False),
        (0.91, 60, True),
        (0.92, 60, False),
        (1.0, 60, False),
    ],
)
def test_a_film_is_offered_after_its_beginning_before_its_credits_and_not_for_ever(
    home: Home, fraction: float, age_s: int, offered: bool
) -> None:
    home.watched("t001", fraction, age_s=age_s)
    assert home.titles() == (["t001"] if offered else [])


@pytest.mark.parametrize(
    ("episode", "fraction", "kind", "then"),
    [
        (1, 1.0, "next episode", 2),
        (1, 0.7, "next episode", 2),
        (3, 0.5, "continue", 3),
        (3, 0.02, "next episode", 3),
        (5, 0.9, "next episode", 6),
        (6, 0.5, "continue", 6),
    ],
)
def test_a_series_goes_on_with_its_next_episode(
    home: Home, episode: int, fraction: float, kind: str, then: int
) -> None:
    home.watched("series", fraction, episode=episode)
    (offer,) = home.offered()
    assert (offer.kind, offer.episode) == (kind, then)
    assert offer.fraction == (fraction if kind == "continue" else 0.0)


def test_the_last_episode_ends_a_series(home: Home) -> None:
    home.watched("series", 1.0, episode=6)
    assert home.titles() == []


def test_nobody_offers_an_episode_that_the_catalogue_does_not_know_of(home: Home) -> None:
    home.watched("endless", 1.0, episode=3)
    assert home.titles() == []
    home.watched("endless", 0.5, episode=4)
    assert home.titles() == ["endless"]


def test_an_earlier_episode_watched_again_is_followed_by_the_one_after_it(home: Home) -> None:
    home.watched("series", 1.0, episode=4, age_s=100)
    home.watched("series", 1.0, episode=1, age_s=50)
    assert [one.episode for one in home.offered()] == [2]


def test_a_series_that_was_given_up_is_left_alone(home: Home) -> None:
    home.watched("series", 1.0, episode=1, age_s=SERIES_S)
    home.watched("soap", 1.0, episode=1, age_s=SERIES_S + 1)
    assert home.titles() == ["series"]


def test_what_was_left_last_comes_first(home: Home) -> None:
    for age, title in enumerate(["t003", "t001", "t002"], start=1):
        home.watched(title, 0.5, age_s=age * DAY_S)
    assert home.titles() == ["t003", "t001", "t002"]
    assert [one.title_id for one in home.offered(limit=2)] == ["t003", "t001"]


def test_on_its_evening_a_series_comes_first(home: Home) -> None:
    friday = datetime(2027, 1, 15, 21, tzinfo=UTC)
    evening = 4 * 24 + 21
    home.clock.at = int(friday.timestamp())
    home.watched("t001", 0.5, age_s=DAY_S)
    home.watched("series", 1.0, episode=2, age_s=7 * DAY_S, rhythm={str(evening): 9, "m1": 9})
    assert home.titles() == ["series", "t001"]
    home.clock.at += HOUR_S  # the hour after counts as well
    assert home.titles() == ["series", "t001"]
    home.clock.at -= 13 * HOUR_S
    assert home.titles() == ["t001", "series"]


def test_without_a_clock_the_evening_says_nothing(home: Home) -> None:
    home.watched("t001", 0.5, age_s=DAY_S)
    home.watched("series", 1.0, episode=2, age_s=7 * DAY_S, rhythm={str(h): 9 for h in range(168)})
    home.clock.at = NOW
    keeper = Timekeeper(home.database, home.clock)
    with home.database.transaction():
        keeper.keep()
    home.clock.at = 17
    dead = Resumer(
        database=home.database,
        catalog=CATALOG,
        policy=home.policy,
        timekeeper=Timekeeper(home.database, home.clock),
    )
    assert [one.title_id for one in dead.continue_watching()] == ["t001", "series"]


def test_what_may_not_be_shown_is_never_offered(home: Home) -> None:
    home.policy.add_profile(Profile(name="mia", kind="kid", age_limit=6, contributes=False))
    for title in ("t001", "t002", "t003", "adult", "unrated", "gone", "toon"):
        home.watched(title, 0.5)
        home.watched(title, 0.5, profile="mia")
    home.policy.set_block("t001", True)
    home.policy.set_rejection("home", "t002", True, NOW)
    assert set(home.titles()) == {"t003", "adult", "unrated", "toon"}
    assert home.titles("mia") == ["toon"]


def test_a_stricter_limit_can_be_handed_in(home: Home) -> None:
    home.watched("adult", 0.5)
    home.watched("toon", 0.5)
    careful = Profile(name="home", age_limit=6)
    assert [one.title_id for one in home.resumer.continue_watching(careful)] == ["toon"]


def test_a_title_that_the_catalogue_lost_is_left_out(home: Home) -> None:
    home.watched("lost", 0.5)
    assert home.titles() == []


def test_profiles_do_not_share_what_they_left(home: Home) -> None:
    home.policy.add_profile(Profile(name="ann"))
    home.watched("t001", 0.5, profile="ann")
    assert home.titles() == []
    assert home.titles("ann") == ["t001"]


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(home: Home, limit: int) -> None:
    with pytest.raises(InputError, match=r"1 to 1000"):
        home.offered(limit=limit)


def test_an_unknown_profile_is_refused(home: Home) -> None:
    with pytest.raises(InputError, match="no profile"):
        home.offered("nobody")


def test_the_share_around_an_hour_goes_round_the_week() -> None:
    counts = {"167": 2, "0": 1, "1": 1, "5": 4, "m12": 8}
    assert rhythm_share(counts, 0) == pytest.approx(4 / 8)
    assert rhythm_share(counts, None) == 0.0
    assert rhythm_share({"3": 1}, 3) == 0.0
