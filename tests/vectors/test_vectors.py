"""Run every file of ``spec/vectors`` through the public decoders."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from exogenesis.errors import RemoteError
from exogenesis.wire.close import decode_close
from exogenesis.wire.enrol import decode_answer, decode_request, device_id, push_key
from exogenesis.wire.envelope import seal, unseal
from exogenesis.wire.fields import check_signature, digest
from exogenesis.wire.manifest import decode_manifest
from exogenesis.wire.pack import Pack, decode_pack
from exogenesis.wire.page import decode_page
from exogenesis.wire.push import check_push, decode_push
from exogenesis.wire.query import decode_query
from exogenesis.wire.skill import decode_skill
from tests.vectors import generate

ROOT = Path(__file__).resolve().parents[2]
FILES = sorted((ROOT / "spec" / "vectors").glob("*.txt"))

REJECTIONS = {
    "skill": "truncated oversized bad_version bad_kind bad_value",
    "envelope": "truncated oversized bad_seal",
    "push": "truncated oversized bad_magic bad_version bad_count bad_value bad_mac",
    "page": "truncated oversized bad_magic bad_version bad_count bad_signature bad_value",
    "manifest": "truncated oversized bad_magic bad_version bad_count bad_signature bad_value "
    "bad_key",
    "enrol-request": "truncated oversized bad_magic bad_version bad_signature",
    "enrol-answer": "truncated oversized bad_magic bad_version bad_key bad_mac",
    "close": "truncated oversized bad_magic bad_version bad_signature bad_value",
    "pack": "truncated oversized bad_magic bad_version bad_signature bad_compression bad_value",
    "push-key": "bad_key",
    "device-id": "",
    "signature": "bad_signature",
}


@dataclass(frozen=True, slots=True)
class Case:
    """One file, read."""

    header: dict[str, str]
    raw: bytes

    def key(self, name: str) -> bytes:
        return bytes.fromhex(self.header[name])


Fields = dict[str, object]


def read(path: Path) -> Case:
    head, _, body = path.read_text(encoding="ascii").partition("\n\n")
    header = dict(line.partition(": ")[::2] for line in head.splitlines())
    return Case(header, bytes.fromhex(body))


def skill(case: Case) -> Fields:
    report = decode_skill(case.raw)
    if report is None:
        return {"kind": "dummy"}
    return {
        "kind": "skill",
        "lineage": report.lineage,
        "round": report.round,
        "index": report.index,
        "usage": report.usage,
        "success-255": round(255 * report.success),
        "scale": report.scale,
        "codes": report.codes.tolist(),
    }


def envelope(case: Case) -> Fields:
    public = case.key("round-public")
    body = unseal(case.raw, public, case.key("round-secret"))
    if "ephemeral-seed" in case.header:
        assert seal(body, public, case.key("ephemeral-seed")) == case.raw
    return {"body": body}


def push(case: Case) -> Fields:
    read = decode_push(case.raw)
    check_push(read, case.key("push-key"))
    return {
        "device": read.header.device,
        "epoch": read.header.epoch,
        "seq": read.header.seq,
        "round": read.header.round,
        "sent-at": read.header.sent_at,
        "envelopes-digest": digest(b"".join(read.envelopes)),
    }


def page(case: Case) -> Fields:
    read = decode_page(case.raw, case.key("worker-public"))
    return {
        "lineage": read.lineage,
        "round": read.round,
        "number": read.number,
        "indices": read.rows.indices.tolist(),
        "scales": read.rows.scales.tolist(),
        "weights": read.rows.weights.tolist(),
        "codes-digest": digest(read.rows.codes.tobytes()),
    }


def manifest(case: Case) -> Fields:
    read = decode_manifest(case.raw, case.key("worker-public"))
    names = ["lineage", "pack", "round", "basis", "opens", "closes", "expires", "fleet", "k"]
    return {
        **{name: getattr(read, name) for name in names},
        "round-public": read.round_public,
        "dial-fraction": read.dial.fraction,
        "dial-noise": read.dial.noise,
        "sigma": read.sigma.tolist(),
        "pages": list(read.pages),
    }


def enrol_request(case: Case) -> Fields:
    read = decode_request(case.raw)
    return {
        "token": read.token,
        "sign-public": read.sign_public,
        "box-public": read.box_public,
    }


def enrol_answer(case: Case) -> Fields:
    read, key = decode_answer(case.raw, case.key("box-secret"))
    return {"device": read.device, "epoch": read.epoch, "push-key": key}


def derived_device(case: Case) -> Fields:
    assert device_id(case.key("sign-public")) == case.raw
    return {}


def derived_push_key(case: Case) -> Fields:
    epoch = int(case.header["epoch"])
    key = push_key(case.key("device"), epoch, case.key("own-secret"), case.key("other-public"))
    assert key == case.raw
    return {}


def close(case: Case) -> Fields:
    order = decode_close(case.raw, case.key("worker-public"))
    return {"round": order.round, "at": order.at}


def pack(case: Case) -> Fields:
    read = decode_pack(case.raw, case.key("catalog-public"))
    given = {
        name: value for name, value in asdict(read.titles[0]).items() if value not in (None, ())
    }
    if not given["popularity"]:
        del given["popularity"]
    return {
        "lineage": read.lineage,
        "lineage-id": read.lineage_id,
        "encoder": read.encoder,
        "title-0": json.dumps(given, sort_keys=True),
        "content-codes-digest": digest(read.content_codes.tobytes()),
        "content-scales": read.content_scales.tolist(),
        "basis-digest": digest(read.basis.tobytes()),
        **(regions(read) if read.regions else {}),
        **(query(read.query) if read.query else {}),
    }


def regions(read: Pack) -> Fields:
    return {"regions": list(read.regions), "regional-digest": digest(read.regional.tobytes())}


def query(frame: bytes) -> Fields:
    table = decode_query(frame)
    return {
        "query-words-digest": digest("".join(f"{word}\n" for word in table.rows).encode()),
        "query-least-length": table.least_length,
        "query-centre-digest": digest(table.centre.tobytes()),
        "query-weights": table.weights.tolist(),
        "query-scales": table.scales.tolist(),
        "query-codes-digest": digest(table.codes.tobytes()),
    }


def signature(case: Case) -> Fields:
    message, mark = case.raw[:-64], case.raw[-64:]
    check_signature(case.header["domain"], message, mark, case.key("public"), "a vector")
    return {}


READERS: dict[str, Callable[[Case], Fields]] = {
    "skill": skill,
    "envelope": envelope,
    "push": push,
    "page": page,
    "manifest": manifest,
    "enrol-request": enrol_request,
    "enrol-answer": enrol_answer,
    "device-id": derived_device,
    "push-key": derived_push_key,
    "close": close,
    "pack": pack,
    "signature": signature,
}


def word(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list):
        return ",".join(map(word, value))
    return str(value)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_decoders_make_of_it_what_the_vector_says(path: Path) -> None:
    case = read(path)
    reader = READERS[case.header["message"]]
    if case.header["outcome"] == "rejected":
        with pytest.raises(RemoteError) as caught:
            reader(case)
        assert caught.value.code == case.header["code"]
        return
    found = reader(case)
    expected = {
        name.removeprefix("expect-"): value
        for name, value in case.header.items()
        if name.startswith("expect-")
    }
    assert {name: word(found[name]) for name in expected} == expected


def test_the_committed_files_are_what_the_generator_writes() -> None:
    committed = {path.stem: path.read_text(encoding="ascii") for path in FILES}
    assert committed == {name: made.text() for name, made in generate.VECTORS.items()}, (
        "run `python tests/vectors/generate.py`"
    )


def test_every_rejection_of_every_message_has_a_vector() -> None:
    cases = [read(path).header for path in FILES]
    seen: dict[str, set[str]] = {message: set() for message in READERS}
    for header in cases:
        seen[header["message"]].add(header.get("code", "accepted"))
    assert seen == {message: {"accepted", *codes.split()} for message, codes in REJECTIONS.items()}
