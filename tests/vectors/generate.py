"""Write ``spec/vectors``: every function below makes one file, and breaks exactly one thing.

    python tests/vectors/generate.py

The name of the function is the name of the file, its docstring is the comment. Nothing is
drawn at random: keys are hashes of their names, vectors come from a formula, and the packs are
stored, not compressed, so that every run and every version of a library writes the same bytes.
"""

from __future__ import annotations

import hashlib
import json
import struct
import textwrap
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import nacl.bindings
import numpy as np

from exogenesis.core.dial import Dial
from exogenesis.wire import enrol, envelope, fields, manifest, page, push, skill
from exogenesis.wire.close import CloseOrder, encode_close

FOLDER = Path(__file__).resolve().parents[2] / "spec" / "vectors"
GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
"""Order of the Ed25519 group: adding it to the second half of a signature changes nothing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One file: what it holds, what a reader must make of it, and the bytes."""

    message: str
    code: str = ""
    comment: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    expect: Mapping[str, str] = field(default_factory=dict)
    raw: bytes = b""

    def text(self) -> str:
        """Return the file: a header, an empty line, the bytes in hex."""
        outcome = {"code": self.code} if self.code else {}
        expect = {f"expect-{name}": value for name, value in self.expect.items()}
        header = {
            "message": self.message,
            "outcome": "rejected" if self.code else "accepted",
            **outcome,
            "comment": self.comment,
            **self.keys,
            **expect,
        }
        lines = [f"{name}: {value}" for name, value in header.items()]
        return "\n".join([*lines, "", *textwrap.wrap(self.raw.hex(), 64)]) + "\n"


VECTORS: dict[str, Vector] = {}
Generator = Callable[[], bytes]


def vector(
    message: str,
    code: str = "",
    *,
    keys: Mapping[str, object] | None = None,
    expect: Mapping[str, object] | None = None,
) -> Callable[[Generator], Generator]:
    """Register a generator; ``code`` is empty where the bytes are to be accepted."""

    def register(generator: Generator) -> Generator:
        assert generator.__doc__, f"{generator.__name__} needs a comment"
        VECTORS[generator.__name__] = Vector(
            message=message,
            code=code,
            comment=" ".join(generator.__doc__.split()),
            keys={name: _word(value) for name, value in (keys or {}).items()},
            expect={name: _word(value) for name, value in (expect or {}).items()},
            raw=generator(),
        )
        return generator

    return register


def _word(value: object) -> str:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, list | tuple):
        return ",".join(map(_word, value))
    return str(value)


def seed(name: str) -> bytes:
    """32 bytes for the key called ``name``: its BLAKE2b hash."""
    return hashlib.blake2b(name.encode(), digest_size=32).digest()


def patched(raw: bytes, at: int, new: bytes) -> bytes:
    """``raw`` with other bytes from offset ``at`` on."""
    return raw[:at] + new + raw[at + len(new) :]


def flipped(raw: bytes, at: int) -> bytes:
    """``raw`` with the lowest bit of byte ``at`` flipped."""
    return patched(raw, at, bytes((raw[at] ^ 1,)))


def malleated(raw: bytes) -> bytes:
    """A message that ends in a signature, with the group order added to its second half."""
    half = int.from_bytes(raw[-32:], "little") + GROUP_ORDER
    return raw[:-32] + half.to_bytes(32, "little")


LINEAGE = bytes.fromhex("a1b2c3d4")
WORKER_PUBLIC, WORKER_KEY = fields.signing_pair(seed("worker"))
CATALOG_PUBLIC, CATALOG_KEY = fields.signing_pair(seed("catalogue"))
DEVICE_PUBLIC, DEVICE_KEY = fields.signing_pair(seed("device"))
DEVICE_SECRET, SERVER_SECRET, ROUND_SECRET = seed("device box"), seed("server box"), seed("round")
DEVICE_BOX, SERVER_BOX, ROUND_BOX = map(
    fields.box_public, (DEVICE_SECRET, SERVER_SECRET, ROUND_SECRET)
)
DEVICE = enrol.device_id(DEVICE_PUBLIC)
PUSH_KEY = enrol.push_key(DEVICE, 1, DEVICE_SECRET, SERVER_BOX)
CODES = ((np.arange(64) * 37 + 11) % 255 - 127).astype(np.int8)
LOW_ORDER = bytes(32)

# --- envelope body ----------------------------------------------------------------------

REPORT = skill.SkillReport(
    lineage=LINEAGE, round=7, index=260, usage=3, success=0.8, codes=CODES, scale=0.0078125
)
BODY = skill.encode_skill(REPORT)
BODY_EXPECT = {
    "kind": "skill",
    "lineage": LINEAGE,
    "round": 7,
    "index": 260,
    "usage": 3,
    "success-255": 204,
    "scale": 0.0078125,
    "codes": CODES.tolist(),
}


@vector("skill", expect=BODY_EXPECT)
def skill_anchored() -> bytes:
    """The worked example of the specification."""
    return BODY


@vector(
    "skill",
    expect={
        "kind": "skill",
        "lineage": LINEAGE,
        "round": 2**32 - 1,
        "index": 2**24 - 1,
        "usage": 255,
        "success-255": 255,
        "scale": 65504.0,
        "codes": [127] * 32 + [-127] * 32,
    },
)
def skill_largest_values() -> bytes:
    """Every field at its largest."""
    return skill.encode_skill(
        skill.SkillReport(
            lineage=LINEAGE,
            round=2**32 - 1,
            index=2**24 - 1,
            usage=1000,
            success=1.0,
            codes=np.repeat(np.array([127, -127], np.int8), 32),
            scale=65504.0,
        )
    )


@vector("skill", expect={"kind": "skill", "scale": 0.0, "codes": [0] * 64})
def skill_zero_vector() -> bytes:
    """A vector of zeros is allowed, and so is a scale of zero."""
    return skill.encode_skill(replace(REPORT, codes=np.zeros(64, np.int8), scale=0.0))


@vector("skill", expect={"kind": "dummy"})
def skill_dummy() -> bytes:
    """An envelope body that says nothing."""
    return skill.encode_dummy()


@vector("skill", "truncated")
def skill_empty() -> bytes:
    """No bytes at all."""
    return b""


@vector("skill", "truncated")
def skill_truncated() -> bytes:
    """The last code is missing."""
    return BODY[:-1]


@vector("skill", "oversized")
def skill_oversized() -> bytes:
    """One byte too many."""
    return BODY + b"\0"


@vector("skill", "bad_version")
def skill_bad_version() -> bytes:
    """Version 2 is not known to a reader of version 1."""
    return patched(BODY, 0, b"\2")


