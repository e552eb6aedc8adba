"""Many televisions against one server and one worker, round by round, in simulated time.

Televisions, server and worker are the real programs: the televisions live in this process with
their stores in memory, the other two in processes of their own, and between them is loopback
HTTP. What is simulated is the time, the entropy (both come from the seed) and the owners.

A round: every television wakes when it opens and pulls what is new; then each sends its six
pushes at the times it has drawn. Televisions wake on a common grid of :data:`WAKE_S`, which
stands for their own rhythm of 300 to 900 s. When the round closes the worker takes its step.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np

from exogenesis.constellation.federation.worker import RoundSettings, SigningPair
from exogenesis.core.limits import PUSHES_PER_ROUND
from exogenesis.core.ranking import RankerSettings
from exogenesis.errors import InputError, NetworkError
from exogenesis.sim.clock import SharedClock
from exogenesis.sim.households import Household
from exogenesis.sim.network import Edge, Line
from exogenesis.sim.processes import (
    SPAWN,
    ServerPlan,
    WorkerPlan,
    WorkerProcess,
    WorkerStep,
    seeded_entropy,
    start_server,
    start_worker,
)
from exogenesis.tv import (
    Brain,
    BrainConfig,
    Catalog,
    Recommendation,
    ViewContext,
    ViewingEvent,
)
from exogenesis.wire.fields import signing_pair

WAKE_S: Final = 600
LIST_LENGTH: Final = 20
_THREADS = 8
_TIMEOUT_S = 60.0
_SYNCS_MAX = 1000
_SEED_BYTES = 32
_FIRST_TELEVISION = 16
"""Streams of the seed below this number are the data centre's."""

