"""Who this television is to the server: its keys, its number and its push key."""

from __future__ import annotations

from dataclasses import dataclass

from exogenesis.core.effects import Entropy
from exogenesis.errors import RemoteError
from exogenesis.tv.persistence import Database
from exogenesis.wire.enrol import EnrolRequest, decode_answer, device_id, encode_request
from exogenesis.wire.fields import box_public, digest, signing_pair

_SEED_BYTES = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What enrolment gave.

    Attributes:
        device: 16-byte device id.
        epoch: counts the push keys.
        push_key: 32 bytes, shared with the server.
    """

    device: bytes
    epoch: int
    push_key: bytes


def stored_identity(database: Database) -> Identity | None:
    """Return the identity, or None before enrolment."""
    device = database.setting("device")
    if device is None:
        return None
    return Identity(
        device=device, epoch=database.setting("epoch"), push_key=database.setting("push_key")
    )


def _seeds(database: Database, entropy: Entropy) -> tuple[bytes, bytes]:
    """The device's secrets, made once and stored before they are used."""
    with database.transaction():
        for key in ("sign_seed", "box_secret"):
            if database.setting(key) is None:
                database.store_setting(key, entropy(_SEED_BYTES))
    return database.setting("sign_seed"), database.setting("box_secret")


def enrol_request(database: Database, token: bytes, entropy: Entropy) -> bytes:
    """Return the request; the same keys in every attempt."""
    seed, box_secret = _seeds(database, entropy)
    public, signing_key = signing_pair(seed)
    request = EnrolRequest(token=token, sign_public=public, box_public=box_public(box_secret))
    return encode_request(request, signing_key)


def was_used(database: Database, token: bytes) -> bool:
    """Return whether the stored identity was given for this very token."""
    return bool(database.setting("token_digest") == digest(token))


def accept_answer(database: Database, raw: bytes, token: bytes) -> Identity:
    """Check the server's answer and store what it gave; inside the caller's transaction.

    Pushes are counted anew only under a new epoch: a token that was used before may be answered
    with the old one.

    Raises:
        RemoteError: the answer is not acceptable, or names another device.
    """
    answer, push_key = decode_answer(raw, database.setting("box_secret"))
    public, _ = signing_pair(database.setting("sign_seed"))
    if answer.device != device_id(public):
        raise RemoteError("bad_value", "the enrolment answer names another device")
    if database.setting("epoch") != answer.epoch:
        database.store_setting("seq", 0)
    database.store_setting("device", answer.device)
    database.store_setting("epoch", answer.epoch)
    database.store_setting("push_key", push_key)
    database.store_setting("token_digest", digest(token))
    return Identity(device=answer.device, epoch=answer.epoch, push_key=push_key)