@vector("skill", "bad_kind")
def skill_bad_kind() -> bytes:
    """Kind 2 is neither a dummy nor a skill."""
    return patched(BODY, 1, b"\2")


@vector("skill", "bad_value")
def skill_dummy_not_zero() -> bytes:
    """A dummy whose last byte is not zero would be a covert channel."""
    return patched(skill.encode_dummy(), 80, b"\1")


@vector("skill", "bad_value")
def skill_usage_zero() -> bytes:
    """A title that was never finished is no skill."""
    return patched(BODY, 13, b"\0")


@vector("skill", "bad_value")
def skill_scale_nan() -> bytes:
    """The scale is not a number."""
    return patched(BODY, 15, b"\x00\x7e")


@vector("skill", "bad_value")
def skill_scale_infinite() -> bytes:
    """The scale is infinite."""
    return patched(BODY, 15, b"\x00\x7c")


@vector("skill", "bad_value")
def skill_scale_negative() -> bytes:
    """The scale is negative."""
    return patched(BODY, 15, b"\x00\xa0")


@vector("skill", expect={"scale": -0.0})
def skill_scale_minus_zero() -> bytes:
    """Minus zero is zero, not a negative scale."""
    return patched(BODY, 15, b"\x00\x80")


@vector("skill", "bad_value")
def skill_code_minus_128() -> bytes:
    """The code -128 is not used, so that codes are symmetric."""
    return patched(BODY, 80, b"\x80")


# --- envelope ---------------------------------------------------------------------------

ENVELOPE = envelope.seal(BODY, ROUND_BOX, seed("ephemeral"))
ROUND_KEYS = {"round-public": ROUND_BOX, "round-secret": ROUND_SECRET}


@vector("envelope", expect={"body": BODY}, keys={"ephemeral-seed": seed("ephemeral"), **ROUND_KEYS})
def envelope_sealed() -> bytes:
    """A sealed skill; the ephemeral seed is given so that a writer can be checked too."""
    return ENVELOPE


@vector("envelope", expect={"body": skill.encode_dummy()}, keys=ROUND_KEYS)
def envelope_dummy() -> bytes:
    """A sealed dummy has the same size, and nobody but the worker can tell."""
    return envelope.seal(skill.encode_dummy(), ROUND_BOX, seed("another ephemeral"))


@vector("envelope", "truncated", keys=ROUND_KEYS)
def envelope_truncated() -> bytes:
    """The last byte is missing."""
    return ENVELOPE[:-1]


@vector("envelope", "oversized", keys=ROUND_KEYS)
def envelope_oversized() -> bytes:
    """One byte too many."""
    return ENVELOPE + b"\0"


@vector("envelope", "bad_seal", keys=ROUND_KEYS)
def envelope_flipped_bit() -> bytes:
    """One bit of the ciphertext differs."""
    return flipped(ENVELOPE, 128)


@vector("envelope", "bad_seal", keys=ROUND_KEYS)
def envelope_other_round() -> bytes:
    """Sealed to the key of another round."""
    return envelope.seal(BODY, fields.box_public(seed("other round")), seed("ephemeral"))


@vector("envelope", "bad_seal", keys=ROUND_KEYS)
def envelope_ephemeral_high_bit() -> bytes:
    """The unused top bit of the ephemeral key is set: the same point, but another nonce, so the
    same statement cannot be told twice in other bytes."""
    return patched(ENVELOPE, 31, bytes((ENVELOPE[31] | 0x80,)))


@vector("envelope", "bad_seal", keys=ROUND_KEYS)
def envelope_ephemeral_low_order() -> bytes:
    """The ephemeral key is a point of low order."""
    return patched(ENVELOPE, 0, LOW_ORDER)


# --- push -------------------------------------------------------------------------------

HEADER = push.PushHeader(device=DEVICE, epoch=1, seq=5, round=7, sent_at=1_800_000_000)
ENVELOPES = [
    envelope.seal(BODY if n < 3 else skill.encode_dummy(), ROUND_BOX, seed(f"ephemeral {n}"))
    for n in range(7)
]
PUSH = push.encode_push(HEADER, ENVELOPES, PUSH_KEY)


def keyed(message: bytes) -> bytes:
    """``message`` with the keyed hash that it needs."""
    tag = hashlib.blake2b(message, digest_size=32, key=PUSH_KEY, person=b"omega-push-v1").digest()
    return message + tag


@vector(
    "push",
    keys={"push-key": PUSH_KEY},
    expect={
        "device": DEVICE,
        "epoch": 1,
        "seq": 5,
        "round": 7,
        "sent-at": 1_800_000_000,
        "envelopes-digest": fields.digest(b"".join(ENVELOPES)),
    },
)
def push_accepted() -> bytes:
    """Three skills and four dummies."""
    return PUSH


@vector("push", "truncated", keys={"push-key": PUSH_KEY})
def push_truncated() -> bytes:
    """The last byte is missing."""
    return PUSH[:-1]


@vector("push", "oversized", keys={"push-key": PUSH_KEY})
def push_oversized() -> bytes:
    """An eighth envelope, well keyed: a push has one size."""
    return keyed(PUSH[:-32] + ENVELOPE)


@vector("push", "bad_magic", keys={"push-key": PUSH_KEY})
def push_bad_magic() -> bytes:
    """The first byte differs, the keyed hash fits."""
    return keyed(flipped(PUSH[:-32], 0))


@vector("push", "bad_version", keys={"push-key": PUSH_KEY})
def push_bad_version() -> bytes:
    """Version 2, the keyed hash fits."""
    return keyed(patched(PUSH[:-32], 4, b"\2"))


@vector("push", "bad_count", keys={"push-key": PUSH_KEY})
def push_six_envelopes() -> bytes:
    """It says that it holds six envelopes."""
    return keyed(patched(PUSH[:-32], 5, b"\6"))


@vector("push", "bad_value", keys={"push-key": PUSH_KEY})
def push_seq_zero() -> bytes:
    """Sequence numbers start at 1."""
    return keyed(patched(PUSH[:-32], 26, bytes(8)))


@vector("push", "bad_value", keys={"push-key": PUSH_KEY})
def push_seq_too_large() -> bytes:
    """Sequence numbers lie below 2^63, so that every database can hold them."""
    return keyed(patched(PUSH[:-32], 26, struct.pack("<Q", 1 << 63)))


@vector("push", "bad_value", keys={"push-key": PUSH_KEY})
def push_round_zero() -> bytes:
    """Round 0 is the start of a lineage; nothing is reported for it."""
    return keyed(patched(PUSH[:-32], 34, bytes(4)))


