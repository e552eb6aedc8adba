"""Keys and signatures: nothing of a wrong length reaches the C library."""

from __future__ import annotations

import nacl.bindings
import pytest

from exogenesis.errors import RemoteError
from exogenesis.wire.fields import (
    box_public,
    check_signature,
    shared_secret,
    sign,
    signing_pair,
)

PUBLIC, SECRET = signing_pair(b"\1" * 32)


def test_a_signature_counts_for_its_domain_message_and_key_only() -> None:
    mark = sign("page", b"text", SECRET)
    check_signature("page", b"text", mark, PUBLIC, "a text")
    other, _ = signing_pair(b"\2" * 32)
    for domain, message, key in (
        ("pack", b"text", PUBLIC),
        ("page", b"texts", PUBLIC),
        ("page", b"text", other),
        ("page\0", b"text", PUBLIC),
        ("pag", b"e\0text", PUBLIC),
    ):
        with pytest.raises(RemoteError, match="bad_signature"):
            check_signature(domain, message, mark, key, "a text")


def test_a_signature_is_plain_ed25519_over_domain_and_message() -> None:
    expected = nacl.bindings.crypto_sign(b"exogenesis-omega/v1/page\0text", SECRET)[:64]
    assert sign("page", b"text", SECRET) == expected


def test_the_identity_point_signs_nothing() -> None:
    key = b"\1" + bytes(31)
    with pytest.raises(RemoteError, match="bad_signature"):
        check_signature("page", b"text", key + bytes(32), key, "a text")


@pytest.mark.parametrize("length", [0, 31, 33])
def test_keys_of_a_wrong_length_are_our_own_mistake(length: int) -> None:
    short = bytes(length)
    with pytest.raises(ValueError, match="32 bytes"):
        check_signature("page", b"text", bytes(64), short, "a text")
    with pytest.raises(ValueError, match="64 bytes"):
        sign("page", b"text", short)
    with pytest.raises(ValueError, match="32 bytes"):
        box_public(short)
    with pytest.raises(ValueError, match="32 bytes"):
        shared_secret(short, bytes(32))
    with pytest.raises(ValueError, match="32 bytes"):
        shared_secret(bytes(32), short)


def test_both_sides_share_one_secret() -> None:
    one, two = b"\3" * 32, b"\4" * 32
    assert shared_secret(one, box_public(two)) == shared_secret(two, box_public(one))
