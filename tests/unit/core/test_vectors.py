"""Vector arithmetic against twins in plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exogenesis.core.vectors import (
    Floats,
    Mask,
    dequantise,
    quantise,
    standardise,
    top_k,
    unit_rows,
)

EXTREMES = np.array(
    [
        [0.0, 0.0, 0.0],
        [1.0, -2.0, 3.0],
        [1e-9, -1e-9, 0.0],
        [3e-8 * 127, 1e-8, 0.0],
        [6e-5 * 127 * 1.001, 0.001, 0.0],
        [65504.0 * 127, -1.0, 30000.0],
        [1e-37, 0.0, 0.0],
    ],
    np.float32,
)


def test_unit_rows_have_length_one_and_zero_stays_zero() -> None:
    rows = np.array([[3, 4], [0, 0], [1e30, 1e30], [1e-30, 0], [0, -2]], np.float32)
    slow = []
    for row in rows.tolist():
        length = math.sqrt(sum(x * x for x in row))
        slow.append([x / length if length else 0.0 for x in row])
    np.testing.assert_allclose(unit_rows(rows), slow, rtol=1e-6)
    assert unit_rows(rows).dtype == np.float32
    assert unit_rows(np.zeros((0, 64), np.float32)).shape == (0, 64)


def test_quantise_is_off_by_at_most_half_a_scale() -> None:
    rng = np.random.default_rng(1)
    spread = 10.0 ** rng.uniform(-9, 6, (300, 1))
    rows = np.concatenate([rng.normal(size=(300, 3)) * spread, EXTREMES]).astype(np.float32)
    codes, scales = quantise(rows)
    error = np.abs(dequantise(codes, scales).astype(np.float64) - rows)
    assert (error <= 0.5001 * scales.astype(np.float64)[:, None]).all()
    assert codes.dtype == np.int8
    assert scales.dtype == np.float16


def test_quantise_takes_the_least_scale_that_holds_the_row() -> None:
    rows = np.concatenate([EXTREMES, np.random.default_rng(2).normal(size=(99, 3))]).astype("f4")
    _, scales = quantise(rows)
    for row, scale in zip(rows, scales, strict=True):
        need = np.abs(row).max() / np.float32(127)
        assert np.float32(scale) >= need
        if scale > 0:
            assert np.float32(np.nextafter(scale, np.float16(0))) < need


def test_quantise_clips_what_no_scale_can_hold() -> None:
    rows = np.array([[np.inf, -np.inf, 1.0], [3e38, -3e38, 0.0]], np.float32)
    codes, scales = quantise(rows)
    assert codes.tolist() == [[127, -127, 0], [127, -127, 0]]
    assert scales.tolist() == [65504.0, 65504.0]


def test_quantise_refuses_what_is_no_number() -> None:
    with pytest.raises(ValueError, match="NaN"):
        quantise(np.array([[1.0, np.nan]], np.float32))


def test_quantise_of_nothing_is_nothing() -> None:
    codes, scales = quantise(np.zeros((0, 64), np.float32))
    assert codes.shape == (0, 64)
    assert scales.shape == (0,)


def test_standardise_has_mean_zero_and_deviation_one_over_the_candidates() -> None:
    rng = np.random.default_rng(3)
    scores = rng.normal(5.0, 3.0, 50).astype(np.float32)
    candidates = rng.random(50) < 0.5
    chosen = [float(s) for s, c in zip(scores, candidates, strict=True) if c]
    mean = sum(chosen) / len(chosen)
    deviation = math.sqrt(sum((x - mean) ** 2 for x in chosen) / len(chosen))
    expected = [(float(s) - mean) / deviation for s in scores]
    np.testing.assert_allclose(standardise(scores, candidates), expected, atol=1e-5)


@pytest.mark.parametrize("factor", [1e-12, 1.0, 1e12])
def test_standardise_does_not_depend_on_the_unit(factor: float) -> None:
    scores = np.array([1, 2, 3, 4], np.float32)
    everything = np.ones(4, np.bool_)
    scaled = standardise((scores * factor).astype(np.float32), everything)
    np.testing.assert_allclose(scaled, standardise(scores, everything), rtol=1e-5)


@pytest.mark.parametrize("value", [0.0, 1.0, 1e-20, -7e8])
def test_standardise_gives_zero_where_only_rounding_differs(value: float) -> None:
    scores = np.full(9, value, np.float32)
    scores[::2] = np.nextafter(scores[::2], np.float32(np.inf)) if value else 0.0
    assert not standardise(scores, np.ones(9, np.bool_)).any()
    assert not standardise(scores, np.zeros(9, np.bool_)).any()


def _slow_top(scores: Floats, k: int, candidates: Mask) -> list[int]:
    order = sorted(range(len(scores)), key=lambda i: (-float(scores[i]), i))
    return [i for i in order if candidates[i]][:k]


def test_top_k_is_a_sort_with_ties_and_masks() -> None:
    rng = np.random.default_rng(4)
    for _ in range(200):
        size = int(rng.integers(0, 12))
        scores = rng.integers(0, 4, size).astype(np.float32)
        if size:
            scores[rng.integers(size)] = rng.choice([-np.inf, np.inf, 0.0])
        candidates = rng.random(size) < 0.6
        k = int(rng.integers(0, 14))
        assert top_k(scores, k, candidates).tolist() == _slow_top(scores, k, candidates)


def test_top_k_of_none_is_empty() -> None:
    assert top_k(np.ones(5, np.float32), 0, np.ones(5, np.bool_)).tolist() == []
