"""What was acknowledged survives kill -9, once; and the harness would see it if not."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


def killed(folder: Path, cycles: int, *, acknowledge: str = "after") -> dict[str, float]:
    """Kill televisions in a program of its own; returns what it found."""
    command = [sys.executable, "-m", "tests.support.killing", str(cycles), "7", acknowledge]
    done = subprocess.run(
        [*command, str(folder)],
        cwd=ROOT,
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
        check=True,
        capture_output=True,
        text=True,
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("cycles", [20, pytest.param(2000, marks=pytest.mark.soak)])
def test_what_was_acknowledged_survives_kill_9_once(tmp_path: Path, cycles: int) -> None:
    found = killed(tmp_path, cycles)
    print(found)
    assert found["acknowledged"] >= cycles
    wrong = {name: found[name] for name in ("lost", "doubled", "torn", "damaged", "extra")}
    assert not any(wrong.values()), wrong


def test_the_harness_sees_an_acknowledgement_before_the_commit(tmp_path: Path) -> None:
    assert killed(tmp_path, 20, acknowledge="early")["lost"] > 0
