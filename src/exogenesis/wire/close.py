"""The close order: the worker tells the server, signed, that a round is over.

81 bytes: magic ``EXOC``, version 1, round u32, time u64, signature (64) of the worker.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

from exogenesis.errors import RemoteError
from exogenesis.wire.fields import (
    SIGNATURE_BYTES,
    TIME_MAX,
    check_signature,
    check_size,
    check_start,
    sign,
)

MAGIC = b"EXOC"
VERSION = 1
DOMAIN = "close"
_BODY = struct.Struct("<4sBIQ")
CLOSE_BYTES = _BODY.size + SIGNATURE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class CloseOrder:
    """Close ``round``; ordered at ``at``, Unix seconds."""

    round: int
    at: int


def encode_close(order: CloseOrder, signing_key: bytes) -> bytes:
    """Code and sign a close order."""
    message = _BODY.pack(MAGIC, VERSION, order.round, order.at)
    return message + sign(DOMAIN, message, signing_key)


def decode_close(raw: bytes, worker_public: bytes) -> CloseOrder:
    """Check and read a close order.

    Raises:
        RemoteError: ``truncated``, ``oversized``, ``bad_magic``, ``bad_version``,
            ``bad_signature`` or ``bad_value``.
    """
    check_size(raw, "a close order", least=CLOSE_BYTES, most=CLOSE_BYTES)
    check_start(raw, "close order", MAGIC, VERSION)
    _, _, round_, at = _BODY.unpack_from(raw)
    message, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    check_signature(DOMAIN, message, signature, worker_public, "a close order")
    if round_ < 1 or at >= TIME_MAX:
        raise RemoteError("bad_value", "a close order whose round or time is out of range")
    return CloseOrder(round=round_, at=at)
