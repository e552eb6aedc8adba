"""POST /v1/close: the worker orders that a round is over."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from exogenesis.constellation.routes.bodies import read_body
from exogenesis.constellation.routes.service import service_of
from exogenesis.errors import RemoteError
from exogenesis.wire.close import CLOSE_BYTES, decode_close


async def close(request: Request) -> Response:
    """Close the open round and hand over its pool; a repeated order gets the same answer."""
    service = service_of(request)
    raw = await read_body(request, CLOSE_BYTES, "a close order")
    order = decode_close(raw, service.worker_public)
    published = service.current.read()
    if published is None or not 0 < order.round <= published.manifest.round:
        raise RemoteError("unknown_round", f"round {order.round} has not been opened")
    counts = await service.inbox.close(order.round)
    return JSONResponse({"devices": counts.devices, "envelopes": counts.envelopes})
