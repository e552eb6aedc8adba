"""The only door to the network: one sync enrols, pulls what is new, and sends what is due.

Nothing is asked or sent without consent. A push and its ledger entry are on the disk before the
first byte leaves; the same bytes are sent again until the server acknowledges them or the round
is over. What fails leaves everything as it was that had been accepted before.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from exogenesis.core.effects import Clock, Entropy, seconds
from exogenesis.core.limits import PACK_BYTES_MAX, PAGE_BYTES_MAX
from exogenesis.core.report import report_vectors
from exogenesis.core.vectors import quantise
from exogenesis.errors import ConsentError, InputError, NetworkError, RefusedError, RemoteError
from exogenesis.tv.agentdb import Skill
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective, accept_page
from exogenesis.tv.config import BrainConfig
from exogenesis.tv.http import Transport
from exogenesis.tv.identity import (
    Identity,
    accept_answer,
    enrol_request,
    stored_identity,
    was_used,
)
from exogenesis.tv.ledger import ACKNOWLEDGED, WAITING, Ledger
from exogenesis.tv.persistence import Database
from exogenesis.tv.plan import LATE_S, draw_plan
from exogenesis.tv.policy import Policy
from exogenesis.wire.envelope import seal
from exogenesis.wire.fields import digest
from exogenesis.wire.manifest import MANIFEST_BYTES_MAX, Manifest, decode_manifest
from exogenesis.wire.push import PushHeader, encode_push
from exogenesis.wire.refusal import decode_refusal
from exogenesis.wire.skill import SkillReport, encode_dummy, encode_skill

_ANSWER_BYTES_MAX = 4096
_SEED_BYTES = 32
_ROUND_OVER = ("round_closed", "unknown_round")
_STRANGER = ("unknown_device", "bad_mac")
_MALFORMED = ("truncated", "oversized", "bad_magic", "bad_version", "bad_count", "bad_value")
_FINAL = frozenset((*_ROUND_OVER, *_STRANGER, *_MALFORMED, "seq_reused", "budget_spent"))
"""What ends a push (wire, section 5); after any other refusal the same bytes are sent again."""

_NEW_TOKEN = "ask the operator for a new token and run `omega tv init` with --token"
_WHO = "is this a constellation?"
_HINTS = {
    "bad_signature": "is --worker-key the key of this constellation?",
    "bad_magic": _WHO,
    "truncated": _WHO,
    "oversized": _WHO,
}

State = Literal["consent_off", "new_pack", "unchanged", "pulled", "pushed", "dropped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncResult:
    """What one sync did.

    Attributes:
        state: ``consent_off``: nothing was asked or sent. ``new_pack``: the constellation uses
            another catalogue pack; fetch and load it, then sync again. ``unchanged``: nothing
            new and nothing due. ``pulled``: a new round is in use. ``pushed``: a push was
            acknowledged. ``dropped``: a push came too late, its round is over.
        round: the open round, or None when it is not known.
        pushed_bytes: request bodies sent, enrolment included.
        pulled_bytes: answers read.
        pages: pages fetched.
    """

    state: State
    round: int | None = None
    pushed_bytes: int = 0
    pulled_bytes: int = 0
    pages: int = 0


class _Line:
    """The transport of one sync: counts bytes and turns statuses into errors."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport
        self.pushed_bytes = 0
        self.pulled_bytes = 0
        self.date_s: int | None = None

    def ask(self, method: str, path: str, body: bytes = b"", *, limit: int) -> bytes:
        self.pushed_bytes += len(body)
        response = self._transport.request(method, path, body, limit=limit)
        self.pulled_bytes += len(response.body)
        if response.status == 200:
            self.date_s = response.date_s
            return response.body
        try:
            code, message = decode_refusal(response.body)
        except RemoteError as error:  # of a proxy, for example; it says nothing about the request
            raise NetworkError(
                f"{path} was answered with status {response.status} and no reason, maybe by "
                f"something in between: {_WHO}"
            ) from error
        if response.status >= 500:
            raise NetworkError(f"the constellation cannot answer now (status {response.status})")
        raise RefusedError(code, f"the constellation refused {path}: {message}")


