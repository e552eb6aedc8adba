"""Modes: whatever fails, a catalogue that is there makes a list, and everything comes back."""

from __future__ import annotations

from itertools import chain, combinations

import pytest

from exogenesis.errors import DiskFull, InputError, NetworkError, RemoteError, StorageError
from exogenesis.tv.persistence import Database
from exogenesis.tv.runtime import (
    BreakerOpen,
    Component,
    Degradation,
    Finding,
    Health,
    Mode,
    RuntimeOrchestrator,
)
from exogenesis.tv.runtime.breaker import FAILURES_MAX, OPEN_S
from tests.unit.tv.runtime.test_breaker import Seconds


class Brain:
    """Makes a list from the parts that its mode needs; each part can be broken."""

    def __init__(self) -> None:
        self.now = Seconds()
        self.runtime = RuntimeOrchestrator(Database.open(None), self.now)
        self.broken: dict[str, Exception] = {}
        self.asked: list[Mode] = []
        self.inner = False
        """Whether the list is made in a lower mode by itself, as the recommender does."""

    def _touch(self, part: str) -> None:
        if part in self.broken:
            raise self.broken[part]

    def _make(self, mode: Mode) -> Mode:
        self.asked.append(mode)
        if mode is Mode.FULL:
            self._touch("vectors")
            self._touch("fleet")
        if mode is not Mode.POPULAR:
            self._touch("store")
        self._touch("catalogue")
        return mode

    def _call(self) -> Mode:
        mode = self.runtime.mode
        if not self.inner:
            return self._make(mode)
        modes = list(Mode)
        for one in modes[modes.index(mode) :]:
            try:
                return self._make(one)
            except (StorageError, RemoteError):
                continue
        raise AssertionError

    def recommend(self) -> Mode:
        return self.runtime.answer(self._call, mode_of=lambda mode: mode)


STORE = StorageError("the disk is gone")
FLEET = RemoteError("bad_page", "a page is damaged")
VECTORS = MemoryError()


def test_everything_works_and_nothing_is_counted() -> None:
    brain = Brain()
    assert brain.recommend() is Mode.FULL
    assert brain.runtime.resting == {}


@pytest.mark.parametrize("inner", [False, True])
@pytest.mark.parametrize(
    ("part", "error", "mode"),
    [
        ("vectors", VECTORS, Mode.REDUCED),
        ("vectors", ZeroDivisionError(), Mode.REDUCED),
        ("fleet", FLEET, Mode.REDUCED),
        ("store", STORE, Mode.POPULAR),
    ],
)
def test_a_broken_part_lowers_the_mode_and_there_is_always_a_list(
    part: str, error: Exception, mode: Mode, inner: bool
) -> None:
    brain = Brain()
    brain.inner = inner
    brain.broken[part] = error
    for _ in range(FAILURES_MAX + 2):
        assert brain.recommend() is mode
    assert brain.runtime.mode is mode
    brain.asked.clear()
    brain.recommend()
    assert brain.asked == [mode], "the broken part is left alone"
    del brain.broken[part]
    brain.now.at += OPEN_S
    assert brain.recommend() is Mode.FULL, "and comes back by itself"
    assert brain.runtime.resting == {}


def test_any_combination_of_broken_parts_leaves_a_list_and_recovers() -> None:
    parts = {"vectors": VECTORS, "fleet": FLEET, "store": STORE}
    subsets = chain.from_iterable(combinations(parts, size) for size in range(4))
    for some in subsets:
        brain = Brain()
        brain.broken = {part: parts[part] for part in some}
        made = [brain.recommend() for _ in range(3 * FAILURES_MAX)][-1]
        assert made is (Mode.POPULAR if "store" in some else Mode.REDUCED if some else Mode.FULL)
        brain.broken.clear()
        for _ in range(8):
            brain.now.at += 3600
            made = brain.recommend()
        assert made is Mode.FULL


def test_a_trial_that_fails_keeps_the_mode_and_waits_longer() -> None:
    brain = Brain()
    brain.broken["vectors"] = VECTORS
    for _ in range(FAILURES_MAX):
        brain.recommend()
    brain.now.at += OPEN_S
    brain.asked.clear()
    assert brain.recommend() is Mode.REDUCED
    assert brain.asked == [Mode.FULL, Mode.REDUCED]
    assert brain.runtime.resting == {Component.VECTORS: 2 * OPEN_S}


def test_a_wrong_question_is_no_failure_and_costs_no_trial() -> None:
    brain = Brain()
    for _ in range(2 * FAILURES_MAX):
        with pytest.raises(InputError):
            brain.runtime.answer(_unknown_profile)
    assert brain.runtime.mode is Mode.FULL
    brain.broken["vectors"] = VECTORS
    for _ in range(FAILURES_MAX):
        brain.recommend()
    brain.broken.clear()
    brain.now.at += OPEN_S
    with pytest.raises(InputError):
        brain.runtime.answer(_unknown_profile)
    assert brain.recommend() is Mode.FULL


