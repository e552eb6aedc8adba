"""A real server that lost its devices, and a television that comes back with a new token."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exogenesis.errors import RefusedError
from exogenesis.tv import Brain, BrainConfig, Catalog, HttpTransport, ViewingEvent
from tests.support.server import CATALOG_PUBLIC, WORKER_PUBLIC, Rig
from tests.support.television import FakeEntropy


def _television(rig: Rig, home: Path, token: bytes) -> Brain:
    config = BrainConfig(storage_path=home, worker_public=WORKER_PUBLIC, enrol_token=token)
    return Brain.open(
        config,
        catalog=Catalog.load(rig.pack, CATALOG_PUBLIC),
        clock=rig.clock,
        rng=np.random.default_rng(0),
        entropy=FakeEntropy(),
        transport=HttpTransport(f"http://127.0.0.1:{rig.client.port}", timeout_s=20),
    )


def _push(rig: Rig, brain: Brain) -> str:
    rig.now_s = max(rig.now_s, brain.next_push_at() or 0)
    return brain.sync().state


def test_a_television_comes_back_to_a_server_that_lost_its_devices(tmp_path: Path) -> None:
    rig, home = Rig(tmp_path / "service"), tmp_path / "tv"
    rig.root.mkdir()
    with rig.serving():
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
        brain = _television(rig, home, *rig.tokens(1))
        brain.observe(ViewingEvent(title_id="t1", fraction=1.0))
        brain.consent(True)
        assert brain.sync().state == "pulled"
        assert _push(rig, brain) == "pushed"
        brain.close()
    for path in rig.home.glob("devices.db*"):
        path.unlink()
    with rig.serving():
        (token,) = rig.tokens(1)
        brain = _television(rig, home, bytes(32))
        with pytest.raises(RefusedError) as caught:
            brain.sync()
        assert caught.value.code == "bad_token"
        brain.close()
        brain = _television(rig, home, token)
        assert _push(rig, brain) == "pushed"  # though the round's intake knows push 1 of epoch 1
        brain.close()
