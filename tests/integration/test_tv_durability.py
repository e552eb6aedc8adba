"""Acknowledged means stored: through kill -9, and on a disk that fills up."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.television import open_brain, small_catalog

ROOT = Path(__file__).resolve().parents[2]

_CHILD = """
import resource
import sys
from pathlib import Path
from exogenesis.errors import StorageError
from exogenesis.tv import ViewingEvent
from tests.support.television import open_brain, small_catalog

brain = open_brain(small_catalog(), home=Path(sys.argv[1]))
limit = int(sys.argv[2])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
for row in range(100_000):
    try:
        brain.observe(ViewingEvent(title_id=f"t{row % 120:03}", fraction=1.0))
    except StorageError as error:
        print("full", error.code, flush=True)
        break
    print(row + 1, flush=True)
sys.stdin.read()
"""


def _child(home: Path, limit: int = 0) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", _CHILD, str(home), str(limit)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def _stored(home: Path) -> int:
    brain = open_brain(small_catalog(), home=home)
    events = brain.stats().events
    brain.close()
    return events


@pytest.mark.parametrize("acknowledged", [1, 57])
def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, acknowledged: int) -> None:
    with _child(tmp_path) as child:
        assert child.stdout is not None
        for _ in range(acknowledged):
            last = int(child.stdout.readline())
        child.send_signal(signal.SIGKILL)
        rest = child.stdout.read().splitlines()
    last = max([last, *(int(line) for line in rest if line.isdigit())])
    assert last >= acknowledged
    assert last <= _stored(tmp_path) <= last + 1  # the last one may be stored, not yet said


def test_a_file_that_cannot_grow_stops_at_what_was_acknowledged(tmp_path: Path) -> None:
    with _child(tmp_path, limit=300_000) as child:
        assert child.stdout is not None
        lines: list[str] = []
        while not (lines and lines[-1].startswith("full")):
            lines.append(child.stdout.readline().strip())
        child.send_signal(signal.SIGKILL)
    assert lines[-1] == "full disk_full"
    assert int(lines[-2]) == _stored(tmp_path)
