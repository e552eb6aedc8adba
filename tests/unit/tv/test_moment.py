"""Which time is believed, and what happens when none is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exogenesis.errors import RemoteError
from exogenesis.tv import BrainConfig
from exogenesis.tv.collective import Collective
from exogenesis.tv.ledger import Ledger
from exogenesis.tv.moment import (
    DAY_S,
    HOUR_S,
    JUMP_S,
    LEAP_S,
    RELEASED_S,
    SLACK_S,
    Timekeeper,
    utc,
)
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy
from exogenesis.tv.sync import Sync
from tests.support.constellation import WORKER_PUBLIC, Constellation
from tests.support.television import CATALOG_SECRET, NOW, FakeClock, FakeEntropy, small_catalog

YEAR_S = 365 * DAY_S


class Set:
    """A television's clock and store; :meth:`boot` starts its program anew."""

    def __init__(self, home: Path | None, at: int = NOW) -> None:
        self._home = home
        self.clock = FakeClock(at)
        self.database = Database.open(home)

    def boot(self, at: int | None = None, offset_s: Callable[[int], int] = utc) -> Timekeeper:
        if at is not None:
            self.clock.at = at
        if self._home is not None:
            self.database.close()
            self.database = Database.open(self._home)
        return Timekeeper(self.database, self.clock, offset_s)

    def keep(self, keeper: Timekeeper) -> None:
        with self.database.transaction():
            keeper.keep()

    def viewing(self, at: int) -> None:
        self.database.run(
            "add_memory",
            tier=3,
            kind="viewing",
            profile="home",
            subject="t001",
            session="",
            text="",
            metadata="{}",
            codes=None,
            scale=None,
            importance=1.0,
            trusted=1,
            at=at,
        )


@pytest.fixture
def television(tmp_path: Path) -> Iterator[Set]:
    made = Set(tmp_path)
    yield made
    made.database.close()


def test_a_clock_that_goes_right_is_believed(television: Set) -> None:
    keeper = television.boot()
    assert keeper.now().at == NOW
    assert keeper.now().trusted
    television.clock.at += 5
    assert keeper.now().at == NOW + 5
    assert keeper.time_ns() == television.clock()


def test_a_television_without_a_clock_never_says_1970(television: Set) -> None:
    keeper = television.boot(at=17)
    first = keeper.now()
    assert (first.at, first.trusted) == (RELEASED_S, False)
    assert first.hour_of_week is None
    assert first.month is None
    television.clock.at += 60
    assert keeper.now().at == RELEASED_S + 60  # durations stay right


def test_the_newest_time_that_was_believed_is_the_floor_after_a_restart(television: Set) -> None:
    television.keep(television.boot())
    keeper = television.boot(at=NOW - SLACK_S - 1)
    assert (keeper.now().at, keeper.now().trusted) == (NOW, False)
    assert television.boot(at=NOW - SLACK_S).now().trusted
    assert television.boot(at=17).now().at == NOW
    television.clock.at = NOW + DAY_S  # the clock is put right
    assert keeper.now().trusted


def test_the_floor_is_stored_at_most_once_an_hour(television: Set) -> None:
    keeper = television.boot()
    stored = []
    for _ in range(100):
        television.keep(keeper)
        stored.append(television.database.setting("time_newest"))
        television.clock.at += HOUR_S // 20
    assert len(set(stored)) == 5


def test_a_viewing_since_the_floor_was_stored_raises_it(television: Set) -> None:
    television.keep(television.boot())
    television.viewing(NOW + HOUR_S - 1)
    assert television.boot(at=17).now().at == NOW + HOUR_S - 1


def test_a_viewing_of_a_wrong_date_does_not(television: Set) -> None:
    television.keep(television.boot())
    television.viewing(NOW + 100 * DAY_S)
    assert television.boot(at=17).now().at == NOW
    assert television.boot(at=NOW + 60).now().trusted


def test_without_a_clock_the_order_holds_over_restarts(television: Set) -> None:
    television.keep(television.boot())
    stamps = []
    for _ in range(3):
        keeper = television.boot(at=17)
        for _ in range(5):
            stamps.append(keeper.now().at)
            television.keep(keeper)
            television.clock.at += HOUR_S
    assert stamps == sorted(stamps)
    assert stamps[0] == NOW


def test_a_new_television_without_a_clock_is_not_bound_by_what_it_made_up(television: Set) -> None:
    keeper = television.boot(at=17)
    television.clock.at += 3 * HOUR_S
    television.keep(keeper)
    later = NOW + 10 * YEAR_S  # it is bought years after this release
    assert television.boot(at=later).now().at == later
    assert television.boot(at=later).now().trusted


