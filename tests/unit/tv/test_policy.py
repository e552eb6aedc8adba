"""The owner's word: the PIN, age limits, and what a profile does not want to see."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exogenesis.errors import InputError
from exogenesis.tv import Profile
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import PIN_SALT_BYTES, PIN_TRIES, Policy, loosens, strictest
from tests.support.television import NOW

SALT = bytes(range(PIN_SALT_BYTES))


@pytest.fixture
def policy() -> Iterator[Policy]:
    database = Database.open(None)
    yield Policy(database)
    database.close()


def _set(policy: Policy, new: str | None, *, pin: str | None = None, now: int = NOW) -> None:
    policy.set_pin(new, pin=pin, now=now, salt=SALT)


def _code(policy: Policy, pin: str | None, now: int = NOW) -> str:
    """What is wrong with a PIN; empty when nothing is."""
    try:
        policy.check_pin(pin, now)
    except InputError as error:
        return error.code
    return ""


def test_without_a_pin_everybody_is_let_through(policy: Policy) -> None:
    assert not policy.has_pin
    assert _code(policy, None) == ""
    assert _code(policy, "1234") == ""


def test_a_pin_lets_its_owner_through_and_nobody_else(policy: Policy) -> None:
    _set(policy, "2468")
    assert policy.has_pin
    assert _code(policy, "2468") == ""
    assert _code(policy, None) == "pin_needed"
    assert _code(policy, "2469") == "wrong_pin"
    assert _code(policy, "12ab") == "wrong_pin"
    assert _code(policy, "\ud800") == "wrong_pin"


@pytest.mark.parametrize("new", ["", "123", "1" * 13, "12a4", "١٢٣٤", " 1234", "-123"])
def test_a_pin_has_digits_and_not_too_few(policy: Policy, new: str) -> None:
    with pytest.raises(InputError, match="4 to 12 digits"):
        _set(policy, new)
    assert not policy.has_pin


def test_changing_or_removing_a_pin_needs_it(policy: Policy) -> None:
    _set(policy, "1111")
    for new in ("2222", None):
        with pytest.raises(InputError) as caught:
            _set(policy, new)
        assert caught.value.code == "pin_needed"
    _set(policy, "2222", pin="1111")
    assert _code(policy, "1111") == "wrong_pin"
    _set(policy, None, pin="2222")
    assert not policy.has_pin


def test_wrong_pins_have_to_wait_longer_and_longer(policy: Policy) -> None:
    _set(policy, "2468")
    now, waits = NOW, []
    for _ in range(PIN_TRIES + 9):
        assert _code(policy, "0000", now) == "wrong_pin"
        before = now
        while _wait_s(policy, now):
            assert _code(policy, "2468", now) == "pin_wait"  # not even the right one
            now += _wait_s(policy, now)
        waits.append(now - before)
    assert waits == [0, 0, 30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]
    assert _code(policy, "2468", now) == ""
    assert _code(policy, "0000", now) == "wrong_pin"  # and the count starts anew
    assert _wait_s(policy, now) == 0


def _wait_s(policy: Policy, now: int) -> int:
    """How long the next try has to wait, found without a try."""
    until = policy._database.setting("pin_wait_until") or 0
    return min(max(0, until - now), 3600)


def test_a_clock_that_is_put_back_makes_nobody_wait_for_years(policy: Policy) -> None:
    _set(policy, "2468")
    for _ in range(PIN_TRIES):
        _code(policy, "0000")
    assert _code(policy, "2468", NOW - 1_000_000) == "pin_wait"
    with pytest.raises(InputError, match="wait 3600 s"):
        policy.check_pin("2468", NOW - 1_000_000)


def test_tries_are_counted_over_a_restart_and_the_pin_is_not_on_the_disk(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    _set(Policy(database), "975310864213")
    for _ in range(PIN_TRIES):
        _code(Policy(database), "0000")
    database.close()
    assert not any(b"975310864213" in path.read_bytes() for path in tmp_path.iterdir())
    database = Database.open(tmp_path)
    assert _code(Policy(database), "975310864213") == "pin_wait"
    database.close()


def test_an_age_limit_can_be_changed_but_a_kid_keeps_one(policy: Policy) -> None:
    policy.add_profile(Profile(name="mia", kind="kid", age_limit=6, contributes=False))
    policy.set_age_limit("mia", 12)
    assert policy.profile("mia").age_limit == 12
    with pytest.raises(InputError, match="needs an age limit"):
        policy.set_age_limit("mia", None)
    with pytest.raises(InputError, match="lies in"):
        policy.set_age_limit("mia", 999)
    assert policy.profile("mia").age_limit == 12
    policy.set_age_limit("home", 16)
    policy.set_age_limit("home", None)
    assert policy.profile("home").age_limit is None


@pytest.mark.parametrize(
    ("old", "new", "looser"),
    [(6, 12, True), (6, None, True), (12, 6, False), (6, 6, False), (None, 6, False)],
)
def test_a_limit_is_loosened_by_a_greater_age_or_by_none(
    old: int | None, new: int | None, looser: bool
) -> None:
    assert loosens(old, new) == looser


def test_the_strictest_limit_holds() -> None:
    assert strictest([None, 12, 6]) == 6
    assert strictest([None, None]) is None
    assert strictest([]) is None
    assert strictest([None, 0]) == 0


def test_what_a_profile_rejects_is_its_own_affair(policy: Policy) -> None:
    policy.add_profile(Profile(name="ann"))
    policy.set_rejection("ann", "t1", True, NOW)
    policy.set_rejection("ann", "t1", True, NOW + 5)
    policy.set_rejection("ann", "t0", True, NOW)
    assert policy.rejections("ann") == ["t0", "t1"]
    assert policy.rejections("home") == []
    policy.set_rejection("ann", "t1", False, NOW)
    policy.set_rejection("ann", "never", False, NOW)
    assert policy.rejections("ann") == ["t0"]
