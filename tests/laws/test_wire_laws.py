"""What is written is read back, and nothing but a RemoteError leaves a decoder."""

from __future__ import annotations

import contextlib
import tracemalloc
from collections.abc import Callable, Sequence
from dataclasses import fields

import numpy as np
import pytest
import zstandard
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exogenesis.core.query import QueryTable
from exogenesis.core.titles import Title
from exogenesis.errors import RemoteError
from exogenesis.wire.close import CloseOrder, decode_close, encode_close
from exogenesis.wire.enrol import (
    EnrolAnswer,
    EnrolRequest,
    decode_answer,
    decode_request,
    encode_answer,
    encode_request,
    push_key,
)
from exogenesis.wire.envelope import seal, unseal
from exogenesis.wire.fields import sign
from exogenesis.wire.manifest import Manifest, decode_manifest, encode_manifest
from exogenesis.wire.pack import Pack, decode_pack, encode_pack
from exogenesis.wire.page import Page, decode_page, encode_page
from exogenesis.wire.push import PushHeader, check_push, decode_push, encode_push
from exogenesis.wire.query import decode_query, encode_query
from exogenesis.wire.skill import SkillReport, decode_batch, decode_skill, encode_skill
from tests.laws.strategies import (
    BOX_PUBLIC,
    BOX_SECRET,
    PUBLIC,
    SECRET,
    answers,
    envelopes,
    exactly,
    headers,
    manifests,
    orders,
    packs,
    pages,
    query_tables,
    requests,
    skills,
)
from tests.vectors import generate

few = settings(max_examples=150, deadline=None, derandomize=True)


def same(one: object, other: object, names: Sequence[str]) -> None:
    """Compare field by field; arrays by their bytes, so that types count too."""
    for name in names:
        left, right = getattr(one, name), getattr(other, name)
        if isinstance(left, np.ndarray):
            assert (left.dtype, left.shape) == (right.dtype, right.shape), name
            assert left.tobytes() == right.tobytes(), name
        else:
            assert left == right, name


@few
@given(skills)
def test_a_skill_is_read_back(report: SkillReport) -> None:
    read = decode_skill(encode_skill(report))
    assert read is not None
    same(read, report, SkillReport.__slots__)


@few
@given(exactly(81), exactly(32))
def test_a_body_is_read_back_from_its_envelope(body: bytes, seed: bytes) -> None:
    assert unseal(seal(body, BOX_PUBLIC, seed), BOX_PUBLIC, BOX_SECRET) == body


@few
@given(headers, envelopes, exactly(32))
def test_a_push_is_read_back(header: PushHeader, sealed: list[bytes], key: bytes) -> None:
    read = decode_push(encode_push(header, sealed, key))
    check_push(read, key)
    assert read.header == header
    assert list(read.envelopes) == sealed


@few
@given(pages())
def test_a_page_is_read_back(page: Page) -> None:
    read = decode_page(encode_page(page, SECRET), PUBLIC)
    same(read, page, ("lineage", "round", "number"))
    same(read.rows, page.rows, ("indices", "codes", "scales", "weights"))


@few
@given(manifests())
def test_a_manifest_is_read_back(manifest: Manifest) -> None:
    same(decode_manifest(encode_manifest(manifest, SECRET), PUBLIC), manifest, Manifest.__slots__)


@few
@given(requests)
def test_an_enrolment_request_is_read_back(request: EnrolRequest) -> None:
    assert decode_request(encode_request(request, SECRET)) == request


@few
@given(answers)
def test_an_enrolment_answer_is_read_back(answer: EnrolAnswer) -> None:
    key = push_key(answer.device, answer.epoch, BOX_SECRET, BOX_PUBLIC)
    assert decode_answer(encode_answer(answer, key), BOX_SECRET) == (answer, key)


@few
@given(orders)
def test_a_close_order_is_read_back(order: CloseOrder) -> None:
    assert decode_close(encode_close(order, SECRET), PUBLIC) == order


@few
@given(packs())
def test_a_pack_is_read_back(pack: Pack) -> None:
    same(decode_pack(encode_pack(pack, SECRET), PUBLIC), pack, Pack.__slots__)


@few
@given(query_tables())
def test_a_query_table_is_read_back(table: QueryTable) -> None:
    read = decode_query(encode_query(table))
    same(read, table, QueryTable.__slots__)
    assert list(read.rows) == sorted(table.rows)


def _batch(raw: bytes) -> object:
    return decode_batch(raw, lineage=generate.LINEAGE, round=7, titles=9000)


READERS: dict[str, Callable[[bytes], object]] = {
    "skill": decode_skill,
    "batch": _batch,
    "envelope": lambda raw: unseal(raw, generate.ROUND_BOX, generate.ROUND_SECRET),
    "push": decode_push,
    "page": lambda raw: decode_page(raw, generate.WORKER_PUBLIC),
    "manifest": lambda raw: decode_manifest(raw, generate.WORKER_PUBLIC),
    "request": decode_request,
    "answer": lambda raw: decode_answer(raw, generate.DEVICE_SECRET),
    "close": lambda raw: decode_close(raw, generate.WORKER_PUBLIC),
    "pack": lambda raw: decode_pack(raw, generate.CATALOG_PUBLIC),
}
WHOLE = {
    "skill": generate.BODY,
    "batch": generate.BODY * 3,
    "envelope": generate.ENVELOPE,
    "push": generate.PUSH,
    "page": generate.PAGE,
    "manifest": generate.MANIFEST,
    "request": generate.REQUEST,
    "answer": generate.ANSWER,
    "close": generate.CLOSE,
    "pack": generate.PACK,
}