@contextmanager
def _hints() -> Iterator[None]:
    """Say what to look at when a first answer may come from somebody else."""
    try:
        yield
    except RemoteError as error:
        if error.code not in _HINTS:
            raise
        raise RemoteError(error.code, f"{error.message}: {_HINTS[error.code]}") from error


OnTime = Callable[[int, int, int], object]
"""Is told the server's time and the first and last second of its signed manifest, Unix seconds."""


def _no_time(server_s: int, opens: int, expires: int) -> None:
    """The clock is right, whatever the server says."""


class Sync:
    """Syncs one television; :meth:`run` does it once.

    ``on_time`` is told what time the server says it is, as soon as it has shown a manifest that
    the pinned worker has signed.
    """

    def __init__(
        self,
        *,
        config: BrainConfig,
        database: Database,
        catalog: Catalog,
        policy: Policy,
        collective: Collective,
        ledger: Ledger,
        clock: Clock,
        rng: np.random.Generator,
        entropy: Entropy,
        transport: Transport | None,
        on_time: OnTime = _no_time,
    ) -> None:
        self._config = config
        self._database = database
        self._catalog = catalog
        self._policy = policy
        self._collective = collective
        self._ledger = ledger
        self._clock = clock
        self._rng = rng
        self._entropy = entropy
        self._transport = transport
        self._on_time = on_time

    def run(self) -> SyncResult:
        """Enrol if needed, take the manifest and its pages, send at most one push.

        Raises:
            InputError: no constellation, key or token is configured.
            NetworkError: nobody answered; what waits is sent at the next sync.
            RemoteError: the manifest or a page is not acceptable; the old round stays in use.
            RefusedError: the server refused the enrolment or a push. A push waits for the next
                sync unless the refusal is final.
        """
        if not self._policy.consented:
            return SyncResult(state="consent_off")
        line, worker_public = self._line()
        with _hints():
            identity = self._identity(line)
            raw = line.ask("GET", "/v1/manifest", limit=MANIFEST_BYTES_MAX)
            manifest = self._checked(line, raw, worker_public)
        if manifest.pack != self._catalog.digest:
            return self._result("new_pack", line, manifest.round, 0)
        pages, fresh = self._pull(line, raw, manifest, worker_public)
        state = self._push(line, identity, manifest) or ("pulled" if fresh else "unchanged")
        return self._result(state, line, manifest.round, pages)

    def fetch_pack(self) -> bytes:
        """Download the catalogue pack that the manifest names; its signature is not checked here.

        Raises:
            ConsentError: the owner has not consented.
            InputError, NetworkError, RemoteError, RefusedError: as :meth:`run`.
        """
        if not self._policy.consented:
            raise ConsentError("consent is off: nothing is asked of the constellation")
        line, worker_public = self._line()
        raw = line.ask("GET", "/v1/manifest", limit=MANIFEST_BYTES_MAX)
        name = self._checked(line, raw, worker_public).pack
        pack = line.ask("GET", f"/v1/packs/{name.hex()}", limit=PACK_BYTES_MAX)
        if digest(pack) != name:
            raise RemoteError("bad_digest", "the pack is not the one that the manifest names")
        return pack

    def _line(self) -> tuple[_Line, bytes]:
        """Pick up the line to the constellation whose worker key is pinned."""
        worker_public = self._config.worker_public
        if self._transport is None or worker_public is None:
            raise InputError("no constellation is configured: give its address and worker key")
        if self._database.setting("worker_key") != worker_public:
            self._start_anew(worker_public)
        return _Line(self._transport), worker_public

    def _start_anew(self, worker_public: bytes) -> None:
        """Give up the rounds of the worker that was pinned before: another counts its own."""
        with self._database.transaction():
            self.withdraw()
            self._database.store_setting("last_round", None)
            self._database.store_setting("planned_round", None)
            self._database.store_setting("worker_key", worker_public)
        self._collective.reload()

    @staticmethod
    def _result(state: State, line: _Line, round: int, pages: int) -> SyncResult:
        return SyncResult(
            state=state,
            round=round,
            pushed_bytes=line.pushed_bytes,
            pulled_bytes=line.pulled_bytes,
            pages=pages,
        )

    def next_push_at(self) -> int | None:
        """Unix seconds of the next push; a time that has passed means now."""
        if self._transport is None or not self._policy.consented:
            return None
        waiting = self._database.run("first_outbox")
        if waiting:
            return int(waiting[0][1])
        least = seconds(self._clock) - LATE_S
        ((due_at,),) = self._database.run("next_due", least=least)
        return None if due_at is None else int(due_at)

    def withdraw(self) -> None:
        """Give up what is planned and waiting, and the fleet's round; in a transaction."""
        self._database.run("forget_outbox")
        self._database.run("drop_plan")
        self._collective.drop()

    def _identity(self, line: _Line) -> Identity:
        """Who this television is; it enrols when it is nobody yet, or was given another token."""
        known, token = stored_identity(self._database), self._config.enrol_token
        if known is not None and (token is None or was_used(self._database, token)):
            return known
        if token is None:
            raise InputError("this television is not enrolled yet and has no enrolment token")
        return self._enrol(line, token, known)

    def _enrol(self, line: _Line, token: bytes, known: Identity | None) -> Identity:
        request = enrol_request(self._database, token, self._entropy)
        content = {"token": token.hex(), "says": "one-time token and the device's public keys"}
        entry = self._ledger.add("enrol", request, content, at=seconds(self._clock), round=None)
        try:
            answer = line.ask("POST", "/v1/enrol", request, limit=_ANSWER_BYTES_MAX)
        except RefusedError as error:
            self._ledger.settle(entry, f"refused: {error.code}")
            if error.code != "bad_token":
                raise
            raise RefusedError(
                error.code, f"the token is unknown, used or expired: {_NEW_TOKEN}"
            ) from error
        with self._database.transaction():
            identity = accept_answer(self._database, answer, token)
            self._ledger.settle(entry, ACKNOWLEDGED)
            if identity != known:  # what waits was made with a key that is void now
                self._ledger.give_up_waiting()
                self._database.run("forget_outbox")
        return identity

    def _checked(self, line: _Line, raw: bytes, worker_public: bytes) -> Manifest:
        manifest = decode_manifest(raw, worker_public)
        if manifest.lineage != self._catalog.lineage_id:
            raise RemoteError("wrong_lineage", "the manifest is for another catalogue lineage")
        last = self._database.setting("last_round") or 0
        if manifest.round < last:
            raise RemoteError(
                "old_round", f"the manifest is of round {manifest.round}, {last} was seen already"
            )
        if line.date_s is not None:
            self._on_time(line.date_s, manifest.opens, manifest.expires)
        now = seconds(self._clock)
        if now >= manifest.expires:
            raise RemoteError(
                "expired",
                f"the manifest of round {manifest.round} expired {now - manifest.expires} s ago",
            )
        return manifest

    def _pull(
        self, line: _Line, raw: bytes, manifest: Manifest, worker_public: bytes
    ) -> tuple[int, bool]:
        """Fetch missing pages, then put the round in use and plan it, all at once."""
        missing = self._collective.missing(manifest)
        if missing:
            self._collective.expect(raw)
        for number in missing:
            path = f"/v1/pages/{manifest.basis}/{number}"
            page = line.ask("GET", path, limit=PAGE_BYTES_MAX)
            rows = accept_page(page, number, manifest, worker_public)
            if (rows.indices >= len(self._catalog)).any():
                raise RemoteError("bad_value", f"page {number} names a title that does not exist")
            self._collective.store_page(page)
        held = self._collective.manifest
        if held is not None and held.round == manifest.round and not missing:
            return 0, False
        self._collective.check(manifest)
        with self._database.transaction():
            self._collective.swap(raw, manifest)
            self._plan(manifest)
        self._collective.reload()
        return len(missing), True

    def _plan(self, manifest: Manifest) -> None:
        """Drop what an older round left over and draw the new one, once a round."""
        self._database.run("drop_outbox_before", round=manifest.round)
        if (self._database.setting("planned_round") or 0) >= manifest.round:
            return
        self._database.run("drop_plan")
        titles = [skill.name for skill in self._exportable()]
        slots = draw_plan(titles, opens=manifest.opens, closes=manifest.closes, rng=self._rng)
        self._database.run_many(
            "add_plan",
            [
                {"slot": n, "round": manifest.round, "due_at": s.due_at, "title": s.title_id}
                for n, s in enumerate(slots)
            ],
        )
        self._database.store_setting("planned_round", manifest.round)

    def _exportable(self) -> list[Skill]:
        """The skills that may leave and that the catalogue still holds."""
        return [skill for skill in self._policy.exportable_skills() if skill.name in self._catalog]

    def _push(self, line: _Line, identity: Identity, manifest: Manifest) -> State | None:
        """Send what waits, or else what is due; None when there is neither."""
        waiting = self._database.run("first_outbox")
        repeated = bool(waiting)
        if not waiting:
            self._seal_due(identity, manifest)
            waiting = self._database.run("first_outbox")
        if not waiting:
            return None
        ((entry, _, push),) = waiting
        try:
            line.ask("POST", "/v1/push", push, limit=_ANSWER_BYTES_MAX)
        except RefusedError as error:
            if error.code not in _FINAL:  # a proxy said so, or a server of another release
                raise
            over = error.code in _ROUND_OVER
            # An earlier attempt may have arrived before the round was closed: nobody knows.
            outcome = WAITING if over and repeated else f"refused: {error.code}"
            with self._database.transaction():
                self._settle(entry, outcome)
            if over:
                return "dropped"
            if error.code in _STRANGER:
                raise RefusedError(
                    error.code,
                    f"the server does not know this television, or not with this key: {_NEW_TOKEN}",
                ) from error
            raise
        with self._database.transaction():
            self._settle(entry, ACKNOWLEDGED)
        return "pushed"

    def _settle(self, entry: int, outcome: str) -> None:
        self._database.run("drop_outbox", ledger=entry)
        self._ledger.settle(entry, outcome)

    def _seal_due(self, identity: Identity, manifest: Manifest) -> None:
        """Make the due push, if there is one, and put it into the outbox."""
        now = seconds(self._clock)
        self._database.run("drop_late", before=now - LATE_S)
        ((due_at,),) = self._database.run("next_due", least=0)
        if due_at is None or due_at > now:
            return
        titles = [t for _, at, t in self._database.run("list_plan") if at == due_at]
        bodies, content = self._bodies(titles, manifest)
        seq = self._database.setting("seq") + 1
        header = PushHeader(
            device=identity.device,
            epoch=identity.epoch,
            seq=seq,
            round=manifest.round,
            sent_at=now,
        )
        envelopes = [
            seal(body, manifest.round_public, self._entropy(_SEED_BYTES)) for body in bodies
        ]
        push = encode_push(header, envelopes, identity.push_key)
        with self._database.transaction():
            entry = self._ledger.add(
                "push", push, {"envelopes": content}, at=now, round=manifest.round
            )
            self._database.run("add_outbox", ledger=entry, round=manifest.round, due_at=due_at)
            self._database.run("drop_due", due_at=due_at)
            self._database.store_setting("seq", seq)

    def _bodies(
        self, titles: list[str | None], manifest: Manifest
    ) -> tuple[list[bytes], list[dict[str, Any]]]:
        """The plaintexts of one push, as bytes and in words."""
        skills = [skill.name for skill in self._exportable()]
        anchors = [title for title in titles if title in skills]
        taste = self._collective.taste
        vectors = report_vectors(
            self._catalog.indices_of(skills),
            self._catalog.indices_of(anchors),
            taste.published,
            manifest.dial.tightened(self._config.dial),
            self._rng,
            basis=taste.basis,
        )
        codes, scales = quantise(vectors)
        bodies, content = [], []
        for title in titles:
            if title not in skills:  # a dummy, or forgotten since the plan was drawn
                bodies.append(encode_dummy())
                content.append({"kind": "dummy"})
                continue
            row = anchors.index(title)
            report = SkillReport(
                lineage=manifest.lineage,
                round=manifest.round,
                index=self._catalog.index_of(title),
                usage=1,  # finished, and nothing more: see decision 7
                success=1.0,
                codes=codes[row],
                scale=float(scales[row]),
            )
            bodies.append(encode_skill(report))
            content.append({"kind": "skill", "title": title, "body": bodies[-1].hex()})
        return bodies, content