@vector("push", "bad_value", keys={"push-key": PUSH_KEY})
def push_time_too_large() -> bytes:
    """Times lie below 2^40 seconds."""
    return keyed(patched(PUSH[:-32], 38, struct.pack("<Q", 1 << 40)))


@vector("push", "bad_mac", keys={"push-key": PUSH_KEY})
def push_flipped_bit() -> bytes:
    """One bit of the first envelope differs from what was keyed."""
    return flipped(PUSH, 46)


@vector("push", "bad_mac", keys={"push-key": seed("another push key")})
def push_other_key() -> bytes:
    """Keyed by another device."""
    return PUSH


# --- page -------------------------------------------------------------------------------


def rows(count: int) -> page.Rows:
    """``count`` rows by formula."""
    return page.Rows(
        indices=(np.arange(count, dtype=np.int64) * 7919 + 260) % (1 << 24),
        codes=np.stack([np.roll(CODES, n) for n in range(count)]),
        scales=(np.arange(count) / 64 + 0.0078125).astype(np.float16),
        weights=((np.arange(count) + 1.0) ** -0.25).astype(np.float16),
    )


def signed_page(count: int) -> bytes:
    """A well-formed page of ``count`` rows."""
    made = page.Page(lineage=LINEAGE, round=6, number=0, rows=rows(count))
    return page.encode_page(made, WORKER_KEY)


def page_expect(count: int) -> dict[str, object]:
    """What a reader of ``signed_page(count)`` finds."""
    made = rows(count)
    return {
        "lineage": LINEAGE,
        "round": 6,
        "number": 0,
        "indices": made.indices.tolist(),
        "scales": made.scales.tolist(),
        "weights": made.weights.tolist(),
        "codes-digest": fields.digest(made.codes.tobytes()),
    }


def signed(domain: str, message: bytes, key: bytes = WORKER_KEY) -> bytes:
    """``message`` with the signature that it needs."""
    return message + fields.sign(domain, message, key)


PAGE = signed_page(2)
WORKER = {"worker-public": WORKER_PUBLIC}


@vector("page", expect=page_expect(1), keys=WORKER)
def page_one_row() -> bytes:
    """The smallest page."""
    return signed_page(1)


@vector("page", expect=page_expect(71), keys=WORKER)
def page_full() -> bytes:
    """The largest page: 71 rows, 5,120 bytes."""
    return signed_page(71)


@vector("page", "truncated", keys=WORKER)
def page_truncated() -> bytes:
    """Shorter than a page of one row."""
    return signed_page(1)[:-1]


@vector("page", "truncated", keys=WORKER)
def page_shorter_than_its_count() -> bytes:
    """It says three rows and holds two; the signature fits."""
    return signed("page", patched(PAGE[:-64], 13, b"\3"))


@vector("page", "oversized", keys=WORKER)
def page_longer_than_its_count() -> bytes:
    """It says one row and holds two; the signature fits."""
    return signed("page", patched(PAGE[:-64], 13, b"\1"))


@vector("page", "bad_magic", keys=WORKER)
def page_bad_magic() -> bytes:
    """The first byte differs, the signature fits."""
    return signed("page", flipped(PAGE[:-64], 0))


@vector("page", "bad_version", keys=WORKER)
def page_bad_version() -> bytes:
    """Version 2, the signature fits."""
    return signed("page", patched(PAGE[:-64], 2, b"\2"))


@vector("page", "bad_count", keys=WORKER)
def page_no_rows() -> bytes:
    """It says that it holds no row."""
    return signed("page", patched(PAGE[:-64], 13, b"\0"))


@vector("page", "bad_count", keys=WORKER)
def page_72_rows() -> bytes:
    """It says 72 rows, one more than a page may hold."""
    return signed("page", patched(signed_page(71)[:-64], 13, b"\x48"))


@vector("page", "bad_count", keys=WORKER)
def page_reserved_not_zero() -> bytes:
    """The reserved byte is zero in version 1."""
    return signed("page", patched(PAGE[:-64], 14, b"\1"))


@vector("page", "bad_signature", keys=WORKER)
def page_flipped_bit() -> bytes:
    """One bit of the last row differs from what was signed."""
    return flipped(PAGE, len(PAGE) - 65)


@vector("page", "bad_signature", keys=WORKER)
def page_signed_as_manifest() -> bytes:
    """The worker's signature, but for another kind of message."""
    return signed("manifest", PAGE[:-64])


@vector("page", "bad_signature", keys=WORKER)
def page_signature_plus_order() -> bytes:
    """The second half of the signature is not reduced: the same signature in other bytes."""
    return malleated(PAGE)


@vector("page", "bad_value", keys=WORKER)
def page_scale_infinite() -> bytes:
    """The scale of the first row is infinite."""
    return signed("page", patched(PAGE[:-64], 18, b"\x00\x7c"))


@vector("page", "bad_value", keys=WORKER)
def page_scale_negative() -> bytes:
    """The scale of the first row is negative."""
    return signed("page", patched(PAGE[:-64], 18, b"\x00\xa0"))


@vector("page", "bad_value", keys=WORKER)
def page_weight_zero() -> bytes:
    """A weight of zero has no count behind it."""
    return signed("page", patched(PAGE[:-64], 20, b"\x00\x00"))


@vector("page", "bad_value", keys=WORKER)
def page_weight_above_one() -> bytes:
    """The weight of no count at all is 1."""
    return signed("page", patched(PAGE[:-64], 20, b"\x01\x3c"))


@vector("page", "bad_value", keys=WORKER)
def page_code_minus_128() -> bytes:
    """The code -128 is not used."""
    return signed("page", patched(PAGE[:-64], 22, b"\x80"))


@vector("page", "bad_value", keys=WORKER)
def page_title_twice() -> bytes:
    """Both rows name the same title."""
    return signed("page", patched(PAGE[:-64], 86, PAGE[15:18]))


# --- manifest ---------------------------------------------------------------------------

SIGMA = (2.0 - np.arange(64) / 64).astype(np.float32)
MANIFEST_OF_ROUND_7 = manifest.Manifest(
    lineage=LINEAGE,
    pack=seed("pack"),
    round=7,
    basis=6,
    opens=1_800_000_000,
    closes=1_800_086_400,
    expires=1_800_172_800,
    round_public=ROUND_BOX,
    fleet=610,
    k=10,
    dial=Dial(fraction=0.25, noise=1.0),
    sigma=SIGMA,
    pages=(fields.digest(PAGE), seed("second page"), seed("third page")),
)
MANIFEST = manifest.encode_manifest(MANIFEST_OF_ROUND_7, WORKER_KEY)


