"""What may enter, and that it stays."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

from exogenesis.errors import DiskFull, ExogenesisError, InputError, UnknownTitle
from exogenesis.tv import Profile, ViewingEvent
from tests.support.television import open_brain, small_catalog


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
    list(brain._database._connection.execute("PRAGMA max_page_count = 1"))  # as many as it has
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
