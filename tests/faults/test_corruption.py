"""Rot is found, or changes nothing; and a television that finds it answers at once."""

from __future__ import annotations

import itertools

import pytest

from exogenesis.tv.persistence import database
from tests.support.corruption import PAGE_FAULTS, Damage, flip_a_bit, some_weeks, suffer


def faults(count: int) -> list[Damage]:
    return list(itertools.islice(itertools.cycle(PAGE_FAULTS), count))


@pytest.mark.parametrize("backup", [True, False])
@pytest.mark.parametrize(
    ("events", "flips"), [(300, 40), pytest.param(2000, 1000, marks=pytest.mark.soak)]
)
def test_a_flipped_bit_is_found_or_changes_nothing(events: int, flips: int, backup: bool) -> None:
    outcome = suffer(some_weeks(events, backup=backup), [flip_a_bit] * flips, seed=1)
    print(outcome)
    assert (outcome.tried, outcome.unseen, outcome.wrong, outcome.mute) == (flips, 0, 0, 0)
    assert outcome.detected >= flips // 4
    assert outcome.kept >= 0.99 * outcome.rows


@pytest.mark.parametrize("backup", [True, False])
@pytest.mark.parametrize(
    ("events", "count"), [(300, 20), pytest.param(2000, 200, marks=pytest.mark.soak)]
)
def test_a_broken_page_is_found_or_changes_nothing(events: int, count: int, backup: bool) -> None:
    outcome = suffer(some_weeks(events, backup=backup), faults(count), seed=2)
    print(outcome)
    assert (outcome.tried, outcome.unseen, outcome.wrong, outcome.mute) == (count, 0, 0, 0)
    assert outcome.detected >= count // 2
    assert outcome.kept >= (0.99 if backup else 0.75) * outcome.rows


def test_the_harness_sees_rot_when_nobody_looks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "damage", lambda connection: [])
    outcome = suffer(some_weeks(300), [flip_a_bit] * 20, seed=1, answers=False)
    assert outcome.unseen >= 5
