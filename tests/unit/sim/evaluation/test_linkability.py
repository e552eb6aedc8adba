"""Reports of one household are linkable without the dial and hardly with it."""

from __future__ import annotations

import numpy as np
import pytest

from exogenesis.core.dial import OPEN, Dial
from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.taste import start_basis, start_space
from exogenesis.core.vectors import unit_rows
from exogenesis.sim.evaluation.federated import Mode
from exogenesis.sim.evaluation.linkability import linkability
from exogenesis.sim.households import Dataset, Household


def _dataset(rng: np.random.Generator) -> Dataset:
    content = unit_rows(rng.normal(size=(300, CONTENT_DIM)).astype(np.float32))
    households = []
    for name in range(40):
        history = rng.choice(300, 30, replace=False).astype(np.int64)
        households.append(
            Household(name=str(name), history=history, seen=history, relevant=history[:0])
        )
    return Dataset(
        name="random", households=tuple(households), content=content, basis=start_basis(content)
    )


def _share(dial: Dial) -> tuple[float, float]:
    rng = np.random.default_rng(5)
    dataset = _dataset(rng)
    mode = Mode(name="test", anchors=None, dial=dial)
    found = linkability(dataset, start_space(dataset.basis), mode, rng)
    assert found.chance_among_all == pytest.approx(29 / (40 * 30 - 1))
    return found.among_all, found.chance_among_all


def test_without_a_dial_every_report_is_linked_to_its_household() -> None:
    linked, _ = _share(OPEN)
    assert linked == 1.0


def test_the_default_dial_makes_most_reports_unlinkable() -> None:
    linked, chance = _share(Dial())
    assert linked < 0.5
    assert linked > chance
