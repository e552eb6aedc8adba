"""What tires, and how much."""

from __future__ import annotations

import pytest

from exogenesis.core.fatigue import fatigue, suppression


@pytest.mark.parametrize(
    ("shown", "expected"), [(0, 0), (1, 0), (2, 0), (3, -0.5), (4, -0.75), (5, -1), (50, -1)]
)
def test_a_title_tires_from_the_third_showing_on(shown: int, expected: float) -> None:
    assert fatigue(shown) == expected


@pytest.mark.parametrize(
    ("skips", "expected"), [(0, 0), (1, 0), (2, -0.5), (3, -0.75), (4, -1), (50, -1)]
)
def test_one_skip_of_a_genre_may_be_an_accident(skips: int, expected: float) -> None:
    assert suppression(skips) == expected
