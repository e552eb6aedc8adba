"""Enrolment: a one-time token and proof of the device's key, answered with a push key.

Request, 165 bytes: magic ``EXOE``, version 1, token (32), Ed25519 public key (32), X25519
public key (32), signature (64) by that Ed25519 key over the bytes before it.

Answer, 89 bytes: magic ``EXOA``, version 1, device id (16), epoch u32, X25519 public key of the
server (32), keyed BLAKE2b-256 (32) under the new push key over the bytes before it.

The request proves that the sender holds the device key. The answer proves that it was made for
this device by who holds the secret of the key *in the answer*; that key is not pinned, so who
the server is rests on TLS alone. A false server learns when the television is on, never what an
envelope holds: envelopes are sealed to the round key, which the pinned worker signed.

The push key is never sent::

    push key = BLAKE2b-256( device id || epoch u32, key = X25519(device, server),
                            person = "omega-pushkey-v1" )
"""

from __future__ import annotations

import hashlib
import hmac
import struct
from dataclasses import dataclass

from exogenesis.errors import RemoteError
from exogenesis.wire.fields import (
    KEY_BYTES,
    SIGNATURE_BYTES,
    check_signature,
    check_size,
    check_start,
    fixed,
    shared_secret,
    sign,
)

VERSION = 1
DOMAIN = "enrol"
TOKEN_BYTES = 32
DEVICE_BYTES = 16
_REQUEST = struct.Struct("<4sB32s32s32s")
_ANSWER = struct.Struct("<4sB16sI32s")
REQUEST_MAGIC, ANSWER_MAGIC = b"EXOE", b"EXOA"
REQUEST_BYTES = _REQUEST.size + SIGNATURE_BYTES
_MAC_BYTES = 32
ANSWER_BYTES = _ANSWER.size + _MAC_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolRequest:
    """A device asks in: its one-time token and its two public keys."""

    token: bytes
    sign_public: bytes
    box_public: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class EnrolAnswer:
    """The server's answer: device id, epoch and the server's X25519 public key."""

    device: bytes
    epoch: int
    server_public: bytes


def device_id(sign_public: bytes) -> bytes:
    """16-byte id of a device: the start of the BLAKE2b hash of its Ed25519 public key."""
    return hashlib.blake2b(
        sign_public, digest_size=DEVICE_BYTES, person=b"omega-device-v1"
    ).digest()


def push_key(device: bytes, epoch: int, own_secret: bytes, other_public: bytes) -> bytes:
    """Derive the 32-byte push key; both sides get the same.

    Raises:
        RemoteError: ``bad_key`` when the public key is of low order.
    """
    shared = shared_secret(own_secret, other_public)
    message = fixed(device, DEVICE_BYTES, "a device id") + struct.pack("<I", epoch)
    return hashlib.blake2b(message, digest_size=32, key=shared, person=b"omega-pushkey-v1").digest()


def encode_request(request: EnrolRequest, signing_key: bytes) -> bytes:
    """Code a request and sign it with the device's Ed25519 key."""
    message = _REQUEST.pack(
        REQUEST_MAGIC,
        VERSION,
        fixed(request.token, TOKEN_BYTES, "a token"),
        fixed(request.sign_public, KEY_BYTES, "an Ed25519 public key"),
        fixed(request.box_public, KEY_BYTES, "an X25519 public key"),
    )
    return message + sign(DOMAIN, message, signing_key)


def decode_request(raw: bytes) -> EnrolRequest:
    """Read a request and check that the sender holds the key it names.

    Raises:
        RemoteError: ``truncated``, ``oversized``, ``bad_magic``, ``bad_version`` or
            ``bad_signature``.
    """
    check_size(raw, "an enrolment request", least=REQUEST_BYTES, most=REQUEST_BYTES)
    check_start(raw, "enrolment request", REQUEST_MAGIC, VERSION)
    _, _, token, sign_public, box_public = _REQUEST.unpack_from(raw)
    message, signature = raw[:-SIGNATURE_BYTES], raw[-SIGNATURE_BYTES:]
    check_signature(DOMAIN, message, signature, sign_public, "an enrolment request")
    return EnrolRequest(token=token, sign_public=sign_public, box_public=box_public)


def _answer_mac(message: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(
        message, digest_size=_MAC_BYTES, key=key, person=b"omega-enrol-v1"
    ).digest()


def encode_answer(answer: EnrolAnswer, key: bytes) -> bytes:
    """Code an answer under the new push key."""
    message = _ANSWER.pack(
        ANSWER_MAGIC,
        VERSION,
        fixed(answer.device, DEVICE_BYTES, "a device id"),
        answer.epoch,
        fixed(answer.server_public, KEY_BYTES, "an X25519 public key"),
    )
    return message + _answer_mac(message, key)


def decode_answer(raw: bytes, box_secret: bytes) -> tuple[EnrolAnswer, bytes]:
    """Read an answer; returns it with the push key.

    Raises:
        RemoteError: ``truncated``, ``oversized``, ``bad_magic``, ``bad_version``, ``bad_key`` or
            ``bad_mac``.
    """
    check_size(raw, "an enrolment answer", least=ANSWER_BYTES, most=ANSWER_BYTES)
    check_start(raw, "enrolment answer", ANSWER_MAGIC, VERSION)
    _, _, device, epoch, server_public = _ANSWER.unpack_from(raw)
    key = push_key(device, epoch, box_secret, server_public)
    expected = _answer_mac(raw[:-_MAC_BYTES], key)
    if not hmac.compare_digest(expected, raw[-_MAC_BYTES:]):
        raise RemoteError("bad_mac", "the enrolment answer was not made for this device")
    return EnrolAnswer(device=device, epoch=epoch, server_public=server_public), key
