"""What the rest of the brain tells the ranking, what is kept between lists, and lists in need."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pytest

from exogenesis.core.ranking import Given, RankerSettings
from exogenesis.core.titles import Title
from exogenesis.core.vectors import Floats, Indices
from exogenesis.errors import InputError, StorageError
from exogenesis.tv import Profile, ViewContext
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.moment import Moment
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import HOME, Policy
from exogenesis.tv.recommend import Recommendation, Recommender
from exogenesis.tv.runtime import Mode
from exogenesis.tv.senses import Senses
from exogenesis.tv.slate import Scored, Slate
from tests.support.television import NOW, FakeClock, small_catalog

GENRES = ("comedy", "crime", "drama", "thriller")
STEADY = ViewContext(explore=False)
EVENING = ViewContext(explore=False, session="evening")


def _titles(count: int = 120) -> list[Title]:
    """Title i is of the genre ``i % 4``; the regions like opposite ends of the catalogue."""
    return [
        Title(
            id=f"t{row:03}",
            name=f"Title {row}",
            genres=(GENRES[row % 4],),
            minutes=60 + row,
            age=row % 19,
            available_until=NOW + 60 if row % 11 == 0 else None,
            available_from=NOW + 7 if row % 13 == 0 else None,
            popularity=float(1000 - row * 37 % 120),
            regions=(("DE", 1000 * 0.9**row), ("US", 1000 * 0.9 ** (119 - row))),
        )
        for row in range(count)
    ]


CATALOG = small_catalog(_titles())


@dataclass
class Told:
    """What the senses say; tests change it."""

    at: int = NOW
    hour: int | None = None
    mode: Mode = Mode.FULL
    broken: bool = False
    shown: dict[str, int] = field(default_factory=dict)
    skipped: list[tuple[str, int]] = field(default_factory=list)
    core: tuple[Indices, Floats] | None = None
    fact: Given | None = None
    rhythm: Given | None = None
    viewer: Profile = field(default_factory=lambda: Profile(name=HOME))
    reported: list[tuple[str, str, list[str]]] = field(default_factory=list)

    def unless_broken(self, value: Any) -> Any:
        if self.broken:
            raise StorageError("the store cannot be read")
        return value

    def report(self, profile: str, session: str, title_ids: Sequence[str]) -> None:
        self.unless_broken(None)
        self.reported.append((profile, session, list(title_ids)))

    def recent(self, profile: str, now: int) -> Sequence[str]:
        return [title for title, at in self.skipped if now - at <= 60]

    def senses(self) -> Senses:
        return Senses(
            moment=lambda: Moment(
                at=self.at, hour_of_week=self.hour, trusted=self.hour is not None
            ),
            who=lambda moment, session: self.viewer,
            mode=lambda: self.mode,
            shown=lambda profile, session: self.unless_broken(self.shown),
            skipped=self.recent,
            core=lambda profile: self.core,
            fact=lambda profile, now: self.unless_broken(self.fact),
            rhythm=lambda profile, moment: self.rhythm,
            report=self.report,
        )


class Home:
    """A recommender over a store of its own."""

    def __init__(self, catalog: Catalog = CATALOG) -> None:
        self.catalog = catalog
        self.database = Database.open(None)
        self.policy = Policy(self.database)
        self.agentdb = AgentDB(self.database, catalog.content)
        self.told = Told()
        self.recommender = self.fresh()

    def fresh(self, region: str | None = None, seed: int = 1) -> Recommender:
        return Recommender(
            catalog=self.catalog,
            agentdb=self.agentdb,
            policy=self.policy,
            collective=Collective(self.database, self.catalog, None),
            settings=RankerSettings(),
            clock=FakeClock(),
            rng=np.random.default_rng(seed),
            region=region,
            senses=self.told.senses(),
        )

    def watch(self, *titles: str, profile: str = HOME) -> None:
        for title in titles:
            self.agentdb.skill_store(profile, title, finished=True, at=self.told.at)
        self.recommender.refresh()

    def list(self, context: ViewContext = STEADY) -> list[Recommendation]:
        return self.recommender.recommend(context)


def _ids(listed: Sequence[Recommendation]) -> list[str]:
    return [one.title_id for one in listed]


def _share(listed: Sequence[Recommendation], genre: str) -> float:
    own = [one for one in listed if GENRES[int(one.title_id[1:]) % 4] == genre]
    return len(own) / len(listed)


def _for(genre: str, fact: str) -> Given:
    own = np.arange(len(CATALOG)) % 4 == GENRES.index(genre)
    return Given(
        values=2.0 * own.astype(np.float32),
        because=lambda title: fact if own[title] else None,
        without=lambda cause: np.zeros(len(own), np.float32),
    )


# --- what is told -----------------------------------------------------------------------------


def test_what_was_shown_three_times_unchosen_drops_and_is_back_in_the_next_session() -> None:
    home = Home()
    before = _ids(home.list(EVENING))
    home.told.shown = {before[0]: 2}
    assert _ids(home.list(EVENING)) == before
    home.told.shown = {before[0]: 3}
    ranks = [_ids(home.list(replace(EVENING, limit=100))).index(before[0])]
    home.told.shown = {before[0]: 5}
    ranks.append(_ids(home.list(replace(EVENING, limit=100))).index(before[0]))
    assert 5 < ranks[0] < ranks[1]
    assert home.recommender.explain(before[0], HOME, session="evening").parts["fatigue"] < 0
    assert _ids(home.list(STEADY)) == before, "without a session nothing tires"
    home.told.shown = {}
    assert _ids(home.list(EVENING)) == before


def test_two_skips_of_a_genre_lower_its_share_for_a_minute() -> None:
    home = Home()
    before = home.list()
    home.told.skipped = [("t119", NOW)]
    assert _share(home.list(), "thriller") == _share(before, "thriller"), "may be an accident"
    home.told.skipped = [("t119", NOW), ("t115", NOW)]
    assert _share(home.list(), "thriller") < _share(before, "thriller")
    home.told.at = NOW + 60
    assert _share(home.list(), "thriller") < _share(before, "thriller")
    home.told.at = NOW + 61
    after = home.list()
    home.told.skipped = []
    assert after == home.list()
    assert _share(after, "thriller") > 0


def test_a_title_that_was_just_skipped_falls_at_once() -> None:
    home = Home()
    first = _ids(home.list())[0]
    home.told.skipped = [(first, NOW)]
    assert first not in _ids(home.list())


@pytest.mark.parametrize(("sense", "kind"), [("fact", "fact"), ("rhythm", "rhythm")])
def test_facts_and_habits_pull_and_are_named(sense: str, kind: str) -> None:
    home = Home()
    home.recommender.use(RankerSettings(fact_weight=3.0, rhythm_weight=3.0))
    home.told.hour = 117
    before = home.list()
    cause = {"fact": "genre:crime", "rhythm": "hour:117"}[sense]
    setattr(home.told, sense, _for("crime", cause))
    home.recommender.refresh()
    after = home.list()
    assert _share(after, "crime") > _share(before, "crime")
    words = {"fact": "you like crime", "rhythm": "what you watch on Friday evenings"}[sense]
    assert (after[0].kind, after[0].reason) == (kind, words)


def test_habits_say_nothing_while_the_clock_is_not_trusted() -> None:
    home = Home()
    home.told.rhythm = _for("crime", "hour:117")
    untrusted = _ids(home.list())
    home.told.hour = 117
    assert _ids(home.list()) != untrusted
    home.told.rhythm, home.told.hour = None, None
    assert _ids(home.list()) == untrusted


def test_what_just_ended_pulls_and_is_named() -> None:
    home = Home()
    home.recommender.use(RankerSettings(session_weight=3.0))
    listed = home.list(replace(STEADY, just_ended="t118"))
    assert _share(listed, GENRES[2]) > _share(home.list(), GENRES[2])
    assert {one.kind for one in listed if one.cause == "t118"} == {"session"}
    assert listed[0].reason == "goes with Title 118, which has just ended"


def test_the_taste_of_the_long_run_pulls() -> None:
    home = Home()
    home.recommender.use(RankerSettings(core_weight=3.0))
    before = home.list()
    home.told.core = np.array([118, 114]), np.array([1.0, 0.5], np.float32)
    home.recommender.refresh()
    after = home.list()
    assert _share(after, GENRES[2]) > _share(before, GENRES[2])
    assert (after[0].kind, after[0].reason) == ("core", "your long-time taste")


def test_the_same_empty_television_shows_the_favourites_of_its_region() -> None:
    home = Home()
    for region, sign in (("US", 1), ("DE", -1)):
        listed = home.fresh(region).recommend(STEADY)
        popularity = home.catalog.log_popularity_in(region)
        rows = [home.catalog.index_of(one.title_id) for one in listed]
        assert np.all(sign * np.array(rows) > sign * 59)
        assert popularity[rows].min() > np.median(popularity)
        told = [one.reason for one in listed]
        assert told.count("popular where you live") >= 7, "some are popular everywhere"
    assert _ids(home.fresh("FR").recommend(STEADY)) == _ids(home.list())


def test_whoever_is_there_gets_the_list_of_the_likeliest_under_the_safe_limit() -> None:
    home = Home()
    home.policy.add_profile(Profile(name="ida"))
    home.watch("t118", profile="ida")
    home.told.viewer = Profile(name="ida", age_limit=6)
    listed = home.list(ViewContext(profile=None, limit=100, explore=False))
    assert {int(one.title_id[1:]) % 19 for one in listed} <= set(range(7))
    assert "t118" not in _ids(listed)
    assert any(one.cause == "t118" for one in listed)


def test_what_was_listed_in_a_session_is_reported() -> None:
    home = Home()
    home.list(STEADY)
    listed = home.list(EVENING)
    assert home.told.reported == [(HOME, "evening", _ids(listed))]


def test_the_draw_is_recorded_with_the_number_it_was_drawn_from() -> None:
    home = Home()
    *best, drawn = home.list(ViewContext(limit=10))
    feasible = len(home.list(ViewContext(limit=1000, explore=False)))
    assert drawn.drawn_from == feasible - RankerSettings().pool
    assert {one.drawn_from for one in best} == {None}


def test_what_a_profile_does_not_want_is_hidden_from_it_alone() -> None:
    home = Home()
    home.policy.add_profile(Profile(name="ida"))
    first = _ids(home.list())[0]
    home.policy.set_rejection(HOME, first, True, NOW)
    home.recommender.refresh()
    assert first not in _ids(home.list())
    assert first in _ids(home.list(replace(STEADY, profile="ida")))
    told = home.recommender.explain(first, HOME)
    assert told.hidden_because == "you said that you are not interested"


# --- what is kept -----------------------------------------------------------------------------


def _change(home: Home, rng: np.random.Generator) -> None:
    """Something happens at the television."""
    told = home.told
    title = f"t{rng.integers(120):03}"
    match rng.integers(9):
        case 0:
            home.watch(title)
        case 1:
            home.policy.set_block(title, bool(rng.random() < 0.7))
            home.recommender.refresh()
        case 2:
            home.policy.set_rejection(HOME, title, bool(rng.random() < 0.7), told.at)
            home.recommender.refresh()
        case 3 | 4:
            told.at += int(rng.choice([-3, 1, 1, 2, 5, 30]))
        case 5:
            told.shown = {f"t{row:03}": int(rng.integers(6)) for row in rng.integers(120, size=9)}
        case 6:
            told.skipped = [(title, told.at), (f"t{rng.integers(120):03}", told.at)]
        case 7:
            told.hour = None if rng.random() < 0.3 else int(rng.integers(168))
        case 8:
            told.mode = Mode.REDUCED if rng.random() < 0.5 else Mode.FULL


@pytest.mark.parametrize("seed", range(6))
def test_a_list_that_is_served_is_the_one_that_would_be_made(seed: int) -> None:
    rng = np.random.default_rng(seed)
    home = Home()
    home.told.rhythm = _for("crime", "hour:117")
    home.policy.add_profile(Profile(name="kid", kind="kid", age_limit=9, contributes=False))
    for _ in range(60):
        _change(home, rng)
        context = ViewContext(
            profile=[HOME, "kid", None][rng.integers(3)],
            limit=int(rng.integers(1, 12)),
            minutes=None if rng.random() < 0.7 else int(rng.integers(60, 180)),
            explore=False,
            session="" if rng.random() < 0.5 else "evening",
            just_ended=None if rng.random() < 0.7 else f"t{rng.integers(120):03}",
        )
        if rng.random() < 0.3:
            home.recommender.prepare(context)
        assert home.list(context) == home.fresh().recommend(context)


def test_a_served_list_asks_for_nothing_again() -> None:
    home = Home()
    asked: list[str] = []

    def fact(profile: str, now: int) -> Given | None:
        asked.append(profile)
        return None

    home.recommender = Recommender(
        catalog=home.catalog,
        agentdb=home.agentdb,
        policy=home.policy,
        collective=Collective(home.database, home.catalog, None),
        settings=RankerSettings(),
        clock=FakeClock(),
        rng=np.random.default_rng(1),
        senses=replace(home.told.senses(), fact=fact),
    )
    home.recommender.prepare(STEADY)
    assert home.list() == home.list()
    assert asked == [HOME]
    home.told.at += 5
    home.list()
    assert asked == [HOME, HOME], "nothing is older than a tick"


def test_other_weights_count_at_once() -> None:
    home = Home()
    home.watch("t118", "t114")
    before = home.list()
    home.recommender.use(RankerSettings(local_popularity_weight=0.0))
    assert home.list() != before
    home.recommender.use(RankerSettings())
    assert home.list() == before


def test_a_prepared_list_draws_its_exploring_place_when_it_is_asked_for() -> None:
    context = ViewContext(limit=5)
    prepared, plain = Home(), Home()
    prepared.recommender.prepare(context)
    assert prepared.list(context) == plain.list(context)
    assert len({prepared.list(context)[-1].title_id for _ in range(10)}) > 3


def test_the_slate_holds_a_few_lists_and_drops_the_one_asked_for_longest_ago() -> None:
    slate = Slate(CATALOG.feasibility)
    mask = np.ones(1, np.bool_)
    scored: Callable[[], Scored] = lambda: Scored(  # noqa: E731
        scores=None,  # type: ignore[arg-type]
        space=None,
        mask=mask,
        source=None,
        since=NOW,
        until=NOW + 5,
    )
    for key in range(6):
        slate.put(key, scored())
    assert slate.get(0, NOW, None) is not None
    slate.put(6, scored())
    assert len(slate) == 6
    assert slate.get(1, NOW, None) is None
    assert slate.get(0, NOW, None) is not None
    assert slate.get(0, NOW + 5, None) is None
    assert slate.get(0, NOW - 1, None) is None
    assert slate.get(0, NOW, mask) is None, "what it was made from is another"
    slate.clear()
    assert len(slate) == 0


def _fail(*_: Any, **__: Any) -> Any:
    raise StorageError("the store cannot be read")


# --- in need ----------------------------------------------------------------------------------


def test_without_vectors_counts_and_popularity_rank() -> None:
    home = Home()
    home.watch("t118", "t114")
    home.told.mode, home.told.fact = Mode.REDUCED, _for("crime", "genre:crime")
    listed = home.list(replace(STEADY, just_ended="t118"))
    assert {one.mode for one in listed} == {Mode.REDUCED}
    assert {one.kind for one in listed} <= {"fact", "popularity"}
    assert _share(listed, "crime") == 0.5, "twice the share of the catalogue"
    assert not {"t118", "t114"} & set(_ids(listed))


def test_with_nothing_but_the_catalogue_its_favourites_are_shown() -> None:
    home = Home()
    gone = _ids(home.list())[:3]
    home.watch(*gone[:2])
    home.policy.set_block(gone[2], True)
    home.recommender.refresh()
    home.list()
    home.database.close()
    home.told.mode, home.told.broken = Mode.POPULAR, True
    home.recommender.refresh()
    listed = home.list(EVENING)
    assert {one.mode for one in listed} == {Mode.POPULAR}
    assert {one.kind for one in listed} == {"popularity"}
    assert not set(gone) & set(_ids(listed)), "what was last known still holds"
    assert home.told.reported == []


def test_what_was_erased_is_not_remembered_for_a_time_of_need(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = Home()
    favourites = _ids(home.list())
    home.watch(*favourites)
    assert not set(favourites) & set(_ids(home.list()))
    monkeypatch.setattr(Database, "run", _fail)
    home.recommender.refresh(erased=True)
    assert _ids(home.list()) == favourites


@pytest.mark.parametrize("broken", ["senses", "store", "everything"])
def test_a_list_is_made_whatever_breaks_and_names_its_mode(
    broken: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home()
    first = _ids(home.list())[0]
    home.policy.set_block(first, True)
    home.recommender.refresh()
    home.list()
    home.recommender.refresh()
    home.told.broken = broken != "store"
    if broken != "senses":
        for name in ("run", "setting"):
            monkeypatch.setattr(Database, name, _fail)
    listed = home.list(EVENING)
    assert len(listed) == 10
    assert {one.mode for one in listed} == {Mode.POPULAR}
    assert first not in _ids(listed)
    assert home.recommender.explain(first, HOME).hidden_because == "it is blocked"


def test_a_television_whose_pages_are_broken_ranks_without_vectors(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = Home()
    monkeypatch.setattr(Collective, "taste", property(_fail))
    assert {one.mode for one in home.list()} == {Mode.REDUCED}


@pytest.mark.parametrize("mode", list(Mode))
def test_what_the_owner_says_counts_in_every_mode_that_the_store_is_readable_in(mode: Mode) -> None:
    home = Home()
    home.told.mode = mode
    first, second, *_ = _ids(home.list())
    home.policy.set_block(first, True)
    home.policy.set_rejection(HOME, second, True, NOW)
    home.recommender.refresh()
    assert not {first, second} & set(_ids(home.list()))
    with pytest.raises(InputError, match="no profile 'nobody'"):
        home.list(replace(STEADY, profile="nobody"))


def test_a_profile_that_was_never_read_is_shown_nothing_that_has_an_age_limit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    home = Home()
    home.recommender.refresh(erased=True)
    monkeypatch.setattr(Database, "run", _fail)
    home.told.mode = Mode.POPULAR
    listed = home.list(replace(STEADY, profile="a child of yesterday", limit=100))
    assert listed
    assert {int(one.title_id[1:]) % 19 for one in listed} == {0}
