from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest

from exogenesis.errors import NetworkError, RemoteError
from exogenesis.sim.network import Edge, Line
from exogenesis.wire.fields import digest

LIMIT = 100


class Counting(BaseHTTPRequestHandler):
    """Answers every path with its name, except /v1/pages/9/9, and counts."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet
    asked: Counter[str]

    def _answer(self) -> None:
        self.rfile.read(int(self.headers.get("content-length", 0)))
        type(self).asked[self.path] += 1
        body = self.path.encode()
        self.send_response(404 if self.path == "/v1/pages/9/9" else 200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def asked() -> Counter[str]:
    return Counter()


@pytest.fixture
def edge(asked: Counter[str]) -> Iterator[Edge]:
    handler = type("Handler", (Counting,), {"asked": asked})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        serving = threading.Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        edge = Edge(f"http://127.0.0.1:{server.server_address[1]}", timeout_s=10)
        yield edge
        edge.close()
        server.shutdown()
        serving.join()


def line(edge: Edge, loss: float = 0.0, seed: int = 0) -> Line:
    return Line(edge, np.random.default_rng(seed), loss=loss)


def test_signed_files_are_fetched_once_and_the_manifest_once_a_round(
    edge: Edge, asked: Counter[str]
) -> None:
    for _ in range(3):
        for path in ("/v1/pages/1/0", "/v1/manifest", "/v1/health"):
            assert edge.request("GET", path, limit=LIMIT).body == path.encode()
    assert asked == {"/v1/pages/1/0": 1, "/v1/manifest": 1, "/v1/health": 3}
    edge.forget_manifest()
    edge.request("GET", "/v1/manifest", limit=LIMIT)
    assert asked["/v1/manifest"] == 2


def test_a_refusal_is_not_kept(edge: Edge, asked: Counter[str]) -> None:
    for _ in range(2):
        assert edge.request("GET", "/v1/pages/9/9", limit=LIMIT).status == 404
    assert asked["/v1/pages/9/9"] == 2


def test_every_television_pays_for_its_bytes_cached_or_not(edge: Edge) -> None:
    first, second = line(edge), line(edge)
    for one in (first, second):
        one.request("GET", "/v1/pages/1/0", limit=LIMIT)
        one.request("POST", "/v1/push", b"seven envelopes", limit=LIMIT)
        assert one.traffic.down == {"pages": 13, "push": 8}
        assert +one.traffic.up == {"push": 15}
        assert one.traffic.page_max == 13


def test_a_lost_reply_reaches_the_server_but_not_the_television(
    edge: Edge, asked: Counter[str]
) -> None:
    one = line(edge, loss=0.5)
    lost = 0
    for number in range(40):
        body = b"push %d" % number
        while digest(body) not in one.traffic.acknowledged:
            try:
                one.request("POST", "/v1/push", body, limit=LIMIT)
            except NetworkError:
                lost += 1
    assert 15 < lost < 90
    assert asked["/v1/push"] == 40 + lost
    assert one.traffic.resent == lost
    assert one.traffic.delivered == one.traffic.acknowledged
    assert len(one.traffic.acknowledged) == 40
    assert one.traffic.down["push"] == 40 * len("/v1/push")


def test_reads_are_never_lost_and_answers_are_bounded(edge: Edge) -> None:
    one = line(edge, loss=0.9)
    for _ in range(20):
        one.request("GET", "/v1/manifest", limit=LIMIT)
    with pytest.raises(RemoteError):
        one.request("GET", "/v1/health", limit=3)


def test_nobody_there_is_a_network_error() -> None:
    edge = Edge("http://127.0.0.1:9", timeout_s=5)
    with pytest.raises(NetworkError):
        edge.request("GET", "/v1/manifest", limit=LIMIT)
