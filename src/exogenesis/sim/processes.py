"""The server and the worker as processes of their own, with their own homes and keys.

They are the programs of the data centre themselves; only the clock and the entropy are handed
in, so that a day passes in a second and a seed gives the same fleet again.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from exogenesis.constellation.app import create_app, server_of
from exogenesis.constellation.exchange import PoolChunk, PoolFacts, Public
from exogenesis.constellation.federation.worker import (
    RoundResult,
    RoundSettings,
    SigningPair,
    Worker,
)
from exogenesis.constellation.store.devices import Devices
from exogenesis.constellation.store.pool import PoolFolder
from exogenesis.core.effects import Entropy
from exogenesis.disk import keep_secret
from exogenesis.errors import ExogenesisError
from exogenesis.sim.clock import SharedClock
from exogenesis.tv.http import HttpTransport
from exogenesis.wire.envelope import unseal
from exogenesis.wire.fields import box_public
from exogenesis.wire.skill import SkillReport, decode_skill

HOST = "127.0.0.1"
SPAWN: SpawnContext = multiprocessing.get_context("spawn")
TOKEN_VALID_S = 7 * 86_400
SHOWN_ENVELOPES = 12
_SECRET_BYTES = 32
_START_TIMEOUT_S = 60.0
_STEP_TIMEOUT_S = 600.0
_STOP_TIMEOUT_S = 15.0


def seeded_entropy(seed: int, who: int) -> Entropy:
    """Bytes that a seed determines: for simulations, never for a product."""
    return np.random.default_rng((seed, who)).bytes


class ChildFailed(ExogenesisError):
    """A process of the simulation ended or did not answer."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(f"the {name} process failed: {message}", code="child")


@dataclass(frozen=True, slots=True)
class _Failure:
    message: str


class Child(AbstractContextManager["Child"]):
    """A child process that answers on a pipe; leaving the context ends it."""

    def __init__(self, name: str, main: Callable[..., None], *args: object) -> None:
        self._name = name
        self._shared = args  # a shared clock must outlive the start of the process
        self._pipe, theirs = SPAWN.Pipe()
        self._process = SPAWN.Process(
            target=_run_child, args=(theirs, main, *args), name=name, daemon=True
        )
        self._process.start()
        theirs.close()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Ask the process to end, and make it end when it does not."""
        if self._process.is_alive():
            self._process.terminate()
            self._process.join(_STOP_TIMEOUT_S)
        if self._process.is_alive():
            self._process.kill()
            self._process.join()
        self._pipe.close()

    def tell(self, message: object) -> None:
        """Send ``message``.

        Raises:
            ChildFailed: the process has ended.
        """
        try:
            self._pipe.send(message)
        except OSError as error:
            raise ChildFailed(self._name, "it has ended") from error

    def check(self) -> None:
        """Say why the process has ended, if it has.

        Raises:
            ChildFailed: it has ended.
        """
        if not self._process.is_alive():
            self.hear(0.0)
            raise ChildFailed(self._name, "it ended too early")

    def hear(self, timeout_s: float) -> Any:
        """Wait for the next message.

        Raises:
            ChildFailed: the process failed, ended, or stayed silent for ``timeout_s``.
        """
        try:
            if not self._pipe.poll(timeout_s):
                raise ChildFailed(self._name, f"no answer within {timeout_s:.0f} s")
            message = self._pipe.recv()
        except (EOFError, OSError) as error:
            self._process.join(_STOP_TIMEOUT_S)
            raise ChildFailed(
                self._name, f"it ended with status {self._process.exitcode}"
            ) from error
        if isinstance(message, _Failure):
            raise ChildFailed(self._name, message.message)
        return message


def _run_child(pipe: Connection, main: Callable[..., None], *args: object) -> None:
    """Run ``main`` in the child: Ctrl-C is the parent's business, and without it all ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_parent, daemon=True).start()
    try:
        main(pipe, *args)
    except ExogenesisError as error:
        pipe.send(_Failure(str(error)))
    except Exception:
        pipe.send(_Failure(traceback.format_exc()))


def _end_with_the_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    wait([parent.sentinel])
    os.kill(os.getpid(), signal.SIGTERM)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerPlan:
    """What the server process is told.

    Attributes:
        home: its own folder.
        exchange: the folder shared with the worker.
        worker_public: the pinned key.
        tokens: enrolment tokens to mint.
        seed: of its entropy.
    """

    home: Path
    exchange: Path
    worker_public: bytes
    tokens: int
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerReady:
    """What the server process says when it listens: its address, and the minted tokens."""

    url: str
    tokens: tuple[bytes, ...]