Advance = Callable[[int], object]
"""Is told how many steps more are done, for a progress bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """Who watches a television: what is measured, and what was watched before round 1."""

    household: Household
    events: tuple[ViewingEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FleetSettings:
    """How a fleet is run.

    Attributes:
        rounds: how many.
        seed: of everything that is drawn.
        loss: share of the server's replies to enrolments and pushes that never arrive.
        ranker: weights of the televisions' ranking.
        federation: how the worker opens rounds; its dial is also the televisions' own.
    """

    rounds: int = 4
    seed: int = 0
    loss: float = 0.0
    ranker: RankerSettings = field(default_factory=RankerSettings)
    federation: RoundSettings = field(default_factory=RoundSettings)

    def __post_init__(self) -> None:
        """Refuse what cannot run."""
        if not 1 <= self.rounds <= 1000:
            raise InputError(f"a fleet runs 1 to 1000 rounds, not {self.rounds}")
        if not 0.0 <= self.loss <= 0.9:
            raise InputError(f"the share of lost replies lies in 0..0.9, not {self.loss}")


@dataclass(frozen=True, slots=True)
class Television:
    """One television of the fleet."""

    brain: Brain
    line: Line
    tenant: Tenant


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """The fleet after a number of rounds.

    Attributes:
        round: rounds that were pulled; 0 is before the first.
        shown: the 20 best titles on each evaluated television, in the order of the dataset.
        step: what the worker did to get here; None before the first round.
    """

    round: int
    shown: tuple[tuple[Recommendation, ...], ...]
    step: WorkerStep | None


class Fleet:
    """Televisions, a server and a worker; make one with :func:`open_fleet`."""

    def __init__(
        self,
        televisions: Sequence[Television],
        *,
        catalog: Catalog,
        worker: WorkerProcess,
        edge: Edge,
        clock: SharedClock,
        settings: FleetSettings,
        threads: ThreadPoolExecutor,
    ) -> None:
        self.televisions = tuple(televisions)
        self.catalog = catalog
        self._worker = worker
        self._edge = edge
        self._clock = clock
        self._settings = settings
        self._threads = threads

    def run(self, advance: Advance) -> Iterator[Stage]:
        """Yield the fleet before the first round and after every round's pull.

        Args:
            advance: is told each wake at the opening and each push; see :func:`steps`.

        Raises:
            ChildFailed: the server or the worker failed.
            NetworkError, RemoteError, RefusedError: a television could not sync.
        """
        everybody = range(len(self.televisions))
        self._worker.step()
        yield Stage(round=0, shown=self.shown(), step=None)
        advance(len(self.televisions) + self._sync(everybody))
        for number in range(1, self._settings.rounds + 1):
            closes = self._clock.seconds + self._settings.federation.length_s
            self._report(closes, advance)
            self._clock.advance_to(closes)
            step = self._worker.step()
            self._edge.forget_manifest()
            advance(len(self.televisions) + self._sync(everybody))
            yield Stage(round=number, shown=self.shown(), step=step)

    def shown(self) -> tuple[tuple[Recommendation, ...], ...]:
        """What every evaluated television shows now, without a place for exploration."""
        context = ViewContext(limit=LIST_LENGTH, explore=False)
        return tuple(
            tuple(television.brain.recommend(context))
            for television in self.televisions
            if len(television.tenant.household.relevant)
        )

    def _report(self, closes: int, advance: Advance) -> None:
        """Everybody pushes when it has planned to."""
        due: list[tuple[int, int]] = []
        self._schedule(due, range(len(self.televisions)))
        while due:
            now = min(due[0][0] + WAKE_S, closes)
            self._clock.advance_to(now)
            batch = []
            while due and due[0][0] <= now:
                batch.append(heapq.heappop(due)[1])
            advance(self._sync(batch))
            self._schedule(due, batch)

    def _schedule(self, due: list[tuple[int, int]], numbers: Iterable[int]) -> None:
        for number in numbers:
            at = self.televisions[number].brain.next_push_at()
            if at is not None:
                heapq.heappush(due, (at, number))

    def _sync(self, numbers: Sequence[int]) -> int:
        """Sync televisions side by side until nothing is due; returns the pushes sent."""
        return sum(self._threads.map(self._sync_one, numbers))

    def _sync_one(self, number: int) -> int:
        brain = self.televisions[number].brain
        pushes = 0
        for _ in range(_SYNCS_MAX):
            try:
                pushes += brain.sync(insist=True).state == "pushed"
            except NetworkError:
                if not self._settings.loss:
                    raise
                continue  # a reply was lost: the same bytes again
            at = brain.next_push_at()
            if at is None or at > self._clock.seconds:
                return pushes
        raise NetworkError(f"television {number} got no reply in {_SYNCS_MAX} syncs")


def steps(televisions: int, rounds: int) -> int:
    """How many steps :meth:`Fleet.run` takes: wakes and pushes."""
    return televisions * ((rounds + 1) + PUSHES_PER_ROUND * rounds)


@contextmanager
def open_fleet(
    tenants: Sequence[Tenant],
    *,
    pack: bytes,
    catalog_public: bytes,
    folder: Path,
    start_s: int,
    settings: FleetSettings,
) -> Iterator[Fleet]:
    """Start server and worker in ``folder``, open and teach the televisions; end all on leaving.

    Args:
        tenants: one for each television.
        pack: signed catalogue pack.
        catalog_public: the key that signed it.
        folder: an empty folder for the homes and the exchange.
        start_s: Unix time at which round 1 opens.
        settings: how to run.

    Raises:
        ChildFailed: the server or the worker did not start, or ended too early.
    """
    clock = SharedClock(SPAWN, start_s)
    catalog = Catalog.load(pack, catalog_public)
    public, secret = signing_pair(seeded_entropy(settings.seed, 0)(_SEED_BYTES))
    with ExitStack() as stack:
        server, ready = start_server(
            ServerPlan(
                home=folder / "server",
                exchange=folder / "exchange",
                worker_public=public,
                tokens=len(tenants),
                seed=settings.seed,
            ),
            clock,
        )
        stack.enter_context(server)
        plan = WorkerPlan(
            home=folder / "worker",
            exchange=folder / "exchange",
            keys=SigningPair(public=public, secret=secret),
            catalog_public=catalog_public,
            pack=pack,
            server_url=ready.url,
            settings=settings.federation,
            seed=settings.seed,
        )
        worker = WorkerProcess(stack.enter_context(start_worker(plan, clock)))
        edge = Edge(ready.url, timeout_s=_TIMEOUT_S)
        stack.callback(edge.close)
        televisions = [
            _television(number, tenant, token, catalog, public, edge, clock, settings)
            for number, (tenant, token) in enumerate(zip(tenants, ready.tokens, strict=True))
        ]
        for television in televisions:
            stack.callback(television.brain.close)
        threads = stack.enter_context(ThreadPoolExecutor(_THREADS, "television"))
        try:
            yield Fleet(
                televisions,
                catalog=catalog,
                worker=worker,
                edge=edge,
                clock=clock,
                settings=settings,
                threads=threads,
            )
        except NetworkError:
            server.check()
            raise


def _television(
    number: int,
    tenant: Tenant,
    token: bytes,
    catalog: Catalog,
    worker_public: bytes,
    edge: Edge,
    clock: SharedClock,
    settings: FleetSettings,
) -> Television:
    """A new television whose owner consents and whose household has watched a while."""
    stream = 2 * number + _FIRST_TELEVISION
    line = Line(edge, np.random.default_rng((settings.seed, stream, 1)), loss=settings.loss)
    brain = Brain.open(
        BrainConfig(
            worker_public=worker_public,
            enrol_token=token,
            ranker=settings.ranker,
            dial=settings.federation.dial,
        ),
        catalog=catalog,
        clock=clock,
        rng=np.random.default_rng((settings.seed, stream)),
        entropy=seeded_entropy(settings.seed, stream + 1),
        transport=line,
    )
    brain.observe_many(tenant.events)
    brain.consent(True)
    return Television(brain, line, tenant)
