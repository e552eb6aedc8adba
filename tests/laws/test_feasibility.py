"""Whatever the catalogue and the past: nothing that may not be shown is ever on a list."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exogenesis.core.ranking import RankerSettings
from exogenesis.core.titles import Title
from exogenesis.errors import StorageError
from exogenesis.tv import Profile, ViewContext
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.collective import Collective
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy
from exogenesis.tv.recommend import Recommender
from exogenesis.tv.runtime import Mode
from exogenesis.tv.senses import Senses
from tests.support.television import NOW, FakeClock, open_brain, small_catalog

_times = st.none() | st.integers(NOW - 3, NOW + 3)


@st.composite
def _titles(draw: st.DrawFn) -> list[Title]:
    return [
        Title(
            id=f"t{row}",
            name=f"Title {row}",
            minutes=draw(st.none() | st.integers(80, 100)),
            age=draw(st.none() | st.integers(0, 18)),
            available_from=draw(_times),
            available_until=draw(_times),
            popularity=draw(st.floats(0, 100)),
        )
        for row in range(draw(st.integers(1, 25)))
    ]


class Ask(NamedTuple):
    """What is asked for, and how much of the brain works."""

    mode: Mode
    broken: bool
    profile: str | None
    minutes: int | None
    limit: int
    explore: bool


_asks = st.builds(
    Ask,
    mode=st.sampled_from(Mode),
    broken=st.booleans(),
    profile=st.sampled_from(["p", None]),
    minutes=st.none() | st.integers(80, 100),
    limit=st.integers(1, 30),
    explore=st.booleans(),
)


@settings(max_examples=80, deadline=None)
@given(titles=_titles(), data=st.data(), age_limit=st.none() | st.integers(0, 18), ask=_asks)
def test_nothing_infeasible_is_ever_shown(
    titles: list[Title], data: st.DataObject, age_limit: int | None, ask: Ask
) -> None:
    names = st.sets(st.sampled_from([title.id for title in titles]), max_size=5)
    seen, blocked, rejected, skipped = (data.draw(names) for _ in range(4))
    home = _Home(titles, Profile(name="p", age_limit=age_limit), ask)
    for title in seen:
        finished = data.draw(st.booleans())
        home.agentdb.skill_store("p", title, finished=finished, at=NOW)
    for title in blocked:
        home.policy.set_block(title, True)
    for title in rejected:
        home.policy.set_rejection("p", title, True, NOW)
    home.skipped = sorted(skipped)
    home.recommender.refresh()
    context = ViewContext(
        profile=ask.profile,
        limit=ask.limit,
        minutes=ask.minutes,
        explore=ask.explore,
        session="evening",
        just_ended=min(seen, default=None),
    )
    drawn = [home.shown(context) for _ in range(3)]
    home.database.close()
    allowed = {
        title.id
        for title in titles
        if title.id not in seen | blocked | rejected
        and (title.available_from is None or title.available_from <= NOW)
        and (title.available_until is None or title.available_until > NOW)
        and (age_limit is None or (title.age is not None and title.age <= age_limit))
        and (ask.minutes is None or (title.minutes is not None and title.minutes <= ask.minutes))
    }
    for listed in drawn:
        assert set(listed) <= allowed
        assert len(listed) == len(set(listed)) == min(ask.limit, len(allowed))


class _Home:
    """A recommender whose store can stop being readable once it has been read."""

    def __init__(self, titles: list[Title], profile: Profile, ask: Ask) -> None:
        self.database = Database.open(None)
        self.policy = Policy(self.database)
        self.policy.add_profile(profile)
        catalog = small_catalog(titles)
        self.agentdb = AgentDB(self.database, catalog.content)
        self.skipped: list[str] = []
        self._ask = ask
        self.recommender = Recommender(
            catalog=catalog,
            agentdb=self.agentdb,
            policy=self.policy,
            collective=Collective(self.database, catalog, None),
            settings=RankerSettings(),
            clock=FakeClock(NOW),
            rng=np.random.default_rng(1),
            senses=Senses(
                who=lambda moment, session: profile,
                mode=lambda: ask.mode,
                skipped=lambda name, now: self._told(self.skipped),
                shown=lambda name, session: {titles[0].id: 3},
            ),
        )

    def shown(self, context: ViewContext) -> list[str]:
        """One list; where the store breaks, after everything was read once."""
        return [one.title_id for one in self.recommender.recommend(context)]

    def _told(self, value: list[str]) -> list[str]:
        if self._ask.broken:
            raise StorageError("the store cannot be read")
        return value


def test_what_comes_and_goes_does_so_to_the_second_whatever_is_kept() -> None:
    windows = [(NOW + row, NOW + row + 3) for row in range(12)]
    titles = [
        Title(id=f"t{row}", name=f"Title {row}", available_from=begins, available_until=ends)
        for row, (begins, ends) in enumerate(windows)
    ]
    clock = FakeClock(NOW)
    brain = open_brain(small_catalog(titles), clock=clock)
    for at in range(NOW, NOW + 15):
        clock.at = at
        listed = {one.title_id for one in brain.recommend(ViewContext(limit=30))}
        now = [row for row, (begins, ends) in enumerate(windows) if begins <= at < ends]
        assert listed == {f"t{row}" for row in now}
