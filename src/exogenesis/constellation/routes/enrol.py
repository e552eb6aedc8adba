"""POST /v1/enrol: a one-time token against a push key."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from exogenesis.constellation.routes.bodies import read_body
from exogenesis.constellation.routes.service import service_of
from exogenesis.wire.enrol import (
    REQUEST_BYTES,
    EnrolAnswer,
    decode_request,
    device_id,
    encode_answer,
    push_key,
)
from exogenesis.wire.fields import box_public


async def enrol(request: Request) -> Response:
    """Take a device in."""
    service = service_of(request)
    asked = decode_request(await read_body(request, REQUEST_BYTES, "an enrolment request"))
    # A key that no push key can be derived from is refused before it costs the token.
    push_key(device_id(asked.sign_public), 0, service.secret, asked.box_public)
    device = await service.inbox.in_store(service.devices.enrol, asked, now=service.now())
    answer = EnrolAnswer(
        device=device.id, epoch=device.epoch, server_public=box_public(service.secret)
    )
    raw = encode_answer(answer, service.push_key(device))
    return Response(raw, media_type="application/octet-stream")
