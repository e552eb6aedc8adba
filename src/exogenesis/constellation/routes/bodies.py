"""Reading a request's body with a limit, in bytes and in time."""

from __future__ import annotations

import asyncio

from starlette.requests import Request

from exogenesis.errors import RemoteError

BODY_TIMEOUT_S = 20


async def read_body(request: Request, limit: int, what: str) -> bytes:
    """Read the body; at most ``limit`` + 1 bytes of it are kept.

    Raises:
        RemoteError: ``oversized``, or ``too_slow`` when it does not come within 20 s.
    """
    oversized = RemoteError("oversized", f"{what} has at most {limit} bytes")
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and (len(declared) > 18 or int(declared) > limit):
        raise oversized
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_TIMEOUT_S):
            async for part in request.stream():
                body += part[: limit + 1 - len(body)]
                if len(body) > limit:
                    raise oversized
    except TimeoutError as error:
        raise RemoteError("too_slow", f"{what} did not come within {BODY_TIMEOUT_S} s") from error
    return bytes(body)
