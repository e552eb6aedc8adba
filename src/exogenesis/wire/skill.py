"""The plaintext of one envelope: a dummy, or one anchored skill."""

from __future__ import annotations

import builtins
import math
import struct
from dataclasses import dataclass

import numpy as np

from exogenesis.core.limits import TASTE_DIM, TITLES_MAX
from exogenesis.core.vectors import Floats, Halves, Int8s
from exogenesis.errors import RemoteError
from exogenesis.wire.fields import LINEAGE_BYTES, check_size, fixed

VERSION = 1
DUMMY, SKILL = 0, 1
SKILL_BYTES = 81
_HEAD = struct.Struct("<BB4sI3sBBe")
_SCALE_MAX = float(np.finfo(np.float16).max)

BATCH_DTYPE = np.dtype(
    {
        "names": ["version", "kind", "lineage", "round", "index", "usage", "success", "scale",
                  "codes"],
        "formats": ["u1", "u1", "V4", "<u4", ("u1", 3), "u1", "u1", "<f2", ("i1", TASTE_DIM)],
        "offsets": [0, 1, 2, 6, 10, 13, 14, 15, 17],
        "itemsize": SKILL_BYTES,
    }
)  # fmt: skip
"""The same layout for numpy: the worker reads a whole pool at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillReport:
    """One skill as it leaves a television.

    Attributes:
        lineage: 4 bytes that name the catalogue lineage.
        round: the open round, whose manifest names the basis that the vector is expressed in.
        index: catalogue index of the title, the skill's name.
        usage: at least 1, capped at 255; a television sends 1.
        success: in 0..1, coded in steps of 1/255; a television sends 1.
        codes: ``(64,)`` int8.
        scale: float16 scale of the codes.
    """

    lineage: bytes
    round: int
    index: int
    usage: int
    success: float
    codes: Int8s
    scale: float

    @property
    def vector(self) -> Floats:
        """``(64,)`` float32: the taste vector that was sent."""
        return self.codes.astype(np.float32) * np.float32(self.scale)


def encode_skill(report: SkillReport) -> bytes:
    """Code ``report`` in 81 bytes.

    Raises:
        ValueError: a field is out of range; no reader would accept the body.
    """
    if not 0 <= report.index < TITLES_MAX:
        raise ValueError(f"catalogue index {report.index} lies outside 0..{TITLES_MAX - 1}")
    if not 0.0 <= report.success <= 1.0:
        raise ValueError(f"a success rate lies in 0..1, not at {report.success}")
    if not 0.0 <= report.scale <= _SCALE_MAX or (report.codes == -128).any():
        raise ValueError("codes or scale that quantise() does not make")
    head = _HEAD.pack(
        VERSION,
        SKILL,
        fixed(report.lineage, LINEAGE_BYTES, "a lineage"),
        report.round,
        report.index.to_bytes(3, "little"),
        max(1, min(report.usage, 255)),
        round(255 * report.success),
        report.scale,
    )
    return head + fixed(report.codes.astype(np.int8).tobytes(), TASTE_DIM, "the codes")


def encode_dummy() -> bytes:
    """An envelope body that says nothing, 81 bytes."""
    return bytes((VERSION, DUMMY)) + bytes(SKILL_BYTES - 2)


def decode_skill(body: bytes) -> SkillReport | None:
    """Read an envelope body; None is a dummy.

    Raises:
        RemoteError: ``truncated``, ``oversized``, ``bad_version``, ``bad_kind`` or ``bad_value``.
    """
    check_size(body, "an envelope body", least=SKILL_BYTES, most=SKILL_BYTES)
    version, kind, lineage, round_, index, usage, success, scale = _HEAD.unpack_from(body)
    if version != VERSION:
        raise RemoteError("bad_version", f"envelope body of version {version}, expected {VERSION}")
    if kind == DUMMY:
        if any(body[2:]):
            raise RemoteError("bad_value", "a dummy envelope carries bytes that are not zero")
        return None
    if kind != SKILL:
        raise RemoteError("bad_kind", f"envelope body of unknown kind {kind}")
    codes: Int8s = np.frombuffer(body, np.int8, TASTE_DIM, _HEAD.size)
    if usage == 0 or not (math.isfinite(scale) and scale >= 0):
        raise RemoteError("bad_value", "envelope body with a usage or scale out of range")
    if (codes == -128).any():
        raise RemoteError("bad_value", "envelope body with the code -128, which is not used")
    return SkillReport(
        lineage=lineage,
        round=round_,
        index=int.from_bytes(index, "little"),
        usage=usage,
        success=success / 255,
        codes=codes,
        scale=scale,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class SkillBatch:
    """Many skills in columns, as the worker aggregates them.

    Attributes:
        indices: ``(n,)`` catalogue indices.
        codes: ``(n, 64)`` int8.
        scales: ``(n,)`` float16.
        rows: ``(n,)`` position of each in the batch of bodies that was read.
    """

    indices: np.ndarray[tuple[int], np.dtype[np.int64]]
    codes: Int8s
    scales: Halves
    rows: np.ndarray[tuple[int], np.dtype[np.int64]]


def encode_batch(
    *,
    lineage: bytes,
    round: int,
    indices: np.ndarray[tuple[int], np.dtype[np.int64]],
    codes: Int8s,
    scales: Halves,
    usage: int = 1,
    success: float = 1.0,
) -> bytes:
    """Code many skills at once: the bodies of :func:`encode_skill`, one after the other.

    Args:
        lineage: 4 bytes that name the catalogue lineage.
        round: the round whose basis the vectors are expressed in.
        indices: ``(n,)`` catalogue indices.
        codes: ``(n, 64)`` int8.
        scales: ``(n,)`` float16.
        usage: the same for all, capped at 255.
        success: in 0..1, the same for all.
    """
    if ((indices < 0) | (indices >= TITLES_MAX)).any():
        raise ValueError(f"a catalogue index lies outside 0..{TITLES_MAX - 1}")
    table = np.zeros(len(indices), BATCH_DTYPE)
    table["version"], table["kind"], table["round"] = VERSION, SKILL, round
    table["lineage"] = np.void(fixed(lineage, LINEAGE_BYTES, "a lineage"))
    for byte in range(3):
        table["index"][:, byte] = (indices >> (8 * byte)) & 0xFF
    table["usage"], table["success"] = max(1, min(usage, 255)), builtins.round(255 * success)
    table["scale"], table["codes"] = scales, codes
    return table.tobytes()


def decode_batch(bodies: bytes, *, lineage: bytes, round: int, titles: int) -> SkillBatch:
    """Read concatenated envelope bodies; dummies and bodies that break a rule are left out.

    The rules are those of :func:`decode_skill`, plus: the lineage and the round are the given
    ones and the index lies below ``titles``.

    Raises:
        RemoteError: ``truncated`` when the bytes are no whole number of bodies.
    """
    if len(bodies) % SKILL_BYTES:
        raise RemoteError("truncated", f"{len(bodies)} bytes are no multiple of {SKILL_BYTES}")
    table = np.frombuffer(bodies, BATCH_DTYPE)
    index = table["index"].astype(np.int64) @ np.array([1, 1 << 8, 1 << 16])
    scale = table["scale"].astype(np.float32)
    good = (
        (table["version"] == VERSION)
        & (table["kind"] == SKILL)
        & (table["lineage"] == np.void(fixed(lineage, LINEAGE_BYTES, "a lineage")))
        & (table["round"] == round)
        & (index < titles)
        & (table["usage"] > 0)
        & np.isfinite(scale)
        & (scale >= 0)
        & (table["codes"] != -128).all(axis=1)
    )
    rows = np.flatnonzero(good)
    return SkillBatch(
        indices=index[rows], codes=table["codes"][rows], scales=table["scale"][rows], rows=rows
    )