def _unknown_profile() -> Mode:
    raise InputError("there is no profile 'mia'")


def test_without_a_catalogue_the_error_is_told() -> None:
    brain = Brain()
    brain.broken["catalogue"] = RuntimeError("no titles")
    with pytest.raises(RuntimeError, match="no titles"):
        brain.recommend()


def test_an_interruption_is_not_swallowed_and_leaves_no_mode_behind() -> None:
    brain = Brain()

    def interrupted() -> Mode:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        brain.runtime.answer(interrupted)
    assert brain.recommend() is Mode.FULL


def test_guard_leaves_a_failing_component_alone_and_what_stands_on_it() -> None:
    brain = Brain()

    def unreachable() -> None:
        raise NetworkError("nobody answered")

    for _ in range(FAILURES_MAX):
        with pytest.raises(NetworkError):
            brain.runtime.guard(Component.SYNC, unreachable)
    with pytest.raises(BreakerOpen, match="sync"):
        brain.runtime.guard(Component.SYNC, unreachable)
    assert brain.runtime.mode is Mode.FULL, "a sync is not needed for a list"
    brain.now.at += OPEN_S
    assert brain.runtime.guard(Component.SYNC, lambda: 3) == 3
    brain.broken["store"] = STORE
    for _ in range(FAILURES_MAX):
        brain.recommend()
    with pytest.raises(BreakerOpen, match="store"):
        brain.runtime.guard(Component.SYNC, lambda: 3)


def test_guard_passes_bad_input_and_a_full_disk_on_and_does_not_count_them() -> None:
    brain = Brain()

    def full() -> None:
        raise DiskFull("the store")

    for _ in range(2 * FAILURES_MAX):
        with pytest.raises(InputError):
            brain.runtime.guard(Component.SYNC, _unknown_profile)
        with pytest.raises(DiskFull):
            brain.runtime.guard(Component.STORE, full)
    assert brain.runtime.resting == {}


def test_probes_switch_components_off_and_on_again() -> None:
    brain = Brain()
    told = [
        ("vectors", Health.FAIL, Mode.REDUCED),
        ("store", Health.FAIL, Mode.POPULAR),
        ("store", Health.OK, Mode.REDUCED),
        ("vectors", Health.WARN, Mode.REDUCED),
        ("clock", Health.FAIL, Mode.REDUCED),
        ("vectors", Health.OK, Mode.FULL),
    ]
    for name, health, mode in told:
        brain.runtime.heed([Finding(name=name, health=health, says="so it is")])
        assert brain.runtime.mode is mode


def test_a_slow_device_caps_the_mode() -> None:
    cap = [Mode.REDUCED]
    runtime = RuntimeOrchestrator(Database.open(None), Seconds(), capped=lambda: cap[0])
    assert runtime.answer(lambda: runtime.mode) is Mode.REDUCED
    cap[0] = Mode.FULL
    assert runtime.answer(lambda: runtime.mode) is Mode.FULL


def test_a_write_is_always_tried_and_its_outcome_counts() -> None:
    brain = Brain()
    store = brain.runtime

    def failing() -> None:
        raise STORE

    for _ in range(FAILURES_MAX + 1):
        with pytest.raises(StorageError):
            store.write(failing)
    assert Component.STORE in store.resting
    modes = [store.mode]
    assert store.write(lambda: 3) == 3, "it is its own probe"
    assert store.resting == {}
    assert [*modes, store.mode] == [Mode.POPULAR, Mode.FULL]


def test_a_write_that_is_refused_says_nothing_of_the_store() -> None:
    runtime = Brain().runtime

    def full() -> None:
        raise DiskFull("the store")

    for _ in range(2 * FAILURES_MAX):
        with pytest.raises(DiskFull):
            runtime.write(full)
        with pytest.raises(InputError):
            runtime.write(_unknown_profile)
    assert runtime.resting == {}


def test_a_mistake_in_the_reduced_mode_is_not_held_against_the_store() -> None:
    brain = Brain()
    brain.broken |= {"vectors": VECTORS, "store": ValueError("a mistake")}
    for _ in range(3 * FAILURES_MAX):
        assert brain.recommend() is Mode.POPULAR
    assert set(brain.runtime.resting) == {Component.VECTORS}
    del brain.broken["store"]
    assert brain.recommend() is Mode.REDUCED


def test_what_stands_on_a_broken_part_is_unusable_and_comes_back_with_it() -> None:
    working = dict.fromkeys(Component, True)
    degradation = Degradation(lambda one: working[one])
    working[Component.STORE] = False
    assert set(degradation.unusable) == {Component.STORE, Component.FLEET, Component.SYNC}
    working[Component.STORE] = True
    assert degradation.unusable == ()
    assert degradation.mode is Mode.FULL