def changed_manifest(at: int, layout: str, value: float) -> bytes:
    """A manifest with one field changed, signed again."""
    return signed("manifest", patched(MANIFEST[:-64], at, struct.pack(f"<{layout}", value)))


@vector(
    "manifest",
    expect={
        "lineage": LINEAGE,
        "pack": seed("pack"),
        "round": 7,
        "basis": 6,
        "opens": 1_800_000_000,
        "closes": 1_800_086_400,
        "expires": 1_800_172_800,
        "round-public": ROUND_BOX,
        "fleet": 610,
        "k": 10,
        "dial-fraction": 0.25,
        "dial-noise": 1.0,
        "sigma": SIGMA.tolist(),
        "pages": list(MANIFEST_OF_ROUND_7.pages),
    },
    keys=WORKER,
)
def manifest_three_pages() -> bytes:
    """Round 7 is open, and round 6 is published on three pages."""
    return MANIFEST


@vector("manifest", expect={"round": 1, "basis": 0, "pages": ""}, keys=WORKER)
def manifest_first_round() -> bytes:
    """The first round of a lineage: no pages, the basis is the start of the pack."""
    first = replace(MANIFEST_OF_ROUND_7, round=1, basis=0, pages=())
    return manifest.encode_manifest(first, WORKER_KEY)


@vector("manifest", "truncated", keys=WORKER)
def manifest_truncated() -> bytes:
    """Shorter than a manifest without pages."""
    return MANIFEST[:440]


@vector("manifest", "truncated", keys=WORKER)
def manifest_shorter_than_its_count() -> bytes:
    """It says four pages and names three; the signature fits."""
    return changed_manifest(375, "H", 4)


@vector("manifest", "oversized", keys=WORKER)
def manifest_longer_than_its_count() -> bytes:
    """It says two pages and names three; the signature fits."""
    return changed_manifest(375, "H", 2)


@vector("manifest", "bad_magic", keys=WORKER)
def manifest_bad_magic() -> bytes:
    """The first byte differs, the signature fits."""
    return signed("manifest", flipped(MANIFEST[:-64], 0))


@vector("manifest", "bad_version", keys=WORKER)
def manifest_bad_version() -> bytes:
    """Version 2, the signature fits."""
    return changed_manifest(4, "B", 2)


@vector("manifest", "bad_count", keys=WORKER)
def manifest_4097_pages() -> bytes:
    """It says 4,097 pages, one more than a round may have."""
    return changed_manifest(375, "H", 4097)


@vector("manifest", "bad_signature", keys=WORKER)
def manifest_flipped_bit() -> bytes:
    """One bit of the round's key differs from what was signed."""
    return flipped(MANIFEST, 73)


@vector("manifest", "bad_signature", keys=WORKER)
def manifest_signed_by_another() -> bytes:
    """Signed by the catalogue key, which may not announce rounds."""
    return signed("manifest", MANIFEST[:-64], CATALOG_KEY)


@vector("manifest", "bad_value", keys=WORKER)
def manifest_basis_not_before_round() -> bytes:
    """The basis is the open round itself."""
    return changed_manifest(45, "I", 7)


@vector("manifest", "bad_value", keys=WORKER)
def manifest_pages_without_basis() -> bytes:
    """The basis is the pack's start, and yet there are pages."""
    return changed_manifest(45, "I", 0)


@vector("manifest", "bad_value", keys=WORKER)
def manifest_closes_before_it_opens() -> bytes:
    """The round closes in the second it opens."""
    return changed_manifest(57, "Q", 1_800_000_000)


@vector("manifest", "bad_value", keys=WORKER)
def manifest_expires_before_it_closes() -> bytes:
    """The manifest expires before the round is over."""
    return changed_manifest(65, "Q", 1_800_000_001)


@vector("manifest", "bad_value", keys=WORKER)
def manifest_expires_too_late() -> bytes:
    """Times lie below 2^40 seconds."""
    return changed_manifest(65, "Q", 1 << 40)


@vector("manifest", "bad_value", keys=WORKER)
def manifest_k_zero() -> bytes:
    """A title is published with at least one report."""
    return changed_manifest(109, "H", 0)


@vector("manifest", "bad_value", keys=WORKER)
def manifest_dial_fraction_zero() -> bytes:
    """A report without any part of the history would be divided by zero."""
    return changed_manifest(111, "f", 0.0)


@vector("manifest", "bad_value", keys=WORKER)
def manifest_dial_noise_nan() -> bytes:
    """The noise is not a number."""
    return changed_manifest(115, "f", float("nan"))


@vector("manifest", "bad_value", keys=WORKER)
def manifest_sigma_nan() -> bytes:
    """The first sigma is not a number."""
    return changed_manifest(119, "f", float("nan"))


@vector("manifest", "bad_value", keys=WORKER)
def manifest_sigma_negative() -> bytes:
    """The last sigma is negative."""
    return changed_manifest(371, "f", -1.0)


@vector("manifest", "bad_key", keys=WORKER)
def manifest_round_key_low_order() -> bytes:
    """Envelopes sealed to this key could be opened by anyone."""
    return signed("manifest", patched(MANIFEST[:-64], 73, LOW_ORDER))


# --- enrolment --------------------------------------------------------------------------

REQUEST = enrol.encode_request(
    enrol.EnrolRequest(token=seed("token"), sign_public=DEVICE_PUBLIC, box_public=DEVICE_BOX),
    DEVICE_KEY,
)
ANSWER = enrol.encode_answer(
    enrol.EnrolAnswer(device=DEVICE, epoch=1, server_public=SERVER_BOX), PUSH_KEY
)
BOX = {"box-secret": DEVICE_SECRET}


@vector(
    "enrol-request",
    expect={"token": seed("token"), "sign-public": DEVICE_PUBLIC, "box-public": DEVICE_BOX},
)
def enrol_request_accepted() -> bytes:
    """A device asks in."""
    return REQUEST


@vector("enrol-request", "truncated")
def enrol_request_truncated() -> bytes:
    """The last byte is missing."""
    return REQUEST[:-1]


@vector("enrol-request", "oversized")
def enrol_request_oversized() -> bytes:
    """One byte too many."""
    return REQUEST + b"\0"


@vector("enrol-request", "bad_magic")
def enrol_request_bad_magic() -> bytes:
    """The first byte differs, the signature fits."""
    return signed("enrol", flipped(REQUEST[:-64], 0), DEVICE_KEY)


@vector("enrol-request", "bad_version")
def enrol_request_bad_version() -> bytes:
    """Version 2, the signature fits."""
    return signed("enrol", patched(REQUEST[:-64], 4, b"\2"), DEVICE_KEY)


