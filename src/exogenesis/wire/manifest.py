"""The round manifest: what is open, until when, and which pages are current. Signed.

=======  ======  ==================================================================
offset   bytes   field
=======  ======  ==================================================================
0        4       magic ``EXOM``
4        1       version, 1
5        4       lineage
9        32      digest of the catalogue pack
41       4       round that is open, u32, from 1
45       4       basis: round whose pages are current, u32; 0 is the pack's start basis
49       8       opens, Unix seconds, u64
57       8       closes, u64
65       8       expires, u64: the manifest is not to be used from then on
73       32      X25519 public key of the round, envelopes are sealed to it
105      4       fleet: televisions that reported in the basis round, u32
109      2       k, least reports of a published title, u16
111      4       dial: fraction f, float32
115      4       dial: noise, float32
119      256     sigma, 64 x float32
375      2       number of pages p, u16
377      32 p    digests of the pages
...      64      signature of the worker over the bytes before it
=======  ======  ==================================================================
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

import numpy as np

from exogenesis.core.dial import Dial
from exogenesis.core.limits import PAGES_MAX, TASTE_DIM
from exogenesis.core.vectors import Floats
from exogenesis.errors import RemoteError
from exogenesis.wire.fields import (
    DIGEST_BYTES,
    KEY_BYTES,
    LINEAGE_BYTES,
    SIGNATURE_BYTES,
    TIME_MAX,
    check_signature,
    check_size,
    check_start,
    fixed,
    shared_secret,
    sign,
)

MAGIC = b"EXOM"
VERSION = 1
DOMAIN = "manifest"
_HEAD = struct.Struct("<4sB4s32sIIQQQ32sIHff")
_SIGMA_BYTES = 4 * TASTE_DIM
_FIXED = _HEAD.size + _SIGMA_BYTES + 2
MANIFEST_BYTES_LEAST = _FIXED + SIGNATURE_BYTES
MANIFEST_BYTES_MAX = MANIFEST_BYTES_LEAST + PAGES_MAX * DIGEST_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a television needs to know before it reads pages or reports.

    Attributes:
        lineage: 4 bytes, the catalogue lineage.
        pack: digest of the catalogue pack.
        round: the open round.
        basis: the round whose pages are current; below ``round``.
        opens, closes, expires: Unix seconds, in this order.
        round_public: X25519 public key of the round.
        fleet: televisions that reported in the basis round.
        k: least number of reports of a published title.
        dial: what the constellation asks for; a television may only be stricter.
        sigma: ``(64,)`` float32, positive.
        pages: digest of each page, in order.
    """

    lineage: bytes
    pack: bytes
    round: int
    basis: int
    opens: int
    closes: int
    expires: int
    round_public: bytes
    fleet: int
    k: int
    dial: Dial
    sigma: Floats
    pages: tuple[bytes, ...]


def encode_manifest(manifest: Manifest, signing_key: bytes) -> bytes:
    """Code and sign a manifest."""
    if len(manifest.pages) > PAGES_MAX:
        raise ValueError(f"{len(manifest.pages)} pages, at most {PAGES_MAX} fit a manifest")
    head = _HEAD.pack(
        MAGIC,
        VERSION,
        fixed(manifest.lineage, LINEAGE_BYTES, "a lineage"),
        fixed(manifest.pack, DIGEST_BYTES, "a digest"),
        manifest.round,
        manifest.basis,
        manifest.opens,
        manifest.closes,
        manifest.expires,
        fixed(manifest.round_public, KEY_BYTES, "a round key"),
        manifest.fleet,
        manifest.k,
        manifest.dial.fraction,
        manifest.dial.noise,
    )
    sigma = fixed(manifest.sigma.astype("<f4").tobytes(), _SIGMA_BYTES, "sigma")
    digests = (fixed(page, DIGEST_BYTES, "a digest") for page in manifest.pages)
    pages = struct.pack("<H", len(manifest.pages)) + b"".join(digests)
    message = head + sigma + pages
    return message + sign(DOMAIN, message, signing_key)


def decode_manifest(raw: bytes, worker_public: bytes) -> Manifest:
    """Check and read a manifest; freshness is the reader's business (it has the clock).

    Raises:
        RemoteError: ``truncated``, ``oversized``, ``bad_magic``, ``bad_version``, ``bad_count``,
            ``bad_signature``, ``bad_value`` or ``bad_key``.
    """
    check_size(raw, "a manifest", least=MANIFEST_BYTES_LEAST, most=MANIFEST_BYTES_MAX)
    check_start(raw, "manifest", MAGIC, VERSION)
    (count,) = struct.unpack_from("<H", raw, _FIXED - 2)
    if count > PAGES_MAX:
        raise RemoteError("bad_count", f"a manifest of {count} pages, the limit is {PAGES_MAX}")
    size = MANIFEST_BYTES_LEAST + count * DIGEST_BYTES
    check_size(raw, f"a manifest of {count} pages", least=size, most=size)
    message, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    check_signature(DOMAIN, message, signature, worker_public, "a manifest")
    sigma = np.frombuffer(raw, "<f4", TASTE_DIM, _HEAD.size).astype(np.float32)
    digests = raw[_FIXED : _FIXED + count * DIGEST_BYTES]
    head = _HEAD.unpack_from(raw)
    lineage, pack, round_, basis, opens, closes, expires, public = head[2:10]
    fleet, k, fraction, noise = head[10:]
    if not 0 <= basis < round_ or (basis == 0) != (count == 0):
        raise RemoteError("bad_value", f"a manifest of round {round_} with basis {basis}")
    if not opens < closes <= expires < TIME_MAX:
        raise RemoteError("bad_value", "a manifest whose times are out of order")
    if not np.isfinite(sigma).all() or (sigma < 0).any() or k < 1:
        raise RemoteError("bad_value", "a manifest with a sigma or a k out of range")
    try:
        dial = Dial(fraction=fraction, noise=noise)
    except ValueError as error:
        raise RemoteError("bad_value", f"a manifest with an impossible dial: {error}") from error
    shared_secret(bytes(KEY_BYTES), public)  # for its check of the key alone
    starts = range(0, len(digests), DIGEST_BYTES)
    return Manifest(
        lineage=lineage,
        pack=pack,
        round=round_,
        basis=basis,
        opens=opens,
        closes=closes,
        expires=expires,
        round_public=public,
        fleet=fleet,
        k=k,
        dial=dial,
        sigma=sigma,
        pages=tuple(digests[start : start + DIGEST_BYTES] for start in starts),
    )
