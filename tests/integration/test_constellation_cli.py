"""``omega serve``, ``omega tokens`` and ``omega federate`` on real folders."""

from __future__ import annotations

import json
import re
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from exogenesis.cli.federate import federate
from exogenesis.cli.serve import serve, tokens
from exogenesis.errors import CatalogError, InputError, NetworkError, StorageError
from exogenesis.wire.manifest import decode_manifest
from tests.support.server import CATALOG_PUBLIC, WORKER_PUBLIC, Client, make_pack

OMEGA = "from exogenesis.cli.main import run; raise SystemExit(run())"


def omega(command: click.Command, *arguments: str | Path) -> Result:
    return CliRunner().invoke(command, [str(argument) for argument in arguments])


def failure(command: click.Command, *arguments: str | Path) -> Exception:
    error = omega(command, *arguments).exception
    assert isinstance(error, Exception)
    return error


@contextmanager
def serving(worker_key: str) -> Iterator[subprocess.Popen[str]]:
    """A server in a process of its own, killed at the end if it still runs."""
    folders = ["--home", "server", "--exchange", "exchange", "--worker-key", worker_key]
    command = [sys.executable, "-c", OMEGA, "serve", *folders, "--port", "0"]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with a catalogue pack and its key."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalog.pack").write_bytes(make_pack())
    (tmp_path / "catalog.pack.pub").write_text(CATALOG_PUBLIC.hex())
    (tmp_path / "worker.pub").write_text(WORKER_PUBLIC.hex())
    return tmp_path


WORK = ("--home", "worker", "--exchange", "exchange", "--pack", "catalog.pack", "--server")


def test_the_first_call_makes_the_keys_and_opens_round_one(home: Path) -> None:
    result = omega(federate, *WORK, "http://127.0.0.1:1", "--round-hours", "2", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["opened"] == 1
    public = bytes.fromhex((home / "worker/signing.pub").read_text())
    manifest = decode_manifest((home / "exchange/public/manifest").read_bytes(), public)
    assert manifest.closes - manifest.opens == 7200
    assert stat.S_IMODE((home / "worker/signing.key").stat().st_mode) == 0o600
    assert stat.S_IMODE((home / "worker").stat().st_mode) == 0o700


def test_serve_answers_until_it_is_interrupted(home: Path) -> None:
    assert omega(federate, *WORK, "http://127.0.0.1:1").exit_code == 0
    with serving("worker/signing.pub") as process:
        assert process.stdout is not None
        started = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:(\d+)", started)
        assert found, started
        assert (home / "worker/signing.pub").read_text()[:16] in started
        client = Client(int(found[1]))
        assert client.get("/v1/health").json == {"status": "ok", "round": 1}
        issued = omega(tokens, "--home", "server", "-n", "3", "--json")
        closing = omega(federate, *WORK, f"http://127.0.0.1:{client.port}", "--now")
        assert client.get("/v1/health").json == {"status": "ok", "round": 2}
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert "stopped" in process.stdout.read()
    assert [len(token) for token in json.loads(issued.stdout)] == [64, 64, 64]
    assert "round 1 closed: 0 televisions" in closing.stdout
    assert "round 2 is open" in closing.stdout
    assert stat.S_IMODE((home / "server/enrol.key").stat().st_mode) == 0o600


def test_further_interrupts_do_not_disturb_the_stopping(home: Path) -> None:
    with serving("worker.pub") as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("serving")
        assert process.stdout.readline() == "no round is open yet: run omega federate\n"
        while process.poll() is None:
            process.send_signal(signal.SIGINT)
        out, err = process.communicate()
    assert (process.returncode, out) == (0, "stopped; what was acknowledged is kept\n")
    assert "KeyboardInterrupt" not in err


def test_serve_refuses_the_manifest_of_another_worker(home: Path) -> None:
    assert omega(federate, *WORK, "http://127.0.0.1:1").exit_code == 0
    error = failure(
        serve, "--home", "s", "--exchange", "exchange", "--worker-key", "worker.pub", "--port", "0"
    )
    assert isinstance(error, InputError)
    assert "exchange/public/manifest" in str(error)
    assert "--worker-key" in str(error)
    assert not (home / "s").exists()


def test_a_folder_that_cannot_be_made_is_named(home: Path) -> None:
    in_the_way = home / "worker.pub" / "folder"
    work = ("--pack", "catalog.pack", "--server", "http://127.0.0.1:1")
    own = ("--home", in_the_way, "--exchange", "e")
    shared = ("--home", "h", "--exchange", in_the_way)
    for folders in (own, shared):
        for command in (
            (serve, *folders, "--worker-key", "worker.pub", "--port", "0"),
            (federate, *folders, *work),
        ):
            error = failure(*command)
            assert isinstance(error, StorageError)
            assert str(in_the_way) in str(error)


def test_tokens_come_from_the_home_of_a_server_alone(home: Path) -> None:
    error = failure(tokens, "--home", "typo")
    assert isinstance(error, InputError)
    assert "no server has run in typo: start omega serve first" in str(error)
    assert not (home / "typo").exists()


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1"])
def test_plain_http_stays_on_loopback(home: Path, host: str) -> None:
    error = failure(
        serve, "--home", "s", "--exchange", "e", "--worker-key", "worker.pub", "--host", host
    )
    assert isinstance(error, InputError)
    assert "--tls-cert" in str(error)
    assert not (home / "s").exists()


def test_the_server_writes_nothing_about_who_calls(home: Path) -> None:
    with serving("worker.pub") as process:
        assert process.stdout is not None
        found = re.search(r"127\.0\.0\.1:(\d+)", process.stdout.readline())
        assert found
        client = Client(int(found[1]))
        assert client.push(b"no push").status == 400
        assert client.get("/nowhere").status == 404
        with socket.create_connection(("127.0.0.1", client.port)) as garbage:
            garbage.sendall(b"no http at all\r\n\r\n")
            assert garbage.recv(12) == b"HTTP/1.1 400"
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=20)
    written = out + err + "".join(p.read_text("latin-1") for p in (home / "server").iterdir())
    assert "127.0.0.1" not in written
    assert "nowhere" not in written