@vector("enrol-request", "bad_signature")
def enrol_request_other_key() -> bytes:
    """It names the key of one device and is signed by another."""
    return signed("enrol", REQUEST[:-64], fields.signing_pair(seed("another device"))[1])


@vector("enrol-request", "bad_signature")
def enrol_request_low_order_key() -> bytes:
    """The Ed25519 key is a point of low order, for which a signature is easily forged."""
    forged = patched(REQUEST, 37, b"\1" + bytes(31))
    return forged[:-64] + b"\1" + bytes(63)


@vector("enrol-answer", expect={"device": DEVICE, "epoch": 1, "push-key": PUSH_KEY}, keys=BOX)
def enrol_answer_accepted() -> bytes:
    """The device derives the same push key as the server and finds that the hash fits."""
    return ANSWER


@vector("enrol-answer", "truncated", keys=BOX)
def enrol_answer_truncated() -> bytes:
    """The last byte is missing."""
    return ANSWER[:-1]


@vector("enrol-answer", "oversized", keys=BOX)
def enrol_answer_oversized() -> bytes:
    """One byte too many."""
    return ANSWER + b"\0"


@vector("enrol-answer", "bad_magic", keys=BOX)
def enrol_answer_bad_magic() -> bytes:
    """The first byte differs."""
    return flipped(ANSWER, 0)


@vector("enrol-answer", "bad_version", keys=BOX)
def enrol_answer_bad_version() -> bytes:
    """Version 2."""
    return patched(ANSWER, 4, b"\2")


@vector("enrol-answer", "bad_key", keys=BOX)
def enrol_answer_server_key_low_order() -> bytes:
    """The push key would not depend on the device's secret."""
    return patched(ANSWER, 25, LOW_ORDER)


@vector("enrol-answer", "bad_mac", keys=BOX)
def enrol_answer_other_epoch() -> bytes:
    """Another epoch than the one that was keyed."""
    return patched(ANSWER, 21, b"\2")


@vector("enrol-answer", "bad_mac", keys={"box-secret": seed("another device box")})
def enrol_answer_other_device() -> bytes:
    """An answer to another device."""
    return ANSWER


@vector("device-id", keys={"sign-public": DEVICE_PUBLIC})
def device_id() -> bytes:
    """The 16 bytes that stand for a device."""
    return DEVICE


PAIR = {"device": DEVICE, "epoch": 1}


@vector("push-key", keys={"own-secret": DEVICE_SECRET, "other-public": SERVER_BOX, **PAIR})
def push_key_by_the_device() -> bytes:
    """From the device's secret and the server's public key."""
    return PUSH_KEY


@vector("push-key", keys={"own-secret": SERVER_SECRET, "other-public": DEVICE_BOX, **PAIR})
def push_key_by_the_server() -> bytes:
    """From the server's secret and the device's public key: the same."""
    return PUSH_KEY


@vector(
    "push-key",
    keys={"own-secret": SERVER_SECRET, "other-public": DEVICE_BOX, "device": DEVICE, "epoch": 2},
)
def push_key_of_the_next_epoch() -> bytes:
    """Enrolled once more: the same keys, another epoch, another push key."""
    return enrol.push_key(DEVICE, 2, SERVER_SECRET, DEVICE_BOX)


@vector(
    "push-key", "bad_key", keys={"own-secret": SERVER_SECRET, "other-public": LOW_ORDER, **PAIR}
)
def push_key_low_order() -> bytes:
    """No push key comes from a public key of low order; there are no bytes."""
    return b""


# --- close ------------------------------------------------------------------------------

CLOSE = encode_close(CloseOrder(round=7, at=1_800_086_400), WORKER_KEY)


@vector("close", expect={"round": 7, "at": 1_800_086_400}, keys=WORKER)
def close_accepted() -> bytes:
    """Round 7 is over."""
    return CLOSE


@vector("close", "truncated", keys=WORKER)
def close_truncated() -> bytes:
    """The last byte is missing."""
    return CLOSE[:-1]


@vector("close", "oversized", keys=WORKER)
def close_oversized() -> bytes:
    """One byte too many."""
    return CLOSE + b"\0"


@vector("close", "bad_magic", keys=WORKER)
def close_bad_magic() -> bytes:
    """The first byte differs, the signature fits."""
    return signed("close", flipped(CLOSE[:-64], 0))


@vector("close", "bad_version", keys=WORKER)
def close_bad_version() -> bytes:
    """Version 2, the signature fits."""
    return signed("close", patched(CLOSE[:-64], 4, b"\2"))


@vector("close", "bad_signature", keys=WORKER)
def close_signed_by_a_device() -> bytes:
    """A television orders a round closed."""
    return signed("close", CLOSE[:-64], DEVICE_KEY)


@vector("close", "bad_value", keys=WORKER)
def close_round_zero() -> bytes:
    """Rounds start at 1."""
    return signed("close", patched(CLOSE[:-64], 5, bytes(4)))


@vector("close", "bad_value", keys=WORKER)
def close_time_too_large() -> bytes:
    """Times lie below 2^40 seconds."""
    return signed("close", patched(CLOSE[:-64], 9, struct.pack("<Q", 1 << 40)))


# --- pack -------------------------------------------------------------------------------

TITLE = {"id": "t1", "name": "A quiet year", "year": 1998, "genres": ["drama"], "age": 0}
HEAD = {"lineage": "demo", "lineage_id": LINEAGE.hex(), "encoder": "lsa-384", "titles": [TITLE]}
ROW = np.resize(CODES, 384).tobytes() + b"\x00\x20" + b"\x00\x3c" + bytes(126)


def pack_body(head: object = HEAD, row: bytes = ROW) -> bytes:
    """A decompressed pack: the length of the head, the head, the tables."""
    text = head if isinstance(head, bytes) else json.dumps(head).encode()
    return struct.pack("<I", len(text)) + text + row


def stored(body: bytes, *, declared: int | None = None) -> bytes:
    """A zstd frame that declares its size and holds ``body`` in one block, not compressed."""
    size = struct.pack("<Q", len(body) if declared is None else declared)
    block = struct.pack("<I", 1 | len(body) << 3)[:3]
    return b"\x28\xb5\x2f\xfd\xe0" + size + block + body


def signed_pack(frame: bytes, start: bytes = b"EXOK\1") -> bytes:
    """A pack file around ``frame``."""
    return start + fields.sign("pack", start + frame, CATALOG_KEY) + frame


PACK = signed_pack(stored(pack_body()))
CATALOG = {"catalog-public": CATALOG_PUBLIC}


