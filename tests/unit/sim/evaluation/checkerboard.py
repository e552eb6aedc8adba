"""A world with an obvious answer: who finished some black squares wants the other black ones."""

from __future__ import annotations

import numpy as np

from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.taste import start_basis
from exogenesis.core.vectors import unit_rows
from exogenesis.sim.households import Dataset, Household

SQUARES = 12
"""Titles of one colour; colour 0 has the indices 0..11, colour 1 has 12..23."""


def checkerboard(households: int = 80, *, seed: int = 1) -> Dataset:
    """Households of alternating colour; each finished 6 to 8 squares and wants the rest."""
    rng = np.random.default_rng(seed)
    content = np.zeros((2 * SQUARES, CONTENT_DIM), np.float32)
    content[:SQUARES, 0], content[SQUARES:, 0] = 1.0, -1.0
    content[:, 1 : 2 * SQUARES + 1] = 0.3 * np.eye(2 * SQUARES)
    content = unit_rows(content - content.mean(axis=0))
    homes = []
    for number in range(households):
        squares = rng.permutation(SQUARES) + SQUARES * (number % 2)
        known = int(rng.integers(6, 9))
        homes.append(
            Household(
                name=str(number),
                history=squares[:known],
                seen=squares[:known],
                relevant=squares[known:],
            )
        )
    return Dataset(
        name="checkerboard",
        households=tuple(homes),
        content=content,
        basis=start_basis(content),
    )
