"""``omega serve`` and ``omega tokens``: the constellation server."""

from __future__ import annotations

import ipaddress
import json
import os
import signal
import socket
import ssl
import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from exogenesis.cli.keyfile import read_key
from exogenesis.disk import disk_errors, keep_secret, make_folder
from exogenesis.errors import InputError, RemoteError
from exogenesis.wire.manifest import decode_manifest

if TYPE_CHECKING:
    from types import ModuleType

_KEY_BYTES = 32
_SECRET_FILE = "enrol.key"
_BACKLOG = 2048
_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _constellation() -> ModuleType:
    """The server, or an error that says what to install."""
    try:
        from exogenesis.constellation import app
    except ModuleNotFoundError as error:
        raise InputError(
            f"the server needs {error.name}: pip install 'exogenesis-omega[constellation]'"
        ) from error
    return app


def _secret(home: Path) -> bytes:
    """The server's X25519 secret; made at the first start."""
    return keep_secret(make_folder(home, mode=0o700) / _SECRET_FILE, os.urandom)


def _round_is_open(exchange: Path, worker_public: bytes, key_file: Path) -> bool:
    """Whether there is a manifest; refuse to serve one that the pinned worker did not sign."""
    from exogenesis.constellation.exchange import Public, read_if_there

    path = Public(exchange).manifest_path
    raw = read_if_there(path)
    if raw is None:
        return False
    try:
        decode_manifest(raw, worker_public)
    except RemoteError as error:
        raise InputError(
            f"{path} is not what the worker of {key_file} published: {error}; name the "
            "signing.pub of the worker of this exchange with --worker-key"
        ) from error
    return True


def _check_certificate(cert: Path | None, key: Path | None) -> None:
    if cert is None and key is None:
        return
    if cert is None or key is None:
        raise InputError("--tls-cert and --tls-key go together")
    try:
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(cert, key)
    except OSError as error:
        raise InputError(
            f"{cert} and {key} are no certificate chain and its private key: {error}"
        ) from error


def _listen(host: str, port: int, *, encrypted: bool) -> socket.socket:
    """A listening socket; without encryption only on a loopback address."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except OSError as error:
        raise InputError(f"--host {host}: {error.strerror}") from error
    if not encrypted and not ipaddress.ip_address(address[0]).is_loopback:
        raise InputError(
            f"{host} is no loopback address and plain http is for loopback only: "
            "add --tls-cert and --tls-key"
        )
    try:
        return socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        reason = os.strerror(error.errno or 0)  # error.strerror repeats the address
        raise InputError(
            f"cannot listen on {host} port {port}: {reason}; choose another --port"
        ) from error


@click.command(
    epilog="""\b
Example:
  omega serve --home server --exchange exchange \\
      --worker-key worker/signing.pub
"""
)
@click.option("--home", type=_FOLDER, required=True, help="The server's own folder.")
@click.option(
    "--exchange",
    type=_FOLDER,
    required=True,
    help="Folder shared with the worker, through a group if they run as two users: "
    "closed rounds go into its pool/, signed files come in its public/.",
)
@click.option("--worker-key", type=_FILE, required=True, help="Public key of the worker: pinned.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", default=8440, show_default=True, type=click.IntRange(0, 65_535), help="0: any."
)
@click.option("--tls-cert", type=_FILE, help="Certificate chain (PEM); needed beyond loopback.")
@click.option("--tls-key", type=_FILE, help="Its private key (PEM).")
def serve(
    home: Path,
    exchange: Path,
    worker_key: Path,
    host: str,
    port: int,
    tls_cert: Path | None,
    tls_key: Path | None,
) -> None:
    """Take sealed envelopes in and hand the signed files out.

    The server can open no envelope and sign no manifest. It writes no log of who called.
    """
    _check_certificate(tls_cert, tls_key)
    constellation = _constellation()
    worker_public = read_key(worker_key, _KEY_BYTES)
    is_open = _round_is_open(exchange, worker_public, worker_key)
    with _listen(host, port, encrypted=tls_cert is not None) as listening:
        app = constellation.create_app(
            home=home,
            exchange=make_folder(exchange),
            secret=_secret(home),
            worker_public=worker_public,
            clock=time.time_ns,
            entropy=os.urandom,
        )
        server = constellation.server_of(
            app, host=host, port=port, tls_cert=tls_cert, tls_key=tls_key
        )
        scheme = "http" if tls_cert is None else "https"
        shown = f"[{host}]" if ":" in host else host
        port = listening.getsockname()[1]
        pinned = f"worker key {worker_public.hex()[:16]}... pinned"
        # The first signal stops the server; those that follow shall not interrupt the stopping.
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, server.handle_exit)
        click.echo(f"serving {scheme}://{shown}:{port}, {pinned}; Ctrl-C stops")
        if not is_open:
            click.echo("no round is open yet: run omega federate")
        server.run(sockets=[listening])
        # Held back first: one that comes while the handler changes would be complained about.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        click.echo("stopped; what was acknowledged is kept")


@click.command(
    epilog="""\b
Example:
  omega tokens --home server -n 3
"""
)
@click.option("--home", type=_FOLDER, required=True, help="The server's own folder.")
@click.option("-n", "count", default=1, show_default=True, type=click.IntRange(1, 100_000))
@click.option("--valid-days", default=30, show_default=True, type=click.IntRange(1, 3_650))
@click.option("--json", "as_json", is_flag=True, help="One JSON list.")
def tokens(home: Path, count: int, valid_days: int, as_json: bool) -> None:
    """Print one-time enrolment tokens, one for each television; only hashes are kept.

    The server must have run in its folder once; it may be running.
    """
    from exogenesis.constellation.store.devices import DAY_S, Devices

    with disk_errors(home):
        if not (home / _SECRET_FILE).exists():
            raise InputError(f"no server has run in {home}: start omega serve first")
    devices = Devices(home / "devices.db")
    made = devices.issue_tokens(
        count,
        now=time.time_ns() // 1_000_000_000,
        valid_s=valid_days * DAY_S,
        entropy=os.urandom,
    )
    devices.close()
    words = [token.hex() for token in made]
    click.echo(json.dumps(words) if as_json else "\n".join(words))
