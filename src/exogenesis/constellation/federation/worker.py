"""federation-worker: closes a round, aggregates it, publishes the next. Never sees a device.

The published manifest is the only state that decides: it names the open round, and one atomic
rename moves on to the next. Everything before the rename can be repeated, everything after it
is cleaning up::

    order the close -> read and open the pool -> aggregate -> write the pages of the round
    -> keep the next round's secret -> RENAME THE MANIFEST -> delete the pool and the secret
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from exogenesis.constellation.exchange import Pools, Public, read_if_there
from exogenesis.constellation.federation.aggregate import Aggregate, aggregate
from exogenesis.constellation.federation.opening import CHUNK_ENVELOPES, Opener, open_pool
from exogenesis.core.dial import Dial
from exogenesis.core.effects import Clock, Entropy, seconds
from exogenesis.core.limits import K_ANONYMITY, PAGE_ROWS_MAX, PAGES_MAX, TASTE_DIM
from exogenesis.core.vectors import Floats
from exogenesis.disk import FolderLock, keep_secret, make_folder, remove
from exogenesis.errors import InputError, NetworkError, RefusedError, RemoteError, StorageError
from exogenesis.wire.close import CloseOrder, encode_close
from exogenesis.wire.fields import box_public, digest
from exogenesis.wire.manifest import Manifest, decode_manifest, encode_manifest
from exogenesis.wire.pack import Pack, decode_pack
from exogenesis.wire.page import Page, encode_page
from exogenesis.wire.refusal import REFUSAL_BYTES_MAX, decode_refusal

EXPIRES_AFTER_ROUNDS = 7
"""A manifest may be used for this many more rounds when no newer one appears."""


class Answer(Protocol):
    """What the server answered."""

    @property
    def status(self) -> int:
        """HTTP status."""
        ...

    @property
    def body(self) -> bytes:
        """The whole body."""
        ...


class Transport(Protocol):
    """The way to the server."""

    def request(self, method: str, path: str, body: bytes = b"", *, limit: int) -> Answer:
        """Ask the server; a body of more than ``limit`` bytes is an error.

        Raises:
            NetworkError: nobody answered.
        """
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundSettings:
    """How the worker opens rounds.

    Attributes:
        length_s: seconds from open to close.
        k: least number of reports of a published title; a higher one than the open round was
            opened with holds for that round too.
        dial: blur that televisions are asked for; they may only be stricter.
        processes: open envelopes in this many processes.
    """

    length_s: int = 86_400
    k: int = K_ANONYMITY
    dial: Dial = field(default_factory=Dial)
    processes: int = 1

    def __post_init__(self) -> None:
        """Refuse what no manifest can say.

        Raises:
            InputError: naming the setting.
        """
        for name, most in (("length_s", 1 << 30), ("k", (1 << 16) - 1), ("processes", 256)):
            if not 1 <= getattr(self, name) <= most:
                raise InputError(f"{name} must lie in 1..{most}, not {getattr(self, name)}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundResult:
    """What one step of the worker did.

    Attributes:
        opened: the round that is open now.
        closed: the round that was aggregated, or None at the first step.
        devices: televisions that pushed into it.
        envelopes: envelopes in its pool.
        reports: reports found in them.
        titles: titles published from it; 0 keeps the pages of before.
        pages: pages that are current now.
    """

    opened: int
    closed: int | None = None
    devices: int = 0
    envelopes: int = 0
    reports: int = 0
    titles: int = 0
    pages: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPair:
    """The worker's Ed25519 keys: public (32 bytes) and secret (64 bytes)."""

    public: bytes
    secret: bytes


