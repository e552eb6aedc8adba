"""Skills: merged by profile and title, with what is known of their rate."""

from __future__ import annotations

import json
from collections.abc import Iterator

import numpy as np
import pytest

from exogenesis.errors import InputError
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.persistence import Database
from tests.support.television import clustered_content

CONTENT = clustered_content(12, clusters=3)


@pytest.fixture
def database() -> Iterator[Database]:
    opened = Database.open(None)
    yield opened
    opened.close()


def row_of(title_id: str) -> int | None:
    row = int(title_id[1:])
    return row if row < len(CONTENT) else None


def agentdb(database: Database) -> AgentDB:
    return AgentDB(database, CONTENT, row_of=row_of)


def stored(database: Database, title_id: str) -> tuple[int, float, int | None, dict[str, int]]:
    """Time, fraction and episode of the last start, and the counts."""
    query = "SELECT last_at, last_fraction, episode, rhythm FROM skill WHERE title = ?"
    ((at, fraction, episode, rhythm),) = database._connection.execute(query, (title_id,))
    return at, fraction, episode, json.loads(rhythm)


def test_starts_of_one_title_are_merged(database: Database) -> None:
    db = agentdb(database)
    for finished in (True, True, True, False):
        db.skill_store("home", "t1", finished=finished, at=10)
    (skill,) = db.skill_list("home")
    assert (skill.starts, skill.usage_count, skill.success_rate) == (4, 3, 0.75)


def test_the_rate_is_known_the_better_the_more_was_seen(database: Database) -> None:
    db = agentdb(database)
    for _ in range(40):
        db.skill_store("home", "t1", finished=True, at=10)
    for finished in (True, True, True, False):
        db.skill_store("home", "t2", finished=finished, at=20)
    much, little = (skill.posterior for skill in db.skill_list("home"))
    assert (much.alpha, much.beta, little.alpha, little.beta) == (41, 1, 4, 2)
    assert much.mean == pytest.approx(41 / 42)
    assert little.mean == pytest.approx(4 / 6)
    assert much.interval()[0] > 0.9
    assert little.interval()[0] < 0.4


def test_rhythms_are_merged_by_count(database: Database) -> None:
    db = agentdb(database)
    db.skill_store("home", "t1", finished=True, at=10, rhythm={"116": 1, "m12": 1})
    db.skill_store("home", "t1", finished=False, at=20)
    db.skill_store("home", "t1", finished=True, at=30, rhythm={"116": 1, "m1": 2})
    db.skill_store("home", "t2", finished=True, at=30, rhythm={"5": 1})
    assert stored(database, "t1")[3] == {"116": 2, "m12": 1, "m1": 2}
    assert stored(database, "t2")[3] == {"5": 1}


def test_the_last_start_is_kept_whatever_the_order_of_reports(database: Database) -> None:
    db = agentdb(database)
    db.skill_store("home", "t1", finished=False, at=30, fraction=0.4, episode=3)
    db.skill_store("home", "t1", finished=True, at=20, fraction=1.0, episode=2)
    assert stored(database, "t1")[:3] == (30, 0.4, 3)
    db.skill_store("home", "t1", finished=True, at=40, fraction=0.9)
    assert stored(database, "t1")[:3] == (40, 0.9, 3)


def test_an_update_counts_only_what_was_started(database: Database) -> None:
    db = agentdb(database)
    db.skill_store("home", "t1", finished=True, at=10)
    db.skill_update("home", "t1", finished=True, at=20)
    (skill,) = db.skill_list("home")
    assert (skill.starts, skill.usage_count, skill.last_finished_at) == (2, 2, 20)
    with pytest.raises(InputError, match="never started"):
        db.skill_update("home", "t2", finished=True, at=20)


def test_the_nearest_skills_are_found_and_nothing_else(database: Database) -> None:
    db = agentdb(database)
    for title in ("t1", "t2", "t4", "t7", "t99"):
        db.skill_store("home", title, finished=True, at=10)
    db.skill_store("home", "t10", finished=False, at=10)  # started, no skill
    db.skill_store("home", "t99", finished=True, at=10)  # no longer in the catalogue
    found = db.skill_search("home", CONTENT[10], 3)
    assert {one.skill.name for one in found} == {"t1", "t4", "t7"}  # its cluster
    assert found[0].similarity >= found[1].similarity >= found[2].similarity
    cosine = float(CONTENT[row_of(found[0].skill.name)] @ CONTENT[10])
    assert found[0].similarity == pytest.approx(cosine, abs=1e-5)
    assert len(db.skill_search("home", CONTENT[10], 50)) == 4
    assert agentdb(database).skill_search("home", np.zeros(384, np.float32), 50) != []
