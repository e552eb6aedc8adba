"""Rates and their differences, against slow computations and published figures."""

from __future__ import annotations

import math

import pytest

from exogenesis.tv.agentdb.beta import Beta
from exogenesis.tv.agentdb.uplift import uplift, wilson

Z = 1.959963984540054
CASES = [(0, 1), (1, 1), (0, 20), (20, 20), (3, 7), (56, 70), (1, 1000), (999, 1000)]


def slow_below(alpha: int, beta: int, x: float) -> float:
    """Beta as a sum of binomial probabilities, for whole parameters."""
    count = alpha + beta - 1
    return math.fsum(
        math.comb(count, hits) * x**hits * (1 - x) ** (count - hits)
        for hits in range(alpha, count + 1)
    )


@pytest.mark.parametrize(("alpha", "beta"), [(1, 1), (1, 9), (8, 3), (30, 2), (200, 55), (2, 400)])
@pytest.mark.parametrize("x", [0.001, 0.2, 0.5, 0.77, 0.999])
def test_the_distribution_agrees_with_a_sum(alpha: int, beta: int, x: float) -> None:
    assert Beta(alpha, beta).below(x) == pytest.approx(slow_below(alpha, beta, x), abs=1e-12)


@pytest.mark.parametrize(("alpha", "beta"), [(1, 1), (2, 1), (8, 4), (300, 7), (3000, 4000)])
def test_the_interval_holds_its_mass_and_the_mean(alpha: int, beta: int) -> None:
    rate = Beta(alpha, beta)
    low, high = rate.interval(0.9)
    assert rate.below(low) == pytest.approx(0.05, abs=1e-9)
    assert rate.below(high) == pytest.approx(0.95, abs=1e-9)
    assert low < rate.mean == alpha / (alpha + beta) < high


def test_the_bounds_of_the_distribution() -> None:
    assert (Beta(2, 3).below(0.0), Beta(2, 3).below(1.0)) == (0.0, 1.0)


def slow_wilson(hits: int, count: int) -> tuple[float, float]:
    """The rates that the score test would not reject, by bisection."""
    rate = hits / count

    def rejected(p: float) -> bool:
        return (rate - p) ** 2 > Z**2 * p * (1 - p) / count

    def edge(inside: float, outside: float) -> float:
        if not rejected(outside):
            return outside
        for _ in range(200):
            middle = (inside + outside) / 2
            inside, outside = (inside, middle) if rejected(middle) else (middle, outside)
        return inside

    return edge(rate, 0.0), edge(rate, 1.0)


@pytest.mark.parametrize(("hits", "count"), CASES)
def test_the_score_interval_is_what_the_score_test_accepts(hits: int, count: int) -> None:
    assert wilson(hits, count) == pytest.approx(slow_wilson(hits, count), abs=1e-9)


# Newcombe 1998, Statistics in Medicine 17, table II, method 10.
@pytest.mark.parametrize(
    ("counts", "low", "high"),
    [
        ((56, 70, 48, 80), 0.0524, 0.3339),
        ((9, 10, 3, 10), 0.1705, 0.8090),
        ((6, 7, 2, 7), 0.0582, 0.8062),
        ((5, 56, 0, 29), -0.0381, 0.1926),
        ((0, 10, 0, 20), -0.1611, 0.2775),
        ((10, 10, 0, 20), 0.6791, 1.0),
    ],
)
def test_the_difference_is_the_published_one(
    counts: tuple[int, int, int, int], low: float, high: float
) -> None:
    difference, found_low, found_high = uplift(*counts)
    assert difference == counts[0] / counts[1] - counts[2] / counts[3]
    assert (found_low, found_high) == pytest.approx((low, high), abs=5e-5)


@pytest.mark.parametrize("counts", [(0, 0, 0, 0), (5, 5, 0, 0), (0, 0, 900, 900), (0, 900, 0, 0)])
def test_without_a_comparison_nothing_is_sure(counts: tuple[int, int, int, int]) -> None:
    _, low, high = uplift(*counts)
    assert -1.0 <= low <= 0.0 <= high <= 1.0


def test_more_cases_are_surer() -> None:
    _, few_low, few_high = uplift(6, 10, 3, 10)
    _, many_low, many_high = uplift(600, 1000, 300, 1000)
    assert few_low < 0.0 < few_high
    assert 0.25 < many_low < many_high < 0.35
