"""The push: what one television sends to the server, always the same size.

=======  =====  ==========================================
offset   bytes  field
=======  =====  ==========================================
0        4      magic ``EXOP``
4        1      version, 1
5        1      number of envelopes, 7
6        16     device id
22       4      epoch of the push key, u32
26       8      sequence number within the epoch, u64
34       4      round, u32
38       8      time of sending, Unix seconds, u64
46       903    seven envelopes of 129 bytes
949      32     keyed BLAKE2b-256 over bytes 0..948
=======  =====  ==========================================
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from exogenesis.core.limits import ENVELOPES_PER_PUSH, PUSH_BYTES_MAX
from exogenesis.errors import RemoteError
from exogenesis.wire.enrol import DEVICE_BYTES
from exogenesis.wire.envelope import ENVELOPE_BYTES
from exogenesis.wire.fields import TIME_MAX, check_size, check_start, fixed

MAGIC = b"EXOP"
VERSION = 1
MAC_BYTES = 32
SEQ_MAX = (1 << 63) - 1
_HEAD = struct.Struct("<4sBB16sIQIQ")
PUSH_BYTES = _HEAD.size + ENVELOPES_PER_PUSH * ENVELOPE_BYTES + MAC_BYTES
assert PUSH_BYTES <= PUSH_BYTES_MAX
_PERSON = b"omega-push-v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class PushHeader:
    """Who sends, which push it is, and for which round.

    Attributes:
        device: 16-byte device id.
        epoch: counts the push keys of the device.
        seq: counts the pushes within the epoch, from 1.
        round: the round the envelopes are sealed for.
        sent_at: Unix seconds by the television's clock.
    """

    device: bytes
    epoch: int
    seq: int
    round: int
    sent_at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A push whose shape was checked; :func:`check_push` still has to check its key."""

    header: PushHeader
    envelopes: tuple[bytes, ...]
    raw: bytes


def _in_range(header: PushHeader) -> bool:
    return 1 <= header.seq <= SEQ_MAX and header.round >= 1 and 0 <= header.sent_at < TIME_MAX


def _keyed_hash(message: bytes, push_key: bytes) -> bytes:
    return hashlib.blake2b(message, digest_size=MAC_BYTES, key=push_key, person=_PERSON).digest()


def encode_push(header: PushHeader, envelopes: Sequence[bytes], push_key: bytes) -> bytes:
    """Build the 981 bytes of a push from exactly seven envelopes."""
    if not _in_range(header):
        raise ValueError("a push needs a seq and a round from 1 on and a time in Unix seconds")
    if len(envelopes) != ENVELOPES_PER_PUSH or any(len(e) != ENVELOPE_BYTES for e in envelopes):
        raise ValueError(f"a push holds exactly {ENVELOPES_PER_PUSH} whole envelopes")
    message = _HEAD.pack(
        MAGIC,
        VERSION,
        ENVELOPES_PER_PUSH,
        fixed(header.device, DEVICE_BYTES, "a device id"),
        header.epoch,
        header.seq,
        header.round,
        header.sent_at,
    ) + b"".join(envelopes)
    return message + _keyed_hash(message, push_key)


def decode_push(raw: bytes) -> Push:
    """Read a push; its keyed hash is not checked here, for the key depends on the device.

    Raises:
        RemoteError: ``truncated``, ``oversized``, ``bad_magic``, ``bad_version``, ``bad_count``
            or ``bad_value``.
    """
    check_size(raw, "a push", least=PUSH_BYTES, most=PUSH_BYTES)
    check_start(raw, "push", MAGIC, VERSION)
    _, _, count, device, epoch, seq, round_, sent_at = _HEAD.unpack_from(raw)
    if count != ENVELOPES_PER_PUSH:
        raise RemoteError("bad_count", f"a push of {count} envelopes, expected 7")
    header = PushHeader(device=device, epoch=epoch, seq=seq, round=round_, sent_at=sent_at)
    if not _in_range(header):
        raise RemoteError("bad_value", "a push whose seq, round or time is out of range")
    starts = range(_HEAD.size, PUSH_BYTES - MAC_BYTES, ENVELOPE_BYTES)
    return Push(
        header=header,
        envelopes=tuple(raw[start : start + ENVELOPE_BYTES] for start in starts),
        raw=raw,
    )


def check_push(push: Push, push_key: bytes) -> None:
    """Refuse a push that was not made with the device's push key.

    Raises:
        RemoteError: ``bad_mac``.
    """
    expected = _keyed_hash(push.raw[:-MAC_BYTES], push_key)
    if not hmac.compare_digest(expected, push.raw[-MAC_BYTES:]):
        raise RemoteError("bad_mac", "the push was not made with this device's key")
