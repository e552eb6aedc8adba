"""A constellation that only speaks: what a fleet has learnt, without the fleet.

For measurements in which one television matters: it enrols and pulls as outside, through the
same messages and checks; what it pushes is acknowledged and dropped.
"""

from __future__ import annotations

import json

import numpy as np

from exogenesis.core.dial import Dial
from exogenesis.core.effects import Entropy
from exogenesis.core.limits import K_ANONYMITY, PAGE_ROWS_MAX
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import quantise
from exogenesis.errors import RemoteError
from exogenesis.tv import Response
from exogenesis.wire.enrol import EnrolAnswer, decode_request, device_id, encode_answer, push_key
from exogenesis.wire.fields import box_public, digest, signing_pair
from exogenesis.wire.manifest import Manifest, encode_manifest
from exogenesis.wire.page import Page, Rows, encode_page

_FOREVER_S = 20 * 366 * 86_400


class Broadcast:
    """Serves one published round; it is a :class:`exogenesis.tv.Transport`.

    Attributes:
        worker_public: the key that televisions pin.
    """

    def __init__(
        self,
        space: TasteSpace,
        *,
        lineage: bytes,
        pack: bytes,
        opens: int,
        entropy: Entropy,
    ) -> None:
        """Sign the pages of ``space`` for televisions that hold the pack of this digest."""
        self.worker_public, secret = signing_pair(entropy(32))
        self._box = entropy(32)
        round_ = max(1, space.round)
        self._answers: dict[str, bytes] = {}
        names = []
        for number, rows in enumerate(_pages(space)):
            raw = encode_page(Page(lineage=lineage, round=round_, number=number, rows=rows), secret)
            self._answers[f"/v1/pages/{round_}/{number}"] = raw
            names.append(digest(raw))
        manifest = Manifest(
            lineage=lineage,
            pack=pack,
            round=round_ + 1,
            basis=round_,
            opens=opens,
            closes=opens + _FOREVER_S,
            expires=opens + _FOREVER_S + 1,
            round_public=box_public(entropy(32)),
            fleet=0,
            k=K_ANONYMITY,
            dial=Dial(),
            sigma=space.sigma,
            pages=tuple(names),
        )
        self._answers["/v1/manifest"] = encode_manifest(manifest, secret)

    def request(self, method: str, path: str, body: bytes = b"", *, limit: int) -> Response:
        """Answer as the server does."""
        if path in self._answers:
            answer = Response(200, self._answers[path])
        elif (method, path) == ("POST", "/v1/enrol"):
            answer = Response(200, self._enrol(body))
        elif (method, path) == ("POST", "/v1/push"):
            answer = Response(200, json.dumps({"state": "stored"}).encode())
        else:
            answer = Response(404, json.dumps({"code": "not_found", "message": path}).encode())
        if len(answer.body) > limit:
            raise RemoteError("oversized", "the answer is longer than its limit")
        return answer

    def close(self) -> None:
        """Nothing is open."""

    def _enrol(self, body: bytes) -> bytes:
        request = decode_request(body)
        device = device_id(request.sign_public)
        key = push_key(device, 1, self._box, request.box_public)
        answer = EnrolAnswer(device=device, epoch=1, server_public=box_public(self._box))
        return encode_answer(answer, key)


def _pages(space: TasteSpace) -> list[Rows]:
    """The published rows, most popular first, page by page."""
    published = np.flatnonzero(space.published)
    order = published[np.argsort(space.weights[published], kind="stable")]
    codes, scales = quantise(space.vectors[order])
    rows = Rows(
        indices=order,
        codes=codes,
        scales=scales,
        weights=space.weights[order].astype(np.float16),
    )
    return [rows.part(at, at + PAGE_ROWS_MAX) for at in range(0, len(order), PAGE_ROWS_MAX)]
