"""Coding many skills at once gives the bytes of coding them one by one."""

from __future__ import annotations

import numpy as np
import pytest

from exogenesis.core.vectors import quantise
from exogenesis.wire.skill import SkillReport, decode_batch, encode_batch, encode_skill


@pytest.mark.parametrize(("usage", "success"), [(1, 1.0), (3, 0.7), (0, 0.5), (999, 0.0)])
def test_batch_equals_one_by_one(usage: int, success: float) -> None:
    rng = np.random.default_rng(2)
    indices = np.concatenate(([0, 255, 256, (1 << 24) - 1], rng.integers(0, 1 << 24, 60)))
    rows = rng.normal(size=(64, 64)).astype(np.float32) * rng.lognormal(0, 4, (64, 1))
    rows[5] = 0.0
    codes, scales = quantise(rows.astype(np.float32))
    batch = encode_batch(
        lineage=b"\0ab\xff",
        round=70_000,
        indices=indices,
        codes=codes,
        scales=scales,
        usage=usage,
        success=success,
    )
    single = b"".join(
        encode_skill(
            SkillReport(
                lineage=b"\0ab\xff",
                round=70_000,
                index=int(index),
                usage=usage,
                success=success,
                codes=code,
                scale=float(scale),
            )
        )
        for index, code, scale in zip(indices, codes, scales, strict=True)
    )
    assert batch == single
    read = decode_batch(batch, lineage=b"\0ab\xff", round=70_000, titles=1 << 24)
    np.testing.assert_array_equal(read.indices, indices)
    np.testing.assert_array_equal(read.codes, codes)


@pytest.mark.parametrize("index", [-1, 1 << 24])
def test_an_index_that_does_not_fit_is_refused(index: int) -> None:
    codes, scales = quantise(np.ones((1, 64), np.float32))
    with pytest.raises(ValueError, match="catalogue index"):
        encode_batch(
            lineage=b"abcd", round=1, indices=np.array([index]), codes=codes, scales=scales
        )


def test_no_reports_are_no_bytes() -> None:
    codes, scales = quantise(np.empty((0, 64), np.float32))
    none = np.empty(0, np.int64)
    assert encode_batch(lineage=b"abcd", round=1, indices=none, codes=codes, scales=scales) == b""
