"""Search against the slow way, and skills as counts merged by title."""

from __future__ import annotations

import numpy as np
import pytest

from exogenesis.tv import ViewingEvent
from exogenesis.tv.agentdb import nearest
from tests.support.television import clustered_content, open_brain, small_catalog


@pytest.mark.parametrize("seed", range(5))
def test_search_finds_what_the_slow_way_finds(seed: int) -> None:
    rng = np.random.default_rng(seed)
    table = clustered_content(200, seed=seed)
    mask = rng.random(200) < 0.3
    query = rng.normal(size=384).astype(np.float32)
    slow = sorted(
        (row for row in range(200) if mask[row]),
        key=lambda row: -float(table[row] @ query / np.linalg.norm(query)),
    )[:20]
    rows, cosines = nearest(table, query, 20, mask)
    assert rows.tolist() == slow
    assert cosines == pytest.approx(table[slow] @ query / np.linalg.norm(query), abs=1e-5)


def test_the_mask_is_applied_before_the_cut() -> None:
    table = clustered_content(100)
    mask = np.zeros(100, np.bool_)
    mask[np.argsort(table @ table[0])[:7]] = True  # the seven farthest
    rows, _ = nearest(table, table[0], 50, mask)
    assert set(rows) == set(np.flatnonzero(mask))


def test_a_query_without_length_has_no_neighbours_to_prefer() -> None:
    _, cosines = nearest(clustered_content(10), np.zeros(384, np.float32), 3)
    assert cosines.tolist() == [0.0, 0.0, 0.0]


def test_a_title_is_nearest_to_itself() -> None:
    catalog = small_catalog()
    found = open_brain(catalog).agentdb.vector_search(catalog.content[17], k=3)
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
