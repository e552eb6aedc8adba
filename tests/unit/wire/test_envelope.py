"""The sealed box against the library's own, in both directions."""

from __future__ import annotations

import numpy as np
import pytest
from nacl.public import PrivateKey, SealedBox

from exogenesis.errors import RemoteError
from exogenesis.wire.envelope import ENVELOPE_BYTES, seal, unseal
from exogenesis.wire.fields import box_public
from exogenesis.wire.skill import SKILL_BYTES, encode_dummy

SECRET = b"\5" * 32
PUBLIC = box_public(SECRET)


def test_the_library_opens_what_we_seal_and_we_open_what_it_seals() -> None:
    rng = np.random.default_rng(1)
    for _ in range(20):
        body = rng.bytes(SKILL_BYTES)
        ours = seal(body, PUBLIC, rng.bytes(32))
        theirs = SealedBox(PrivateKey(SECRET).public_key).encrypt(body)
        assert len(ours) == len(theirs) == ENVELOPE_BYTES == 129
        assert SealedBox(PrivateKey(SECRET)).decrypt(ours) == body
        assert unseal(theirs, PUBLIC, SECRET) == body


def test_sealing_depends_on_the_seed_alone() -> None:
    body = encode_dummy()
    assert seal(body, PUBLIC, b"\6" * 32) == seal(body, PUBLIC, b"\6" * 32)
    assert seal(body, PUBLIC, b"\6" * 32) != seal(body, PUBLIC, b"\7" * 32)


def test_a_body_of_another_size_would_give_itself_away() -> None:
    with pytest.raises(ValueError, match="81 bytes"):
        seal(b"short", PUBLIC, b"\6" * 32)


@pytest.mark.parametrize("public", [bytes(32), b"\1" + bytes(31), b"short", b""])
def test_nothing_is_sealed_to_what_is_no_key(public: bytes) -> None:
    with pytest.raises(ValueError, match="no public key"):
        seal(encode_dummy(), public, b"\6" * 32)


def test_another_round_cannot_open_it() -> None:
    sealed = seal(encode_dummy(), PUBLIC, b"\6" * 32)
    other = b"\x08" * 32
    with pytest.raises(RemoteError, match="bad_seal"):
        unseal(sealed, box_public(other), other)