@vector(
    "pack",
    expect={
        "lineage": "demo",
        "lineage-id": LINEAGE,
        "encoder": "lsa-384",
        "title-0": json.dumps(TITLE, sort_keys=True),
        "content-codes-digest": fields.digest(ROW[:384]),
        "content-scales": [0.0078125],
        "basis-digest": fields.digest(ROW[386:]),
    },
    keys=CATALOG,
)
def pack_one_title() -> bytes:
    """The smallest catalogue; the age of 0 (fit for all) is not the same as no age."""
    return PACK


@vector("pack", "truncated", keys=CATALOG)
def pack_truncated() -> bytes:
    """Nothing follows the signature."""
    return PACK[:69]


@vector("pack", "bad_magic", keys=CATALOG)
def pack_bad_magic() -> bytes:
    """The first byte differs, the signature fits."""
    return signed_pack(stored(pack_body()), b"EXOJ\1")


@vector("pack", "bad_version", keys=CATALOG)
def pack_bad_version() -> bytes:
    """Version 2, the signature fits."""
    return signed_pack(stored(pack_body()), b"EXOK\3")


@vector("pack", "bad_signature", keys=CATALOG)
def pack_flipped_bit() -> bytes:
    """One bit of the last vector differs from what was signed."""
    return flipped(PACK, len(PACK) - 1)


@vector("pack", "bad_signature", keys={"catalog-public": WORKER_PUBLIC})
def pack_other_key() -> bytes:
    """Checked against the worker's key, which may not make catalogues."""
    return PACK


@vector("pack", "bad_compression", keys=CATALOG)
def pack_not_compressed() -> bytes:
    """What follows the signature is no zstd frame."""
    return signed_pack(pack_body())


@vector("pack", "bad_compression", keys=CATALOG)
def pack_size_not_declared() -> bytes:
    """The frame does not declare its size."""
    body = pack_body()
    block = struct.pack("<I", 1 | len(body) << 3)[:3]
    return signed_pack(b"\x28\xb5\x2f\xfd\x00\x00" + block + body)


@vector("pack", "bad_compression", keys=CATALOG)
def pack_declares_too_much() -> bytes:
    """The frame declares a megabyte and holds less."""
    return signed_pack(stored(pack_body(), declared=1 << 20))


@vector("pack", "bad_compression", keys=CATALOG)
def pack_declares_too_little() -> bytes:
    """The frame declares ten bytes and holds more."""
    return signed_pack(stored(pack_body(), declared=10))


@vector("pack", "bad_compression", keys=CATALOG)
def pack_trailing_frame() -> bytes:
    """A second frame follows."""
    return signed_pack(stored(pack_body()) + stored(b"more"))


@vector("pack", "oversized", keys=CATALOG)
def pack_declares_a_bomb() -> bytes:
    """The frame declares 255 MiB: within the limit of a pack, but not for so few bytes."""
    return signed_pack(stored(pack_body(), declared=255 << 20))


@vector("pack", "oversized", keys=CATALOG)
def pack_declares_exbibytes() -> bytes:
    """The frame declares 2^62 bytes."""
    return signed_pack(stored(pack_body(), declared=1 << 62))


@vector("pack", "truncated", keys=CATALOG)
def pack_short_of_tables() -> bytes:
    """The last byte of the start basis is missing."""
    return signed_pack(stored(pack_body()[:-1]))


@vector("pack", "oversized", keys=CATALOG)
def pack_more_than_tables() -> bytes:
    """A byte follows the start basis."""
    return signed_pack(stored(pack_body() + b"\0"))


@vector("pack", "bad_value", keys=CATALOG)
def pack_head_no_json() -> bytes:
    """The head is cut in the middle."""
    return signed_pack(stored(pack_body(json.dumps(HEAD).encode()[:40])))


@vector("pack", "bad_value", keys=CATALOG)
def pack_head_utf16() -> bytes:
    """The head is JSON in another coding than UTF-8."""
    return signed_pack(stored(pack_body(json.dumps(HEAD).encode("utf-16"))))


@vector("pack", "bad_value", keys=CATALOG)
def pack_head_too_deep() -> bytes:
    """The head is a list in a list, twenty thousand times; a reader must not overflow."""
    return signed_pack(stored(pack_body(b"[" * 20_000)))


@vector("pack", "bad_value", keys=CATALOG)
def pack_no_titles() -> bytes:
    """A catalogue holds at least one title."""
    return signed_pack(stored(pack_body(HEAD | {"titles": []}, b"")))


@vector("pack", "bad_value", keys=CATALOG)
def pack_title_twice() -> bytes:
    """Two titles have the same id."""
    return signed_pack(stored(pack_body(HEAD | {"titles": [TITLE, TITLE]}, ROW * 2)))


@vector("pack", "bad_value", keys=CATALOG)
def pack_title_unknown_field() -> bytes:
    """A title with a field that nobody knows."""
    return signed_pack(stored(pack_body(HEAD | {"titles": [TITLE | {"stars": 5}]})))


@vector("pack", "bad_value", keys=CATALOG)
def pack_title_half_character() -> bytes:
    """A name with half of a surrogate pair, which is no text."""
    return signed_pack(stored(pack_body(HEAD | {"titles": [TITLE | {"name": "\ud800"}]})))


@vector("pack", "bad_value", keys=CATALOG)
def pack_title_control_character() -> bytes:
    """A name that would steer a terminal."""
    return signed_pack(stored(pack_body(HEAD | {"titles": [TITLE | {"name": "\x1b[2J"}]})))


@vector("pack", "bad_value", keys=CATALOG)
def pack_title_genres_text() -> bytes:
    """Genres are a list, not a text."""
    return signed_pack(stored(pack_body(HEAD | {"titles": [TITLE | {"genres": "drama"}]})))


@vector("pack", "bad_value", keys=CATALOG)
def pack_title_huge_popularity() -> bytes:
    """A popularity of 10^400 does not fit a float."""
    return signed_pack(stored(pack_body(HEAD | {"titles": [TITLE | {"popularity": 10**400}]})))


@vector("pack", "bad_value", keys=CATALOG)
def pack_lineage_of_three_bytes() -> bytes:
    """A lineage id has four bytes."""
    return signed_pack(stored(pack_body(HEAD | {"lineage_id": "a1b2c3"})))


@vector("pack", "bad_value", keys=CATALOG)
def pack_lineage_in_capitals() -> bytes:
    """The lineage id is written in lower case."""
    return signed_pack(stored(pack_body(HEAD | {"lineage_id": "A1B2C3D4"})))


