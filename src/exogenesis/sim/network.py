"""The way between televisions and the server: loopback sockets, an edge cache, lost replies.

Every byte is counted where it passes: bodies only, without HTTP's own head lines.
"""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from http import HTTPStatus

import numpy as np

from exogenesis.errors import NetworkError
from exogenesis.tv.http import HttpTransport, Response
from exogenesis.wire.fields import digest

_CACHED_FOREVER = ("/v1/pages/", "/v1/packs/")
_CACHED_FOR_THE_ROUND = "/v1/manifest"


class Edge:
    """The way to one server: a connection for each thread, and a cache in front of it.

    Signed files are the same for everybody, so a content delivery network may serve them; here
    a dictionary does. Televisions cannot tell the difference: they check every signature.
    """

    def __init__(self, url: str, *, timeout_s: float) -> None:
        self._url = url
        self._timeout_s = timeout_s
        self._mine = threading.local()
        self._lock = threading.Lock()
        self._transports: list[HttpTransport] = []
        self._kept: dict[str, Response] = {}

    def forget_manifest(self) -> None:
        """The worker has published: the next television asks the server again."""
        with self._lock:
            self._kept.pop(_CACHED_FOR_THE_ROUND, None)

    def close(self) -> None:
        """Close all connections."""
        for transport in self._transports:
            transport.close()

    def request(self, method: str, path: str, body: bytes = b"", *, limit: int) -> Response:
        """Ask the cache or the server.

        Raises:
            NetworkError: the server did not answer in time.
            RemoteError: ``oversized``.
        """
        cached = path == _CACHED_FOR_THE_ROUND or path.startswith(_CACHED_FOREVER)
        transport = self._transport()
        if method != "GET" or not cached:
            return transport.request(method, path, body, limit=limit)
        with self._lock:
            response = self._kept.get(path)
            if response is None:
                response = transport.request(method, path, body, limit=limit)
                if response.status == HTTPStatus.OK:
                    self._kept[path] = response
        return response

    def _transport(self) -> HttpTransport:
        transport: HttpTransport | None = getattr(self._mine, "transport", None)
        if transport is None:
            transport = HttpTransport(self._url, timeout_s=self._timeout_s)
            self._mine.transport = transport
            with self._lock:
                self._transports.append(transport)
        return transport


@dataclass(slots=True)
class Traffic:
    """Bytes of one television by kind of message: ``enrol``, ``push``, ``manifest``, ``pages``.

    Attributes:
        up, down: bytes sent and received.
        delivered: digests of the pushes that the server has acknowledged, reply lost or not.
        acknowledged: digests of those whose reply arrived.
        resent: pushes sent again, because their reply was lost.
        page_max: bytes of the largest page.
    """

    up: Counter[str] = field(default_factory=Counter)
    down: Counter[str] = field(default_factory=Counter)
    delivered: set[bytes] = field(default_factory=set)
    acknowledged: set[bytes] = field(default_factory=set)
    resent: int = 0
    page_max: int = 0


class Line:
    """The transport of one television: counts, and loses a share of the server's replies."""

    def __init__(self, edge: Edge, rng: np.random.Generator, *, loss: float = 0.0) -> None:
        self.traffic = Traffic()
        self._edge = edge
        self._rng = rng
        self._loss = loss

    def request(self, method: str, path: str, body: bytes = b"", *, limit: int) -> Response:
        """Pass a request on; see :class:`exogenesis.tv.http.Transport`.

        Raises:
            NetworkError: nobody answered, or the reply was lost on the way back.
        """
        kind = path.split("/")[2]
        traffic = self.traffic
        response = self._edge.request(method, path, body, limit=limit)
        traffic.up[kind] += len(body)
        stored = kind == "push" and response.status == HTTPStatus.OK
        if kind == "push":
            name = digest(body)
            traffic.resent += name in traffic.delivered
            if stored:
                traffic.delivered.add(name)
        if method == "POST" and self._rng.random() < self._loss:
            raise NetworkError(f"the reply to {path} was lost")
        traffic.down[kind] += len(response.body)
        if kind == "pages":
            traffic.page_max = max(traffic.page_max, len(response.body))
        if stored:
            traffic.acknowledged.add(name)
        return response

    def close(self) -> None:
        """Nothing to do: connections belong to the edge, which all televisions share."""
