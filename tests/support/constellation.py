"""A constellation in one object: the routes of the server, and the worker's messages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace

import numpy as np

from exogenesis.core.dial import Dial
from exogenesis.core.limits import PAGE_ROWS_MAX, TASTE_DIM
from exogenesis.core.taste import title_weight
from exogenesis.core.vectors import quantise, unit_rows
from exogenesis.errors import NetworkError, RemoteError
from exogenesis.tv import Catalog, Response
from exogenesis.wire.enrol import (
    EnrolAnswer,
    decode_request,
    device_id,
    encode_answer,
    push_key,
)
from exogenesis.wire.envelope import unseal
from exogenesis.wire.fields import box_public, digest, signing_pair
from exogenesis.wire.manifest import Manifest, encode_manifest
from exogenesis.wire.page import Page, Rows, encode_page
from exogenesis.wire.push import check_push, decode_push
from exogenesis.wire.skill import SkillReport, decode_skill

WORKER_PUBLIC, WORKER_SECRET = signing_pair(b"worker key for tests only......."[:32])
_SERVER_SECRET = b"server box secret for tests....."[:32]


def refusal(status: int, code: str) -> Response:
    """What the server answers when it refuses."""
    return Response(status, json.dumps({"code": code, "message": "no"}).encode())


@dataclass
class Constellation:
    """Answers requests as the real one does; ``asked`` records them.

    Set ``lose_next_answer`` to apply the next push and answer nothing, ``offline`` to answer
    nothing at all, ``refuse_push`` to refuse pushes with a status and a code. ``worker_secret``
    signs manifests and pages; ``date_s`` is the time that every answer says it is.
    """

    catalog: Catalog
    opens: int
    round_s: int = 86_400
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    applied: dict[tuple[bytes, int, int], bytes] = field(default_factory=dict)
    pages: dict[str, bytes] = field(default_factory=dict)
    lose_next_answer: bool = False
    offline: bool = False
    refuse_push: tuple[int, str] | None = None
    worker_secret: bytes = WORKER_SECRET
    date_s: int | None = None

    def __post_init__(self) -> None:
        self.lose_devices()
        self.manifest = Manifest(
            lineage=self.catalog.lineage_id,
            pack=self.catalog.digest,
            round=1,
            basis=0,
            opens=self.opens,
            closes=self.opens + self.round_s,
            expires=self.opens + 3 * self.round_s,
            round_public=box_public(self.round_secret(1)),
            fleet=0,
            k=10,
            dial=Dial(),
            sigma=np.ones(TASTE_DIM, np.float32),
            pages=(),
        )
        self.raw_manifest = b""
        self.announce(self.manifest)

    def lose_devices(self) -> None:
        """Know no device and no spent token any more."""
        self._keys: dict[bytes, bytes] = {}
        self._epochs: dict[bytes, int] = {}
        self._spent: dict[bytes, bytes] = {}

    @staticmethod
    def round_secret(number: int) -> bytes:
        return number.to_bytes(32, "big")

    def announce(self, manifest: Manifest) -> None:
        """Sign and serve ``manifest``."""
        self.manifest = manifest
        self.raw_manifest = encode_manifest(manifest, self.worker_secret)

    def next_round(self, *, published: int = 100, seed: int = 0) -> None:
        """Close the round and publish made-up tastes of the first ``published`` titles."""
        rng = np.random.default_rng(seed)
        basis = self.manifest.round
        groups = np.eye(TASTE_DIM)[np.arange(published) % 4]
        vectors = unit_rows((groups + 0.05 * rng.normal(size=groups.shape)).astype(np.float32))
        codes, scales = quantise(vectors)
        rows = Rows(
            indices=np.arange(published),
            codes=codes,
            scales=scales,
            weights=title_weight(np.arange(published, 0, -1) + 10.0).astype(np.float16),
        )
        digests = []
        for number, start in enumerate(range(0, published, PAGE_ROWS_MAX)):
            part = rows.part(start, start + PAGE_ROWS_MAX)
            page = Page(lineage=self.manifest.lineage, round=basis, number=number, rows=part)
            raw = encode_page(page, self.worker_secret)
            self.pages[f"/v1/pages/{basis}/{number}"] = raw
            digests.append(digest(raw))
        closes = self.manifest.closes
        self.announce(
            replace(
                self.manifest,
                round=basis + 1,
                basis=basis,
                opens=closes,
                closes=closes + self.round_s,
                expires=closes + 3 * self.round_s,
                round_public=box_public(self.round_secret(basis + 1)),
                pages=tuple(digests),
            )
        )

    def request(self, method: str, path: str, body: bytes = b"", *, limit: int) -> Response:
        self.asked.append((method, path, body))
        if self.offline:
            raise NetworkError("the test switched the network off")
        match method, path:
            case "POST", "/v1/enrol":
                response = self._enrol(body)
            case "POST", "/v1/push":
                response = self._push(body)
            case "GET", "/v1/manifest":
                response = Response(200, self.raw_manifest)
            case "GET", _ if path in self.pages:
                response = Response(200, self.pages[path])
            case _:
                response = refusal(404, "not_found")
        if len(response.body) > limit:
            raise RemoteError("oversized", "the answer is longer than its limit")
        return replace(response, date_s=self.date_s)

    def close(self) -> None:
        """Nothing is open."""

    def _enrol(self, body: bytes) -> Response:
        request = decode_request(body)
        device = device_id(request.sign_public)
        if self._spent.get(request.token, device) != device:
            return refusal(403, "bad_token")
        if request.token not in self._spent:
            self._spent[request.token] = device
            self._epochs[device] = self._epochs.get(device, 0) + 1
        epoch = self._epochs[device]
        self._keys[device] = push_key(device, epoch, _SERVER_SECRET, request.box_public)
        answer = EnrolAnswer(device=device, epoch=epoch, server_public=box_public(_SERVER_SECRET))
        return Response(200, encode_answer(answer, self._keys[device]))

    def _push(self, body: bytes) -> Response:
        push = decode_push(body)
        if self.refuse_push is not None:
            return refusal(*self.refuse_push)
        if push.header.round != self.manifest.round:
            return refusal(409, "round_closed")
        device = push.header.device
        if device not in self._keys:
            return refusal(403, "unknown_device")
        if push.header.epoch != self._epochs[device]:
            return refusal(401, "bad_mac")
        check_push(push, self._keys[device])
        name = (device, push.header.epoch, push.header.seq)
        known = name in self.applied
        if known and self.applied[name] != body:
            return refusal(409, "seq_reused")
        self.applied[name] = body
        if self.lose_next_answer:
            self.lose_next_answer = False
            raise NetworkError("the test lost the answer")
        return Response(200, json.dumps({"state": "known" if known else "stored"}).encode())

    def pushes(self) -> list[bytes]:
        """The bodies of all pushes that were sent, repeated ones included."""
        return [body for _, path, body in self.asked if path == "/v1/push"]

    def opened(self) -> list[SkillReport | None]:
        """What the worker reads in all applied pushes; None is a dummy."""
        bodies = []
        for raw in self.applied.values():
            push = decode_push(raw)
            secret = self.round_secret(push.header.round)
            bodies += [unseal(e, box_public(secret), secret) for e in push.envelopes]
        return [decode_skill(body) for body in bodies]
