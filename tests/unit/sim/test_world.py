from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from exogenesis.constellation.catalog import read_titles
from exogenesis.errors import InputError
from exogenesis.sim.world import DAY_S, DAYPARTS, EPOCH_S, World, WorldSettings, make_world

SMALL = WorldSettings(households=30, titles=80, finished=12.0, circles=4, wanted=0.1)


def small_world(seed: int = 0, **changes: Any) -> World:
    return make_world(dataclasses.replace(SMALL, **changes), np.random.default_rng(seed))


def test_the_same_seed_gives_the_same_world() -> None:
    first, again, other = small_world(3), small_world(3), small_world(4)
    assert first.digest == again.digest
    assert first.digest != other.digest


def test_the_catalogue_reads_it_as_its_own_form(tmp_path: Path) -> None:
    world = small_world()
    world.write_catalog(tmp_path)
    entries = read_titles(tmp_path)
    assert [entry.title for entry in entries] == [title.title for title in world.titles]
    assert len({entry.title.name for entry in entries}) == SMALL.titles
    assert all(
        title.description in entry.text for title, entry in zip(world.titles, entries, strict=True)
    )


def test_sessions_lie_in_the_past_in_order_at_the_hours_of_the_household() -> None:
    for resident in small_world().residents:
        times = [session.at for session in resident.sessions]
        assert times == sorted(times)
        assert EPOCH_S - SMALL.days * DAY_S <= times[0] <= times[-1] < EPOCH_S
        assert {at % DAY_S // 3600 for at in times} <= set(DAYPARTS)
        assert all(0.0 < session.fraction <= 1.0 for session in resident.sessions)


def test_some_titles_are_abandoned_and_some_are_watched_again() -> None:
    sessions = [session for r in small_world().residents for session in r.sessions]
    finished = [session.fraction >= 0.7 for session in sessions]
    assert 0.5 < np.mean(finished) < 0.95
    repeats = len(sessions) - len(
        {(number, s.title) for number, r in enumerate(small_world().residents) for s in r.sessions}
    )
    assert repeats > 0


def test_the_truth_is_unseen_and_as_long_as_asked() -> None:
    households = small_world().households()
    assert len(households) == SMALL.households
    for household in households:
        assert len(set(household.relevant.tolist())) == 8
        assert not set(household.relevant.tolist()) & set(household.seen.tolist())
        assert set(household.history.tolist()) <= set(household.seen.tolist())
        assert len(set(household.history.tolist())) == len(household.history)


def test_skew_and_the_habits_of_the_hour_make_some_titles_more_watched() -> None:
    def concentration(**changes: Any) -> float:
        world = small_world(households=60, **changes)
        counts = np.bincount([s.title for r in world.residents for s in r.sessions], minlength=80)
        return float(counts.std() / counts.mean())

    flat = concentration(taste=0.0, skew=0.0, habit=0.0)
    assert concentration(taste=0.0, skew=1.5, habit=0.0) > 2 * flat
    assert concentration(taste=0.0, skew=0.0, habit=1.5) > 1.5 * flat


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"households": 0}, "televisions"),
        ({"titles": 39}, "titles"),
        ({"titles": 5000}, "word lists"),
        ({"finished": 41.0}, "on average"),
        ({"circles": 0}, "circles"),
    ],
)
def test_impossible_sizes_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message):
        dataclasses.replace(SMALL, **changes)