@vector("pack", "bad_value", keys=CATALOG)
def pack_head_unknown_field() -> bytes:
    """A head with a field that nobody knows."""
    return signed_pack(stored(pack_body(HEAD | {"comment": "hello"})))


@vector("pack", "bad_value", keys=CATALOG)
def pack_code_minus_128() -> bytes:
    """The content code -128 is not used."""
    return signed_pack(stored(pack_body(row=patched(ROW, 0, b"\x80"))))


@vector("pack", "bad_value", keys=CATALOG)
def pack_scale_negative() -> bytes:
    """The content scale is negative."""
    return signed_pack(stored(pack_body(row=patched(ROW, 384, b"\x00\xa0"))))


@vector("pack", "bad_value", keys=CATALOG)
def pack_scale_infinite() -> bytes:
    """The content scale is infinite."""
    return signed_pack(stored(pack_body(row=patched(ROW, 384, b"\x00\x7c"))))


@vector("pack", "bad_value", keys=CATALOG)
def pack_basis_nan() -> bytes:
    """The first number of the start basis is none."""
    return signed_pack(stored(pack_body(row=patched(ROW, 386, b"\x00\x7e"))))


FULL = TITLE | {
    "minutes": 94,
    "available_from": 1,
    "available_until": 2000000000,
    "popularity": 12.5,
    "language": "pt-br",
    "people": ["Ana Sá", "Rui Dias"],
    "episodes": 12,
}
REGIONS = ["BR", "PT", "US-CA"]
REGIONAL = struct.pack("<fff", 40.5, 3.0, float("nan"))
QUERY_WORDS = b"drama\nquiet\n\xc3\xa9t\xc3\xa9\n"
LEAST_LENGTH = struct.pack("<f", 0.5)
CENTRE = np.linspace(-0.25, 0.25, 384, dtype="<f4").tobytes()
WORD_WEIGHTS = b"\x00\x3c" + b"\x00\x40" + b"\x00\x42"
WORD_SCALES = b"\x00\x20" * 3
WORD_CODES = np.resize(CODES, 3 * 384).tobytes()


def query_body(
    words: bytes = QUERY_WORDS,
    *,
    count: int = 3,
    least_length: bytes = LEAST_LENGTH,
    centre: bytes = CENTRE,
    weights: bytes = WORD_WEIGHTS,
    scales: bytes = WORD_SCALES,
    codes: bytes = WORD_CODES,
) -> bytes:
    """A decompressed query table."""
    start = struct.pack("<II", count, len(words)) + words
    return start + least_length + centre + weights + scales + codes


def signed_pack_2(frame: bytes, query: bytes = b"", *, length: int | None = None) -> bytes:
    """A pack file of version 2 around the frame of the titles and that of the query table."""
    first = struct.pack("<I", len(frame) if length is None else length) + frame
    start, rest = b"EXOK\2", first + query
    return start + fields.sign("pack-2", start + rest, CATALOG_KEY) + rest


def regional_pack(codes: list[str], columns: bytes) -> bytes:
    """A pack file of version 2 with regions."""
    return signed_pack_2(stored(pack_body(HEAD | {"regions": codes}) + columns))


def queried(body: bytes) -> bytes:
    """A pack file of version 2 whose query table is ``body``."""
    return signed_pack_2(stored(pack_body()), stored(body))


@vector(
    "pack",
    expect={
        "lineage": "demo",
        "lineage-id": LINEAGE,
        "encoder": "lsa-384",
        "title-0": json.dumps(FULL, sort_keys=True),
        "content-codes-digest": fields.digest(ROW[:384]),
        "content-scales": [0.0078125],
        "basis-digest": fields.digest(ROW[386:]),
        "regions": REGIONS,
        "regional-digest": fields.digest(REGIONAL),
        "query-words-digest": fields.digest(QUERY_WORDS),
        "query-least-length": 0.5,
        "query-centre-digest": fields.digest(CENTRE),
        "query-weights": [1.0, 2.0, 3.0],
        "query-scales": [0.0078125] * 3,
        "query-codes-digest": fields.digest(WORD_CODES),
    },
    keys=CATALOG,
)
def pack_with_query_table() -> bytes:
    """Version 2: a title with every field, three regions, and a query table of three words."""
    body = pack_body(HEAD | {"titles": [FULL], "regions": REGIONS}) + REGIONAL
    return signed_pack_2(stored(body), stored(query_body()))


@vector(
    "pack",
    expect={
        "lineage": "demo",
        "lineage-id": LINEAGE,
        "encoder": "lsa-384",
        "title-0": json.dumps(TITLE, sort_keys=True),
        "content-codes-digest": fields.digest(ROW[:384]),
        "content-scales": [0.0078125],
        "basis-digest": fields.digest(ROW[386:]),
    },
    keys=CATALOG,
)
def pack_without_query_table() -> bytes:
    """Version 2 without a query table: the file ends with the frame of the titles."""
    return signed_pack_2(stored(pack_body()))


@vector("pack", "bad_value", keys=CATALOG)
def pack_language_in_version_1() -> bytes:
    """Version 1 knows no language of a title."""
    return signed_pack(stored(pack_body(HEAD | {"titles": [TITLE | {"language": "de"}]})))


@vector("pack", "bad_signature", keys=CATALOG)
def pack_version_2_signed_as_version_1() -> bytes:
    """The two versions are signed under different domains."""
    frame = stored(pack_body())
    return signed_pack(struct.pack("<I", len(frame)) + frame, b"EXOK\2")


@vector("pack", "bad_value", keys=CATALOG)
def pack_title_nine_people() -> bytes:
    """A title names at most eight people."""
    title = TITLE | {"people": [f"person {number}" for number in range(9)]}
    return signed_pack_2(stored(pack_body(HEAD | {"titles": [title]})))


@vector("pack", "bad_value", keys=CATALOG)
def pack_title_with_regions() -> bytes:
    """Regions stand in columns, not with the titles."""
    title = TITLE | {"regions": {"BR": 1}}
    return signed_pack_2(stored(pack_body(HEAD | {"titles": [title]})))


@vector("pack", "bad_value", keys=CATALOG)
def pack_region_in_words() -> bytes:
    """A region has a code, not a name."""
    return regional_pack(["BR", "Brasil"], struct.pack("<ff", 1, 2))


@vector("pack", "bad_value", keys=CATALOG)
def pack_regions_out_of_order() -> bytes:
    """The second region comes before the first."""
    return regional_pack(["PT", "BR"], struct.pack("<ff", 1, 2))


@vector("pack", "bad_value", keys=CATALOG)
def pack_region_twice() -> bytes:
    """Two regions are the same."""
    return regional_pack(["PT", "PT"], struct.pack("<ff", 1, 2))