def start_server(plan: ServerPlan, clock: SharedClock) -> tuple[Child, ServerReady]:
    """Start a server; it listens on return.

    Raises:
        ChildFailed: it did not come up.
    """
    child = Child("server", _serve, plan, clock)
    try:
        ready = child.hear(_START_TIMEOUT_S)
    except BaseException:
        child.__exit__(None, None, None)
        raise
    assert isinstance(ready, ServerReady)
    return child, ready


def _serve(pipe: Connection, plan: ServerPlan, clock: SharedClock) -> None:
    entropy = seeded_entropy(plan.seed, 1)
    plan.home.mkdir(mode=0o700)
    devices = Devices(plan.home / "devices.db")
    tokens = devices.issue_tokens(
        plan.tokens, now=clock.seconds, valid_s=TOKEN_VALID_S, entropy=entropy
    )
    devices.close()
    app = create_app(
        home=plan.home,
        exchange=plan.exchange,
        secret=entropy(_SECRET_BYTES),
        worker_public=plan.worker_public,
        clock=clock,
        entropy=entropy,
    )
    with socket.create_server((HOST, 0), backlog=256) as listening:
        port = listening.getsockname()[1]
        pipe.send(ServerReady(url=f"http://{HOST}:{port}", tokens=tuple(tokens)))
        server_of(app, host=HOST, port=port).run(sockets=[listening])


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerPlan:
    """What the worker process is told.

    Attributes:
        home: its own folder.
        exchange: the folder shared with the server.
        keys: its signing keys.
        catalog_public: key that signs packs.
        pack: the signed catalogue pack.
        server_url: where the server listens.
        settings: of the rounds.
        seed: of its entropy.
    """

    home: Path
    exchange: Path
    keys: SigningPair
    catalog_public: bytes
    pack: bytes
    server_url: str
    settings: RoundSettings
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenedEnvelope:
    """An envelope as the worker sees it: its bucket, and a report or nothing (a dummy)."""

    bucket: int
    report: SkillReport | None


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerStep:
    """What one step of the worker did, and a few of the envelopes that it opened."""

    result: RoundResult
    shown: tuple[OpenedEnvelope, ...]


class WorkerProcess:
    """A worker process, one step at a time."""

    def __init__(self, child: Child) -> None:
        self._child = child

    def step(self) -> WorkerStep:
        """Let the worker do what ``omega federate`` does.

        Raises:
            ChildFailed: it could not.
        """
        self._child.tell("step")
        done = self._child.hear(_STEP_TIMEOUT_S)
        assert isinstance(done, WorkerStep)
        return done


def start_worker(plan: WorkerPlan, clock: SharedClock) -> Child:
    """Start a worker; wrap it in :class:`WorkerProcess` to use it."""
    return Child("worker", _work, plan, clock)


def _work(pipe: Connection, plan: WorkerPlan, clock: SharedClock) -> None:
    transport = HttpTransport(plan.server_url, timeout_s=_STEP_TIMEOUT_S)
    entropy = seeded_entropy(plan.seed, 2)
    pools = _WatchedPools(PoolFolder(plan.exchange), plan.home, entropy)
    worker = Worker(
        home=plan.home,
        keys=plan.keys,
        public=Public(plan.exchange),
        pools=pools,
        transport=transport,
        clock=clock,
        entropy=entropy,
        settings=plan.settings,
    )
    while True:
        pipe.recv()
        result = worker.step(plan.pack, plan.catalog_public)
        pipe.send(WorkerStep(result=result, shown=tuple(pools.shown)))


class _WatchedPools:
    """The worker's pools; it opens the first few envelopes a second time, to show them."""

    def __init__(self, pools: PoolFolder, home: Path, entropy: Entropy) -> None:
        self.shown: list[OpenedEnvelope] = []
        self._pools = pools
        self._home, self._entropy = home, entropy
        self.facts: Callable[[int], PoolFacts] = pools.facts
        self.rounds: Callable[[], list[int]] = pools.rounds
        self.delete: Callable[[int], None] = pools.delete

    def chunks(self, round: int, size: int) -> Iterator[PoolChunk]:
        for number, chunk in enumerate(self._pools.chunks(round, size)):
            if number == 0:
                self.shown = self._open(round, chunk)
            yield chunk

    def _open(self, round: int, chunk: PoolChunk) -> list[OpenedEnvelope]:
        secret = keep_secret(self._home / f"round-{round}.key", self._entropy)
        public = box_public(secret)
        return [
            OpenedEnvelope(bucket=int(bucket), report=decode_skill(unseal(sealed, public, secret)))
            for sealed, bucket in zip(
                chunk.sealed[:SHOWN_ENVELOPES], chunk.buckets[:SHOWN_ENVELOPES], strict=True
            )
        ]
