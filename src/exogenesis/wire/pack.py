"""The catalogue pack: titles, content vectors, start basis and query table, signed, compressed.

File: magic ``EXOK``, version 2, signature (64) of the catalogue key over all other bytes, u32
length of the first zstd frame, that frame, then the frame of the query table
(:mod:`exogenesis.wire.query`) or nothing. Each frame declares its size. Version 1, which is read
and no longer written, has the first frame alone, without its length, and titles without
language, people, episodes and regions. Body of the first frame::

    u32 n, then n bytes of JSON: {"lineage", "lineage_id", "encoder", "titles": [{...}, ...],
    "regions": [r codes]}, the last only where there are any
    m x 384 int8   content codes        m x float16   content scales
    m x  64 float16 start basis         r x m float32 popularity by region, NaN: nobody said

The signature is checked before anything is decompressed, and the declared size before memory is
taken: at most 1 MiB and 64 times the frame, which no real catalogue comes near. The order of the
titles is the catalogue index; within a lineage it is append-only.
"""

from __future__ import annotations

import json
import struct
import sys
from collections.abc import Set
from dataclasses import asdict, dataclass, field, fields
from typing import Any

import numpy as np

from exogenesis.core.limits import (
    CONTENT_DIM,
    PACK_BODY_BYTES_FREE,
    PACK_BODY_BYTES_MAX,
    PACK_BYTES_MAX,
    PACK_RATIO_MAX,
    TASTE_DIM,
    TITLES_MAX,
)
from exogenesis.core.titles import (
    NAME_LENGTH_MAX,
    POPULARITY_MAX,
    REGIONS_MAX,
    Title,
    is_region,
)
from exogenesis.core.vectors import Floats, Halves, Int8s, dequantise
from exogenesis.errors import CatalogError, RemoteError
from exogenesis.wire.fields import (
    LINEAGE_BYTES,
    SIGNATURE_BYTES,
    check_signature,
    check_size,
    check_start,
    fixed,
    sign,
)
from exogenesis.wire.frame import compressed, decompressed
from exogenesis.wire.query import decode_query

