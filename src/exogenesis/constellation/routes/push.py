"""POST /v1/push: seven sealed envelopes of one television."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from exogenesis.constellation.routes.bodies import read_body
from exogenesis.constellation.routes.service import Service, service_of
from exogenesis.constellation.store.devices import DAY_S
from exogenesis.errors import RemoteError
from exogenesis.wire.push import PUSH_BYTES, check_push, decode_push


async def push(request: Request) -> Response:
    """Check a push, store it, and acknowledge it once it is on the disk."""
    service = service_of(request)
    received = decode_push(await read_body(request, PUSH_BYTES, "a push"))
    header = received.header
    device = service.devices.find(header.device)
    if header.epoch != device.epoch:
        raise RemoteError("bad_mac", "the push was made with a key of another epoch")
    check_push(received, service.push_key(device))
    now = service.now()
    _check_round(service, header.round, now)
    today = now // DAY_S
    seen_on = today if device.last_seen_day != today else None
    state = await service.inbox.put(received, seen_on=seen_on)
    return JSONResponse({"state": state})


def _check_round(service: Service, round: int, now: int) -> None:
    """Refuse a push for any round but the open one.

    Raises:
        RemoteError: ``unknown_round`` or ``round_closed``.
    """
    published = service.current.read()
    if published is None or round > published.manifest.round:
        raise RemoteError("unknown_round", f"round {round} has not been opened")
    manifest = published.manifest
    if round < manifest.round or not manifest.opens <= now <= manifest.closes:
        raise RemoteError("round_closed", f"round {round} is not open now")
    service.inbox.check_open(round)
