"""``omega tv`` from the first command to the last."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from exogenesis.cli.screen import folded, push_time
from exogenesis.cli.tv import tv
from exogenesis.core.titles import Title
from exogenesis.errors import (
    ExogenesisError,
    InputError,
    NetworkError,
    StorageError,
    UnknownTitle,
)
from exogenesis.tv import OutOfReach
from tests.support.constellation import WORKER_PUBLIC
from tests.support.television import CATALOG_PUBLIC, encoded_pack, plain_titles

TITLES = [Title(id="heat", name="Heat (1995)", age=16, minutes=170), *plain_titles(80)]


class Shell:
    """Runs ``omega tv`` on one home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home = folder / "tv"
        (folder / "catalog.pack").write_bytes(encoded_pack(TITLES))
        (folder / "catalog.pub").write_text(CATALOG_PUBLIC.hex())
        (folder / "worker.pub").write_text(WORKER_PUBLIC.hex())

    def run(self, *words: str, input: str | None = None) -> Result:
        environment = {"OMEGA_TV_HOME": str(self.home)}
        result = CliRunner().invoke(tv, words, env=environment, input=input)
        if isinstance(result.exception, ExogenesisError):
            raise result.exception
        return result

    def ok(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.ok(*words, "--json"))

    def init(self, *more: str) -> str:
        pack, key = self.folder / "catalog.pack", self.folder / "catalog.pub"
        return self.ok("init", "--pack", str(pack), "--catalog-key", str(key), *more)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    made = Shell(tmp_path)
    made.init()
    return made


def test_a_television_from_init_to_forget(shell: Shell) -> None:
    assert "Title 0" in shell.ok("recommend")
    assert "watched 100% of Heat (1995)" in shell.ok("observe", "heat (1995)", "--fraction", "1")
    assert "because you watched Heat (1995)" in shell.ok("recommend")
    assert "watched already" in shell.ok("explain", "heat")
    assert "because you watched" in shell.ok("explain", "t079")
    assert "nothing has left" in shell.ok("ledger")
    assert "consent is off" in shell.ok("sync")
    assert "blocked" in shell.ok("block", "t000")
    assert "Title 0\n" not in shell.ok("recommend")
    assert "allowed" in shell.ok("unblock", "t000")
    assert "No report about it had left" in shell.ok("forget", "heat")
    assert shell.json("status")["events"] == 0
    assert "next push                    not planned" in shell.ok("status")
    assert "of these, mostly finished    0" in shell.ok("status")


def test_every_command_speaks_json(shell: Shell) -> None:
    at = shell.json("observe", "t001", "--fraction", "0.9", "--at", "2025-01-31T21:00:00+00:00")
    assert at == {"title_id": "t001", "fraction": 0.9, "profile": "home"}
    assert shell.json("recommend", "--limit", "3")[0].keys() >= {"title_id", "reason", "kind"}
    assert len(shell.json("recommend", "-n", "3")) == 3
    assert shell.json("explain", "t001")["hidden_because"]
    assert shell.json("sync")["state"] == "consent_off"
    assert shell.json("ledger") == []
    assert shell.json("consent", "status") == {"consent": False}
    assert shell.json("consent", "on", "--yes") == {"consent": True}
    assert shell.json("consent", "off") == {"consent": False}
    assert shell.json("profile", "add", "ann")["name"] == "ann"
    assert [one["name"] for one in shell.json("profile", "list")] == ["ann", "home"]
    assert shell.json("profile", "remove", "ann")["events"] == 0
    assert shell.json("block", "t001") == {"title_id": "t001", "blocked": True}
    assert shell.json("unblock", "t001") == {"title_id": "t001", "blocked": False}
    assert shell.json("forget", "--all")["events"] == 1


