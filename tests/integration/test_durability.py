"""What the server acknowledged is there: after kill -9, and when the disk is full."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest

from exogenesis.constellation.store import intake
from exogenesis.constellation.store.database import open_database
from exogenesis.constellation.store.pool import PoolFolder
from exogenesis.errors import NetworkError
from exogenesis.wire.envelope import ENVELOPE_BYTES
from tests.support.server import CATALOG_PUBLIC, WORKER_PUBLIC, Rig, close_order

SERVE = "from exogenesis.cli.serve import serve; serve()"


@contextmanager
def server_process(rig: Rig) -> Iterator[subprocess.Popen[str]]:
    """``omega serve`` in a process of its own, on a port of its choice."""
    key = rig.root / "worker.pub"
    key.write_text(WORKER_PUBLIC.hex())
    folders = ["--home", rig.home, "--exchange", rig.exchange, "--worker-key", key]
    command = [sys.executable, "-c", SERVE, *map(str, folders), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            started = process.stdout.readline()
            found = re.search(r"127\.0\.0\.1:(\d+)", started)
            assert found, started
            rig.client.port = int(found[1])
            yield process
        finally:
            process.kill()


def envelopes_of(raw: bytes) -> list[bytes]:
    return [raw[at : at + ENVELOPE_BYTES] for at in range(46, 949, ENVELOPE_BYTES)]


def pooled(rig: Rig) -> list[bytes]:
    """Close the round; every envelope that the worker gets."""
    assert rig.client.request("POST", "/v1/close", close_order(1)).status == 200
    return [sealed for chunk in PoolFolder(rig.exchange).chunks(1, 100) for sealed in chunk.sealed]


def test_every_acknowledged_push_survives_kill_9(tmp_path: Path) -> None:
    rig = Rig(tmp_path, now_s=time.time_ns() // 1_000_000_000)
    rig.worker().step(rig.pack, CATALOG_PUBLIC)
    acknowledged: list[bytes] = []
    enough = threading.Event()

    def push_some(mine: list[bytes]) -> None:
        for raw in mine:
            try:
                if rig.client.push(raw).status == 200:
                    acknowledged.append(raw)
            except NetworkError:
                return
            if len(acknowledged) >= 30:
                enough.set()

    with server_process(rig) as process:
        televisions = rig.televisions(20)
        raws = [tv.push(rig.manifest()) for tv in televisions for _ in range(6)]
        threads = [threading.Thread(target=push_some, args=(raws[i::4],)) for i in range(4)]
        for thread in threads:
            thread.start()
        assert enough.wait(30)
        process.send_signal(signal.SIGKILL)
        for thread in threads:
            thread.join()
    with server_process(rig):
        states = [rig.client.push(raw).json["state"] for raw in acknowledged[-3:]]
        found = set(pooled(rig))
    assert states == ["known"] * 3
    assert len(acknowledged) >= 30
    assert all(set(envelopes_of(raw)) <= found for raw in acknowledged)


def test_on_a_full_disk_nothing_is_acknowledged_and_nothing_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def small(path: Path, schema: str) -> apsw.Connection:
        db = open_database(path, schema)
        db.execute("PRAGMA max_page_count = 3")
        return db

    rig = Rig(tmp_path)
    with monkeypatch.context() as patch, rig.serving():
        patch.setattr(intake, "open_database", small)
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
        television, other = rig.televisions(2)
        raws = [tv.push(rig.manifest()) for tv in (television, other) for _ in range(6)]
        answers = [rig.client.push(raw) for raw in raws]
        full = [answer for answer in answers if answer.status != 200]
        before = rig.stored()
        assert {(answer.status, answer.code) for answer in full} == {(507, "disk_full")}
        assert all("retry-after" in answer.headers for answer in full)
        assert rig.client.push(raws[-1]).status == 507
        assert rig.stored() == before
    with rig.serving():
        again = [rig.client.push(raw).json["state"] for raw in raws]
        found = pooled(rig)
    states = ["known" if answer.status == 200 else "stored" for answer in answers]
    assert again == states
    assert "known" in states
    assert sorted(found) == sorted(envelope for raw in raws for envelope in envelopes_of(raw))
