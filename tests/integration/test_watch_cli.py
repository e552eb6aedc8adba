"""What happens in front of the screen, on the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from exogenesis.cli.tv import tv
from exogenesis.core.titles import Title
from exogenesis.errors import ExogenesisError, InputError, UnknownTitle
from tests.support.television import CATALOG_PUBLIC, encoded_pack, plain_titles

TITLES = [
    Title(id="heat", name="Heat (1995)", age=16, minutes=170),
    Title(id="dark", name="Dark", age=12, episodes=18),
    *plain_titles(60),
]


class Shell:
    """Runs ``omega tv`` on one home."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "tv"
        pack, key = folder / "catalog.pack", folder / "catalog.pub"
        pack.write_bytes(encoded_pack(TITLES))
        key.write_text(CATALOG_PUBLIC.hex())
        self.ok("init", "--pack", str(pack), "--catalog-key", str(key))

    def run(self, *words: str, input: str | None = None) -> Result:
        environment = {"OMEGA_TV_HOME": str(self.home)}
        result = CliRunner().invoke(tv, words, env=environment, input=input)
        if isinstance(result.exception, ExogenesisError):
            raise result.exception
        return result

    def ok(self, *words: str, input: str | None = None) -> str:
        result = self.run(*words, input=input)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.ok(*words, "--json"))

    def code(self, *words: str) -> str:
        """The code of the error that a command ends with."""
        with pytest.raises(InputError) as caught:
            self.ok(*words)
        return caught.value.code


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_what_was_left_in_the_middle_is_offered_to_go_on_with(shell: Shell) -> None:
    assert "nothing to go on with" in shell.ok("continue")
    assert shell.json("continue") == []
    shell.ok("observe", "heat", "--fraction", "0.4")
    assert "Heat (1995)  [heat]\n     from 40% on" in shell.ok("continue")
    (offer,) = shell.json("continue", "-n", "1")
    assert (offer["title_id"], offer["kind"], offer["fraction"]) == ("heat", "continue", 0.4)
    shell.ok("observe", "heat", "--fraction", "1")
    assert shell.json("continue") == []


def test_a_title_nobody_is_interested_in_leaves_the_list_and_comes_back(shell: Shell) -> None:
    first = shell.json("recommend", "--no-explore")[0]["title_id"]
    assert "is not shown any more to home" in shell.ok("not-interested", first)
    assert first not in [one["title_id"] for one in shell.json("recommend", "-n", "60")]
    assert f"[{first}]" in shell.ok("not-interested")
    assert shell.json("not-interested") == [first]
    assert shell.json("not-interested", first, "--undo") == {
        "title_id": first,
        "profile": "home",
        "not_interested": False,
    }
    assert first in [one["title_id"] for one in shell.json("recommend", "--no-explore")]
    assert "nothing is kept off" in shell.ok("not-interested")


def test_what_one_profile_rejects_another_is_shown_and_forgetting_takes_it_along(
    shell: Shell,
) -> None:
    shell.ok("profile", "add", "ann")
    shell.ok("not-interested", "t000", "--profile", "ann")
    assert shell.json("not-interested") == []
    assert shell.json("not-interested", "--profile", "ann") == ["t000"]
    assert shell.json("profile", "remove", "ann")["rejections"] == 1


def test_a_rejection_needs_a_title_and_a_profile_that_exist(shell: Shell) -> None:
    with pytest.raises(UnknownTitle):
        shell.ok("not-interested", "nothing-at-all")
    assert shell.code("not-interested", "t000", "--profile", "nobody") == "unknown_profile"
    assert shell.code("not-interested", "--undo") == "bad_input"


def test_a_signal_shows_the_list_that_follows(shell: Shell) -> None:
    listed = shell.ok("signal", "skip", "t000", "t004", "-n", "5")
    assert len(listed.splitlines()) == 5
    assert len(shell.json("signal", "dwell", "t000", "--seconds", "4", "-n", "3")) == 3
    assert shell.run("signal", "click", "t000").exit_code == 2
    assert shell.run("signal", "skip").exit_code == 2
    assert shell.code("signal", "dwell", "t000", "--seconds", "-1") == "bad_input"


def test_a_pin_guards_the_owners_word(shell: Shell) -> None:
    shell.ok("block", "heat")
    assert shell.ok("pin", "set", input="2468\n2468\n") == "a PIN is set\n"
    assert shell.code("unblock", "heat") == "pin_needed"
    assert shell.code("consent", "on", "--yes") == "pin_needed"
    assert shell.code("unblock", "heat", "--pin", "1111") == "wrong_pin"
    assert "allowed" in shell.ok("unblock", "heat", "--pin", "2468")
    assert shell.code("pin", "set", "--new", "1357") == "pin_needed"
    assert shell.json("pin", "set", "--new", "1357", "--pin", "2468") == {"pin": True}
    assert shell.code("pin", "remove", "--pin", "2468") == "wrong_pin"
    assert shell.json("pin", "remove", "--pin", "1357") == {"pin": False}
    shell.ok("unblock", "heat")


def test_a_pin_of_letters_is_refused(shell: Shell) -> None:
    assert shell.code("pin", "set", "--new", "abcd") == "bad_input"
    shell.ok("consent", "off")  # and none is set


def test_only_a_looser_age_limit_needs_the_pin(shell: Shell) -> None:
    shell.ok("profile", "add", "mia", "--kid", "--age-limit", "6")
    shell.ok("pin", "set", "--new", "2468")
    assert shell.json("age-limit", "mia", "3") == {"profile": "mia", "age_limit": 3}
    assert shell.code("age-limit", "mia", "12") == "pin_needed"
    assert "age limit 12" in shell.ok("age-limit", "mia", "12", "--pin", "2468")
    assert shell.code("age-limit", "mia", "none", "--pin", "2468") == "bad_input"  # a kid has one
    assert shell.code("age-limit", "mia", "old") == "bad_input"
    assert "age limit 16" in shell.ok("age-limit", "home", "16")
    assert "no age limit" in shell.ok("age-limit", "home", "none", "--pin", "2468")


def test_wrong_pins_have_to_wait_from_one_command_to_the_next(shell: Shell) -> None:
    shell.ok("pin", "set", "--new", "2468")
    for _ in range(3):
        assert shell.code("consent", "off", "--pin", "0000") == "wrong_pin"
    assert shell.code("consent", "off", "--pin", "2468") == "pin_wait"
    assert shell.code("forget", "--all", "--pin", "2468") == "pin_wait"


def test_removing_a_limit_with_its_profile_or_with_everything_needs_the_pin(shell: Shell) -> None:
    shell.ok("profile", "add", "mia", "--kid", "--age-limit", "6")
    shell.ok("pin", "set", "--new", "2468")
    for command in (("profile", "remove", "mia"), ("profile", "add", "ann"), ("forget", "--all")):
        assert shell.code(*command) == "pin_needed"
        shell.json(*command, "--pin", "2468")
        if command[-1] == "mia":
            shell.ok("profile", "add", "mia", "--kid", "--age-limit", "6")
    shell.ok("consent", "off")  # forgetting everything takes the PIN along
