"""A server and a worker on a loopback port, and televisions made of wire messages alone."""

from __future__ import annotations

import hashlib
import http.client
import itertools
import json
import os
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import apsw
import numpy as np

from exogenesis.constellation.app import create_app, server_of
from exogenesis.constellation.exchange import Public
from exogenesis.constellation.federation.worker import RoundSettings, SigningPair, Worker
from exogenesis.constellation.store.devices import Devices
from exogenesis.constellation.store.pool import PoolFolder
from exogenesis.core.titles import Title
from exogenesis.core.vectors import quantise
from exogenesis.errors import NetworkError
from exogenesis.wire.close import CloseOrder, encode_close
from exogenesis.wire.enrol import EnrolRequest, decode_answer, encode_request
from exogenesis.wire.envelope import seal
from exogenesis.wire.fields import box_public, signing_pair
from exogenesis.wire.manifest import Manifest, decode_manifest
from exogenesis.wire.pack import Pack, encode_pack
from exogenesis.wire.push import PushHeader, encode_push
from exogenesis.wire.refusal import decode_refusal
from exogenesis.wire.skill import SkillReport, encode_dummy, encode_skill

LINEAGE = b"test"
START_S = 1_800_000_000
ROUND_S = 3600
CATALOG_PUBLIC, CATALOG_SECRET = signing_pair(b"c" * 32)
WORKER_PUBLIC, WORKER_SECRET = signing_pair(b"w" * 32)
SERVER_SECRET = b"s" * 32


def make_pack(titles: int = 40, lineage: bytes = LINEAGE, first: str = "t") -> bytes:
    """A signed pack of titles ``t0``, ``t1``, ..."""
    rng = np.random.default_rng(titles)
    codes, scales = quantise(rng.normal(size=(titles, 384)).astype(np.float32))
    pack = Pack(
        lineage="test",
        lineage_id=lineage,
        encoder="none",
        titles=tuple(Title(id=f"{first}{i}", name=f"Title {i}") for i in range(titles)),
        content_codes=codes,
        content_scales=scales,
        basis=rng.normal(size=(titles, 64)).astype(np.float16),
    )
    return encode_pack(pack, CATALOG_SECRET)


