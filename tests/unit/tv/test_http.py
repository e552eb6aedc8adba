"""The real transport, against a server on this machine."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from exogenesis.errors import InputError, NetworkError, RemoteError
from exogenesis.tv import HttpTransport
from exogenesis.tv.http import SLOWEST_BYTES_PER_S
from tests.support.certificate import EXPIRED, KEY


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        if self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "10")
            self.end_headers()
            self.wfile.write(b"short")
            self.close_connection = True
            return
        self._answer(200, b"x" * int(self.path.rsplit("/", 1)[1]))

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(201, body[::-1])
        self.close_connection = self.path == "/hang-up"

    def date_time_string(self, timestamp: float | None = None) -> str:
        return str(getattr(self.server, "date", "Fri, 15 Jan 2027 08:00:00 GMT"))

    def _answer(self, status: int, body: bytes) -> None:
        self.server.seen.append((self.client_address[1], dict(self.headers)))  # type: ignore[attr-defined]
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        if (age := getattr(self.server, "age", None)) is not None:
            self.send_header("Age", age)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


class _TlsServer(ThreadingHTTPServer):
    """Shows a certificate that has expired."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        (folder / "own.pem").write_text(EXPIRED)
        (folder / "key.pem").write_text(KEY)
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._context.load_cert_chain(folder / "own.pem", folder / "key.pem")

    def get_request(self) -> tuple[socket.socket, Any]:
        plain, address = super().get_request()
        try:
            return self._context.wrap_socket(plain, server_side=True), address
        except OSError:
            plain.close()
            raise


@contextmanager
def _running(server: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    with server as running:
        running.seen = []  # type: ignore[attr-defined]
        running.daemon_threads = True
        running.block_on_close = False
        thread = threading.Thread(target=running.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield running
        running.shutdown()
        thread.join()


@pytest.fixture
def server() -> Iterator[ThreadingHTTPServer]:
    with _running(ThreadingHTTPServer(("127.0.0.1", 0), _Handler)) as running:
        yield running


@pytest.fixture
def tls_server(tmp_path: Path) -> Iterator[ThreadingHTTPServer]:
    with _running(_TlsServer(tmp_path)) as running:
        yield running


def _transport(server: ThreadingHTTPServer) -> HttpTransport:
    return HttpTransport(f"http://127.0.0.1:{server.server_address[1]}", timeout_s=5)


def test_a_body_goes_out_and_an_answer_comes_back(server: ThreadingHTTPServer) -> None:
    transport = _transport(server)
    answer = transport.request("POST", "/x", b"abc", limit=10)
    assert (answer.status, answer.body) == (201, b"cba")
    transport.close()


def test_the_connection_is_kept_and_says_nothing_about_the_device(
    server: ThreadingHTTPServer,
) -> None:
    transport = _transport(server)
    for _ in range(3):
        transport.request("GET", "/5", limit=5)
    seen = server.seen  # type: ignore[attr-defined]
    assert len({port for port, _ in seen}) == 1
    assert {name for _, headers in seen for name in headers} == {"Host", "Accept-Encoding"}
    transport.close()


def test_a_connection_that_the_server_closed_is_opened_anew(server: ThreadingHTTPServer) -> None:
    transport = _transport(server)
    assert transport.request("POST", "/hang-up", b"ab", limit=9).body == b"ba"
    assert transport.request("POST", "/x", b"cd", limit=9).body == b"dc"
    transport.close()


def test_an_answer_that_is_too_long_is_cut_off(server: ThreadingHTTPServer) -> None:
    transport = _transport(server)
    assert len(transport.request("GET", "/1000", limit=1000).body) == 1000
    with pytest.raises(RemoteError) as caught:
        transport.request("GET", "/1001", limit=1000)
    assert caught.value.code == "oversized"
    assert len(transport.request("GET", "/7", limit=1000).body) == 7  # usable afterwards
    transport.close()


def test_an_answer_that_breaks_off_is_a_network_error(server: ThreadingHTTPServer) -> None:
    transport = _transport(server)
    with pytest.raises(NetworkError, match="did not answer"):
        transport.request("GET", "/short", limit=100)
    assert len(transport.request("GET", "/7", limit=100).body) == 7
    transport.close()


class _Watch:
    """Seconds that grow by ``step`` each time somebody looks."""

    def __init__(self, step: float) -> None:
        self.at, self.step = 0.0, step

    def __call__(self) -> float:
        self.at += self.step
        return self.at


def test_an_answer_has_to_end_in_time_however_many_pieces_it_has(
    server: ThreadingHTTPServer,
) -> None:
    url = f"http://127.0.0.1:{server.server_address[1]}"
    watch = _Watch(step=6.0)
    transport = HttpTransport(url, timeout_s=5, monotonic=watch)
    with pytest.raises(NetworkError, match="too slowly"):
        transport.request("GET", "/5", limit=5)
    # A long answer may take longer: as long as its limit needs at the slowest rate.
    assert transport.request("GET", "/5", limit=60 * SLOWEST_BYTES_PER_S).status == 200
    transport.close()


def test_nobody_at_home_is_a_network_error(server: ThreadingHTTPServer) -> None:
    transport = HttpTransport("http://127.0.0.1:1", timeout_s=5)
    with pytest.raises(NetworkError, match="did not answer"):
        transport.request("GET", "/1", limit=10)
    transport.close()


def test_no_tls_at_the_other_end_is_a_network_error(server: ThreadingHTTPServer) -> None:
    port = server.server_address[1]
    transport = HttpTransport(f"https://127.0.0.1:{port}", timeout_s=5)
    with pytest.raises(NetworkError):
        transport.request("GET", "/1", limit=10)
    transport.close()


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "http://192.168.1.2:8440",
        "http://127.0.0.1.example.com",
        "ftp://localhost",
        "localhost:8440",
        "https://",
        "https://host/path",
        "https://host:99999",
        "https://\ud800",
        "https://ho st",
        f"https://{'a' * 64}.example",
    ],
)
def test_an_address_that_will_not_do_is_refused(url: str) -> None:
    with pytest.raises(InputError):
        HttpTransport(url, timeout_s=1)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "127.8.9.1"])
