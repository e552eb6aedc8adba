"""What was acknowledged survives the loss of power, whole; and the harness would see it if not."""

from __future__ import annotations

import numpy as np
import pytest

from exogenesis.tv import Profile, ViewingEvent
from tests.support.powerloss import Event, judge, recorded
from tests.support.television import NOW, FakeClock, open_brain, small_catalog

CATALOG = small_catalog()


def an_evening(seed: int, *, calls: int = 24, pragmas: str = "") -> list[Event]:
    """Use a new television, one acknowledgement a call; returns what its disk went through."""
    rng = np.random.default_rng(seed)
    clock = FakeClock(NOW)
    with recorded(pragmas=pragmas) as (disk, home):
        brain = open_brain(CATALOG, clock=clock, home=home)
        disk.acknowledge()
        brain.add_profile(Profile(name="ada", kind="kid", age_limit=6, contributes=False))
        disk.acknowledge()
        for _ in range(calls):
            clock.at += int(rng.integers(60, 7200))
            title = f"t{rng.integers(12):03}"
            match rng.choice(["watch", "many", "block", "consent", "forget"], p=[0.6, *[0.1] * 4]):
                case "watch":
                    profile = "home" if rng.random() < 0.7 else "ada"
                    event = ViewingEvent(
                        title_id=title, fraction=round(rng.random(), 2), profile=profile
                    )
                    brain.observe(event)
                case "many":
                    brain.observe_many(
                        ViewingEvent(title_id=f"t{row:03}", fraction=1.0) for row in range(40)
                    )
                case "block":
                    brain.block(title) if rng.random() < 0.7 else brain.unblock(title)
                case "consent":
                    brain.consent(bool(rng.random() < 0.5))
                case "forget":
                    brain.forget(title)
            disk.acknowledge()
        brain.close()
        return disk.log


OFTEN_FOLDED = "PRAGMA wal_autocheckpoint = 8"
"""The log is folded into the file every few commits, which takes an evening otherwise."""


@pytest.mark.parametrize(
    ("seed", "images"),
    [
        *((seed, 100) for seed in range(2)),
        *(pytest.param(seed, 500, marks=pytest.mark.soak) for seed in range(2, 22)),
    ],
)
def test_nothing_acknowledged_is_lost_and_nothing_is_torn(seed: int, images: int) -> None:
    log = an_evening(seed, pragmas=OFTEN_FOLDED if seed % 2 else "")
    verdict = judge(log, images, seed)
    assert (verdict.images, verdict.lost, verdict.broken) == (images, 0, 0)


def test_the_harness_sees_what_is_lost_without_a_sync_at_every_commit() -> None:
    verdict = judge(an_evening(0, pragmas="PRAGMA synchronous = NORMAL"), 100, 0)
    assert verdict.lost >= 10
    assert verdict.broken == 0


def test_the_harness_sees_what_is_lost_and_torn_without_any_sync() -> None:
    verdict = judge(an_evening(0, pragmas="PRAGMA synchronous = OFF"), 100, 0)
    assert verdict.lost + verdict.broken >= 50
