"""Group commit: pushes wait together for one transaction, and are acknowledged after it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import ParamSpec, TypeVar

from exogenesis.constellation.store.devices import Devices
from exogenesis.constellation.store.intake import Intake, Outcome, delete_intake, intake_path
from exogenesis.constellation.store.pool import PoolFolder
from exogenesis.constellation.store.rounds import ClosedRounds, RoundCounts
from exogenesis.core.effects import Entropy
from exogenesis.errors import RemoteError
from exogenesis.wire.push import Push

BATCH_MAX = 256
WAITING_MAX = 4096
"""Pushes that may wait for a commit; more are told to come back later."""

_P = ParamSpec("_P")
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class _Waiting:
    push: Push
    seen_on: int | None
    outcome: asyncio.Future[Outcome]


class Inbox:
    """The only writer of the server's databases.

    All writes run in one thread, one after the other; the event loop never waits for the disk.
    """

    def __init__(
        self,
        home: Path,
        devices: Devices,
        pools: PoolFolder,
        *,
        entropy: Entropy,
        waiting_max: int = WAITING_MAX,
    ) -> None:
        self._home = home
        self._devices = devices
        self._pools = pools
        self._entropy = entropy
        self._waiting_max = waiting_max
        self._rounds = ClosedRounds(home / "rounds.db")
        self._closed = self._rounds.marked()
        self._intakes: dict[int, Intake] = {}
        self._waiting: list[_Waiting] = []
        self._wake = asyncio.Event()
        self._thread = ThreadPoolExecutor(1, "store")
        for round_ in self._closed:
            if self._rounds.counts(round_) is not None:
                delete_intake(home, round_)

    def shut(self) -> None:
        """Finish the write that is under way and close the databases."""
        self._thread.shutdown()
        for intake in self._intakes.values():
            intake.close()
        self._rounds.close()

    def in_store(self, work: Callable[_P, _T], *args: _P.args, **kw: _P.kwargs) -> Awaitable[_T]:
        """Run ``work`` in the thread that writes."""
        loop = asyncio.get_running_loop()
        return loop.run_in_executor(self._thread, lambda: work(*args, **kw))

    def check_open(self, round: int) -> None:
        """Refuse a round that was closed.

        Raises:
            RemoteError: ``round_closed``.
        """
        if round in self._closed:
            raise RemoteError("round_closed", f"round {round} is closed")

    async def put(self, push: Push, *, seen_on: int | None = None) -> Outcome:
        """Store a push; it is on the disk on return.

        Args:
            push: checked already.
            seen_on: day to note for the device, or None when it is noted already.

        Raises:
            RemoteError: ``round_closed``, ``seq_reused``, ``budget_spent``, or ``busy`` when too
                many wait already.
            DiskFull, StorageError: nothing was stored.
        """
        self.check_open(push.header.round)
        if len(self._waiting) >= self._waiting_max:
            raise RemoteError("busy", "too many pushes wait: come back later")
        waiting = _Waiting(push, seen_on, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._wake.set()
        outcome = await waiting.outcome
        if outcome == "seq_reused":
            raise RemoteError("seq_reused", "other bytes came under this sequence number before")
        if outcome == "budget_spent":
            raise RemoteError("budget_spent", "this device has used up its pushes of the round")
        return outcome

    async def commit_forever(self) -> None:
        """Commit what waits, batch by batch, until cancelled."""
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._commit()

    async def _commit(self) -> None:
        batch, self._waiting = self._waiting[:BATCH_MAX], self._waiting[BATCH_MAX:]
        try:
            outcomes = await self.in_store(self._store, batch)
        except Exception as error:  # whatever went wrong, nobody may wait for ever
            for waiting in batch:
                if not waiting.outcome.done():
                    waiting.outcome.set_exception(error)
        else:
            for waiting, outcome in zip(batch, outcomes, strict=True):
                if not waiting.outcome.done():
                    waiting.outcome.set_result(outcome)

    def _store(self, batch: list[_Waiting]) -> list[Outcome]:
        days: dict[int, set[bytes]] = {}
        rounds: dict[int, list[int]] = {}
        for at, waiting in enumerate(batch):
            rounds.setdefault(waiting.push.header.round, []).append(at)
            if waiting.seen_on is not None:
                days.setdefault(waiting.seen_on, set()).add(waiting.push.header.device)
        for day, seen in days.items():
            self._devices.touch(seen, day)
        outcomes: dict[int, Outcome] = {}
        for round_, places in rounds.items():
            stored = self._intake(round_).store([batch[at].push for at in places])
            outcomes.update(zip(places, stored, strict=True))
        return [outcomes[at] for at in range(len(batch))]

    def _intake(self, round: int) -> Intake:
        if round not in self._intakes:
            self._intakes[round] = Intake(self._home, round)
        return self._intakes[round]

    async def close(self, round: int) -> RoundCounts:
        """Close ``round`` and hand its envelopes over; may be repeated.

        From the first step on no push of the round is taken; what was taken before is in the
        pool.

        Raises:
            DiskFull, StorageError: the order has to be repeated.
        """
        self._closed.add(round)
        while self._waiting:
            await self._commit()
        return await self.in_store(self._close, round)

    def _close(self, round: int) -> RoundCounts:
        """Mark, pool, counts, delete: each step durable before the next, each repeatable."""
        self._rounds.mark(round)
        counts = self._rounds.counts(round)
        if counts is None:
            if round in self._intakes or intake_path(self._home, round).exists():
                intake = self._intake(round)
                devices, pushes = intake.devices(), intake.pushes()
            else:
                devices, pushes = 0, iter(())
            envelopes = self._pools.write(round, pushes, devices=devices, entropy=self._entropy)
            counts = RoundCounts(devices=devices, envelopes=envelopes)
            self._rounds.finish(round, counts)
        if round in self._intakes:
            self._intakes.pop(round).close()
        delete_intake(self._home, round)
        return counts