def test_consent_shows_one_screen_and_asks(shell: Shell) -> None:
    shell.ok("profile", "add", "mia", "--kid", "--age-limit", "6")
    refused = shell.run("consent", "on", input="n\n")
    assert refused.exit_code == 0
    assert refused.stdout.endswith("consent stays off\n")
    for part in (
        "What leaves",
        "does not leave\n  When, how often",
        "Who sees",
        "mia",
        "981 bytes",
    ):
        assert part in refused.output
    assert len(refused.output.splitlines()) <= 30
    assert shell.json("consent", "status") == {"consent": False}
    with pytest.raises(InputError, match="use --yes"):
        shell.run("consent", "on", input="")
    assert shell.json("consent", "status") == {"consent": False}
    shell.run("consent", "on", input="y\n")
    assert shell.json("consent", "status") == {"consent": True}


def test_kids_get_their_own_list(shell: Shell) -> None:
    shell.ok("profile", "add", "mia", "--kid", "--age-limit", "16")
    assert [one["title_id"] for one in shell.json("recommend", "--profile", "mia")] == ["heat"]
    shell.ok("profile", "add", "tom", "--kid", "--age-limit", "15")
    assert "nothing is left" in shell.ok("recommend", "--profile", "tom")
    assert "age limit 15" in shell.ok("profile", "list")


def test_bad_input_is_refused_and_changes_nothing(shell: Shell) -> None:
    before = shell.json("status")
    with pytest.raises(UnknownTitle, match="Heat"):
        shell.run("observe", "Haet (1995)", "--fraction", "1")
    with pytest.raises(InputError, match=r"0\.\.1"):
        shell.run("observe", "heat", "--fraction", "1.5")
    with pytest.raises(InputError, match="no profile"):
        shell.run("recommend", "--profile", "nobody")
    with pytest.raises(InputError, match="age limit"):
        shell.run("profile", "add", "mia", "--kid")
    with pytest.raises(InputError, match="exactly one"):
        shell.run("forget", "heat", "--all")
    assert shell.run("observe", "heat", "--fraction", "1", "--at", "yesterday").exit_code == 2
    assert shell.json("status") == before


def test_a_home_that_was_never_made_says_how(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"omega tv --home .* init --pack FILE --catalog-key FILE"):
        Shell(tmp_path).run("recommend")
    with pytest.raises(InputError, match="name --pack and --catalog-key"):
        Shell(tmp_path).run("init", "--token", "ab" * 32)
    assert not (tmp_path / "tv").exists()


def test_secrets_in_the_home_are_for_its_owner(shell: Shell) -> None:
    shell.init("--server", "http://localhost:1", "--worker-key", str(shell.folder / "worker.pub"))
    assert shell.home.stat().st_mode & 0o077 == 0
    assert (shell.home / "settings.json").stat().st_mode & 0o077 == 0


def test_init_again_keeps_what_was_learnt(shell: Shell) -> None:
    shell.ok("observe", "heat", "--fraction", "1")
    server = ["--server", "http://localhost:1", "--worker-key", str(shell.folder / "worker.pub")]
    shell.init(*server, "--token", "ab" * 32)
    assert shell.json("status")["events"] == 1
    shell.ok("consent", "on", "--yes")
    with pytest.raises(NetworkError):
        shell.run("sync")
    (entry,) = shell.json("ledger")
    assert (entry["kind"], entry["outcome"]) == ("enrol", "not acknowledged")
    assert len(bytes.fromhex(entry["sent"])) == 165
    assert "one-time token" in shell.ok("ledger", "--bytes")


@pytest.mark.parametrize("lineage", [b"else"])
def test_init_refuses_a_pack_of_another_lineage(shell: Shell, lineage: bytes) -> None:
    (shell.folder / "catalog.pack").write_bytes(encoded_pack(TITLES, lineage_id=lineage))
    with pytest.raises(InputError, match="another home"):
        shell.init()
    assert shell.ok("recommend")


