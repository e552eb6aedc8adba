"""Sizes on worst-case values, and what the writers of messages refuse."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from exogenesis.core.dial import Dial
from exogenesis.core.limits import (
    PAGE_BYTES_MAX,
    PAGE_ROWS_MAX,
    PAGES_MAX,
    PUSH_BYTES_MAX,
    TASTE_DIM,
)
from exogenesis.core.vectors import quantise
from exogenesis.errors import RemoteError
from exogenesis.wire.enrol import (
    EnrolAnswer,
    EnrolRequest,
    decode_answer,
    device_id,
    encode_answer,
    encode_request,
    push_key,
)
from exogenesis.wire.envelope import ENVELOPE_BYTES, seal
from exogenesis.wire.fields import box_public, signing_pair
from exogenesis.wire.manifest import (
    MANIFEST_BYTES_MAX,
    Manifest,
    decode_manifest,
    encode_manifest,
)
from exogenesis.wire.page import Page, Rows, decode_page, encode_page, taste_space
from exogenesis.wire.push import PUSH_BYTES, PushHeader, encode_push
from exogenesis.wire.skill import SkillReport, encode_dummy, encode_skill

PUBLIC, SECRET = signing_pair(b"\1" * 32)
ROUND_PUBLIC = box_public(b"\2" * 32)
LINEAGE = b"\1\2\3\4"
EXTREMES = np.array([0.0, 3e38, -3e38, np.inf, -np.inf, 1e-45, 6e-8, -65504.0, 1.0], np.float32)
HEADER = PushHeader(device=bytes(16), epoch=1, seq=1, round=1, sent_at=0)
MANIFEST = Manifest(
    lineage=LINEAGE,
    pack=bytes(32),
    round=2**32 - 1,
    basis=2**32 - 2,
    opens=0,
    closes=1,
    expires=2**40 - 1,
    round_public=ROUND_PUBLIC,
    fleet=2**32 - 1,
    k=2**16 - 1,
    dial=Dial(fraction=0.001, noise=16.0),
    sigma=np.full(TASTE_DIM, 3e38, np.float32),
    pages=(b"\xff" * 32,) * PAGES_MAX,
)


def _rows(seed: int, count: int = PAGE_ROWS_MAX) -> Rows:
    rng = np.random.default_rng(seed)
    codes, scales = quantise(rng.choice(EXTREMES, (count, TASTE_DIM)))
    return Rows(
        indices=(1 << 24) - 1 - np.arange(count, dtype=np.int64),
        codes=codes,
        scales=scales,
        weights=rng.choice(np.array([1.0, 6e-8, 0.5], np.float16), count),
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_push_has_one_size_whatever_is_in_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes, scales = quantise(rng.choice(EXTREMES, (7, TASTE_DIM)))
    envelopes = []
    for n in range(7):
        report = SkillReport(
            lineage=LINEAGE,
            round=2**32 - 1,
            index=(1 << 24) - 1,
            usage=10**9,
            success=1.0,
            codes=codes[n],
            scale=float(scales[n]),
        )
        body = encode_dummy() if n < seed else encode_skill(report)
        envelopes.append(seal(body, ROUND_PUBLIC, rng.bytes(32)))
    header = PushHeader(
        device=b"\xff" * 16, epoch=2**32 - 1, seq=2**63 - 1, round=2**32 - 1, sent_at=2**40 - 1
    )
    push = encode_push(header, envelopes, rng.bytes(32))
    assert len(push) == PUSH_BYTES == 981 <= PUSH_BYTES_MAX


@pytest.mark.parametrize("seed", range(5))
def test_a_full_page_of_worst_values_fits_and_reads_back(seed: int) -> None:
    rows = _rows(seed)
    page = Page(lineage=LINEAGE, round=2**32 - 1, number=2**16 - 1, rows=rows)
    raw = encode_page(page, SECRET)
    assert len(raw) == PAGE_BYTES_MAX
    read = decode_page(raw, PUBLIC)
    assert read.rows.indices.tolist() == rows.indices.tolist()
    assert read.rows.codes.tobytes() == rows.codes.tobytes()
    assert np.isfinite(read.rows.vectors).all()


def test_the_largest_manifest_fits_and_reads_back() -> None:
    raw = encode_manifest(MANIFEST, SECRET)
    assert len(raw) == MANIFEST_BYTES_MAX
    read = decode_manifest(raw, PUBLIC)
    assert read.pages == MANIFEST.pages
    assert read.dial.noise == 16.0
    with pytest.raises(RemoteError, match="oversized"):
        decode_manifest(raw + b"\0", PUBLIC)


@pytest.mark.parametrize(
    "broken",
    [
        {"lineage": b"abc"},
        {"pack": bytes(31)},
        {"round_public": bytes(33)},
        {"sigma": np.ones(63, np.float32)},
        {"pages": (b"short",)},
        {"pages": (bytes(32),) * (PAGES_MAX + 1)},
    ],
    ids=lambda broken: next(iter(broken)),
)
def test_a_manifest_of_wrong_lengths_is_not_written(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"bytes|fit"):
        encode_manifest(replace(MANIFEST, **broken), SECRET)


@pytest.mark.parametrize(
    "broken",
    [
        {"seq": 0},
        {"seq": 2**63},
        {"round": 0},
        {"sent_at": -1},
        {"sent_at": 2**40},
        {"device": bytes(15)},
        {"device": bytes(17)},
    ],
    ids=str,
)
def test_a_push_out_of_range_is_not_written(broken: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"needs|must have"):
        encode_push(replace(HEADER, **broken), [bytes(ENVELOPE_BYTES)] * 7, bytes(32))


@pytest.mark.parametrize("sizes", [[129] * 6, [129] * 8, [129] * 6 + [128], []])
def test_a_push_holds_seven_whole_envelopes(sizes: list[int]) -> None:
    with pytest.raises(ValueError, match="exactly 7"):
        encode_push(HEADER, [bytes(size) for size in sizes], bytes(32))


def test_a_page_of_no_rows_or_too_many_is_not_written() -> None:
    for count in (0, PAGE_ROWS_MAX + 1):
        page = Page(lineage=LINEAGE, round=1, number=0, rows=_rows(1, count))
        with pytest.raises(ValueError, match="1 to 71"):
            encode_page(page, SECRET)


def test_rows_are_laid_out_over_the_catalogue() -> None:
    rows = replace(_rows(2, 3), indices=np.array([4, 0, 9]))
    sigma = np.ones(TASTE_DIM, np.float32)
    space = taste_space([rows.part(0, 2), rows.part(2, 3)], sigma=sigma, round=3, titles=10)
    assert np.flatnonzero(space.published).tolist() == [0, 4, 9]
    np.testing.assert_array_equal(space.vectors[4], rows.vectors[0])
    assert space.weights[[1, 2, 3]].tolist() == [1.0, 1.0, 1.0]
    assert taste_space([], sigma=sigma, round=3, titles=2).vectors.shape == (2, TASTE_DIM)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda rows: [replace(rows, indices=np.array([4, 0, 10]))],
        lambda rows: [rows.part(0, 2), rows.part(1, 3)],
    ],
    ids=["beyond the catalogue", "on two pages"],
)
def test_a_title_that_is_not_there_or_twice_is_refused(
    spoil: Callable[[Rows], list[Rows]],
) -> None:
    rows = replace(_rows(3, 3), indices=np.array([4, 0, 9]))
    sigma = np.ones(TASTE_DIM, np.float32)
    with pytest.raises(RemoteError, match="bad_value"):
        taste_space(spoil(rows), sigma=sigma, round=3, titles=10)


def test_device_and_server_derive_one_push_key_for_one_epoch() -> None:
    device = device_id(PUBLIC)
    mine, theirs = b"\3" * 32, b"\4" * 32
    key = push_key(device, 1, mine, box_public(theirs))
    assert key == push_key(device, 1, theirs, box_public(mine))
    others = {
        push_key(device, 2, mine, box_public(theirs)),
        push_key(bytes(16), 1, mine, box_public(theirs)),
        push_key(device, 1, b"\5" * 32, box_public(theirs)),
    }
    assert key not in others
    assert len(others) == 3


def test_an_answer_is_of_use_to_the_asking_device_only() -> None:
    mine, theirs = b"\3" * 32, b"\4" * 32
    answer = EnrolAnswer(device=device_id(PUBLIC), epoch=3, server_public=box_public(theirs))
    key = push_key(answer.device, 3, theirs, box_public(mine))
    raw = encode_answer(answer, key)
    assert decode_answer(raw, mine) == (answer, key)
    with pytest.raises(RemoteError, match="bad_mac"):
        decode_answer(raw, b"\6" * 32)


@pytest.mark.parametrize("field", ["token", "sign_public", "box_public"])
def test_a_request_of_wrong_lengths_is_not_written(field: str) -> None:
    request = EnrolRequest(token=bytes(32), sign_public=PUBLIC, box_public=ROUND_PUBLIC)
    with pytest.raises(ValueError, match="32 bytes"):
        encode_request(replace(request, **{field: bytes(31)}), SECRET)
