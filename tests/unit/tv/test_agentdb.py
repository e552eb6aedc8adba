"""What a brain learns and looks up, through its own doors."""

from __future__ import annotations

import pytest

from exogenesis.tv import ViewingEvent
from tests.support.television import open_brain, small_catalog


def test_a_title_is_nearest_to_itself() -> None:
    catalog = small_catalog()
    found = open_brain(catalog).agentdb.title_search(catalog.content[17], k=3)
    assert found[0].index == 17
    assert found[0].similarity == pytest.approx(1.0, abs=1e-4)


def test_a_skill_needs_a_rate_of_seven_tenths() -> None:
    brain = open_brain(small_catalog())
    for finishes, starts, title in ((7, 10, "t001"), (6, 9, "t002"), (0, 1, "t003")):
        fractions = [1.0] * finishes + [0.69] * (starts - finishes)
        brain.observe_many(ViewingEvent(title_id=title, fraction=f) for f in fractions)
    (skill,) = brain.agentdb.skill_list("home")
    assert (skill.name, skill.usage_count, skill.success_rate) == ("t001", 7, 0.7)


def test_skills_are_ordered_by_their_last_finish() -> None:
    brain = open_brain(small_catalog())
    for title, at in (("t001", 30), ("t002", 10), ("t003", 20), ("t002", 40), ("t003", 5)):
        brain.observe(ViewingEvent(title_id=title, fraction=1.0, at=at))
    brain.observe(ViewingEvent(title_id="t001", fraction=0.8, at=40))
    skills = brain.agentdb.skill_list("home")
    assert [(s.name, s.last_finished_at) for s in skills] == [
        ("t003", 20),
        ("t002", 40),
        ("t001", 40),
    ]
