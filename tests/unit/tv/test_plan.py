"""The plan of a round: always the same shape, whatever was watched."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from exogenesis.tv.plan import draw_plan


@pytest.mark.parametrize("skills", [0, 1, 3, 40, 100])
def test_six_pushes_of_seven_envelopes_leave_in_every_round(skills: int) -> None:
    titles = [f"t{row}" for row in range(skills)]
    slots = draw_plan(titles, opens=1000, closes=2000, rng=np.random.default_rng(skills))
    assert sorted(Counter(slot.due_at for slot in slots).values()) == [7] * 6
    assert all(1000 <= slot.due_at < 2000 for slot in slots)
    named = [slot.title_id for slot in slots if slot.title_id is not None]
    assert len(named) == len(set(named)) == min(skills, 40)


def test_times_are_spread_over_the_round() -> None:
    rng = np.random.default_rng(0)
    drawn = [s.due_at for _ in range(400) for s in draw_plan([], opens=0, closes=1000, rng=rng)]
    shares, _ = np.histogram(drawn, bins=4, range=(0, 1000))
    assert shares / len(drawn) == pytest.approx(0.25, abs=0.03)


def test_anchors_are_spread_over_the_envelopes() -> None:
    rng = np.random.default_rng(0)
    first = Counter(
        next(
            row for row, s in enumerate(draw_plan(["a"], opens=0, closes=99, rng=rng)) if s.title_id
        )
        for _ in range(2100)
    )
    assert len(first) == 42
    assert max(first.values()) < 100