MAGIC = b"EXOK"
VERSION = 2
DOMAIN = "pack-2"
_OLD_VERSION = 1
_OLD_DOMAIN = "pack"
_START = MAGIC + bytes((VERSION,))
_HEAD_BYTES = len(_START) + SIGNATURE_BYTES
_LENGTH = struct.Struct("<I")
_ROW_BYTES = CONTENT_DIM + 2 + 2 * TASTE_DIM
_HEAD_FIELDS = {"lineage", "lineage_id", "encoder", "titles"}
_TITLE_DEFAULTS = {one.name: one.default for one in fields(Title)}
_TITLE_FIELDS = _TITLE_DEFAULTS.keys() - {"regions"}
_OLD_TITLE_FIELDS = _TITLE_FIELDS - {"language", "people", "episodes"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """A decoded catalogue pack.

    Attributes:
        lineage: name of the catalogue lineage.
        lineage_id: 4 bytes that stand for it on the wire.
        encoder: which program made the content vectors; two encoders are never mixed.
        titles: in catalogue order, without their regions.
        content_codes, content_scales: ``(m, 384)`` int8 and ``(m,)`` float16.
        basis: ``(m, 64)`` float16 start basis.
        regions: codes of r regions, sorted.
        regional: ``(r, m)`` float32 popularity in each, NaN where a title does not say.
        query: compressed query table, as :func:`exogenesis.wire.query.decode_query` reads it;
            empty when the pack has none.
    """

    lineage: str
    lineage_id: bytes
    encoder: str
    titles: tuple[Title, ...]
    content_codes: Int8s
    content_scales: Halves
    basis: Halves
    regions: tuple[str, ...] = ()
    regional: Floats = field(default_factory=lambda: np.empty((0, 0), np.float32))
    query: bytes = b""

    @property
    def content(self) -> Floats:
        """``(m, 384)`` float32 content vectors, unit rows up to the coding."""
        return dequantise(self.content_codes, self.content_scales)


def encode_pack(pack: Pack, signing_key: bytes) -> bytes:
    """Code, compress and sign a pack.

    Raises:
        CatalogError: the catalogue is too large for a pack.
        ValueError: a table does not fit the titles, or a title has its regions with it.
    """
    rows = len(pack.titles)
    if any(title.regions for title in pack.titles):
        raise ValueError("the regions of the titles must be in columns")
    head = {
        "lineage": pack.lineage,
        "lineage_id": fixed(pack.lineage_id, LINEAGE_BYTES, "a lineage").hex(),
        "encoder": pack.encoder,
        "titles": [_title_fields(title) for title in pack.titles],
        **({"regions": pack.regions} if pack.regions else {}),
    }
    text = json.dumps(head, ensure_ascii=False, separators=(",", ":")).encode()
    body = b"".join(
        (
            struct.pack("<I", len(text)),
            text,
            fixed(pack.content_codes.tobytes(), rows * CONTENT_DIM, "the content codes"),
            fixed(pack.content_scales.astype("<f2").tobytes(), rows * 2, "the content scales"),
            fixed(pack.basis.astype("<f2").tobytes(), rows * 2 * TASTE_DIM, "the start basis"),
            fixed(pack.regional.astype("<f4").tobytes(), 4 * rows * len(pack.regions), "regions"),
        )
    )
    frame = compressed(body)
    rest = _LENGTH.pack(len(frame)) + frame + pack.query
    raw = _START + sign(DOMAIN, _START + rest, signing_key) + rest
    if len(body) > _body_bytes_max(frame) or len(raw) > PACK_BYTES_MAX:
        raise CatalogError(
            f"{len(pack.titles)} titles make a pack of {len(raw)} bytes, {len(body)} unpacked; "
            f"the limits are {PACK_BYTES_MAX} and {_body_bytes_max(frame)}: use fewer titles"
        )
    return raw


def _title_fields(title: Title) -> dict[str, object]:
    given = asdict(title).items()
    return {name: value for name, value in given if value != _TITLE_DEFAULTS[name]}


def _body_bytes_max(frame: bytes) -> int:
    return min(PACK_BODY_BYTES_MAX, PACK_BODY_BYTES_FREE + PACK_RATIO_MAX * len(frame))


def decode_pack(raw: bytes, catalog_public: bytes) -> Pack:
    """Check and read a pack.

    Raises:
        RemoteError: ``truncated``, ``oversized``, ``bad_magic``, ``bad_version``,
            ``bad_signature``, ``bad_compression`` or ``bad_value``.
    """
    check_size(raw, "a catalogue pack", least=_HEAD_BYTES + 1, most=PACK_BYTES_MAX)
    old = raw[len(MAGIC)] == _OLD_VERSION
    check_start(raw, "catalogue pack", MAGIC, _OLD_VERSION if old else VERSION)
    start, signature, rest = raw[: len(_START)], raw[len(_START) : _HEAD_BYTES], raw[_HEAD_BYTES:]
    domain = _OLD_DOMAIN if old else DOMAIN
    check_signature(domain, start + rest, signature, catalog_public, "a catalogue pack")
    frame, query = (rest, b"") if old else _frames(rest)
    body = decompressed(frame, "a pack", most=_body_bytes_max(frame))
    check_size(body, "a pack body", least=4, most=PACK_BODY_BYTES_MAX)
    (length,) = struct.unpack_from("<I", body)
    head = _head(body[4 : 4 + length], old=old)
    rows, regions = len(head.titles), len(head.regions)
    size = 4 + length + rows * (_ROW_BYTES + 4 * regions)
    check_size(body, f"a pack body of {rows} titles", least=size, most=size)
    at = 4 + length
    codes = np.frombuffer(body, np.int8, rows * CONTENT_DIM, at).reshape(rows, CONTENT_DIM)
    at += codes.nbytes
    scales = np.frombuffer(body, "<f2", rows, at)
    at += scales.nbytes
    basis = np.frombuffer(body, "<f2", rows * TASTE_DIM, at).reshape(rows, TASTE_DIM)
    at += basis.nbytes
    regional = np.frombuffer(body, "<f4", regions * rows, at).reshape(regions, rows)
    if (regional < 0).any() or (regional > POPULARITY_MAX).any():
        raise RemoteError("bad_value", "a catalogue pack with a popularity out of range")
    finite = np.isfinite(scales).all() and np.isfinite(basis).all()
    if not finite or (scales < 0).any() or (codes == -128).any():
        raise RemoteError("bad_value", "a catalogue pack with a vector out of range")
    if query:
        decode_query(query)
    return Pack(
        lineage=head.lineage,
        lineage_id=head.lineage_id,
        encoder=head.encoder,
        titles=head.titles,
        content_codes=codes,
        content_scales=scales,
        basis=basis,
        regions=head.regions,
        regional=regional,
        query=query,
    )


def _frames(rest: bytes) -> tuple[bytes, bytes]:
    """Part what follows the signature: the frame of the titles, and that of the query table."""
    check_size(rest, "a catalogue pack", least=_LENGTH.size + 1, most=PACK_BYTES_MAX)
    (length,) = _LENGTH.unpack_from(rest)
    end = _LENGTH.size + length
    check_size(rest, "a catalogue pack", least=end, most=PACK_BYTES_MAX)
    return rest[_LENGTH.size : end], rest[end:]


def check_encoder(pack: Pack, expected: str) -> None:
    """Refuse a pack whose content vectors another encoder made: two spaces are never mixed.

    Raises:
        RemoteError: ``wrong_encoder``.
    """
    if pack.encoder != expected:
        raise RemoteError(
            "wrong_encoder", f"the pack was encoded by {pack.encoder!r}, expected {expected!r}"
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Head:
    lineage: str
    lineage_id: bytes
    encoder: str
    titles: tuple[Title, ...]
    regions: tuple[str, ...]


def _head(text: bytes, *, old: bool) -> _Head:
    try:
        head = json.loads(text.decode())
        if set(head) - (set() if old else {"regions"}) != _HEAD_FIELDS:
            raise ValueError(f"a head has the fields {sorted(_HEAD_FIELDS)}")
        known = _OLD_TITLE_FIELDS if old else _TITLE_FIELDS
        regions = _regions(head.get("regions", []))
        lineage, encoder = head["lineage"], head["encoder"]
        lineage_id = bytes.fromhex(head["lineage_id"])
        titles = tuple(_title(entry, known) for entry in head["titles"])
    except (ValueError, TypeError, RecursionError) as error:
        raise RemoteError("bad_value", f"a pack with an unreadable head: {error}") from error
    named = _is_word(lineage) and _is_word(encoder) and len(lineage_id) == LINEAGE_BYTES
    if not named or lineage_id.hex() != head["lineage_id"]:
        raise RemoteError("bad_value", "a catalogue pack whose lineage or encoder is malformed")
    if not 1 <= len(titles) <= TITLES_MAX:
        raise RemoteError("bad_value", f"a catalogue pack of {len(titles)} titles")
    if len({title.id for title in titles}) != len(titles):
        raise RemoteError("bad_value", "a catalogue pack with a title id that is there twice")
    return _Head(
        lineage=lineage, lineage_id=lineage_id, encoder=encoder, titles=titles, regions=regions
    )


def _regions(codes: object) -> tuple[str, ...]:
    if not isinstance(codes, list) or len(codes) > REGIONS_MAX or not all(map(is_region, codes)):
        raise ValueError(f"regions are a list of at most {REGIONS_MAX} codes")
    if codes != sorted(set(codes)):
        raise ValueError("regions are in the order of their codes, each code once")
    return tuple(codes)


def _is_word(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= NAME_LENGTH_MAX and value.isprintable()


def _title(entry: object, known: Set[str]) -> Title:
    if not isinstance(entry, dict):
        raise TypeError("a title is an object")
    unknown = entry.keys() - known
    if unknown:
        raise ValueError(f"unknown field {min(unknown)!r}")
    genres, people = entry.get("genres", []), entry.get("people", [])
    if not isinstance(genres, list) or not isinstance(people, list):
        raise TypeError("genres and people are lists")
    shared: dict[str, Any] = {
        "genres": tuple(map(_once, genres)),
        "people": tuple(map(_once, people)),
        "language": _once(entry.get("language")),
    }
    return Title(**{**entry, **shared})


def _once(value: Any) -> Any:
    """Keep one copy of a text that many titles share."""
    return sys.intern(value) if isinstance(value, str) else value
