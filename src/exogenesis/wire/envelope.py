"""Sealed envelopes: anyone can seal to the round's key, only the worker can open.

The libsodium sealed box from its primitives, so that the ephemeral key is a parameter::

    nonce = BLAKE2b-192( ephemeral public || round public )
    sealed = ephemeral public || XSalsa20-Poly1305( body, nonce, X25519(ephemeral, round) )
"""

from __future__ import annotations

import hashlib

import nacl.bindings
import nacl.exceptions

from exogenesis.errors import RemoteError
from exogenesis.wire.fields import check_size, fixed
from exogenesis.wire.skill import SKILL_BYTES

SEAL_BYTES = 48
ENVELOPE_BYTES = SEAL_BYTES + SKILL_BYTES
_NONCE_BYTES = 24


def seal(body: bytes, round_public: bytes, ephemeral_seed: bytes) -> bytes:
    """Seal ``body`` to a round's public key.

    Args:
        body: 81 bytes, see :mod:`exogenesis.wire.skill`.
        round_public: X25519 public key of the round, 32 bytes.
        ephemeral_seed: 32 fresh random bytes, used once and forgotten.

    Returns:
        129 bytes.

    Raises:
        ValueError: an argument has the wrong length, or the key is of low order.
    """
    fixed(body, SKILL_BYTES, "an envelope body")
    public, secret = nacl.bindings.crypto_box_seed_keypair(ephemeral_seed)
    nonce = hashlib.blake2b(public + round_public, digest_size=_NONCE_BYTES).digest()
    try:
        return public + nacl.bindings.crypto_box(body, nonce, round_public, secret)
    except nacl.exceptions.CryptoError as error:
        raise ValueError("this is no public key to seal to") from error


def unseal(envelope: bytes, round_public: bytes, round_secret: bytes) -> bytes:
    """Open an envelope with the round's key pair.

    Raises:
        RemoteError: ``truncated``, ``oversized`` or ``bad_seal``.
    """
    check_size(envelope, "an envelope", least=ENVELOPE_BYTES, most=ENVELOPE_BYTES)
    try:
        return nacl.bindings.crypto_box_seal_open(envelope, round_public, round_secret)
    except nacl.exceptions.CryptoError as error:
        raise RemoteError("bad_seal", "an envelope was not sealed to this round's key") from error
