"""What may enter, and that it stays."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from exogenesis.core.titles import Title
from exogenesis.errors import DiskFull, ExogenesisError, InputError, UnknownTitle
from exogenesis.tv import AgentDB, Profile, ViewingEvent
from exogenesis.tv.memory import CosmicMemory, MemoryTier, Query, Recalled
from exogenesis.tv.moment import DAY_S, HOUR_S, Timekeeper
from exogenesis.tv.observe import AFTER_S, Observer, Signal, SignalKind
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy
from tests.support.television import FakeClock, open_brain, plain_titles, small_catalog


@pytest.mark.parametrize("fraction", [-0.01, 1.01, math.nan, math.inf])
def test_a_fraction_outside_nought_to_one_is_refused(fraction: float) -> None:
    brain = open_brain(small_catalog())
    with pytest.raises(InputError, match=r"0\.\.1"):
        brain.observe(ViewingEvent(title_id="t001", fraction=fraction))
    assert brain.stats().events == 0


def test_an_unknown_title_is_refused() -> None:
    brain = open_brain(small_catalog())
    with pytest.raises(UnknownTitle, match="t001"):
        brain.observe(ViewingEvent(title_id="t0001", fraction=1.0))


def test_an_unknown_profile_is_refused() -> None:
    brain = open_brain(small_catalog())
    with pytest.raises(InputError, match="did you mean 'home'") as caught:
        brain.observe(ViewingEvent(title_id="t001", fraction=1.0, profile="hone"))
    assert caught.value.code == "unknown_profile"


@pytest.mark.parametrize(("at", "why"), [(-1, "before 1970"), (1 << 40, "no Unix time")])
def test_a_time_that_cannot_be_is_refused(at: int, why: str) -> None:
    with pytest.raises(InputError, match=why):
        open_brain(small_catalog()).observe(ViewingEvent(title_id="t001", fraction=1.0, at=at))


def test_one_bad_event_keeps_all_of_them_out() -> None:
    brain = open_brain(small_catalog())
    good = ViewingEvent(title_id="t001", fraction=1.0)
    with pytest.raises(ExogenesisError):
        brain.observe_many([good, ViewingEvent(title_id="nothing", fraction=1.0)])
    assert brain.stats().events == 0
    brain.observe_many([good, good])
    assert brain.stats().events == 2


def test_what_was_observed_is_there_after_reopening(tmp_path: Path) -> None:
    brain = open_brain(small_catalog(), home=tmp_path)
    brain.observe(ViewingEvent(title_id="t001", fraction=1.0))
    brain.observe(ViewingEvent(title_id="t002", fraction=0.2))
    before = brain.recommend()[:9]
    brain.close()
    again = open_brain(small_catalog(), home=tmp_path)
    assert (again.stats().events, again.stats().skills) == (2, 1)
    assert again.recommend()[:9] == before
    again.close()


def test_profiles_do_not_share_their_past() -> None:
    brain = open_brain(small_catalog())
    brain.add_profile(Profile(name="guest"))
    brain.observe(ViewingEvent(title_id="t001", fraction=1.0, profile="guest"))
    assert brain.agentdb.skill_list("home") == []
    assert [skill.name for skill in brain.agentdb.skill_list("guest")] == ["t001"]


def test_a_full_disk_is_said_and_changes_nothing(tmp_path: Path) -> None:
    brain = open_brain(small_catalog(), home=tmp_path)
    brain.observe(ViewingEvent(title_id="t001", fraction=1.0))
    list(
        brain._parts.database._connection.execute("PRAGMA max_page_count = 1")
    )  # as many as it has
    stored = 1

    def observe_until_full() -> None:
        nonlocal stored
        for _ in range(2000):
            brain.observe(ViewingEvent(title_id="t002", fraction=1.0))
            stored += 1

    with pytest.raises(DiskFull, match="nothing was stored"):
        observe_until_full()
    assert brain.stats().events == stored
    brain.close()
    again = open_brain(small_catalog(), home=tmp_path)
    assert again.stats().events == stored
    again.close()


CATALOG = small_catalog(
    [*plain_titles(20), Title(id="series", name="A series", episodes=3), Title(id="x", name="X")]
)
FRIDAY_21 = int(datetime(2027, 1, 15, 21, 30, tzinfo=UTC).timestamp())
SLOT = 4 * 24 + 21


class Home:
    """An observer with everything it stores into."""

    def __init__(self, home: Path | None = None, at: int = FRIDAY_21) -> None:
        self.clock = FakeClock(at)
        self.database = Database.open(home)
        self.policy = Policy(self.database)
        self.memory = CosmicMemory(self.database)
        self.agentdb = AgentDB(self.database, CATALOG.content)
        self.keeper = Timekeeper(self.database, self.clock)
        self.observer = Observer(
            database=self.database,
            agentdb=self.agentdb,
            memory=self.memory,
            catalog=CATALOG,
            policy=self.policy,
            timekeeper=self.keeper,
        )

    def watch(self, title: str, fraction: float = 1.0, **more: Any) -> None:
        self.observer.observe([ViewingEvent(title_id=title, fraction=fraction, **more)])

    def recalled(self, tier: MemoryTier, **query: Any) -> list[Recalled]:
        found = self.memory.recall(Query(**query), (tier,), now=self.keeper.now().at, touch=False)
        return sorted(found, key=lambda one: abs(one.memory.id or 0))

    def told(self, **query: Any) -> list[dict[str, Any]]:
        """The metadata of the viewings, in the order in which they were stored."""
        found = self.recalled(MemoryTier.EPISODIC, kind="viewing", **query)
        return [dict(one.memory.metadata) for one in found]

    def skill(self, title: str) -> tuple[Any, ...]:
        rows = self.database.run("list_begun", profile="home", since=0)
        return next(row for row in rows if row[0] == title)


@pytest.fixture
def home() -> Iterator[Home]:
    made = Home()
    yield made
    made.database.close()


def test_a_viewing_is_one_memory_with_its_context(home: Home) -> None:
    home.watch("t001", 0.9, session="s")
    (one,) = home.recalled(MemoryTier.EPISODIC)
    assert one.memory.metadata == {
        "task": "watch",
        "fraction": 0.9,
        "reward": 0.9,
        "success": True,
        "episode": None,
        "slot": SLOT,
        "after": None,
        "listed": False,
    }
    assert (one.memory.kind, one.memory.subject, one.memory.session) == ("viewing", "t001", "s")
    assert (one.memory.at, one.memory.trusted, one.memory.profile) == (FRIDAY_21, True, "home")


def test_only_a_finished_title_adds_to_the_rhythm(home: Home) -> None:
    home.watch("t001", 0.69)
    assert json.loads(home.skill("t001")[4]) == {}
    home.watch("t001", 0.7)
    home.clock.at += 7 * DAY_S
    home.watch("t001")
    home.clock.at += 30 * DAY_S
    home.watch("t001")
    counts = json.loads(home.skill("t001")[4])
    assert counts == {str(SLOT): 2, str((SLOT + 48) % 168): 1, "m1": 2, "m2": 1}


def test_the_hour_is_the_local_one(home: Home) -> None:
    home.keeper._offset_s = lambda at: 4 * HOUR_S
    home.watch("t001")
    assert home.told()[0]["slot"] == SLOT + 4


def test_what_was_watched_before_in_the_session_is_noted(home: Home) -> None:
    home.policy.add_profile(Profile(name="ann"))
    home.watch("t001", session="s")
    home.watch("t002", 0.1, session="other")
    home.watch("t003", session="s", profile="ann")
    home.clock.at += AFTER_S
    home.watch("t004", session="s")
    home.clock.at += AFTER_S + 1
    home.watch("t005", session="s")
    assert [one["after"] for one in home.told()] == [None, None, None, "t001", None]


def test_of_several_in_one_call_each_follows_the_one_before(home: Home) -> None:
    events = [ViewingEvent(title_id=f"t{row:03}", fraction=1.0) for row in range(3)]
    home.observer.observe(events)
    assert [one["after"] for one in home.told()] == [None, "t000", "t001"]


def test_a_listed_title_that_is_watched_in_the_session_was_chosen(home: Home) -> None:
    home.observer.shown(["t001", "t002"], session="s")
    home.watch("t001", session="s")
    home.watch("t002", session="another")
    home.watch("t003", session="s")
    assert [one["listed"] for one in home.told()] == [True, False, False]
    (chosen,) = home.recalled(MemoryTier.SESSION, kind="chosen")
    assert chosen.memory.subject == "t001"
    places = [
        one.memory.metadata["place"] for one in home.recalled(MemoryTier.SESSION, kind="shown")
    ]
    assert places == [1, 2]


def test_a_choice_can_be_told_before_anything_is_watched(home: Home) -> None:
    home.observer.chosen("t001", session="s")
    (chosen,) = home.recalled(MemoryTier.SESSION, kind="chosen", session="s")
    assert chosen.memory.subject == "t001"


def test_what_is_shown_again_and_again_is_counted_until_it_is_chosen(home: Home) -> None:
    home.policy.add_profile(Profile(name="ann"))
    for titles in (["t001", "t002"], ["t001", "t003"], ["t001", "t002"]):
        home.observer.shown(titles, session="s")
    home.observer.shown(["t009"], session="another")
    home.observer.shown(["t008"], session="s", profile="ann")
    assert home.observer.unchosen("home", "s") == {"t001": 3, "t002": 2, "t003": 1}
    home.observer.chosen("t001", session="s")
    home.watch("t003", session="s")
    assert home.observer.unchosen("home", "s") == {"t002": 2}
    home.clock.at += DAY_S
    assert home.observer.unchosen("home", "s") == {"t002": 2}
    home.clock.at += 1
    assert home.observer.unchosen("home", "s") == {}


def test_what_was_skipped_counts_for_a_minute(home: Home) -> None:
    home.policy.add_profile(Profile(name="ann"))
    for kind, title, profile in (
        ("skip", "t001", "home"),
        ("zap", "t002", "home"),
        ("pause", "t003", "home"),
        ("skip", "t001", "home"),
        ("skip", "t004", "ann"),
    ):
        home.observer.signal(Signal(kind=kind, title_id=title, profile=profile))  # type: ignore[arg-type]
    now = home.keeper.now().at
    assert home.observer.skipped("home", now + 59) == ["t001", "t002", "t001"]
    assert home.observer.skipped("home", now + 60) == []
    assert home.observer.skipped("ann", now) == ["t004"]


def test_several_viewings_can_be_taken_in_a_transaction_of_the_caller(home: Home) -> None:
    events = [ViewingEvent(title_id=f"t{row:03}", fraction=1.0) for row in range(3)]
    with home.database.transaction():
        home.observer.take(events)
    assert len(home.told()) == 3
    with pytest.raises(UnknownTitle), home.database.transaction():
        home.observer.take([*events, ViewingEvent(title_id="nothing", fraction=1.0)])
    assert len(home.told()) == 3


def test_history_was_on_no_list(home: Home) -> None:
    home.observer.shown(["t001"])
    home.watch("t001", at=FRIDAY_21 - 2 * DAY_S)
    assert [one["listed"] for one in home.told()] == [False]


def test_episodes_are_kept_and_a_series_is_one_title(home: Home) -> None:
    home.watch("series", 1.0, episode=1)
    home.watch("series", 0.4, episode=2)
    assert [one["episode"] for one in home.told()] == [1, 2]
    assert home.skill("series")[2:4] == (0.4, 2)
    assert [one.title_id for one in home.agentdb.started("home")] == ["series"]


@pytest.mark.parametrize(("title", "episode"), [("series", 0), ("series", 4), ("t001", -1)])
def test_an_episode_that_cannot_be_is_refused(home: Home, title: str, episode: int) -> None:
    with pytest.raises(InputError, match=r"episode"):
        home.watch(title, episode=episode)
    assert home.told() == []


def test_without_a_count_any_episode_is_taken(home: Home) -> None:
    home.watch("x", episode=400)
    assert home.told()[0]["episode"] == 400


@pytest.mark.parametrize("session", ["x" * 65, "a\nb"])
def test_a_session_is_named_in_few_printable_characters(home: Home, session: str) -> None:
    with pytest.raises(InputError, match="session"):
        home.watch("t001", session=session)
    with pytest.raises(InputError, match="session"):
        home.observer.shown(["t001"], session=session)
    with pytest.raises(InputError, match="session"):
        home.observer.signal(Signal(kind="skip", title_id="t001", session=session))


def test_without_a_clock_a_viewing_is_stored_in_order_and_marked(tmp_path: Path) -> None:
    right = Home(tmp_path)
    right.watch("t001")
    assert right.database.setting("time_newest") == FRIDAY_21
    right.database.close()
    dead = Home(tmp_path, at=100)
    dead.watch("t002")
    dead.watch("t003", at=90)  # by the same clock
    rows = dead.recalled(MemoryTier.EPISODIC)
    assert [(one.memory.at, one.memory.trusted) for one in rows] == [
        (FRIDAY_21, True),
        (FRIDAY_21, False),
        (FRIDAY_21, False),
    ]
    assert [one["slot"] for one in dead.told()] == [SLOT, None, None]
    assert json.loads(dead.skill("t002")[4]) == {}
    assert [skill.name for skill in dead.agentdb.skill_list("home")] == ["t001", "t002", "t003"]
    dead.database.close()
    again = Home(tmp_path, at=FRIDAY_21 + DAY_S)
    again.watch("t004")
    assert [skill.name for skill in again.agentdb.skill_list("home")][-1] == "t004"
    assert again.told()[-1]["slot"] == SLOT + 24
    again.database.close()


def test_a_jump_to_another_decade_keeps_what_is_remembered(home: Home) -> None:
    home.watch("t001")
    home.observer.signal(Signal(kind="skip", title_id="t002"))
    home.clock.at += 20 * 365 * DAY_S
    home.watch("t003")
    home.memory.expire(home.keeper.settled_s())
    assert [one.memory.subject for one in home.recalled(MemoryTier.EPISODIC)] == ["t001", "t003"]
    assert len(home.recalled(MemoryTier.INSTANT)) == 1
    assert [one.memory.trusted for one in home.recalled(MemoryTier.EPISODIC)] == [True, False]


@pytest.mark.parametrize("kind", ["skip", "pause", "zap", "dwell"])
def test_a_signal_is_remembered_for_a_minute(home: Home, kind: SignalKind) -> None:
    home.observer.signal(Signal(kind=kind, title_id="t001", session="s", dwell_s=3.5))
    (one,) = home.recalled(MemoryTier.INSTANT)
    assert (one.memory.kind, one.memory.subject, one.memory.session) == (kind, "t001", "s")
    assert one.memory.metadata == ({"dwell_s": 3.5} if kind == "dwell" else {})
    home.clock.at += 61
    assert home.recalled(MemoryTier.INSTANT) == []


def test_signals_and_lists_write_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path)
    home.watch("t000")
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    home.observer.signal(Signal(kind="skip", title_id="t001"))
    home.observer.shown(["t002", "t003"])
    home.observer.chosen("t002")
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before
    home.database.close()
    again = Home(tmp_path)
    assert again.recalled(MemoryTier.INSTANT) + again.recalled(MemoryTier.SESSION) == []
    again.database.close()


@pytest.mark.parametrize(
    ("signal", "why"),
    [
        (Signal(kind="click", title_id="t001"), "one of skip"),  # type: ignore[arg-type]
        (Signal(kind="dwell", title_id="t001", dwell_s=-1), "dwell time"),
        (Signal(kind="dwell", title_id="t001", dwell_s=math.nan), "dwell time"),
        (Signal(kind="skip", title_id="t999"), "no title"),
        (Signal(kind="skip", title_id="t001", profile="nobody"), "no profile"),
    ],
)
def test_a_signal_that_cannot_be_is_refused(home: Home, signal: Signal, why: str) -> None:
    with pytest.raises(InputError, match=why):
        home.observer.signal(signal)
    assert home.recalled(MemoryTier.INSTANT) == []


def test_a_list_with_one_unknown_title_is_not_taken_at_all(home: Home) -> None:
    with pytest.raises(UnknownTitle):
        home.observer.shown(["t001", "nothing"])
    assert home.recalled(MemoryTier.SESSION) == []


def test_skill_and_memory_are_stored_together_or_not_at_all(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise DiskFull("brain.db")

    monkeypatch.setattr(AgentDB, "skill_store", fail)
    with pytest.raises(DiskFull):
        home.watch("t001")
    monkeypatch.undo()
    assert home.told() == []
    assert home.agentdb.started("home") == []