def close_order(round: int, key: bytes = WORKER_SECRET) -> bytes:
    return encode_close(CloseOrder(round=round, at=0), key)


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes
    headers: dict[str, str]

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a refusal."""
        return decode_refusal(self.body)[0]


@dataclass
class Client:
    """HTTP to a loopback port."""

    port: int

    def request(
        self,
        method: str,
        path: str,
        body: bytes | Iterator[bytes] = b"",
        *,
        limit: int = 1 << 24,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body, headers or {})
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, response.read(limit), named)
        except (OSError, http.client.HTTPException) as error:
            raise NetworkError(str(error)) from error
        finally:
            connection.close()

    def push(self, raw: bytes | Iterator[bytes]) -> Answer:
        return self.request("POST", "/v1/push", raw)

    def get(self, path: str) -> Answer:
        return self.request("GET", path)


@dataclass
class Television:
    """Keys and a sequence number; ``seed`` makes it unlike the others."""

    seed: int
    device: bytes = b""
    epoch: int = 0
    key: bytes = b""
    seq: int = 0

    def secret(self, what: str) -> bytes:
        return hashlib.blake2b(f"{what}{self.seed}".encode(), digest_size=32).digest()

    def enrolment(self, token: bytes) -> bytes:
        public, secret = signing_pair(self.secret("sign"))
        box = box_public(self.secret("box"))
        return encode_request(EnrolRequest(token=token, sign_public=public, box_public=box), secret)

    def enrol(self, client: Client, token: bytes) -> None:
        answer = client.request("POST", "/v1/enrol", self.enrolment(token))
        assert answer.status == 200, answer
        enrolled, self.key = decode_answer(answer.body, self.secret("box"))
        self.device, self.epoch, self.seq = enrolled.device, enrolled.epoch, 0

    def push(
        self,
        manifest: Manifest,
        titles: Sequence[int] = (),
        *,
        round: int | None = None,
        seq: int | None = None,
        key: bytes | None = None,
    ) -> bytes:
        """The bytes of the next push: a report for each of ``titles``, dummies for the rest."""
        self.seq = self.seq + 1 if seq is None else seq
        rng = np.random.default_rng((self.seed, self.seq))
        bodies = [encode_dummy()] * (7 - len(titles))
        bodies += [_report(title, manifest, rng) for title in titles]
        header = PushHeader(
            device=self.device,
            epoch=self.epoch,
            seq=self.seq,
            round=manifest.round if round is None else round,
            sent_at=manifest.opens,
        )
        envelopes = [seal(body, manifest.round_public, os.urandom(32)) for body in bodies]
        return encode_push(header, envelopes, key or self.key)


def _report(title: int, manifest: Manifest, rng: np.random.Generator) -> bytes:
    codes, scales = quantise(rng.normal(size=(1, 64)).astype(np.float32))
    report = SkillReport(
        lineage=manifest.lineage,
        round=manifest.round,
        index=title,
        usage=1,
        success=1.0,
        codes=codes[0],
        scale=float(scales[0]),
    )
    return encode_skill(report)


@dataclass
class Rig:
    """Folders, keys and a clock; ``serving()`` starts a server, ``worker()`` makes a worker."""

    root: Path
    now_s: int = START_S
    client: Client = field(default_factory=lambda: Client(0))
    settings: RoundSettings = field(default_factory=lambda: RoundSettings(length_s=ROUND_S, k=2))
    pack: bytes = field(default_factory=make_pack)
    _seeds: Iterator[int] = field(default_factory=itertools.count)

    @property
    def home(self) -> Path:
        return self.root / "server"

    @property
    def exchange(self) -> Path:
        return self.root / "exchange"

    @property
    def worker_home(self) -> Path:
        return self.root / "worker"

    def clock(self) -> int:
        return self.now_s * 1_000_000_000

    @contextmanager
    def serving(self, *, waiting_max: int = 4096) -> Iterator[Client]:
        """A real server in a thread of this process."""
        app = create_app(
            home=self.home,
            exchange=self.exchange,
            secret=SERVER_SECRET,
            worker_public=WORKER_PUBLIC,
            clock=self.clock,
            entropy=os.urandom,
            waiting_max=waiting_max,
        )
        with socket.create_server(("127.0.0.1", 0)) as listening:
            self.client.port = listening.getsockname()[1]
            server = server_of(app, host="127.0.0.1", port=self.client.port)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
            thread.start()
            try:
                yield self.client
            finally:
                server.should_exit = True
                thread.join()

    def worker(self) -> Worker:
        return Worker(
            home=self.worker_home,
            keys=SigningPair(public=WORKER_PUBLIC, secret=WORKER_SECRET),
            public=Public(self.exchange),
            pools=PoolFolder(self.exchange),
            transport=self.client,
            clock=self.clock,
            entropy=os.urandom,
            settings=self.settings,
        )

    def manifest(self) -> Manifest:
        raw = Public(self.exchange).manifest_path.read_bytes()
        return decode_manifest(raw, WORKER_PUBLIC)

    def tokens(self, count: int) -> list[bytes]:
        self.home.mkdir(mode=0o700, exist_ok=True)
        devices = Devices(self.home / "devices.db")
        made = devices.issue_tokens(count, now=self.now_s, valid_s=3600, entropy=os.urandom)
        devices.close()
        return made

    def televisions(self, count: int) -> list[Television]:
        """New enrolled televisions; needs a running server."""
        made = [self.stranger() for _ in range(count)]
        for television, token in zip(made, self.tokens(count), strict=True):
            television.enrol(self.client, token)
        return made

    def stranger(self) -> Television:
        """A new television that is not enrolled."""
        return Television(next(self._seeds))

    def television(self) -> Television:
        return self.televisions(1)[0]

    def stored(self) -> dict[str, list[tuple[Any, ...]]]:
        """Every row of every database of the server, and the names of the exchange's files."""
        rows: dict[str, list[tuple[Any, ...]]] = {}
        for path in sorted(self.home.glob("*.db")):
            db = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
            tables = db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
            for (table,) in tables:
                rows[f"{path.name}/{table}"] = db.execute(f"SELECT * FROM {table}").fetchall()
            db.close()
        names = sorted(str(path) for path in self.exchange.rglob("*") if path.is_file())
        return rows | {"exchange": [(name,) for name in names]}
