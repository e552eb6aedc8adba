"""HTTP to the constellation: verified https, or plain http within this machine; bounded reads."""

from __future__ import annotations

import http.client
import io
import ipaddress
import socket
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import mktime_tz, parsedate_tz
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from exogenesis.errors import InputError, NetworkError, RemoteError

SLOWEST_BYTES_PER_S = 1 << 14
"""An answer may take ``timeout_s`` and the time that its limit needs at this rate."""


@dataclass(frozen=True, slots=True)
class Response:
    """A status and a bounded body.

    Attributes:
        status: of HTTP.
        body: the content.
        date_s: when it was answered, Unix seconds by the other side; None when it does not say.
    """

    status: int
    body: bytes
    date_s: int | None = None


class Transport(Protocol):
    """The way to the constellation; a test or the simulator hands in its own."""

    def request(self, method: str, path: str, body: bytes = b"", *, limit: int) -> Response:
        """Ask once and read at most ``limit`` bytes.

        Raises:
            NetworkError: nobody answered.
            RemoteError: ``oversized``.
        """

    def close(self) -> None:
        """Let go of the connection."""


_NO_CHECK_TIME = 0x200000
"""OpenSSL's X509_V_FLAG_NO_CHECK_TIME, which Python does not name."""


def _always() -> bool:
    return True


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Incoming(io.RawIOBase):
    """What a socket receives until a point in time, however slowly it comes in."""

    def __init__(self, sock: socket.socket, left_s: Callable[[], float]) -> None:
        self._sock = sock
        self._left_s = left_s
        self._raw = sock.makefile("rb", buffering=0)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        left_s = self._left_s()
        if left_s <= 0.0:
            raise TimeoutError("the answer came too slowly")
        self._sock.settimeout(left_s)
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


def _answers(left_s: Callable[[], float]) -> type[http.client.HTTPResponse]:
    """Return the class of answers that are read while there are seconds left."""

    class Answer(http.client.HTTPResponse):
        def __init__(
            self,
            sock: socket.socket,
            debuglevel: int = 0,
            method: str | None = None,
            url: str | None = None,
        ) -> None:
            super().__init__(sock, debuglevel, method, url)
            self.fp.close()
            self.fp = io.BufferedReader(_Incoming(sock, left_s))

    return Answer


def _answered_at(headers: http.client.HTTPMessage) -> int | None:
    """The server's time: a cache adds how long it has kept the answer."""
    try:
        date = parsedate_tz(headers.get("Date", ""))
        return None if date is None else int(mktime_tz(date)) + int(headers.get("Age", "0"))
    except (ValueError, OverflowError):
        return None


class HttpTransport:
    """One kept-alive connection, opened at the first request.

    Args:
        url: ``https://host[:port]``; ``http`` only to this machine.
        timeout_s: longest wait for one answer, without the time that a long one needs at 16 KiB
            a second.
        ca_file: certificates to trust instead of the system's.
        dated: whether this machine's clock can be believed. While it cannot, the dates of a
            certificate are not checked, or a television that starts in 1970 could never ask what
            time it is; who signed it and for whom is checked always.
        monotonic: seconds that only grow.

    Raises:
        InputError: the address or the file is not usable.
    """

    def __init__(
        self,
        url: str,
        *,
        timeout_s: float,
        ca_file: Path | None = None,
        dated: Callable[[], bool] = _always,
        # A socket waits in real time, whatever clock the brain has been handed.
        monotonic: Callable[[], float] = time.monotonic,  # noqa: TID251
    ) -> None:
        try:
            parts = urlsplit(url)
            host, port = parts.hostname, parts.port
            host = (host or "").encode("idna").decode()
        except ValueError as error:
            raise InputError(f"{url!r} is no address of a server: {error}") from error
        named = host.isprintable() and " " not in host and host != ""
        if parts.scheme not in ("http", "https") or not named or parts.path not in ("", "/"):
            raise InputError(f"{url!r} is no address of a server: use https://HOST[:PORT]")
        self._context: ssl.SSLContext | None = None
        if parts.scheme == "http":
            if not _is_loopback(host):
                raise InputError(
                    f"{url} would leave this machine unencrypted: use https; plain http is for "
                    "localhost alone"
                )
            self._connection = http.client.HTTPConnection(host, port, timeout=timeout_s)
        else:
            try:
                self._context = ssl.create_default_context(cafile=ca_file)
            except (OSError, ValueError) as error:
                raise InputError(
                    f"the certificates in {ca_file} cannot be read: {error}"
                ) from error
            self._connection = http.client.HTTPSConnection(
                host, port, timeout=timeout_s, context=self._context
            )
        self._connection.response_class = _answers(lambda: self._ends - monotonic())
        self._url = url
        self._timeout_s = timeout_s
        self._dated = dated
        self._monotonic = monotonic
        self._ends = 0.0

    def request(self, method: str, path: str, body: bytes = b"", *, limit: int) -> Response:
        """Ask once; a kept connection that the server closed meanwhile is opened anew.

        Every request of the protocol may be repeated: the server applies a push once.

        Raises:
            NetworkError: nobody answered, or not in time, or the answer broke off.
            RemoteError: the answer is longer than ``limit``.
        """
        kept = self._connection.sock is not None
        try:
            try:
                return self._ask(method, path, body, limit)
            except (ConnectionError, http.client.BadStatusLine):
                self._connection.close()
                if not kept:
                    raise
                return self._ask(method, path, body, limit)
        except ssl.SSLCertVerificationError as error:
            self._connection.close()
            raise NetworkError(f"{self._url} has no trusted certificate: {error}") from error
        except (OSError, http.client.HTTPException) as error:
            self._connection.close()
            raise NetworkError(f"{self._url} did not answer: {error}") from error

    def _ask(self, method: str, path: str, body: bytes, limit: int) -> Response:
        self._ends = self._monotonic() + self._timeout_s + limit / SLOWEST_BYTES_PER_S
        if self._connection.sock is not None:
            self._connection.sock.settimeout(self._timeout_s)
        elif self._context is not None:
            self._context.verify_flags &= ~_NO_CHECK_TIME
            self._context.verify_flags |= 0 if self._dated() else _NO_CHECK_TIME
        self._connection.request(method, path, body or None)
        with self._connection.getresponse() as answer:
            content = answer.read(limit + 1)
            broken_off = bool(answer.length) and len(content) <= limit
            date_s = _answered_at(answer.headers)
        if broken_off:
            raise http.client.IncompleteRead(content, answer.length)
        if len(content) > limit:
            self._connection.close()
            raise RemoteError("oversized", f"the answer to {path} is longer than {limit} bytes")
        return Response(answer.status, content, date_s)

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()