def only_remote_errors(reader: Callable[[bytes], object], raw: bytes) -> None:
    """Read; anything but acceptance or a RemoteError fails the test by itself."""
    with contextlib.suppress(RemoteError):
        reader(raw)


@pytest.mark.parametrize("kind", READERS)
@few
@given(st.binary(max_size=1200))
@example(b"")
def test_random_bytes_are_refused_properly(kind: str, raw: bytes) -> None:
    start = WHOLE[kind][:5]
    only_remote_errors(READERS[kind], raw)
    only_remote_errors(READERS[kind], start + raw)


@st.composite
def mutations(draw: st.DrawFn, whole: bytes) -> bytes:
    """``whole`` with some bytes changed, then cut or lengthened."""
    raw = bytearray(whole)
    for _ in range(draw(st.integers(0, 4))):
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        return bytes(raw[: draw(st.integers(0, len(raw)))]) + draw(st.binary(max_size=3))
    return bytes(raw)


@pytest.mark.parametrize("kind", READERS)
@few
@given(st.data())
def test_mutated_messages_are_refused_properly(kind: str, data: st.DataObject) -> None:
    only_remote_errors(READERS[kind], data.draw(mutations(WHOLE[kind])))


SIGNED = {
    "page": (generate.WORKER_KEY, generate.PAGE),
    "manifest": (generate.WORKER_KEY, generate.MANIFEST),
    "close": (generate.WORKER_KEY, generate.CLOSE),
}


@pytest.mark.parametrize("kind", SIGNED)
@few
@given(st.data())
def test_mutated_messages_that_are_signed_are_refused_properly(
    kind: str, data: st.DataObject
) -> None:
    key, whole = SIGNED[kind]
    message = data.draw(mutations(whole[:-64]))
    only_remote_errors(READERS[kind], message + sign(kind, message, key))


@few
@given(st.data())
def test_mutated_packs_that_are_signed_are_refused_properly(data: st.DataObject) -> None:
    body = data.draw(mutations(generate.pack_body()[:160])) + generate.ROW
    frame = data.draw(st.just(generate.stored(body)) | mutations(generate.stored(body)))
    only_remote_errors(READERS["pack"], generate.signed_pack(frame))


@few
@given(st.data())
def test_mutated_query_tables_that_are_signed_are_refused_properly(data: st.DataObject) -> None:
    body = data.draw(mutations(generate.query_body()[:40])) + generate.query_body()[40:]
    frame = data.draw(st.just(generate.stored(body)) | mutations(generate.stored(body)))
    titles = generate.stored(generate.pack_body())
    length = data.draw(st.just(len(titles)) | st.integers(0, 2**32 - 1))
    only_remote_errors(READERS["pack"], generate.signed_pack_2(titles, frame, length=length))


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "name", "titles", "genres", "lineage", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@few
@given(st.sampled_from(["lineage", "lineage_id", "encoder", "titles", "regions"]), json_values)
def test_heads_of_any_json_are_refused_properly(name: str, value: object) -> None:
    frame = generate.stored(generate.pack_body(generate.HEAD | {name: value}))
    only_remote_errors(READERS["pack"], generate.signed_pack(frame))
    only_remote_errors(READERS["pack"], generate.signed_pack_2(frame))


@few
@given(
    st.sampled_from([one.name for one in fields(Title)]),
    json_values,
)
def test_titles_of_any_json_are_refused_properly(name: str, value: object) -> None:
    head = generate.HEAD | {"titles": [generate.TITLE | {name: value}]}
    frame = generate.stored(generate.pack_body(head))
    only_remote_errors(READERS["pack"], generate.signed_pack(frame))
    only_remote_errors(READERS["pack"], generate.signed_pack_2(frame))


def _zeros(size: int) -> bytes:
    return zstandard.ZstdCompressor().compress(bytes(size))


BOMBS: dict[str, Callable[[], bytes]] = {
    "100 MiB of zeros": lambda: _zeros(100 << 20),
    "255 MiB declared": lambda: generate.stored(b"x" * 1000, declared=255 << 20),
    "2^62 bytes declared": lambda: generate.stored(b"x" * 1000, declared=1 << 62),
    "10 bytes declared": lambda: generate.stored(b"x" * 1000, declared=10),
    "size not declared": lambda: zstandard.ZstdCompressor(write_content_size=False).compress(
        bytes(1 << 20)
    ),
    "a frame behind the frame": lambda: generate.stored(generate.pack_body()) + _zeros(1 << 20),
    "a skippable frame": lambda: b"\x50\x2a\x4d\x18" + b"\xff\xff\xff\x7f" + bytes(100),
    "a window of 3 TiB": lambda: b"\x28\xb5\x2f\xfd\xc0\xff" + (1000).to_bytes(8, "little"),
}


@pytest.mark.parametrize("name", BOMBS)
def test_pack_bombs_are_refused_with_little_memory(name: str) -> None:
    _is_refused_with_little_memory(generate.signed_pack(BOMBS[name]()))


@pytest.mark.parametrize("name", BOMBS)
def test_query_bombs_are_refused_with_little_memory(name: str) -> None:
    titles = generate.stored(generate.pack_body())
    _is_refused_with_little_memory(generate.signed_pack_2(titles, BOMBS[name]()))


def _is_refused_with_little_memory(raw: bytes) -> None:
    tracemalloc.start()
    try:
        with pytest.raises(RemoteError):
            decode_pack(raw, generate.CATALOG_PUBLIC)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 8 << 20
