"""Bytes under a passphrase: an encrypted file whose sizes are checked before anything is computed.

The layout is written down in ``docs/export.md``.
"""

from __future__ import annotations

import struct
import unicodedata

import nacl.bindings
import nacl.exceptions

from exogenesis.core.effects import Entropy
from exogenesis.errors import InputError

MAGIC = b"omega-tv"
"""First bytes of a file of this kind."""

VERSION = 1
CONTENT_BYTES_MAX = 16 << 20
"""Content of a file; that of a household of ten years has about 3 MiB."""

PASSES, MEMORY_KIB = 4, 32 << 10
"""What Argon2id costs when a file is written: 32 MiB of memory, and a fraction of a second."""

PASSES_MAX, MEMORY_KIB_MAX = 16, 64 << 10
"""A file that asks for more is not opened: a television has no more to spare."""

PASSPHRASE_LENGTH_MIN, PASSPHRASE_LENGTH_MAX = 8, 1024

_HEADER = struct.Struct("<8sHHII16s16s")
_MEMORY_KIB_MIN = 8
_PIECE_BYTES = 64 << 10
_SALT_BYTES = 16
_TAG_BYTES = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_ABYTES
_KEY_BYTES = nacl.bindings.crypto_aead_xchacha20poly1305_ietf_KEYBYTES

FILE_BYTES_MAX = (
    _HEADER.size + CONTENT_BYTES_MAX + -(-CONTENT_BYTES_MAX // _PIECE_BYTES) * _TAG_BYTES
)
"""Whoever reads a file need not read on."""


def is_export(start: bytes) -> bool:
    """Whether a file that starts with these bytes (at least 8) is one of this kind."""
    return start[: len(MAGIC)] == MAGIC


def seal(content: bytes, passphrase: str, entropy: Entropy) -> bytes:
    """Encrypt ``content`` under a passphrase.

    Raises:
        InputError: the passphrase is too short or too long, or there is too much content.
    """
    if len(content) > CONTENT_BYTES_MAX:
        raise InputError(f"there is more to export than {CONTENT_BYTES_MAX} bytes")
    salt, nonce = entropy(_SALT_BYTES), entropy(_SALT_BYTES)
    header = _HEADER.pack(MAGIC, VERSION, PASSES, MEMORY_KIB, len(content), salt, nonce)
    key = _key(passphrase, salt, PASSES, MEMORY_KIB)
    parts = [header]
    for number, start in enumerate(_starts(len(content))):
        parts.append(
            nacl.bindings.crypto_aead_xchacha20poly1305_ietf_encrypt(
                content[start : start + _PIECE_BYTES], header, _nonce(nonce, number), key
            )
        )
    return b"".join(parts)


def unseal(raw: bytes, passphrase: str) -> bytes:
    """Decrypt what :func:`seal` made; sizes and costs are checked before anything is computed.

    Raises:
        InputError: ``bad_export``: it is no such file, was cut or changed, asks for too much, or
            the passphrase is another one.
    """
    if not is_export(raw):
        raise bad_export("this is no export of a television")
    if len(raw) < _HEADER.size:
        raise bad_export("the export is cut short")
    _, version, passes, memory_kib, size, salt, nonce = _HEADER.unpack_from(raw)
    if version != VERSION:
        raise bad_export(
            f"the export has version {version}, this program reads {VERSION}: update it"
        )
    if not (1 <= passes <= PASSES_MAX and _MEMORY_KIB_MIN <= memory_kib <= MEMORY_KIB_MAX):
        raise bad_export("the export asks for more time or memory than a television has")
    if size > CONTENT_BYTES_MAX:
        raise bad_export(f"the export holds {size} bytes, the limit is {CONTENT_BYTES_MAX}")
    starts = _starts(size)
    if len(raw) != _HEADER.size + size + len(starts) * _TAG_BYTES:
        raise bad_export("the export is cut short, or something was added to it")
    header, key = raw[: _HEADER.size], _key(passphrase, salt, passes, memory_kib)
    parts, at = [], _HEADER.size
    for number in range(len(starts)):
        piece = raw[at : at + _PIECE_BYTES + _TAG_BYTES]
        try:
            parts.append(
                nacl.bindings.crypto_aead_xchacha20poly1305_ietf_decrypt(
                    piece, header, _nonce(nonce, number), key
                )
            )
        except nacl.exceptions.CryptoError as error:
            raise bad_export(
                "the passphrase is not the right one, or the export was changed"
            ) from error
        at += len(piece)
    return b"".join(parts)


def _starts(size: int) -> range:
    """Where the pieces of a content of ``size`` bytes begin; there is always one."""
    return range(0, max(1, size), _PIECE_BYTES)


def _nonce(prefix: bytes, number: int) -> bytes:
    return prefix + number.to_bytes(8, "little")


def _key(passphrase: str, salt: bytes, passes: int, memory_kib: int) -> bytes:
    if not PASSPHRASE_LENGTH_MIN <= len(passphrase) <= PASSPHRASE_LENGTH_MAX:
        raise InputError(
            f"a passphrase has {PASSPHRASE_LENGTH_MIN} to {PASSPHRASE_LENGTH_MAX} characters",
            code="bad_passphrase",
        )
    try:
        typed = unicodedata.normalize("NFC", passphrase).encode()
    except UnicodeEncodeError as error:
        raise InputError("the passphrase is no text", code="bad_passphrase") from error
    key: bytes = nacl.bindings.crypto_pwhash_alg(
        _KEY_BYTES,
        typed,
        salt,
        passes,
        memory_kib << 10,
        nacl.bindings.crypto_pwhash_ALG_ARGON2ID13,
    )
    return key


def bad_export(why: str) -> InputError:
    """The error for a file that is not acceptable."""
    return InputError(f"{why}; nothing was changed", code="bad_export")
