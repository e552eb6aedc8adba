"""Bounded reading of fixed layouts: integers are little-endian, lengths are checked first."""

from __future__ import annotations

import hashlib

import nacl.bindings
import nacl.exceptions

from exogenesis.errors import RemoteError

SIGNATURE_BYTES = 64
DIGEST_BYTES = 32
KEY_BYTES = 32
LINEAGE_BYTES = 4
SIGNING_KEY_BYTES = 64
TIME_MAX = 1 << 40
"""Unix seconds lie below this; it fits the signed integers of every database and language."""
DOMAIN_PREFIX = b"exogenesis-omega/v1/"


def digest(blob: bytes) -> bytes:
    """BLAKE2b-256 of ``blob``: how manifests name pages and packs."""
    return hashlib.blake2b(blob, digest_size=DIGEST_BYTES).digest()


def fixed(blob: bytes, size: int, what: str) -> bytes:
    """Return ``blob`` when it has exactly ``size`` bytes.

    For our own values before they are packed or handed to a C library, which would pad, cut or
    read beyond them without a word.

    Raises:
        ValueError: it has another length.
    """
    if len(blob) != size:
        raise ValueError(f"{what} must have {size} bytes, not {len(blob)}")
    return blob


def check_size(blob: bytes, what: str, *, least: int, most: int) -> None:
    """Refuse ``blob`` unless its length lies in ``least..most``.

    Raises:
        RemoteError: ``truncated`` or ``oversized``.
    """
    if len(blob) < least:
        raise RemoteError(
            "truncated", f"{what} is cut short: {len(blob)} bytes, needs at least {least}"
        )
    if len(blob) > most:
        raise RemoteError("oversized", f"{what} has {len(blob)} bytes, the limit is {most}")


def check_start(blob: bytes, what: str, magic: bytes, version: int) -> None:
    """Refuse ``blob`` unless it starts with ``magic`` and a version byte that is known.

    Raises:
        RemoteError: ``bad_magic`` or ``bad_version``.
    """
    if blob[: len(magic)] != magic:
        raise RemoteError("bad_magic", f"this is no {what}: it does not start with {magic!r}")
    if blob[len(magic)] != version:
        raise RemoteError(
            "bad_version", f"{what} has version {blob[len(magic)]}, this program reads {version}"
        )


def sign(domain: str, message: bytes, signing_key: bytes) -> bytes:
    """Ed25519 signature, 64 bytes, over ``exogenesis-omega/v1/<domain> 0x00 <message>``.

    Args:
        domain: what is signed; a signature never counts for another kind of message.
        message: the signed bytes.
        signing_key: 64-byte libsodium secret key (seed, then public key).
    """
    fixed(signing_key, SIGNING_KEY_BYTES, "a signing key")
    prefixed = DOMAIN_PREFIX + domain.encode() + b"\0" + message
    return nacl.bindings.crypto_sign(prefixed, signing_key)[:SIGNATURE_BYTES]


def check_signature(
    domain: str, message: bytes, signature: bytes, public_key: bytes, what: str
) -> None:
    """Refuse a message whose signature does not fit.

    Raises:
        RemoteError: ``bad_signature``.
        ValueError: ``public_key`` is no key, it does not have 32 bytes.
    """
    fixed(public_key, KEY_BYTES, "a public key")
    prefixed = DOMAIN_PREFIX + domain.encode() + b"\0" + message
    try:
        nacl.bindings.crypto_sign_open(signature + prefixed, public_key)
    except nacl.exceptions.CryptoError as error:
        raise RemoteError(
            "bad_signature", f"the signature of {what} does not fit the pinned public key"
        ) from error


def signing_pair(seed: bytes) -> tuple[bytes, bytes]:
    """Ed25519 pair from a 32-byte seed: public key (32 bytes), secret key (64 bytes)."""
    public, secret = nacl.bindings.crypto_sign_seed_keypair(seed)
    return public, secret


def box_public(secret: bytes) -> bytes:
    """X25519 public key (32 bytes) of a 32-byte secret."""
    return nacl.bindings.crypto_scalarmult_base(fixed(secret, KEY_BYTES, "an X25519 secret"))


def shared_secret(own_secret: bytes, other_public: bytes) -> bytes:
    """X25519 of an own secret and another's public key, 32 bytes.

    Raises:
        RemoteError: ``bad_key`` when the public key is of low order: the result would not
            depend on the secret.
    """
    fixed(own_secret, KEY_BYTES, "an X25519 secret")
    fixed(other_public, KEY_BYTES, "an X25519 public key")
    try:
        return nacl.bindings.crypto_scalarmult(own_secret, other_public)
    except RuntimeError as error:
        raise RemoteError("bad_key", "an X25519 public key that no honest program makes") from error
