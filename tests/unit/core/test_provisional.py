"""The ridge prediction against least squares on an augmented system."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from exogenesis.core.limits import TASTE_DIM
from exogenesis.core.provisional import fill_unpublished
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Floats, unit_rows


def _world() -> tuple[TasteSpace, Floats]:
    rng = np.random.default_rng(8)
    content = unit_rows(rng.normal(size=(60, 384)).astype(np.float32))
    published = np.arange(60) < 40
    vectors = rng.normal(size=(60, TASTE_DIM)).astype(np.float32)
    vectors[~published] = 0
    space = TasteSpace(
        round=2,
        sigma=np.ones(TASTE_DIM, np.float32),
        vectors=vectors,
        weights=np.ones(60, np.float32),
        published=published,
    )
    return space, content


@pytest.mark.parametrize(("ridge", "shrink"), [(10.0, 0.5), (0.1, 1.0), (1000.0, 0.25)])
def test_it_is_ridge_regression(ridge: float, shrink: float) -> None:
    space, content = _world()
    filled = fill_unpublished(space, content, ridge=ridge, shrink=shrink)
    seen = content[:40].astype(np.float64)
    augmented = np.vstack([seen, np.sqrt(ridge) * np.eye(384)])
    wanted = np.vstack([space.vectors[:40].astype(np.float64), np.zeros((384, TASTE_DIM))])
    weights, *_ = np.linalg.lstsq(augmented, wanted, rcond=None)
    np.testing.assert_allclose(filled.vectors[40:], shrink * content[40:] @ weights, atol=1e-5)
    np.testing.assert_array_equal(filled.vectors[:40], space.vectors[:40])
    np.testing.assert_array_equal(filled.published, space.published)


def test_there_is_nothing_to_fill_or_nothing_to_learn_from() -> None:
    space, content = _world()
    for published in (np.zeros(60, np.bool_), np.ones(60, np.bool_)):
        same = replace(space, published=published)
        assert fill_unpublished(same, content) is same
    assert fill_unpublished(space, content, shrink=0.0) is space
