"""Opening a pool: what is left out, and that the rest comes in order."""

from __future__ import annotations

import os

import numpy as np

from exogenesis.constellation.exchange import PoolChunk
from exogenesis.constellation.federation.opening import Opener, open_pool
from exogenesis.wire.envelope import seal
from exogenesis.wire.fields import box_public
from exogenesis.wire.skill import SkillReport, encode_dummy, encode_skill

SECRET = b"r" * 32
PUBLIC = box_public(SECRET)
OPENER = Opener(public=PUBLIC, secret=SECRET, lineage=b"test", round=4, titles=10, buckets=3)


def sealed(index: int, *, lineage: bytes = b"test", round: int = 4, to: bytes = PUBLIC) -> bytes:
    report = SkillReport(
        lineage=lineage,
        round=round,
        index=index,
        usage=1,
        success=1.0,
        codes=np.full(64, index, np.int8),
        scale=0.5,
    )
    return seal(encode_skill(report), to, os.urandom(32))


def chunk(*envelopes: bytes, buckets: list[int] | None = None) -> PoolChunk:
    numbers = [0] * len(envelopes) if buckets is None else buckets
    return PoolChunk(sealed=list(envelopes), buckets=np.array(numbers, np.int64))


def test_reports_come_in_the_order_of_the_pool_with_their_buckets() -> None:
    chunks = [
        chunk(sealed(3), sealed(1), buckets=[2, 0]),
        chunk(sealed(3), buckets=[1]),
    ]
    reports = open_pool(chunks, OPENER)
    assert reports.indices.tolist() == [3, 1, 3]
    assert reports.buckets.tolist() == [2, 0, 1]
    assert reports.codes[:, 0].tolist() == [3, 1, 3]


def test_what_cannot_be_used_is_left_out() -> None:
    bad = chunk(
        b"",
        bytes(129),
        sealed(1, to=box_public(b"o" * 32)),
        sealed(1, lineage=b"else"),
        sealed(1, round=3),
        sealed(10),
        seal(encode_dummy(), PUBLIC, os.urandom(32)),
        sealed(1),
        sealed(1),
        sealed(9),
        buckets=[0, 0, 0, 0, 0, 0, 0, 3, -1, 2],
    )
    reports = open_pool([bad], OPENER)
    assert reports.indices.tolist() == [9]
    assert reports.buckets.tolist() == [2]


def test_equal_ciphertexts_count_once_wherever_they_are() -> None:
    one, other = sealed(5), sealed(5)
    reports = open_pool([chunk(one, other, one), chunk(one)], OPENER)
    assert reports.indices.tolist() == [5, 5]


def test_an_empty_pool_has_no_reports() -> None:
    for chunks in ([], [chunk()], [chunk(b"x")]):
        reports = open_pool(chunks, OPENER)
        assert reports.indices.shape == (0,)
        assert reports.codes.shape == (0, 64)
        assert reports.buckets.shape == (0,)
