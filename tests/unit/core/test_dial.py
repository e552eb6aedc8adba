"""The dial refuses what would divide by zero, and only ever tightens."""

from __future__ import annotations

import pytest

from exogenesis.core.dial import Dial


@pytest.mark.parametrize(
    ("fraction", "noise"),
    [
        (0.0, 1.0),
        (-0.1, 1.0),
        (1.1, 1.0),
        (1e-40, 1.0),
        (float("nan"), 1.0),
        (0.5, -1.0),
        (0.5, 17.0),
        (0.5, float("nan")),
        (0.5, float("inf")),
    ],
)
def test_a_dial_out_of_range_is_refused(fraction: float, noise: float) -> None:
    with pytest.raises(ValueError, match="must lie in"):
        Dial(fraction=fraction, noise=noise)


def test_tightening_is_never_looser_than_either() -> None:
    mine, theirs = Dial(fraction=0.5, noise=0.2), Dial(fraction=0.3, noise=0.1)
    assert mine.tightened(theirs) == theirs.tightened(mine) == Dial(fraction=0.3, noise=0.2)
    assert mine.tightened(mine) == mine