@vector("pack", "bad_value", keys=CATALOG)
def pack_region_negative() -> bytes:
    """A popularity is negative."""
    return regional_pack(["BR", "PT"], struct.pack("<ff", 1, -2))


@vector("pack", "bad_value", keys=CATALOG)
def pack_region_infinite() -> bytes:
    """A popularity is infinite."""
    return regional_pack(["BR", "PT"], struct.pack("<ff", 1, float("inf")))


@vector("pack", "truncated", keys=CATALOG)
def pack_region_without_column() -> bytes:
    """Two regions, but one column."""
    return regional_pack(["BR", "PT"], struct.pack("<f", 1))


@vector("pack", "oversized", keys=CATALOG)
def pack_column_without_region() -> bytes:
    """One region, but two columns."""
    return regional_pack(["BR"], struct.pack("<ff", 1, 2))


@vector("pack", "bad_value", keys=CATALOG)
def pack_regions_in_version_1() -> bytes:
    """Version 1 knows no regions."""
    body = pack_body(HEAD | {"regions": ["BR"]}) + struct.pack("<f", 1)
    return signed_pack(stored(body))


@vector("pack", "bad_value", keys=CATALOG)
def pack_title_no_episodes() -> bytes:
    """A series has at least one episode."""
    return signed_pack_2(stored(pack_body(HEAD | {"titles": [TITLE | {"episodes": 0}]})))


@vector("pack", "truncated", keys=CATALOG)
def pack_frame_beyond_the_end() -> bytes:
    """The frame of the titles is said to be one byte longer than what is there."""
    frame = stored(pack_body())
    return signed_pack_2(frame, length=len(frame) + 1)


@vector("pack", "bad_compression", keys=CATALOG)
def pack_frame_said_to_be_shorter() -> bytes:
    """The frame of the titles is said to be one byte shorter than it is."""
    frame = stored(pack_body())
    return signed_pack_2(frame, length=len(frame) - 1)


@vector("pack", "bad_compression", keys=CATALOG)
def pack_query_not_compressed() -> bytes:
    """The query table is there as it is."""
    return signed_pack_2(stored(pack_body()), query_body())


@vector("pack", "oversized", keys=CATALOG)
def pack_query_declares_a_bomb() -> bytes:
    """The frame of the query table declares 15 MiB: within the limit, but not for so few bytes."""
    return signed_pack_2(stored(pack_body()), stored(query_body(), declared=15 << 20))


@vector("pack", "oversized", keys=CATALOG)
def pack_query_declares_exbibytes() -> bytes:
    """The frame of the query table declares 2^62 bytes."""
    return signed_pack_2(stored(pack_body()), stored(query_body(), declared=1 << 62))


@vector("pack", "truncated", keys=CATALOG)
def pack_query_short_of_tables() -> bytes:
    """One byte of the query table is missing."""
    return queried(query_body()[:-1])


@vector("pack", "oversized", keys=CATALOG)
def pack_query_more_than_tables() -> bytes:
    """One byte follows the query table."""
    return queried(query_body() + b"\0")


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_no_words() -> bytes:
    """A query table that is there holds a word."""
    return queried(query_body(b"", count=0, weights=b"", scales=b"", codes=b""))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_words_out_of_order() -> bytes:
    """The second word comes before the first."""
    return queried(query_body(b"quiet\ndrama\n\xc3\xa9t\xc3\xa9\n"))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_word_twice() -> bytes:
    """Two words are the same."""
    return queried(query_body(b"drama\ndrama\n\xc3\xa9t\xc3\xa9\n"))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_word_empty() -> bytes:
    """The first word has no letters."""
    return queried(query_body(b"\nquiet\n\xc3\xa9t\xc3\xa9\n"))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_word_of_65_letters() -> bytes:
    """The first word is longer than a word may be."""
    return queried(query_body(b"d" * 65 + b"\nquiet\n\xc3\xa9t\xc3\xa9\n"))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_words_latin_1() -> bytes:
    """The words are in another coding than UTF-8."""
    return queried(query_body(b"drama\nquiet\n\xe9t\xe9\n"))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_two_words_of_three() -> bytes:
    """Three rows, but two words."""
    return queried(query_body(b"drama\nquiet\n"))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_last_word_not_ended() -> bytes:
    """The last word is not followed by a line feed."""
    return queried(query_body(QUERY_WORDS[:-1]))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_length_negative() -> bytes:
    """The least length is negative."""
    return queried(query_body(least_length=struct.pack("<f", -0.5)))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_length_infinite() -> bytes:
    """The least length is infinite."""
    return queried(query_body(least_length=struct.pack("<f", float("inf"))))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_centre_nan() -> bytes:
    """The first number of the centre is none."""
    return queried(query_body(centre=patched(CENTRE, 0, b"\x00\x00\xc0\x7f")))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_weight_zero() -> bytes:
    """A word that weighs nothing."""
    return queried(query_body(weights=patched(WORD_WEIGHTS, 2, b"\x00\x00")))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_scale_negative() -> bytes:
    """The scale of a word is negative."""
    return queried(query_body(scales=patched(WORD_SCALES, 2, b"\x00\xa0")))


@vector("pack", "bad_value", keys=CATALOG)
def pack_query_code_minus_128() -> bytes:
    """The code -128 is not used."""
    return queried(query_body(codes=patched(WORD_CODES, 400, b"\x80")))


# --- signatures -------------------------------------------------------------------------

TEXT = b"any message"
SIGNED = {"domain": "manifest", "public": WORKER_PUBLIC}


@vector("signature", keys=SIGNED)
def signature_accepted() -> bytes:
    """A message and its signature, the last 64 bytes."""
    return signed("manifest", TEXT)


@vector("signature", "bad_signature", keys=SIGNED)
def signature_of_another_domain() -> bytes:
    """Signed as a page, read as a manifest."""
    return signed("page", TEXT)


@vector("signature", "bad_signature", keys=SIGNED)
def signature_without_domain() -> bytes:
    """A plain Ed25519 signature of the message alone."""
    return TEXT + nacl.bindings.crypto_sign(TEXT, WORKER_KEY)[:64]


@vector("signature", "bad_signature", keys=SIGNED)
def signature_plus_order() -> bytes:
    """The second half is not reduced modulo the group order."""
    return malleated(signed("manifest", TEXT))


def main() -> None:
    """Rewrite the folder."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    for path in FOLDER.glob("*.txt"):
        path.unlink()
    for name, made in VECTORS.items():
        (FOLDER / f"{name}.txt").write_text(made.text(), encoding="ascii")


if __name__ == "__main__":
    main()
