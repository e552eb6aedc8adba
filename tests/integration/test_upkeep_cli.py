"""``omega tv loops`` and ``omega tv doctor``."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import apsw
import pytest
from click.testing import CliRunner, Result

from exogenesis.cli.tv import tv
from exogenesis.cli.upkeep import UNWELL
from exogenesis.errors import ExogenesisError
from exogenesis.tv.loops import LoopType
from exogenesis.tv.persistence.layout import add_functions
from tests.support.television import CATALOG_PUBLIC, encoded_pack, plain_titles


class Shell:
    """Runs ``omega tv`` on one home."""

    def __init__(self, folder: Path) -> None:
        self.home = folder / "tv"
        (folder / "catalog.pack").write_bytes(encoded_pack(plain_titles(60)))
        (folder / "catalog.pub").write_text(CATALOG_PUBLIC.hex())
        pack, key = str(folder / "catalog.pack"), str(folder / "catalog.pub")
        self.ok("init", "--pack", pack, "--catalog-key", key)

    def run(self, *words: str) -> Result:
        result = CliRunner().invoke(tv, words, env={"OMEGA_TV_HOME": str(self.home)})
        if isinstance(result.exception, ExogenesisError):
            raise result.exception
        return result

    def ok(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def loops(self, *words: str) -> dict[str, Any]:
        told = json.loads(self.ok("loops", *words, "--json"))
        return {one["loop"]: one for one in told["loops"]}


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_loops_shows_each_with_its_last_and_next_run(shell: Shell) -> None:
    told = shell.loops()
    assert list(told) == [loop.value for loop in LoopType]
    assert told["deliberative"]["runs"] == 0
    assert told["deliberative"]["last_at"] is None
    assert told["deliberative"]["next_at"] is not None
    shown = shell.ok("loops")
    assert all(loop.value in shown for loop in LoopType)
    assert "on an event" in shown
    assert max(map(len, shown.splitlines())) <= 80


def test_a_loop_is_run_on_request_and_its_run_is_kept(shell: Shell) -> None:
    shell.ok("observe", "t001", "--fraction", "1")
    shown = shell.ok("loops", "--run", "deliberative")
    assert "deliberative: done in" in shown
    after = shell.loops()["deliberative"]
    assert after["runs"] == 1
    assert after["success_rate"] == 1.0
    assert after["last_at"] is not None
    assert after["spent_ms"] > 0
    assert (shell.home / "backup").is_dir()


def test_what_is_due_is_run_together(shell: Shell) -> None:
    shell.ok("observe", "t001", "--fraction", "1")
    assert shell.loops("--run")["adaptive"]["runs"] == 1


def test_an_unknown_loop_is_refused(shell: Shell) -> None:
    result = shell.run("loops", "--run", "quantum")
    assert result.exit_code == 2
    assert "there are: reflexive" in result.output


def test_the_doctor_of_a_healthy_television(shell: Shell) -> None:
    shell.ok("loops", "--run", "deliberative")
    shown = shell.ok("doctor")
    findings = {one["name"]: one for one in json.loads(shell.ok("doctor", "--json"))}
    assert findings.keys() >= {
        *("store", "vectors", "backups", "catalogue", "clock", "disk", "loops", "sync"),
        *("latency", "mode"),
    }
    assert {one["health"] for one in findings.values()} == {"ok"}
    assert "everything works" in shown


def test_the_doctor_warns_with_what_to_do_and_exits_with_0(shell: Shell) -> None:
    shown = shell.ok("doctor")
    assert "WARN" in shown
    assert "no copy of the store yet" in shown
    assert "what to do: run `omega tv loops --run deliberative`" in " ".join(shown.split())


def test_the_doctor_exits_with_3_when_something_fails(shell: Shell) -> None:
    shell.ok("loops", "--run", "deliberative")
    connection = apsw.Connection(str(shell.home / "brain.db"))
    add_functions(connection)
    list(connection.execute("UPDATE loop SET failures = runs WHERE runs > 0"))
    connection.close()
    result = shell.run("doctor")
    assert result.exit_code == UNWELL
    assert "FAIL" in result.stdout


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_a_home_that_cannot_be_read_is_told(shell: Shell) -> None:
    shell.home.chmod(0)
    try:
        with pytest.raises(ExogenesisError):
            shell.run("doctor")
    finally:
        shell.home.chmod(0o700)