def _deep() -> str:
    return '{"catalog_key": ' + "[" * 30_000 + "]" * 30_000 + "}"


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "{}",
        "{",
        '{"catalog_key": "zz"}',
        '{"catalog_key": "abc"}',
        '{"catalog_key": 5}',
        '{"catalog_key": null}',
        json.dumps({"catalog_key": "ab" * 32, "token": "ab" * 31}),
        json.dumps({"catalog_key": "ab" * 32, "worker_key": ["ab"]}),
        json.dumps({"catalog_key": "ab" * 32, "server": 8440}),
        json.dumps({"catalog_key": "ab" * 32, "ca_file": {}}),
        json.dumps({"catalog_key": "ab" * 32, "colour": "red"}),
        json.dumps({"catalog_key": "ab" * 32, "server": "x" * 70_000}),
        _deep(),
        "\xff",
    ],
)
def test_damaged_settings_are_named_and_not_followed(shell: Shell, content: str) -> None:
    path = shell.home / "settings.json"
    path.write_bytes(content.encode("latin-1"))
    with pytest.raises(InputError, match=r"settings\.json is damaged .* init"):
        shell.run("status")
    shell.init()
    assert shell.json("status")["consent"] is False


def test_an_unusable_address_in_the_settings_is_named(shell: Shell) -> None:
    path = shell.home / "settings.json"
    for wrong in ({"server": "https://\ud800"}, {"server": "https://h", "ca_file": "a\0b"}):
        path.write_text(json.dumps(json.loads(path.read_text()) | wrong))
        with pytest.raises(InputError):
            shell.run("status")


def test_a_new_token_enrols_anew(shell: Shell) -> None:
    server = ["--server", "http://localhost:1", "--worker-key", str(shell.folder / "worker.pub")]
    shell.init(*server, "--token", "ab" * 32)
    shell.ok("consent", "on", "--yes")
    for _ in range(2):
        with pytest.raises(NetworkError):
            shell.run("sync")
        shell.init(*server, "--token", "cd" * 32)
    sent = [bytes.fromhex(entry["sent"]) for entry in shell.json("ledger")]
    assert [raw[5:37] for raw in sent] == [b"\xab" * 32, b"\xcd" * 32]
    assert sent[0][37:101] == sent[1][37:101]  # the same television


def _settings(shell: Shell) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads((shell.home / "settings.json").read_text())
    return stored


def test_init_keeps_every_setting_that_is_not_named(shell: Shell) -> None:
    server = ["--server", "http://localhost:1", "--worker-key", str(shell.folder / "worker.pub")]
    shell.init(*server, "--token", "ab" * 32)
    before = _settings(shell)
    assert before["token"] == "ab" * 32
    (shell.folder / "catalog.pack").write_bytes(encoded_pack([*TITLES, Title(id="x", name="X")]))
    shell.init()
    assert _settings(shell) == before
    assert shell.json("status")["titles"] == 82
    shell.ok("init", "--token", "cd" * 32)
    assert _settings(shell) == {**before, "token": "cd" * 32}
    shell.ok("init", "--server", "http://localhost:2")
    assert _settings(shell) == {**before, "token": "cd" * 32, "server": "http://localhost:2"}


def test_init_drops_the_server_when_told_to(shell: Shell) -> None:
    server = ["--server", "http://localhost:1", "--worker-key", str(shell.folder / "worker.pub")]
    shell.init(*server, "--token", "ab" * 32)
    with pytest.raises(InputError, match="--no-server"):
        shell.ok("init", "--no-server", *server)
    shell.ok("init", "--no-server")
    kept = {name: value for name, value in _settings(shell).items() if value is not None}
    assert kept == {"catalog_key": CATALOG_PUBLIC.hex()}


def test_init_says_how_the_consent_stands(shell: Shell) -> None:
    assert "consent is off" in shell.init()
    shell.ok("consent", "on", "--yes")
    assert "consent is on, but there is no server" in shell.init()
    server = ["--server", "http://localhost:1", "--worker-key", str(shell.folder / "worker.pub")]
    assert "consent is on; `omega tv sync` talks to http://localhost:1" in shell.init(*server)
    made = shell.json("init")
    assert (made["consent"], made["server"], made["titles"]) == (True, "http://localhost:1", 81)


@pytest.mark.parametrize("kept", [0, 40, 1000])
def test_a_pack_that_is_cut_short_is_named_with_what_to_do(tmp_path: Path, kept: int) -> None:
    shell = Shell(tmp_path)
    path = tmp_path / "catalog.pack"
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(InputError, match=r"catalog\.pack cannot be used: .*copy"):
        shell.init()
    assert not shell.home.exists()


