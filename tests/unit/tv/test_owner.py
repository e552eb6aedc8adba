"""The owner's word: it holds when the store fails, and a PIN keeps it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from exogenesis.errors import InputError, StorageError
from exogenesis.tv import Brain, Profile, ViewContext
from exogenesis.tv.runtime import Mode
from tests.support.television import open_brain, plain_titles, small_catalog

ADULT = {f"t{n:03}" for n in range(5)}
"""The most popular titles are for adults."""

CATALOG = small_catalog(
    [replace(title, age=18 if title.id in ADULT else 0) for title in plain_titles(120)]
)
PIN = "2468"


@pytest.fixture
def brain() -> Iterator[Brain]:
    made = open_brain(CATALOG)
    made.recommend()
    yield made
    made.close()


def _kid(name: str, age_limit: int) -> Profile:
    return Profile(name=name, kind="kid", age_limit=age_limit, contributes=False)


def _shown_without_a_store(
    brain: Brain, monkeypatch: pytest.MonkeyPatch, profile: str | None = "home"
) -> set[str]:
    def fail(name: str, /, **values: object) -> None:
        raise StorageError("I/O error")

    with monkeypatch.context() as patched:
        patched.setattr(brain._parts.database, "run", fail)
        listed = brain.recommend(ViewContext(profile=profile, limit=60, explore=False))
    assert listed[0].mode is Mode.POPULAR
    return {one.title_id for one in listed}


@pytest.mark.parametrize("forgotten", [False, True])
@pytest.mark.parametrize(
    ("say", "profile", "hidden"),
    [
        (lambda brain: brain.block("t000"), "home", {"t000"}),
        (lambda brain: brain.not_interested("t000"), "home", {"t000"}),
        (lambda brain: brain.set_age_limit("home", 6), "home", ADULT),
        (lambda brain: brain.add_profile(_kid("mia", 6)), "mia", ADULT),
        (lambda brain: brain.add_profile(_kid("mia", 6)), None, ADULT),
    ],
)
def test_the_owners_word_holds_when_the_store_fails_at_once(
    brain: Brain,
    monkeypatch: pytest.MonkeyPatch,
    say: Callable[[Brain], None],
    profile: str | None,
    hidden: set[str],
    forgotten: bool,
) -> None:
    assert hidden <= _shown_without_a_store(brain, monkeypatch)
    say(brain)
    if forgotten:
        brain.recommend()
        brain.forget("t050")
    assert not hidden & _shown_without_a_store(brain, monkeypatch, profile)


def test_what_the_owner_took_back_is_shown_when_the_store_fails_at_once(
    brain: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain.block("t000")
    brain.unblock("t000")
    assert "t000" in _shown_without_a_store(brain, monkeypatch)
    brain.block("t000")
    brain.forget(everything=True)
    assert "t000" in _shown_without_a_store(brain, monkeypatch)


def test_a_word_that_cannot_be_read_back_is_not_acknowledged(
    brain: Brain, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = brain._parts.database.run

    def fail(name: str, /, **values: int | float | str | bytes | None) -> object:
        if name == "list_blocks":
            raise StorageError("I/O error")
        return real(name, **values)

    with monkeypatch.context() as patched:
        patched.setattr(brain._parts.database, "run", fail)
        with pytest.raises(StorageError):
            brain.block("t000")
    brain.block("t000")
    assert brain.blocks() == ["t000"]


@pytest.mark.parametrize(
    "loosen",
    [
        lambda brain, pin: brain.remove_profile("mia", pin=pin),
        lambda brain, pin: brain.add_profile(Profile(name="eve"), pin=pin),
        lambda brain, pin: brain.add_profile(_kid("eve", 7), pin=pin),
        lambda brain, pin: brain.forget(everything=True, pin=pin),
    ],
)
def test_what_loosens_the_owners_word_needs_the_pin(
    brain: Brain, loosen: Callable[[Brain, str | None], object]
) -> None:
    brain.add_profile(_kid("mia", 6))
    brain.set_pin(PIN)
    before = brain.profiles()
    for pin, code in ((None, "pin_needed"), ("1111", "wrong_pin")):
        with pytest.raises(InputError) as caught:
            loosen(brain, pin)
        assert caught.value.code == code
        assert brain.profiles() == before
    assert "deletes the television's home folder" in str(caught.value)  # the way out
    loosen(brain, PIN)
    assert brain.profiles() != before


def test_what_loosens_nothing_needs_no_pin(brain: Brain) -> None:
    brain.set_pin(PIN)
    brain.add_profile(Profile(name="ann"))  # nobody has an age limit yet
    brain.add_profile(_kid("mia", 6))
    brain.add_profile(_kid("eve", 6))
    brain.remove_profile("ann")
    brain.forget("t001")
    brain.forget(profile="mia")
    assert [one.name for one in brain.profiles()] == ["eve", "home", "mia"]


@pytest.mark.parametrize("session", ["x" * 65, "a\nb", "\ud800", "\x00"])
def test_a_session_has_a_short_printable_name(session: str) -> None:
    with pytest.raises(InputError, match="at most 64 characters, all printable"):
        ViewContext(session=session)
    assert ViewContext(session="x" * 64).session == "x" * 64
