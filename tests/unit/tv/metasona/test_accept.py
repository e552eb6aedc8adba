from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from exogenesis.tv.metasona.accept import (
    FALSE_ACCEPT,
    LEAST_CASES,
    LEAST_GAIN,
    WORST,
    Utilities,
    compare,
    is_due,
    level_of_try,
    student_quantile,
)

Noise = Callable[[np.random.Generator, int], Utilities]

NOISES: dict[str, Noise] = {
    "even": lambda rng, n: rng.normal(0.0, 0.1, n),
    "sparse": lambda rng, n: np.where(rng.random(n) < 0.3, rng.normal(0.0, 0.15, n), 0.0),
    "rare wins": lambda rng, n: np.where(rng.random(n) < 0.05, 0.38, -0.02),
    "rare losses": lambda rng, n: np.where(rng.random(n) < 0.05, -0.38, 0.02),
    "very rare losses": lambda rng, n: np.where(rng.random(n) < 0.02, -0.49, 0.01),
    "long tail of losses": lambda rng, n: 0.1 * (1.0 - rng.exponential(1.0, n)),
}


def growing(most: int) -> list[int]:
    """Numbers of cases at which one try after the other is due."""
    sizes = [LEAST_CASES]
    while sizes[-1] < most:
        last = sizes[-1]
        sizes.append(
            next(
                n
                for n in itertools.count(last)
                if is_due(cases=n, fresh=n - last, cases_before=last)
            )
        )
    return sizes


def falsely_accepted(noise: Noise, seeds: int, sizes: list[int]) -> float:
    """Share of lives in which worthless settings are accepted at one of the tries.

    Each try compares other settings, with cases that it shares with the tries before.
    """
    wrong = 0
    for seed in range(seeds):
        rng = np.random.default_rng([seed, 8])
        shared = rng.permutation(noise(rng, sizes[-1]))
        for number, size in enumerate(sizes, start=1):
            own = noise(rng, size)
            gains = np.where(rng.random(size) < 0.5, shared[:size], own)
            if compare(gains, np.zeros(size), level_of_try(number)).is_better:
                wrong += 1
                break
    return wrong / seeds


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize(
    ("seeds", "most"), [(300, 400), pytest.param(10_000, 2000, marks=pytest.mark.soak)]
)
def test_worthless_settings_are_accepted_in_at_most_one_life_in_twenty(
    name: str, seeds: int, most: int
) -> None:
    assert falsely_accepted(NOISES[name], seeds, growing(most)) <= FALSE_ACCEPT


@pytest.mark.parametrize(("cases", "gain"), [(60, 0.08), (200, 0.04), (800, 0.015)])
def test_a_real_gain_is_seen_with_enough_cases(cases: int, gain: float) -> None:
    rng = np.random.default_rng(9)
    seen = [
        compare(rng.normal(gain, 0.1, cases), np.zeros(cases), level_of_try(3)).is_better
        for _ in range(100)
    ]
    assert sum(seen) >= 75


def test_the_interval_holds_the_mean_as_often_as_it_says_and_narrows() -> None:
    rng = np.random.default_rng(10)
    few, many = (
        [compare(rng.normal(0.02, 0.1, n), np.zeros(n), 0.025) for _ in range(300)]
        for n in (30, 3000)
    )
    for some in (few, many):
        assert all(one.low < one.gain < one.high for one in some)
        assert sum(one.low < 0.02 < one.high for one in some) >= 0.93 * 300
    assert many[0].high - many[0].low < 0.2 * (few[0].high - few[0].low)


def test_swapping_the_two_turns_the_interval_round() -> None:
    rng = np.random.default_rng(11)
    new, old = rng.random((2, 50))
    there, back = compare(new, old, 0.01), compare(old, new, 0.01)
    assert (back.gain, back.low, back.high) == (-there.gain, -there.high, -there.low)


def test_one_case_counts_only_so_much() -> None:
    gains = np.zeros(40)
    gains[0] = 1.0
    assert compare(gains, np.zeros(40), 0.025).gain == WORST / 40


def test_a_sure_gain_that_is_too_small_is_not_worth_a_change() -> None:
    size = 100_000
    gains = np.full(size, 0.9 * LEAST_GAIN)
    interval = compare(gains, np.zeros(size), 0.025)
    assert interval.low > 0.0
    assert not interval.is_better


def test_a_sure_loss_is_seen() -> None:
    gains = np.random.default_rng(12).normal(-0.05, 0.1, 300)
    assert compare(gains, np.zeros(300), 0.01).is_worse
    assert not compare(-gains, np.zeros(300), 0.01).is_worse


def test_the_levels_of_all_tries_sum_up_to_what_a_life_may_err() -> None:
    spent = math.fsum(level_of_try(number) for number in range(1, 10_000))
    assert 0.999 * FALSE_ACCEPT < spent < FALSE_ACCEPT


@pytest.mark.parametrize(
    ("cases", "fresh", "before", "due"),
    [
        (19, 19, 0, False),
        (20, 20, 0, True),
        (25, 5, 20, False),
        (26, 6, 20, True),
        (200, 59, 200, False),
        (200, 60, 200, True),
        (21, 21, 200, True),
        (21, 6, 200, False),
    ],
)
def test_a_try_is_due_when_enough_is_new(cases: int, fresh: int, before: int, due: bool) -> None:
    assert is_due(cases=cases, fresh=fresh, cases_before=before) is due


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 5, 8, 20, 50, 400])
def test_the_quantile_is_that_of_student(freedom: int) -> None:
    for tail in (0.4, 0.1, 0.05, 0.025, 0.01, 1e-3, 1e-4):
        expected = stats.t.ppf(1.0 - tail, freedom)
        assert student_quantile(1.0 - tail, freedom) == pytest.approx(expected, rel=1e-5)