def test_plain_http_is_for_this_machine(host: str) -> None:
    HttpTransport(f"http://{host}:8440", timeout_s=1).close()


def test_certificates_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.pem"):
        HttpTransport("https://localhost", timeout_s=1, ca_file=tmp_path / "no.pem")


@pytest.mark.parametrize(
    ("date", "age", "date_s"),
    [
        ("Fri, 15 Jan 2027 08:00:00 GMT", None, 1_800_000_000),
        ("Fri, 15 Jan 2027 08:00:00 GMT", "60", 1_800_000_060),  # a cache had kept it
        ("Fri, 15 Jan 2027 09:00:00 +0100", None, 1_800_000_000),
        ("Fri, 15 Jan 2027 08:00:00 GMT", "soon", None),
        ("", None, None),
        ("noon", None, None),
        ("Fri, 15 Jan 99999999999999999999 08:00:00 GMT", None, None),
    ],
)
def test_an_answer_says_when_it_was_given(
    server: ThreadingHTTPServer, date: str, age: str | None, date_s: int | None
) -> None:
    server.date, server.age = date, age  # type: ignore[attr-defined]
    transport = _transport(server)
    assert transport.request("GET", "/5", limit=5).date_s == date_s
    transport.close()


def test_the_dates_of_a_certificate_count_only_for_a_clock_that_can_be_believed(
    tls_server: ThreadingHTTPServer, tmp_path: Path
) -> None:
    believed = True
    transport = HttpTransport(
        f"https://localhost:{tls_server.server_address[1]}",
        timeout_s=5,
        ca_file=tmp_path / "own.pem",
        dated=lambda: believed,
    )
    with pytest.raises(NetworkError, match="expired"):
        transport.request("GET", "/5", limit=5)
    believed = False
    assert transport.request("GET", "/5", limit=5).body == b"xxxxx"
    transport.close()
    believed = True
    with pytest.raises(NetworkError, match="expired"):
        transport.request("GET", "/5", limit=5)
    transport.close()


def test_without_dates_a_certificate_still_has_to_be_signed_by_somebody_known(
    tls_server: ThreadingHTTPServer,
) -> None:
    url = f"https://localhost:{tls_server.server_address[1]}"
    transport = HttpTransport(url, timeout_s=5, dated=lambda: False)
    with pytest.raises(NetworkError, match="no trusted certificate"):
        transport.request("GET", "/5", limit=5)
    transport.close()
