"""devices.db: who may push. Keys, epochs, and the day a television was last seen."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from exogenesis.constellation.store.database import open_database
from exogenesis.core.effects import Entropy
from exogenesis.errors import RemoteError
from exogenesis.sqlite import database_errors, statements, transaction
from exogenesis.wire.enrol import TOKEN_BYTES, EnrolRequest, device_id

_SQL = statements(__package__, "devices.sql")
DAY_S = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Device:
    """A television that may push.

    Attributes:
        id: 16 bytes.
        box_public: its X25519 public key.
        epoch: counts its push keys, from 1.
        last_seen_day: days since 1970.
    """

    id: bytes
    box_public: bytes
    epoch: int
    last_seen_day: int


def _token_hash(token: bytes) -> bytes:
    return hashlib.blake2b(token, digest_size=32, person=b"omega-token-v1").digest()


class Devices:
    """The televisions of one server.

    ``find`` reads through a connection of its own, so it never waits for a commit; the other
    methods belong to one thread at a time.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = open_database(path, _SQL["schema"])
        self._reader = open_database(path, _SQL["schema"])

    def close(self) -> None:
        """Close the database."""
        self._reader.close()
        self._db.close()

    def issue_tokens(self, count: int, *, now: int, valid_s: int, entropy: Entropy) -> list[bytes]:
        """Make enrolment tokens of 32 bytes; only their hashes are kept.

        Args:
            count: how many.
            now: Unix seconds.
            valid_s: seconds until they expire.
            entropy: source of the tokens.
        """
        tokens = [entropy(TOKEN_BYTES) for _ in range(count)]
        with transaction(self._db, self._path):
            self._db.execute(_SQL["drop_expired_tokens"], (now,))
            rows = [(_token_hash(token), now + valid_s) for token in tokens]
            self._db.executemany(_SQL["put_token"], rows)
        return tokens

    def enrol(self, request: EnrolRequest, *, now: int) -> Device:
        """Spend a token and take the device in; a known device gets the next epoch.

        A repeated request, whose answer was lost on the way, gets the answer of before.

        Raises:
            RemoteError: ``bad_token``; nothing changed.
        """
        device = device_id(request.sign_public)
        spent = _token_hash(request.token)
        with transaction(self._db, self._path):
            token = self._db.execute(_SQL["find_token"], (spent,)).fetchone()
            row = self._db.execute(_SQL["find_device"], (device,)).fetchone()
            box_public, epoch, _ = row or (b"", 0, 0)
            repeated = token and token[1] == device and box_public == request.box_public
            if not token or token[0] <= now or (token[1] is not None and not repeated):
                raise RemoteError("bad_token", "the enrolment token is unknown, used or expired")
            if not repeated:
                epoch += 1
                values = (device, request.sign_public, request.box_public, epoch, now // DAY_S)
                self._db.execute(_SQL["put_device"], values)
                self._db.execute(_SQL["spend_token"], (device, spent))
        return Device(
            id=device, box_public=request.box_public, epoch=epoch, last_seen_day=now // DAY_S
        )

    def find(self, device: bytes) -> Device:
        """Look a device up.

        Raises:
            RemoteError: ``unknown_device``.
        """
        with database_errors(self._path):
            row = self._reader.execute(_SQL["find_device"], (device,)).fetchone()
        if row is None:
            raise RemoteError("unknown_device", "no such device is enrolled here")
        return Device(id=device, box_public=row[0], epoch=row[1], last_seen_day=row[2])

    def touch(self, devices: Iterable[bytes], day: int) -> None:
        """Note that ``devices`` were seen on ``day``."""
        with transaction(self._db, self._path):
            self._db.executemany(_SQL["touch_device"], [(day, device) for device in devices])
