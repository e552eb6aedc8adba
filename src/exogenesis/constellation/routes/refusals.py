"""Refusals as JSON: ``{"code", "message"}`` and an HTTP status."""

from __future__ import annotations

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from exogenesis.errors import DiskFull, ExogenesisError, RemoteError

STATUS: Mapping[str, int] = {
    "bad_mac": 401,
    "bad_token": 403,
    "unknown_device": 403,
    "not_found": 404,
    "too_slow": 408,
    "round_closed": 409,
    "seq_reused": 409,
    "unknown_round": 409,
    "oversized": 413,
    "budget_spent": 429,
    "busy": 503,
}
"""Any other code of a ``RemoteError`` is 400."""

RETRY_AFTER_S = 30
_BY_STATUS = {404: "not_found", 405: "bad_method"}


def _answer(status: int, code: str, message: str) -> Response:
    headers = {"retry-after": str(RETRY_AFTER_S)} if status in (503, 507) else None
    return JSONResponse({"code": code, "message": message}, status, headers)


async def refuse(request: Request, error: Exception) -> Response:
    """Answer an :class:`ExogenesisError`; a message about our disk stays with us."""
    assert isinstance(error, ExogenesisError)
    if isinstance(error, RemoteError):
        return _answer(STATUS.get(error.code, 400), error.code, error.message)
    if isinstance(error, DiskFull):
        return _answer(507, error.code, "the server has no room left: nothing was stored")
    return _answer(503, error.code, "the server cannot reach its store: nothing was stored")


async def refuse_http(request: Request, error: Exception) -> Response:
    """Answer what the router refuses."""
    assert isinstance(error, HTTPException)
    code = _BY_STATUS.get(error.status_code, "bad_request")
    return _answer(error.status_code, code, error.detail)


async def forget_client(request: Request, error: Exception) -> Response:
    """The client has hung up: nobody reads this answer."""
    return Response(status_code=400)