@pytest.mark.parametrize("jump", [-20 * YEAR_S, 3 * YEAR_S, 30 * YEAR_S])
def test_a_jump_of_years_moves_nothing_and_is_got_over(television: Set, jump: int) -> None:
    keeper = television.boot()
    television.keep(keeper)
    television.clock.at += jump
    moment = keeper.now()
    assert (moment.at, moment.trusted) == (NOW, False)
    television.clock.at += 90
    television.keep(keeper)
    assert keeper.now().at == NOW + 90
    assert keeper.settled_s() == NOW + 90
    television.clock.at = NOW + 600
    assert keeper.now().at == NOW + 600
    assert keeper.now().trusted
    assert television.boot().now().trusted


def test_a_leap_of_years_is_believed_when_the_clock_has_run_on_for_a_day(television: Set) -> None:
    television.keep(television.boot())
    back = NOW + 3 * YEAR_S  # it stood in a cellar
    keeper = television.boot(at=back)
    assert not keeper.now().trusted
    television.keep(keeper)
    keeper = television.boot(at=back + DAY_S - 1)
    assert not keeper.now().trusted
    television.clock.at += 1
    assert (keeper.now().at, keeper.now().trusted) == (back + DAY_S, True)


@pytest.mark.parametrize("leap_s", [LEAP_S + 1, 100 * DAY_S, JUMP_S])
def test_after_a_leap_the_time_is_right_and_nothing_is_erased_for_a_day(
    television: Set, leap_s: int
) -> None:
    television.keep(television.boot())
    back = NOW + leap_s
    keeper = television.boot(at=back)
    assert keeper.now().trusted
    assert keeper.now().at == back
    assert keeper.settled_s() == NOW
    television.keep(keeper)
    television.clock.at = NOW + 60  # the date was wrong, and has been put right
    assert keeper.now().at == NOW + 60
    assert keeper.settled_s() == NOW + 60
    keeper = television.boot(at=back)
    keeper.now()
    television.clock.at += DAY_S
    assert keeper.settled_s() == back + DAY_S


def test_a_weekend_away_is_no_leap(television: Set) -> None:
    television.keep(television.boot())
    keeper = television.boot(at=NOW + LEAP_S)
    assert keeper.settled_s() == NOW + LEAP_S


OPENS, EXPIRES = NOW, NOW + 3 * DAY_S


def test_the_time_of_a_server_is_adopted_until_the_program_ends(television: Set) -> None:
    keeper = television.boot(at=17)
    assert keeper.adopt(NOW + 60, OPENS, EXPIRES)
    television.clock.at += 5
    assert (keeper.now().at, keeper.now().trusted) == (NOW + 65, True)
    assert keeper.now().hour_of_week is not None
    again = television.boot(at=17)
    assert (again.now().at, again.now().trusted) == (NOW + 60, False)
    assert again.adopt(NOW + 600, OPENS, EXPIRES)
    assert again.now().trusted


@pytest.mark.parametrize("server_s", [0, OPENS - 1, EXPIRES, EXPIRES + YEAR_S])
def test_a_server_is_believed_only_within_the_signed_window(television: Set, server_s: int) -> None:
    keeper = television.boot(at=17)
    assert not keeper.adopt(server_s, OPENS, EXPIRES)
    assert not keeper.now().trusted


def test_a_clock_that_agrees_with_the_server_is_left_alone(television: Set) -> None:
    keeper = television.boot()
    assert not keeper.adopt(NOW + HOUR_S, OPENS, EXPIRES)
    assert keeper.now().at == NOW


def test_a_server_puts_a_clock_right_that_runs_months_ahead(television: Set) -> None:
    television.keep(television.boot(at=NOW + 100 * DAY_S))  # it was wrong from the first day on
    keeper = television.boot(at=NOW)
    assert not keeper.now().trusted
    assert keeper.adopt(NOW + 60, OPENS, EXPIRES)
    assert keeper.now().at == NOW + 60
    assert television.boot(at=NOW + 60).now().trusted  # and the floor is lowered


def test_a_server_confirms_a_leap_at_once(television: Set) -> None:
    television.keep(television.boot(at=NOW - 2 * YEAR_S))
    keeper = television.boot(at=NOW + 60)
    assert not keeper.now().trusted
    keeper.adopt(NOW + 60, OPENS, EXPIRES)
    assert keeper.now().trusted
    assert keeper.settled_s() == NOW + 60


@pytest.mark.parametrize("wrong", [17, NOW - 100 * DAY_S])
def test_a_clock_that_is_put_right_after_the_server_was_asked_is_not_counted_twice(
    television: Set, wrong: int
) -> None:
    television.keep(television.boot())
    keeper = television.boot(at=wrong)
    keeper.adopt(NOW, OPENS, EXPIRES)
    television.clock.at = NOW + 30
    assert (keeper.now().at, keeper.now().trusted) == (NOW + 30, True)
    television.clock.at += DAY_S
    assert keeper.now().at == NOW + 30 + DAY_S


