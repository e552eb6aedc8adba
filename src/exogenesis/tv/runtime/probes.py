"""Live probes: each looks at one part now, and says in a sentence how it is and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from exogenesis.core.vectors import Floats
from exogenesis.errors import ExogenesisError
from exogenesis.tv.loops import LoopStatus, Trigger
from exogenesis.tv.moment import Moment
from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.manager import StoreStatus
from exogenesis.tv.runtime.mode import Mode

DAY_S = 86_400
LATENCY_BUDGET_MS = 15.0
"""A list that takes longer is felt."""

_FREE_LEAST_BYTES = 8 << 20
_FREE_WARN_BYTES = 64 << 20
_SILENT_WARN_S = 3 * DAY_S
_SUCCESS_LEAST = 0.5
_STEP_WARN_MS = 50.0
_OVERDUE_PERIODS = 3
_SAMPLE = 8
_NEAR = 0.98


class Health(StrEnum):
    """How a part is."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What a probe found.

    Attributes:
        name: of the part.
        health: how it is.
        says: one sentence.
        remedy: what to do about it; empty when nothing is to be done.
    """

    name: str
    health: Health
    says: str
    remedy: str = ""


Probe = Callable[[], Finding]


def examine(probes: Mapping[str, Probe]) -> list[Finding]:
    """Run probes by name; one that fails itself is a finding, too."""
    findings = []
    for name, probe in probes.items():
        try:
            findings.append(probe())
        except ExogenesisError as error:
            findings.append(_fail(name, error.message, _REMEDIES.get(name, _RESTART)))
        except Exception as error:
            says = f"the {name} could not be looked at: {type(error).__name__}"
            findings.append(_fail(name, says, _REMEDIES.get(name, _RESTART)))
    return findings


_RESTART = "restart the program; if that does not help, report it"
_REMEDIES = {
    "store": "restart the program: a damaged store is rescued when it is opened",
    "vectors": "load the catalogue pack again with `omega tv init --pack FILE`",
}


def _ok(name: str, says: str) -> Finding:
    return Finding(name=name, health=Health.OK, says=says)


def _warn(name: str, says: str, remedy: str) -> Finding:
    return Finding(name=name, health=Health.WARN, says=says, remedy=remedy)


def _fail(name: str, says: str, remedy: str) -> Finding:
    return Finding(name=name, health=Health.FAIL, says=says, remedy=remedy)


def probe_store(database: Database) -> Finding:
    """Ask the database something, and whether it was ever found damaged."""
    database.run("probe_store")
    recovery = database.recovery
    if recovery is not None:
        remedy = "watch whether it happens again: a disk that fails once fails more often"
        return _warn("store", str(recovery), remedy)
    return _ok("store", "it answers, and was never found damaged")


def probe_backups(status: StoreStatus, *, kept: bool) -> Finding:
    """Look at the copies of the store, and at the room held for a full disk.

    Args:
        status: of the store.
        kept: whether there is a folder in which there can be copies at all.
    """
    if not kept:
        return _ok("backups", "the store is in memory alone: there is nothing to copy")
    if status.rotten:
        remedy = "check the disk; the next nights replace the bad copies"
        return _warn("backups", f"{status.rotten} of the copies cannot be read", remedy)
    if not status.ballast:
        remedy = "free some space: 4 MB are enough"
        return _warn("backups", "the spare room for a full disk could not be laid aside", remedy)
    if not status.generations:
        remedy = "run `omega tv loops --run deliberative`, or leave it on for a night"
        return _warn("backups", "there is no copy of the store yet", remedy)
    return _ok("backups", f"{status.generations} good copies of the store")


def probe_catalog(titles: int, available: int) -> Finding:
    """Look whether there is anything to show.

    Args:
        titles: titles of the catalogue.
        available: those that may be shown now.
    """
    remedy = "load a newer catalogue pack with `omega tv init --pack FILE`"
    if not titles:
        return _fail("catalogue", "it is empty", remedy)
    if not available:
        return _fail("catalogue", f"none of its {titles} titles is available now", remedy)
    if available < titles // 10:
        says = f"only {available} of its {titles} titles are available now"
        return _warn("catalogue", says, remedy)
    return _ok("catalogue", f"{titles} titles, {available} of them available now")


def probe_vectors(
    content: Floats, nearest: Callable[[Floats], tuple[int, float]], *, seed: int = 0
) -> Finding:
    """Search some titles by their own vectors.

    Args:
        content: ``(m, 384)`` unit rows of the catalogue; rows of zeros have no vector.
        nearest: catalogue index and cosine of the title nearest to a query.
        seed: which titles are taken.
    """
    rows = np.unique(np.linspace(seed % 7, len(content) - 1, _SAMPLE).astype(np.int64))
    for row in rows.tolist():
        if not np.isfinite(content[row]).all():
            return _fail("vectors", f"the vector of title {row} is no number", _REMEDIES["vectors"])
        if not np.any(content[row]):
            continue
        found, cosine = nearest(content[row])
        # Two titles may have the same vector: then either is right.
        same = found == row or float(content[found] @ content[row]) >= _NEAR
        if not same or cosine < _NEAR:
            says = f"a search for title {row} by its own vector does not find it"
            return _fail("vectors", says, _REMEDIES["vectors"])
    return _ok("vectors", f"{len(rows)} titles were found by their own vectors")


def probe_clock(moment: Moment) -> Finding:
    """Look whether the time of day is known."""
    if moment.trusted:
        return _ok("clock", "it can be believed")
    remedy = "set the clock, or consent to a sync, which brings the time"
    says = "it cannot be believed: lists do not follow the time of day"
    return _warn("clock", says, remedy)


def probe_disk(free_bytes: int | None, store_bytes: int) -> Finding:
    """Look at the room on the disk.

    Args:
        free_bytes: what is left, or None where nobody can say.
        store_bytes: size of the store.
    """
    if free_bytes is None:
        return _ok("disk", f"the store has {_mb(store_bytes)}")
    says = f"{_mb(free_bytes)} are free, the store has {_mb(store_bytes)}"
    remedy = "free some space on the disk"
    if free_bytes < max(_FREE_LEAST_BYTES, store_bytes):
        return _fail("disk", f"{says}: soon nothing can be stored", remedy)
    if free_bytes < max(_FREE_WARN_BYTES, 4 * store_bytes):
        return _warn("disk", says, remedy)
    return _ok("disk", says)


def _mb(size: int) -> str:
    return f"{size / (1 << 20):.1f} MB"


def probe_loops(statuses: Iterable[LoopStatus], now: int) -> Finding:
    """Look for loops that fail, that lag behind, or that take too long a step.

    Args:
        statuses: of all loops.
        now: Unix seconds.
    """
    told = list(statuses)
    failing = [
        one for one in told if one.success_rate is not None and one.success_rate < _SUCCESS_LEAST
    ]
    if failing:
        one = min(failing, key=lambda status: status.success_rate or 0.0)
        says = f"the {one.loop} loop mostly fails; last: {one.error or 'it went well'}"
        remedy = f"run `omega tv loops --run {one.loop}` and read what it says"
        return _fail("loops", says, remedy)
    for one in told:
        if one.error:
            remedy = "it is tried again by itself"
            return _warn("loops", f"the {one.loop} loop failed last time: {one.error}", remedy)
    late = [one for one in told if _is_late(one, now)]
    if late:
        says = f"the {late[0].loop} loop is long overdue"
        remedy = "leave the television on for a while with nothing playing"
        return _warn("loops", says, remedy)
    slow = [one for one in told if one.longest_ms > _STEP_WARN_MS]
    if slow:
        says = f"a step of the {slow[0].loop} loop took {slow[0].longest_ms:.0f} ms"
        return _warn("loops", says, "nothing, unless lists come late")
    return _ok("loops", f"{sum(one.runs for one in told)} cycles so far, as they should be")


def _is_late(one: LoopStatus, now: int) -> bool:
    clock = one.trigger is Trigger.CLOCK and one.next_at is not None
    return clock and now - (one.next_at or now) > _OVERDUE_PERIODS * one.period_s


def probe_sync(*, consented: bool, configured: bool, synced_at: int | None, now: int) -> Finding:
    """Look when the constellation was last heard of.

    Args:
        consented: whether the owner wants that.
        configured: whether there is a server to talk to.
        synced_at: when a sync last went well, Unix seconds; None never.
        now: Unix seconds.
    """
    if not consented:
        return _ok("sync", "consent is off: nothing is sent, and nothing is missing")
    remedy = "run `omega tv sync` and read what it says"
    if not configured:
        remedy = "name one with `omega tv init --server URL --worker-key FILE`"
        return _warn("sync", "consent is on, but there is no server", remedy)
    if synced_at is None:
        return _warn("sync", "there was no sync yet", remedy)
    days = max(0, now - synced_at) / DAY_S
    if now - synced_at > _SILENT_WARN_S:
        return _warn("sync", f"the last one was {days:.0f} days ago", remedy)
    return _ok("sync", f"the last one was {24 * days:.0f} hours ago")


def probe_latency(p99_ms: float | None, rung: str, rungs: Sequence[str], *, calls: int) -> Finding:
    """Look how long lists take.

    Args:
        p99_ms: time that 99 of 100 lists stay below; None before there are enough.
        rung: how lists are made now.
        rungs: how they can be made, the best first.
        calls: lists that were measured.
    """
    if p99_ms is None:
        return _ok("latency", f"{calls} lists measured, too few to tell")
    says = f"99 of 100 lists take less than {p99_ms:.1f} ms"
    if p99_ms > LATENCY_BUDGET_MS:
        remedy = "close other programs; the device may be too slow for this catalogue"
        return _warn("latency", f"{says}, more than {LATENCY_BUDGET_MS:.0f} ms", remedy)
    if rung != rungs[0]:
        remedy = "nothing: the better way is tried again from time to time"
        return _warn("latency", f"{says}, in the cheaper way {rung!r}", remedy)
    return _ok("latency", says)


def probe_mode(mode: Mode, resting: Mapping[str, int]) -> Finding:
    """Look how much of the brain makes the lists.

    Args:
        mode: of the next list.
        resting: components that are left alone, and for how many seconds.
    """
    if mode is Mode.FULL and not resting:
        return _ok("mode", "everything works")
    asleep = ", ".join(f"{name} for {wait_s} s" for name, wait_s in resting.items())
    says = f"lists are made in the mode {mode.value}"
    says += f"; left alone after failures: {asleep}" if asleep else ""
    remedy = "it recovers by itself; if it does not, see the other findings"
    return _warn("mode", says, remedy) if mode is not Mode.POPULAR else _fail("mode", says, remedy)