class Worker:
    """One worker; one process at a time works in its home."""

    def __init__(
        self,
        *,
        home: Path,
        keys: SigningPair,
        public: Public,
        pools: Pools,
        transport: Transport,
        clock: Clock,
        entropy: Entropy,
        settings: RoundSettings | None = None,
    ) -> None:
        """Put a worker together.

        Args:
            home: folder for the rounds' secrets.
            keys: the signing key; televisions and the server pin the public half.
            public: the folder of signed files.
            pools: where the server hands over closed rounds.
            transport: the way to the server.
            clock: Unix time.
            entropy: source of the rounds' secrets.
            settings: how rounds are opened from now on.
        """
        self._home = home
        self._keys = keys
        self._public = public
        self._pools = pools
        self._transport = transport
        self._clock = clock
        self._entropy = entropy
        self._settings = settings or RoundSettings()

    def step(self, pack: bytes, catalog_public: bytes, *, early: bool = True) -> RoundResult:
        """Open round 1, or close the open round, publish what it says and open the next.

        After a crash or an error repeat it: there is one next round, whatever happened.

        Args:
            pack: the catalogue pack for the next round: the current one, or one of the same
                lineage with titles appended.
            catalog_public: Ed25519 key that signs packs.
            early: close the open round although its time is not up.

        Raises:
            InputError: the round's time is not up, the pack is of another lineage or misses
                titles, or more titles reached k than a round can publish; nothing changed.
            RemoteError: the pack, the pool or the manifest is damaged.
            NetworkError, RefusedError: the server did not close the round.
            StorageError, DiskFull
        """
        make_folder(self._home, mode=0o700)
        lock = FolderLock(self._home, "worker")
        try:
            return self._step(pack, catalog_public, early)
        finally:
            lock.release()

    def _step(self, pack: bytes, catalog_public: bytes, early: bool) -> RoundResult:
        offered = decode_pack(pack, catalog_public)
        raw = read_if_there(self._public.manifest_path)
        if raw is None:
            return self._open_first(offered, pack)
        current = decode_manifest(raw, self._keys.public)
        self._clean_up(current)
        if not early:
            self._check_over(current)
        titles = self._check_pack(current, offered, pack, catalog_public)
        return self._next(current, titles, pack)

    def _check_over(self, current: Manifest) -> None:
        left_s = current.closes - seconds(self._clock)
        if left_s > 0:
            hours, minutes = divmod(math.ceil(left_s / 60), 60)
            raise InputError(
                f"round {current.round} is open for another {hours} h {minutes} min: "
                "repeat then, or close it early with --now"
            )

    def _open_first(self, offered: Pack, pack: bytes) -> RoundResult:
        self._public.put_pack(digest(pack), pack)
        self._publish(
            lineage=offered.lineage_id,
            pack=digest(pack),
            round=1,
            basis=0,
            fleet=0,
            sigma=np.ones(TASTE_DIM, np.float32),
            pages=(),
        )
        return RoundResult(opened=1)

    def _next(self, current: Manifest, titles: int, pack: bytes) -> RoundResult:
        secret = self._secret_of(current)
        self._order_close(current.round)
        facts = self._pools.facts(current.round)
        opener = Opener(
            public=current.round_public,
            secret=secret,
            lineage=current.lineage,
            round=current.round,
            titles=titles,
            buckets=facts.buckets,
        )
        chunks = self._pools.chunks(current.round, CHUNK_ENVELOPES)
        reports = open_pool(chunks, opener, processes=self._settings.processes)
        k = max(current.k, self._settings.k)
        try:
            said = aggregate(reports, titles=titles, buckets=facts.buckets, k=k)
        except ValueError as error:
            raise RemoteError("bad_value", f"the pool that the server made: {error}") from error
        published = len(said.rows.indices)
        pages = self._write_pages(said, current, k) if published else current.pages
        self._public.put_pack(digest(pack), pack)
        self._publish(
            lineage=current.lineage,
            pack=digest(pack),
            round=current.round + 1,
            basis=current.round if published else current.basis,
            fleet=facts.devices if published else current.fleet,
            sigma=said.sigma if published else current.sigma,
            pages=pages,
        )
        self._delete_round(current.round)
        # Televisions may be in the middle of the pages of before.
        self._public.keep_pages({current.basis, current.round if published else current.basis})
        return RoundResult(
            opened=current.round + 1,
            closed=current.round,
            devices=facts.devices,
            envelopes=facts.envelopes,
            reports=len(reports.indices),
            titles=published,
            pages=len(pages),
        )

    def _check_pack(
        self, current: Manifest, offered: Pack, pack: bytes, catalog_public: bytes
    ) -> int:
        """The number of titles of the open round's pack; refuse a pack that cannot follow it."""
        if digest(pack) == current.pack:
            return len(offered.titles)
        raw = read_if_there(self._public.pack_path(current.pack))
        if raw is None:
            raise StorageError("the pack of the open round is gone from the exchange folder")
        before = [title.id for title in decode_pack(raw, catalog_public).titles]
        if offered.lineage_id != current.lineage:
            raise InputError(
                f"the pack is of lineage {offered.lineage_id.hex()}, the rounds are of "
                f"{current.lineage.hex()}: a new lineage needs a new exchange folder"
            )
        if [title.id for title in offered.titles[: len(before)]] != before:
            raise InputError(
                "the pack does not begin with the titles of the one before, in their order: "
                "within a lineage titles are only appended"
            )
        return len(before)

    def _order_close(self, round: int) -> None:
        order = CloseOrder(round=round, at=seconds(self._clock))
        answer = self._transport.request(
            "POST",
            "/v1/close",
            encode_close(order, self._keys.secret),
            limit=REFUSAL_BYTES_MAX,
        )
        if answer.status == 200:
            return
        try:
            code, message = decode_refusal(answer.body)
        except RemoteError as error:
            raise NetworkError(
                f"the server answered the close order with status {answer.status}"
            ) from error
        raise RefusedError(code, f"the server did not close round {round}: {message}")

    def _write_pages(self, said: Aggregate, current: Manifest, k: int) -> tuple[bytes, ...]:
        rows = said.rows
        count = len(rows.indices)
        if count > PAGES_MAX * PAGE_ROWS_MAX:
            raise InputError(
                f"{count} titles reached k = {k}, but a round publishes at most "
                f"{PAGES_MAX * PAGE_ROWS_MAX}: repeat with a higher k"
            )
        digests = []
        for number, start in enumerate(range(0, count, PAGE_ROWS_MAX)):
            part = rows.part(start, min(start + PAGE_ROWS_MAX, count))
            page = Page(lineage=current.lineage, round=current.round, number=number, rows=part)
            raw = encode_page(page, self._keys.secret)
            self._public.put_page(current.round, number, raw)
            digests.append(digest(raw))
        return tuple(digests)

    def _publish(
        self,
        *,
        lineage: bytes,
        pack: bytes,
        round: int,
        basis: int,
        fleet: int,
        sigma: Floats,
        pages: Iterable[bytes],
    ) -> None:
        settings = self._settings
        secret = keep_secret(self._secret_path(round), self._entropy)
        opens = seconds(self._clock)
        closes = opens + settings.length_s
        manifest = Manifest(
            lineage=lineage,
            pack=pack,
            round=round,
            basis=basis,
            opens=opens,
            closes=closes,
            expires=closes + EXPIRES_AFTER_ROUNDS * settings.length_s,
            round_public=box_public(secret),
            fleet=fleet,
            k=settings.k,
            dial=settings.dial,
            sigma=sigma,
            pages=tuple(pages),
        )
        self._public.put_manifest(encode_manifest(manifest, self._keys.secret))

    def _secret_path(self, round: int) -> Path:
        return self._home / f"round-{round}.key"

    def _secret_of(self, current: Manifest) -> bytes:
        path = self._secret_path(current.round)
        if path.exists():
            secret = keep_secret(path, self._entropy)
            if box_public(secret) == current.round_public:
                return secret
        raise StorageError(
            f"{path} does not hold the secret of round {current.round}: without it nobody can "
            "open what was pushed; is this the home of the worker that opened the round?"
        )

    def _clean_up(self, current: Manifest) -> None:
        """Finish what a crash after the rename left behind, half-made secrets included."""
        for partial in self._home.glob(".round-*.part"):
            remove(partial)
        names = (path.stem.removeprefix("round-") for path in self._home.glob("round-*.key"))
        secrets = {int(name) for name in names if name.isdecimal()}
        for round_ in sorted(secrets | set(self._pools.rounds())):
            if round_ < current.round:
                self._delete_round(round_)

    def _delete_round(self, round: int) -> None:
        self._pools.delete(round)
        remove(self._secret_path(round))
