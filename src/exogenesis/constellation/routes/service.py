"""What every route needs, handed in once."""

from __future__ import annotations

import functools
from dataclasses import dataclass

from starlette.requests import Request

from exogenesis.constellation.current import CurrentManifest
from exogenesis.constellation.exchange import Public
from exogenesis.constellation.inbox import Inbox
from exogenesis.constellation.store.devices import Device, Devices
from exogenesis.core.effects import Clock, seconds
from exogenesis.wire.enrol import push_key

_KEYS_CACHED = 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """The parts of a running server.

    Attributes:
        secret: X25519 secret that push keys are derived with; it opens no envelope.
        worker_public: pinned Ed25519 key of the worker.
        devices, inbox: the stores.
        public: the folder of signed files.
        current: the current manifest.
        clock: Unix time.
    """

    secret: bytes
    worker_public: bytes
    devices: Devices
    inbox: Inbox
    public: Public
    current: CurrentManifest
    clock: Clock

    def now(self) -> int:
        """Unix seconds."""
        return seconds(self.clock)

    def push_key(self, device: Device) -> bytes:
        """The key that ``device`` pushes with."""
        return _push_key(device.id, device.epoch, self.secret, device.box_public)


_push_key = functools.lru_cache(_KEYS_CACHED)(push_key)


def service_of(request: Request) -> Service:
    """The service that the application was made with."""
    service = request.app.state.service
    assert isinstance(service, Service)
    return service
