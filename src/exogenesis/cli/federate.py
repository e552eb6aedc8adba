"""``omega federate``: one step of the federation worker."""

from __future__ import annotations

import json
import math
import os
import time
from dataclasses import asdict
from pathlib import Path

import click

from exogenesis.cli.keyfile import read_key, write_public
from exogenesis.cli.packfile import read_pack
from exogenesis.core.dial import Dial
from exogenesis.core.limits import K_ANONYMITY
from exogenesis.disk import keep_secret, make_folder
from exogenesis.errors import InputError
from exogenesis.tv.http import HttpTransport
from exogenesis.wire.fields import signing_pair

_KEY_BYTES = 32
_TIMEOUT_S = 300.0
"""Closing a large round takes the server a while."""

_FOLDER = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


def _seed(home: Path) -> bytes:
    """The worker's signing seed; made at the first call, with the public key beside it."""
    seed = keep_secret(make_folder(home, mode=0o700) / "signing.key", os.urandom)
    public = home / "signing.pub"
    if not public.exists():
        write_public(public, signing_pair(seed)[0])
        click.echo(f"made {public}: the server and the televisions pin it", err=True)
    return seed


@click.command(
    epilog="""\b
Example:
  omega federate --home worker --exchange exchange --pack catalog.pack \\
      --server http://127.0.0.1:8440
"""
)
@click.option("--home", type=_FOLDER, required=True, help="The worker's own folder.")
@click.option(
    "--exchange",
    type=_FOLDER,
    required=True,
    help="Folder shared with the server, through a group if they run as two users: "
    "closed rounds come in its pool/, signed files go into its public/.",
)
@click.option("--pack", "pack_file", type=_FILE, required=True, help="The catalogue pack.")
@click.option("--catalog-key", type=_FILE, help="Public key of the catalogue.  [default: PACK.pub]")
@click.option("--server", "url", required=True, help="Address of the server.")
@click.option("--ca-file", type=_FILE, help="Certificates to trust instead of the system's.")
@click.option(
    "--round-hours", default=24.0, show_default=True, type=click.FloatRange(0.01, 24 * 365)
)
@click.option("--k", default=K_ANONYMITY, show_default=True, type=click.IntRange(1, 65_535))
@click.option("--fraction", default=Dial().fraction, show_default=True, type=float, help="Dial f.")
@click.option("--noise", default=Dial().noise, show_default=True, type=float, help="Dial: noise.")
@click.option("--now", is_flag=True, help="Close the open round although its time is not up.")
@click.option("--processes", default=1, show_default=True, type=click.IntRange(1, 256))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def federate(
    home: Path,
    exchange: Path,
    pack_file: Path,
    catalog_key: Path | None,
    url: str,
    ca_file: Path | None,
    round_hours: float,
    k: int,
    fraction: float,
    noise: float,
    now: bool,
    processes: int,
    as_json: bool,
) -> None:
    """Do one step of the worker.

    The first call makes the signing key, publishes the catalogue pack and opens round 1. Every
    later call closes the open round when its time is up, publishes what it says and opens the
    next; before that time it refuses and changes nothing. After an error repeat the call.
    """
    from exogenesis.constellation.exchange import Public
    from exogenesis.constellation.federation.worker import RoundSettings, SigningPair, Worker
    from exogenesis.constellation.store.pool import PoolFolder

    try:
        dial = Dial(fraction=fraction, noise=noise)
    except ValueError as error:
        raise InputError(f"--{error}") from error  # it begins with the name of the field
    if math.isnan(round_hours):
        raise InputError("--round-hours must be a number")
    settings = RoundSettings(
        length_s=round(3600 * round_hours), k=k, dial=dial, processes=processes
    )
    server = HttpTransport(url, timeout_s=_TIMEOUT_S, ca_file=ca_file)
    key_file = catalog_key or pack_file.with_name(f"{pack_file.name}.pub")
    catalog_public = read_key(key_file, _KEY_BYTES)
    pack, _ = read_pack(pack_file, catalog_public, key_option="--catalog-key")
    public, secret = signing_pair(_seed(home))
    worker = Worker(
        home=home,
        keys=SigningPair(public=public, secret=secret),
        public=Public(exchange),
        pools=PoolFolder(exchange),
        transport=server,
        clock=time.time_ns,
        entropy=os.urandom,
        settings=settings,
    )
    result = worker.step(pack, catalog_public, early=now)
    server.close()
    if as_json:
        click.echo(json.dumps(asdict(result)))
        return
    if result.closed is not None:
        click.echo(
            f"round {result.closed} closed: {result.devices} televisions, "
            f"{result.envelopes} envelopes, {result.reports} reports, "
            f"{result.titles} titles published on {result.pages} pages"
        )
    click.echo(f"round {result.opened} is open for {round_hours:g} h")
