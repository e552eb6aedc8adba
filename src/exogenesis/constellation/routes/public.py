"""GET: the signed files, the same for everybody, and whether the server is well."""

from __future__ import annotations

import re

from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response

from exogenesis.constellation.exchange import read_if_there
from exogenesis.constellation.routes.service import service_of
from exogenesis.errors import RemoteError
from exogenesis.wire.fields import digest

_BYTES = "application/octet-stream"
_FOR_EVER = "public, max-age=31536000, immutable"
_NUMBER = re.compile(r"0|[1-9][0-9]{0,9}")
_DIGEST = re.compile(r"[0-9a-f]{64}")


async def manifest(request: Request) -> Response:
    """The current manifest; caches have to ask whether it is still current."""
    published = service_of(request).current.read()
    if published is None:
        raise RemoteError("not_found", "no round has been opened yet")
    return _tagged(request, published.raw, digest(published.raw).hex(), "no-cache")


async def page(request: Request) -> Response:
    """A page of a round whose manifest is out; before that its bytes are not final."""
    service = service_of(request)
    round_, number = (_number(request.path_params[name]) for name in ("round", "number"))
    published = service.current.read()
    raw = None
    if published is not None and round_ <= published.manifest.basis:
        raw = read_if_there(service.public.page_path(round_, number))
    if raw is None:
        raise RemoteError("not_found", f"there is no page {number} of round {round_}")
    return _tagged(request, raw, f"{round_}-{number}", _FOR_EVER)


async def pack(request: Request) -> Response:
    """A catalogue pack by its digest."""
    name = request.path_params["digest"]
    path = service_of(request).public.pack_path(bytes.fromhex(name)) if _is_digest(name) else None
    if path is None or not path.is_file():
        raise RemoteError("not_found", "there is no such catalogue pack")
    headers = {"etag": f'"{name}"', "cache-control": _FOR_EVER}
    return FileResponse(path, media_type=_BYTES, headers=headers)


async def health(request: Request) -> Response:
    """Whether the server answers, and which round is current; 0 before the first."""
    published = service_of(request).current.read()
    round_ = 0 if published is None else published.manifest.round
    return JSONResponse({"status": "ok", "round": round_})


def _is_digest(name: str) -> bool:
    return _DIGEST.fullmatch(name) is not None


def _number(text: str) -> int:
    if not _NUMBER.fullmatch(text):
        raise RemoteError("not_found", "rounds and pages are whole numbers")
    return int(text)


def _tagged(request: Request, raw: bytes, name: str, caching: str) -> Response:
    tag = f'"{name}"'
    headers = {"etag": tag, "cache-control": caching}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(raw, media_type=_BYTES, headers=headers)
