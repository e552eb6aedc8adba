"""The formula of relevance against a slow and obvious twin."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest

from exogenesis.tv.memory.relevance import relevance

NOW = 1_800_000_000


def _slow(
    match: float,
    importance: float,
    at: int,
    accesses: int,
    accessed_at: int,
    half_life_s: int | None,
) -> float:
    def left(then: int) -> float:
        if half_life_s is None or then > NOW:
            return 1.0
        return math.pow(0.5, (NOW - then) / half_life_s)

    boost = 1.0 + 0.1 * math.log(accesses + 1) * left(accessed_at)
    return match * importance * left(at) * boost


@pytest.mark.parametrize("half_life_s", [None, 30, 86_400, 365 * 86_400])
def test_relevance_is_what_the_slow_way_says(half_life_s: int | None) -> None:
    rng = np.random.default_rng(1)
    match, importance = rng.random(50), rng.random(50)
    at = NOW - rng.integers(-1000, 10**6, 50)
    accessed_at = NOW - rng.integers(-1000, 10**6, 50)
    accesses = rng.integers(0, 100, 50)
    fast = relevance(
        match=match,
        importance=importance,
        at=at,
        accesses=accesses,
        accessed_at=accessed_at,
        now=NOW,
        half_life_s=half_life_s,
    )
    slow = [
        _slow(
            match[i], importance[i], int(at[i]), int(accesses[i]), int(accessed_at[i]), half_life_s
        )
        for i in range(50)
    ]
    assert fast.tolist() == pytest.approx(slow, rel=1e-12, abs=1e-300)


def test_decay_is_continuous_and_halves_in_a_half_life() -> None:
    def at_age(age_s: int) -> float:
        one = np.ones(1)
        then = np.array([NOW - age_s])
        return float(
            relevance(
                match=one,
                importance=one,
                at=then,
                accesses=np.zeros(1, np.int64),
                accessed_at=then,
                now=NOW,
                half_life_s=3600,
            )[0]
        )

    values = [at_age(age_s) for age_s in range(0, 7200, 60)]
    assert all(a > b for a, b in pairwise(values))
    assert max(a - b for a, b in pairwise(values)) < 0.012
    assert (at_age(3600), at_age(7200)) == (0.5, 0.25)