def test_a_certificate_needs_its_key(home: Path) -> None:
    (home / "cert.pem").write_text("")
    common = ("--home", "s", "--exchange", "e", "--worker-key", "worker.pub")
    assert "go together" in str(failure(serve, *common, "--tls-cert", "cert.pem"))
    both = ("--tls-cert", "cert.pem", "--tls-key", "cert.pem")
    assert "no certificate" in str(failure(serve, *common, *both))


def test_a_port_in_use_is_named(home: Path) -> None:
    common = ("--home", "s", "--exchange", "e", "--worker-key", "worker.pub")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        error = failure(serve, *common, "--port", str(port))
    assert f"cannot listen on 127.0.0.1 port {port}: " in str(error)
    assert str(error).count("127.0.0.1") == 1
    assert not (home / "s").exists()


def test_a_file_that_is_no_key_is_named(home: Path) -> None:
    (home / "worker.pub").write_text("no key")
    error = failure(serve, "--home", "s", "--exchange", "e", "--worker-key", "worker.pub")
    assert isinstance(error, InputError)
    assert "worker.pub" in str(error)


def test_federate_without_a_server_says_so(home: Path) -> None:
    assert omega(federate, *WORK, "http://127.0.0.1:1").exit_code == 0
    assert isinstance(failure(federate, *WORK, "http://127.0.0.1:1", "--now"), NetworkError)


def test_federate_keeps_a_round_open_until_its_time_is_up(home: Path) -> None:
    assert omega(federate, *WORK, "http://127.0.0.1:1").exit_code == 0
    before = (home / "exchange/public/manifest").read_bytes()
    error = failure(federate, *WORK, "http://127.0.0.1:1")
    assert isinstance(error, InputError)
    assert re.search(r"round 1 is open for another (24 h 0|23 h 5\d) min: .* --now", str(error))
    assert (home / "exchange/public/manifest").read_bytes() == before


@pytest.mark.parametrize("url", ["http://example.org", "ftp://127.0.0.1", "127.0.0.1:80", ""])
def test_federate_refuses_an_address_it_would_not_trust(home: Path, url: str) -> None:
    assert isinstance(failure(federate, *WORK, url), InputError)
    assert not (home / "exchange").exists()


def test_federate_refuses_a_pack_of_another_signer(home: Path) -> None:
    (home / "catalog.pack.pub").write_text(WORKER_PUBLIC.hex())
    error = failure(federate, *WORK, "http://127.0.0.1:1")
    assert isinstance(error, CatalogError)
    assert "catalog.pack cannot be used" in str(error)
    assert "--catalog-key" in str(error)
    assert not (home / "exchange").exists()
    assert not (home / "worker").exists()


@pytest.mark.parametrize(
    "dial",
    [("--fraction", "0"), ("--fraction", "1.5"), ("--noise", "-1"), ("--round-hours", "nan")],
)
def test_federate_refuses_an_impossible_dial(home: Path, dial: tuple[str, str]) -> None:
    error = failure(federate, *WORK, "http://127.0.0.1:1", *dial)
    assert isinstance(error, InputError)
    assert str(error).startswith(f"{dial[0]} must ")


@pytest.mark.parametrize("command", [serve, tokens, federate])
def test_help_shows_an_example(command: click.Command) -> None:
    shown = omega(command, "--help").output
    assert f"omega {command.name} --home" in shown
    assert max(map(len, shown.splitlines())) <= 80
