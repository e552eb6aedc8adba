"""Habits: Friday evening is not Sunday morning, December returns, and no habit changes nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exogenesis.core.ranking import Given
from exogenesis.core.titles import Title
from exogenesis.tv.learning.habit import habit_lifts, hour_weights, month_weights
from tests.support.learning import GENRES, Household

FRIDAY_21, SUNDAY_9 = 4 * 24 + 21, 6 * 24 + 9
THRILLERS, FAMILY, DRAMAS = (list(range(start, 200, 5)) for start in (0, 3, 2))


def _slow_weight(h: int, s: int) -> float:
    def near(apart: int) -> float:
        return math.exp(-(apart**2) / (2 * 1.5**2)) if apart <= 4 else 0.0

    week = min((h - s) % 168, (s - h) % 168)
    day = min((h - s) % 24, (s - h) % 24)
    same = (h // 24 >= 5) == (s // 24 >= 5)
    return max(near(week), (0.5 if same else 0.1) * near(day))


def test_the_weights_of_hours_and_months_are_what_the_slow_way_says() -> None:
    fast = hour_weights()
    for h in range(0, 168, 5):
        assert fast[h].tolist() == pytest.approx([_slow_weight(h, s) for s in range(168)])
    months = month_weights()
    assert months[11].tolist() == [0.25, *[0.0] * 9, 0.25, 1.0]
    assert np.array_equal(months, months.T)


@pytest.mark.parametrize("seed", range(4))
def test_lifts_are_what_the_slow_way_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    counts = rng.poisson(0.3, (5, 168)).astype(float)
    counts[0, FRIDAY_21] += 9
    counts[1] = 0
    totals = counts.sum(axis=0)
    counts[4] = totals
    for h in (FRIDAY_21, SUNDAY_9, 0):
        fast = habit_lifts(counts, totals, hour_weights()[h])
        for genre in range(5):
            share = counts[genre].sum() / totals.sum()
            weights = [_slow_weight(h, s) for s in range(168)]
            here = sum(w * t for w, t in zip(weights, totals, strict=True))
            found = sum(w * n for w, n in zip(weights, counts[genre], strict=True))
            spread = sum(w * w * t for w, t in zip(weights, totals, strict=True))
            variance = share * (1 - share) * spread
            lift = 0.0
            if variance > 1e-12:
                z2 = (found - share * here) ** 2 / variance
                lift = math.log((found + 4 * share) / ((here + 4) * share))
                lift *= max(0.0, 1 - 4 / z2)
            assert fast[genre] == pytest.approx(max(-2.0, min(2.0, lift)), abs=1e-9)


def test_without_any_finish_there_is_no_habit() -> None:
    lifts = habit_lifts(np.zeros((3, 168)), np.zeros(168), hour_weights()[0])
    assert lifts.tolist() == [0.0, 0.0, 0.0]


def _term(home: Household, hour: int | None, month: int | None = None) -> Given:
    term = home.learning.rhythm_term("home", hour, month)
    assert term is not None
    return term


@pytest.fixture(scope="module")
def habitual() -> Household:
    """Thrillers on Friday evening, family films on Sunday morning, dramas in between."""
    home = Household()
    home.watch(THRILLERS[:15], rhythm={str(FRIDAY_21): 1, "m3": 1})
    home.watch(FAMILY[:15], rhythm={str(SUNDAY_9): 1, "m3": 1})
    home.watch(DRAMAS[:15], rhythm={"40": 1, "m3": 1})
    home.rebuild()
    return home


def test_friday_evening_differs_from_sunday_morning(habitual: Household) -> None:
    friday, sunday = _term(habitual, FRIDAY_21), _term(habitual, SUNDAY_9)
    assert {habitual.genre(t) for t in habitual.best(friday.values)} == {"thriller"}
    assert {habitual.genre(t) for t in habitual.best(sunday.values)} == {"family"}
    assert friday.because(0) == f"hour:{FRIDAY_21}"
    assert friday.because(3) is None
    assert friday.values[0] > 0.3 > 0 > friday.values[3]


def test_a_title_of_many_genres_counts_no_more_than_one_of_a_single_genre() -> None:
    one = [Title(id=f"t{row:03}", name="x", genres=(GENRES[row % 2],)) for row in range(60)]
    both = Title(id="t060", name="x", genres=("crime", "thriller", "night"))
    alone = Title(id="t061", name="x", genres=("crime",))
    some = [Title(id=f"t{row:03}", name="x", genres=both.genres) for row in range(62, 82)]
    home = Household([*one, both, alone, *some])
    home.watch(list(range(62, 82)), rhythm={str(FRIDAY_21): 1})
    home.watch(list(range(20)), rhythm={"30": 1})
    home.rebuild()
    values = _term(home, FRIDAY_21).values
    crime = float(values[61])
    assert 0.3 < values[60] <= crime


def test_neighbouring_hours_and_other_working_days_share_a_habit(habitual: Household) -> None:
    at = {hour: float(_term(habitual, hour).values[0]) for hour in (FRIDAY_21, FRIDAY_21 - 1)}
    assert 0.3 < at[FRIDAY_21 - 1] <= at[FRIDAY_21]
    tuesday = _term(habitual, 24 + 21).values[0]
    assert 0 < tuesday < at[FRIDAY_21]


def test_an_hour_far_from_every_habit_says_nothing(habitual: Household) -> None:
    assert habitual.learning.rhythm_term("home", 2 * 24 + 4, None) is None


def test_without_a_clock_there_is_no_term(habitual: Household) -> None:
    assert habitual.learning.rhythm_term("home", None, None) is None


def test_december_habits_return() -> None:
    home = Household()
    home.watch(FAMILY[:15], rhythm={"m12": 1})
    home.watch(THRILLERS[:20] + DRAMAS[:20], rhythm={"m5": 1})
    home.rebuild()
    december, june = _term(home, None, 12), home.learning.rhythm_term("home", None, 8)
    assert {home.genre(t) for t in home.best(december.values)} == {"family"}
    assert december.because(3) == "month:12"
    assert december.because(0) is None
    assert june is None
    assert _term(home, None, 1).values[3] > 0, "the neighbour of December"
    assert _term(home, None, 5).values[3] < 0


def test_a_household_without_habits_gets_next_to_nothing() -> None:
    rng = np.random.default_rng(4)
    sizes = []
    for _ in range(20):
        home = Household()
        for title in rng.permutation(200)[:60].tolist():
            hour, month = int(rng.integers(168)), int(rng.integers(1, 13))
            home.watch([title], rhythm={str(hour): 1, f"m{month}": 1})
        home.rebuild()
        for hour in range(0, 168, 7):
            term = home.learning.rhythm_term("home", hour, 1 + hour % 12)
            sizes.append(0.0 if term is None else float(np.abs(term.values).mean()))
    assert np.mean(sizes) < 0.03
    assert np.mean(np.array(sizes) == 0.0) > 0.6


def test_a_series_has_its_own_hour() -> None:
    home = Household()
    home.watch(THRILLERS[:10], rhythm={"40": 2})
    for _ in range(8):
        home.watch([7], rhythm={str(FRIDAY_21): 1})
    home.watch([8], rhythm={"30": 1})
    home.rebuild()
    assert home.learning.rhythm("home").usual_hour(7) == FRIDAY_21
    assert home.learning.rhythm("home").usual_hour(8) is None
    friday = _term(home, FRIDAY_21).values
    assert friday[7] > 1.5 * friday[12] > 0  # title 12 shares its genre and nothing else


def test_finishes_without_a_known_time_are_in_no_histogram() -> None:
    home = Household()
    home.watch(THRILLERS[:15])
    home.rebuild()
    assert home.learning.rhythm_term("home", FRIDAY_21, 12) is None
