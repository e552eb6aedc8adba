"""Lives of invented households: what is planted can be seen in what they do."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest

from exogenesis.errors import InputError
from exogenesis.sim.life import Decision, Life, LifeSettings, Town, make_town, slot_of
from exogenesis.sim.world import DAY_S, EPOCH_S, WorldSettings

WORLD = WorldSettings(households=1, titles=400, finished=40.0)
PLAIN = LifeSettings(days=120, people=1, unwelcome=0.0, drift_at=1.0, binge_at=1.0)


def town(life: LifeSettings = PLAIN, seed: int = 1) -> Town:
    return make_town(WORLD, life, np.random.default_rng(seed))


def decisions(
    life: LifeSettings = PLAIN, *, seed: int = 2, starts: int = EPOCH_S
) -> list[Decision]:
    told = Life(town(life), life, np.random.default_rng(seed), starts=starts).sittings()
    return [choice for sitting in told for choice in sitting.decisions]


def test_the_same_seed_tells_the_same_life() -> None:
    first, again, other = decisions(), decisions(), decisions(seed=3)
    assert repr(first) == repr(again)
    assert repr(first) != repr(other)


def test_what_is_wanted_was_never_seen_and_comes_in_time() -> None:
    seen: set[int] = set()
    last = 0
    for choice in decisions(LifeSettings(days=90)):
        assert seen.isdisjoint(choice.wanted.tolist())
        assert choice.at >= last
        assert choice.expected or choice.title not in seen
        seen.add(choice.title)
        last = choice.at


def test_people_keep_their_hours() -> None:
    hours = {
        (datetime.fromtimestamp(c.at, UTC).weekday(), datetime.fromtimestamp(c.at, UTC).hour)
        for c in decisions()
        if c.just_ended is None
    }
    assert 2 <= len(hours) <= 5


def test_a_mood_of_the_hour_shows_in_what_is_wanted() -> None:
    life = replace(PLAIN, habit=3.0)
    place = town(life)
    wanted: dict[int, list[int]] = defaultdict(list)
    for choice in decisions(life):
        moment = datetime.fromtimestamp(choice.at, UTC)
        slot = slot_of(moment.weekday() * 24 + moment.hour)
        wanted[slot].extend(place.planted.genres[choice.wanted[:5]].tolist())
    favourites = {slot: max(set(rows), key=rows.count) for slot, rows in wanted.items()}
    assert len(wanted) >= 2
    assert len(set(favourites.values())) >= 2


def test_december_brings_its_genre() -> None:
    begins = int(datetime(2026, 11, 1, tzinfo=UTC).timestamp())
    life = replace(PLAIN, days=61, habit=0.0, season=6.0)
    place = town(life)
    genre = int(place.season.argmax())
    shares = {11: [0, 0], 12: [0, 0]}
    for choice in decisions(life, starts=begins):
        count = shares[datetime.fromtimestamp(choice.at, UTC).month]
        count[0] += int((place.planted.genres[choice.wanted] == genre).sum())
        count[1] += len(choice.wanted)
    assert shares[12][0] / shares[12][1] > 0.5 > 2 * shares[11][0] / shares[11][1]


def test_a_change_of_taste_lasts_and_a_binge_does_not() -> None:
    life = replace(PLAIN, days=200, habit=0.0, drift_at=0.5, binge_at=0.75)
    place = town(life)

    def tastes(first: int, last: int) -> np.ndarray:
        rows = [
            place.planted.circles[c.wanted].sum(axis=0)
            for c in decisions(life)
            if first <= (c.at - EPOCH_S) // DAY_S < last and c.just_ended is None
        ]
        mean = np.sum(rows, axis=0)
        return np.asarray(mean / np.linalg.norm(mean))

    before, after, binge, end = tastes(0, 100), tastes(100, 150), tastes(150, 157), tastes(157, 200)
    assert after @ end > before @ end + 0.2
    assert after @ end > binge @ end + 0.2


def test_a_series_is_followed_in_order_to_its_end() -> None:
    life = replace(PLAIN, days=150, series=0.8)
    place = town(life)
    last: dict[int, int] = {}
    expected = 0
    for choice in decisions(life):
        if choice.expected:
            expected += 1
            assert choice.episode == last[choice.title] + 1 <= place.episodes[choice.title]
        if choice.episode is not None:
            last[choice.title] = choice.episode
    assert expected > 20


def test_an_unwelcome_genre_is_not_wanted_tonight() -> None:
    life = replace(PLAIN, unwelcome=1.0)
    place = town(life)
    told = list(Life(place, life, np.random.default_rng(2)).sittings())
    for sitting in told:
        assert sitting.unwelcome is not None
        for choice in sitting.decisions:
            assert (place.planted.genres[choice.wanted] != sitting.unwelcome).all()


def test_the_second_title_goes_with_the_first() -> None:
    life = replace(PLAIN, habit=0.0, second=1.0, pull=0.9)
    place = town(life)
    circles = place.planted.circles
    with_first, alone = [], []
    for choice in decisions(life):
        if choice.just_ended is not None:
            circle = circles[choice.just_ended].argmax()
            with_first.append(circles[choice.wanted, circle].mean())
            alone.append(circles[:, circle].mean())
    assert np.mean(with_first) > 2 * np.mean(alone)


@pytest.mark.parametrize("wrong", [{"days": 0}, {"people": 0}])
def test_a_life_without_days_or_people_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError, match="at least one"):
        LifeSettings(**wrong)
