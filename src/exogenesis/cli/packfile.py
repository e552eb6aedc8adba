"""Pack files: read whole, checked against their key, and refused under their name."""

from __future__ import annotations

from pathlib import Path

from exogenesis.core.limits import PACK_BYTES_MAX
from exogenesis.errors import CatalogError, InputError, RemoteError
from exogenesis.wire.pack import Pack, decode_pack


def read_pack(path: Path, catalog_public: bytes, *, key_option: str) -> tuple[bytes, Pack]:
    """Read the bytes of a pack and what they say.

    Args:
        path: the file.
        catalog_public: Ed25519 key that must have signed it.
        key_option: the option that names this key, for the message.

    Raises:
        InputError: the file cannot be read.
        CatalogError: it is damaged, or another key signed it.
    """
    try:
        with path.open("rb") as file:
            raw = file.read(PACK_BYTES_MAX + 1)
    except OSError as error:
        raise InputError(f"the pack {path} cannot be read: {error.strerror}") from error
    try:
        return raw, decode_pack(raw, catalog_public)
    except RemoteError as error:
        remedy = "take an intact copy of it"
        if error.code == "bad_signature":
            remedy = f"if it is damaged {remedy}, if another key signed it name that: {key_option}"
        raise CatalogError(f"{path} cannot be used: {error}; {remedy}", code=error.code) from error