def test_history_is_believed_and_the_future_is_not(television: Set) -> None:
    keeper = television.boot()
    assert keeper.moment(NOW - 10 * YEAR_S).at == NOW - 10 * YEAR_S
    assert keeper.moment(NOW - 10 * YEAR_S).trusted
    ahead = keeper.moment(NOW + YEAR_S)
    assert (ahead.at, ahead.trusted) == (NOW, False)


def test_what_the_same_wrong_clock_says_happens_now(television: Set) -> None:
    television.keep(television.boot())
    keeper = television.boot(at=1000)
    said = keeper.moment(990)
    assert (said.at, said.trusted) == (NOW, False)
    assert keeper.moment(NOW - YEAR_S).trusted  # an imported history has times of its own
    assert not keeper.moment(NOW + YEAR_S).trusted
    assert not keeper.moment(NOW + HOUR_S).trusted


@given(at=st.integers(RELEASED_S, (1 << 33) - DAY_S), offset_h=st.integers(-12, 14))
def test_hour_and_month_are_those_of_the_calendar(at: int, offset_h: int) -> None:
    database = Database.open(None)
    keeper = Timekeeper(database, FakeClock(at), lambda _: offset_h * HOUR_S)
    moment = keeper.now()
    local = datetime.fromtimestamp(at + offset_h * HOUR_S, UTC)
    assert moment.hour_of_week == local.weekday() * 24 + local.hour
    assert moment.month == local.month
    database.close()


@given(
    steps=st.lists(
        st.one_of(
            st.integers(0, 2 * DAY_S),
            st.sampled_from([-60 * YEAR_S, -YEAR_S, -HOUR_S, LEAP_S + 1, JUMP_S + 1, 9 * YEAR_S]),
        ),
        max_size=30,
    )
)
def test_whatever_the_clock_does_the_time_is_after_the_release_and_the_erasing_time_never_back(
    steps: list[int],
) -> None:
    database, clock = Database.open(None), FakeClock(NOW)
    keeper = Timekeeper(database, clock)
    settled = keeper.settled_s()
    for step in steps:
        clock.at = max(0, clock.at + step)
        moment = keeper.now()
        assert moment.at >= RELEASED_S
        assert moment.trusted == (moment.hour_of_week is not None)
        assert keeper.settled_s() >= settled - SLACK_S
        settled = max(settled, keeper.settled_s())
    database.close()


CATALOG = small_catalog()


def _sync(television: Set, keeper: Timekeeper, constellation: Constellation) -> Sync:
    policy = Policy(television.database)
    policy.set_consent(True)
    return Sync(
        config=BrainConfig(worker_public=WORKER_PUBLIC, enrol_token=b"t" * 32),
        database=television.database,
        catalog=CATALOG,
        policy=policy,
        collective=Collective(television.database, CATALOG, WORKER_PUBLIC),
        ledger=Ledger(television.database),
        clock=keeper.time_ns,
        rng=np.random.default_rng(1),
        entropy=FakeEntropy(),
        transport=constellation,
        on_time=keeper.adopt,
    )


@pytest.mark.parametrize("at", [17, NOW + 5 * YEAR_S, NOW + 100 * DAY_S])
def test_one_sync_puts_a_wrong_clock_right(television: Set, at: int) -> None:
    television.keep(television.boot())
    keeper = television.boot(at=at)
    constellation = Constellation(CATALOG, opens=NOW, date_s=NOW + 60)
    assert _sync(television, keeper, constellation).run().state == "pulled"
    assert (keeper.now().at, keeper.now().trusted) == (NOW + 60, True)


def test_a_manifest_of_somebody_else_tells_no_time(television: Set) -> None:
    television.keep(television.boot())
    keeper = television.boot(at=17)
    constellation = Constellation(CATALOG, opens=NOW, date_s=NOW + 60, worker_secret=CATALOG_SECRET)
    with pytest.raises(RemoteError):
        _sync(television, keeper, constellation).run()
    assert not keeper.now().trusted


def test_an_expired_manifest_stays_expired_whatever_time_its_answer_says(television: Set) -> None:
    television.keep(television.boot())
    constellation = Constellation(CATALOG, opens=NOW - 9 * DAY_S)
    constellation.date_s = NOW
    keeper = television.boot(at=NOW)
    with pytest.raises(RemoteError, match="expired"):
        _sync(television, keeper, constellation).run()
    assert keeper.now().at == NOW