_LIMITED = """
import resource, sys
from exogenesis.cli.main import run
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv.pop(1)),) * 2)
sys.exit(run())
"""


@pytest.mark.parametrize(
    ("bytes_max", "said"),
    [(100, "is full: nothing was stored; free"), (120_000, "is full: nothing was stored; free")],
)
def test_init_without_room_leaves_nothing_behind(tmp_path: Path, bytes_max: int, said: str) -> None:
    """At first there is no room for the store, then for the pack beside it."""
    pack, key, home = (tmp_path / name for name in ("catalog.pack", "key", "new/folder/tv"))
    pack.write_bytes(encoded_pack(plain_titles(400)))
    key.write_text(CATALOG_PUBLIC.hex())
    words = ["tv", "--home", str(home), "init", "--pack", str(pack), "--catalog-key", str(key)]
    command = [sys.executable, "-c", _LIMITED, str(bytes_max), *words]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stderr) == (3, True), done.stderr
    assert not (tmp_path / "new").exists()


def test_a_home_that_cannot_be_written_is_named_with_what_to_do(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda _, mode: mode != os.W_OK)  # a read-only disk
    for words in (("status",), ("init",)):
        with pytest.raises(StorageError, match="choose another folder with --home"):
            shell.run(*words)
    monkeypatch.undo()
    assert shell.ok("status")


@pytest.mark.parametrize(
    ("at", "why"),
    [
        ("1900-01-01", "before 1970"),
        ("0001-01-01", "before 1970"),
        ("1970-01-01T00:30+01:00", "before 1970"),
        ("9999-12-31", "future"),
        ("9999-12-31T23:59:59-12:00", "future"),
    ],
)
def test_a_time_that_cannot_have_been_is_refused(shell: Shell, at: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        shell.run("observe", "heat", "--fraction", "1", "--at", at)
    assert shell.json("status")["events"] == 0


def test_a_time_may_be_up_to_a_day_ahead(shell: Shell) -> None:
    now = datetime.now(UTC)
    shell.ok("observe", "heat", "--fraction", "1", "--at", str(now + timedelta(hours=23)))
    with pytest.raises(InputError, match="future"):
        shell.run("observe", "heat", "--fraction", "1", "--at", str(now + timedelta(hours=25)))


def test_a_push_that_is_waiting_is_due_now(shell: Shell) -> None:
    assert push_time(None) == "not planned"
    assert push_time(1_600_000_000) == "due now"
    assert push_time(4_000_000_000).startswith("2096-")


def test_titles_of_several_profiles_are_counted_as_such(shell: Shell) -> None:
    shell.ok("profile", "add", "ann")
    for name in ("home", "ann"):
        shell.ok("observe", "heat", "--fraction", "1", "--profile", name)
    said = shell.ok("forget", "heat")
    assert "erased 2 events, 2 titles (counted once for each profile)" in said


def test_no_fixed_line_is_longer_than_a_screen(shell: Shell) -> None:
    shell.ok("observe", "heat", "--fraction", "1")
    commands = [("status",), ("sync",), ("consent", "on", "--yes"), ("explain", "t079")]
    commands += [("recommend",), ("ledger",), ("forget", "heat")]
    for words in commands:
        assert max(map(len, shell.ok(*words).splitlines())) <= 80, words
    note = OutOfReach(round=123, acknowledged=12, unanswered=12, closed=True)
    shown = folded(f"  {note}").splitlines()
    assert max(map(len, shown)) <= 80
    assert " ".join(line.strip() for line in shown) == str(note)


def test_init_needs_keys_that_are_keys(shell: Shell) -> None:
    with pytest.raises(InputError, match="worker-key"):
        shell.init("--server", "http://localhost:1")
    with pytest.raises(InputError, match="token"):
        shell.init("--token", "abc")


def test_every_command_has_an_example() -> None:
    def commands(group: Any) -> list[Any]:
        found = []
        for command in group.commands.values():
            found += commands(command) if hasattr(command, "commands") else [command]
        return found

    for command in commands(tv):
        assert command.epilog.startswith("Example: omega tv "), command.name
        assert command.help
