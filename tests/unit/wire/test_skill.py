"""Envelope bodies: what is refused when written, and one by one against in bulk."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from exogenesis.core.vectors import Int8s, dequantise, quantise
from exogenesis.errors import RemoteError
from exogenesis.wire.skill import (
    SKILL_BYTES,
    SkillReport,
    decode_batch,
    decode_skill,
    encode_dummy,
    encode_skill,
)

LINEAGE, ROUND, TITLES = b"\1\2\3\4", 7, 5000
CODES: Int8s = np.arange(-32, 32, dtype=np.int8)
REPORT = SkillReport(
    lineage=LINEAGE, round=ROUND, index=4000, usage=3, success=0.9, codes=CODES, scale=0.5
)


@pytest.mark.parametrize(
    "broken",
    [
        {"index": -1},
        {"index": 1 << 24},
        {"success": 1.01},
        {"success": -0.01},
        {"success": float("nan")},
        {"scale": float("nan")},
        {"scale": float("inf")},
        {"scale": -0.5},
        {"scale": 70000.0},
        {"lineage": b"short"},
        {"lineage": b""},
        {"codes": np.full(64, -128, np.int8)},
        {"codes": np.ones(63, np.int8)},
    ],
    ids=str,
)
def test_what_no_reader_would_accept_is_not_written(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"lies|codes|must have"):
        encode_skill(replace(REPORT, **broken))


def test_usage_is_capped_at_both_ends() -> None:
    for usage, coded in ((0, 1), (255, 255), (10_000, 255)):
        read = decode_skill(encode_skill(replace(REPORT, usage=usage)))
        assert read is not None
        assert read.usage == coded


def test_every_dummy_is_the_same_and_as_long_as_a_skill() -> None:
    assert len(encode_dummy()) == len(encode_skill(REPORT)) == SKILL_BYTES == 81
    assert decode_skill(encode_dummy()) is None


def test_a_vector_survives_quantise_and_the_wire() -> None:
    vector = np.random.default_rng(2).normal(size=(1, 64)).astype(np.float32)
    codes, scales = quantise(vector)
    body = encode_skill(replace(REPORT, codes=codes[0], scale=float(scales[0])))
    read = decode_skill(body)
    assert read is not None
    np.testing.assert_array_equal(read.vector, dequantise(codes, scales)[0])


def _kept(body: bytes) -> SkillReport | None:
    try:
        report = decode_skill(body)
    except RemoteError:
        return None
    here = report is not None and report.lineage == LINEAGE and report.round == ROUND
    return report if here and report is not None and report.index < TITLES else None


def test_a_batch_is_read_as_its_bodies_are_one_by_one() -> None:
    rng = np.random.default_rng(3)
    whole = np.frombuffer(encode_skill(REPORT), np.uint8)
    bodies = np.tile(whole, (4000, 1))
    bodies[::7] = np.frombuffer(encode_dummy(), np.uint8)
    rows = np.arange(1, 4000, 2)
    # Mostly the head, where the rules are; some bits, some bytes that matter.
    places = np.where(rng.random(len(rows)) < 0.8, rng.integers(0, 18, len(rows)), 80)
    values = rng.choice(
        np.array([0, 1, 2, 0x7C, 0x7E, 0x80, 0xB8, 0xFF, 19, 20], np.uint8), len(rows)
    )
    bodies[rows, places] = values
    raw = bodies.tobytes()
    batch = decode_batch(raw, lineage=LINEAGE, round=ROUND, titles=TITLES)
    one_by_one = [_kept(raw[at : at + SKILL_BYTES]) for at in range(0, len(raw), SKILL_BYTES)]
    kept = [(row, report) for row, report in enumerate(one_by_one) if report is not None]
    assert batch.rows.tolist() == [row for row, _ in kept]
    assert 500 < len(kept) < 3500
    for n, (_, report) in enumerate(kept):
        assert report.index == batch.indices[n]
        assert float(batch.scales[n]) == report.scale
        assert report.codes.tobytes() == batch.codes[n].tobytes()
    assert batch.indices.dtype == np.int64


def test_an_empty_pool_is_an_empty_batch() -> None:
    batch = decode_batch(b"", lineage=LINEAGE, round=ROUND, titles=TITLES)
    assert len(batch.rows) == 0
    assert batch.codes.shape == (0, 64)


def test_a_batch_is_a_whole_number_of_bodies() -> None:
    with pytest.raises(RemoteError, match="truncated"):
        decode_batch(bytes(SKILL_BYTES + 1), lineage=LINEAGE, round=ROUND, titles=TITLES)
    with pytest.raises(ValueError, match="4 bytes"):
        decode_batch(b"", lineage=b"abc", round=ROUND, titles=TITLES)
