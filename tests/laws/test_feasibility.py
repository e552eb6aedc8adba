"""Whatever the catalogue and the past: nothing that may not be shown is ever on a list."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exogenesis.core.titles import Title
from exogenesis.tv import Profile, ViewContext, ViewingEvent
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


@settings(max_examples=60, deadline=None)
@given(
    titles=_titles(),
    data=st.data(),
    age_limit=st.none() | st.integers(0, 18),
    minutes=st.none() | st.integers(80, 100),
    limit=st.integers(1, 30),
    explore=st.booleans(),
)
def test_nothing_infeasible_is_ever_shown(
    titles: list[Title],
    data: st.DataObject,
    age_limit: int | None,
    minutes: int | None,
    limit: int,
    explore: bool,
) -> None:
    names = st.sampled_from([title.id for title in titles])
    seen = data.draw(st.sets(names, max_size=5))
    blocked = data.draw(st.sets(names, max_size=5))
    brain = open_brain(small_catalog(titles), clock=FakeClock(NOW))
    brain.add_profile(Profile(name="p", age_limit=age_limit))
    fractions = st.floats(0, 1)
    brain.observe_many(
        ViewingEvent(title_id=title, fraction=data.draw(fractions), profile="p") for title in seen
    )
    for title in blocked:
        brain.block(title)
    context = ViewContext(profile="p", limit=limit, minutes=minutes, explore=explore)
    listed = [one.title_id for one in brain.recommend(context)]
    brain.close()
    allowed = {
        title.id
        for title in titles
        if title.id not in seen | blocked
        and (title.available_from is None or title.available_from <= NOW)
        and (title.available_until is None or title.available_until > NOW)
        and (age_limit is None or (title.age is not None and title.age <= age_limit))
        and (minutes is None or (title.minutes is not None and title.minutes <= minutes))
    }
    assert set(listed) <= allowed
    assert len(listed) == len(set(listed)) == min(limit, len(allowed))
