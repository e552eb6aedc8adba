"""``omega demo``: the whole loop on one machine, in about a minute."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from exogenesis.errors import InputError, StorageError

if TYPE_CHECKING:
    from exogenesis.sim.fleet import FleetSettings
    from exogenesis.sim.scenario import Scenario

REPORT = "report.json"


@contextmanager
def simulator() -> Iterator[None]:
    """Turn a missing optional package into an error that says what to install.

    Raises:
        InputError: names the command that is running and the package.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        command = click.get_current_context().info_name
        raise InputError(
            f"omega {command} needs {error.name}: pip install 'exogenesis-omega[sim]'"
        ) from error


@click.command(
    epilog="""\b
Examples:
  omega demo
  omega demo --data ml-latest-small
  omega demo --tvs 120 --rounds 2 --out small --json
"""
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="A MovieLens folder (movies.csv and ratings.csv, or u.item and u.data) instead of the "
    "invented world.",
)
@click.option(
    "--out",
    default=Path("omega-demo"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the picture and report.json go.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of all chance.")
@click.option(
    "--tvs",
    type=click.IntRange(1),
    help="Televisions; 240 in the invented world, all households of --data.",
)
@click.option("--rounds", default=4, show_default=True, type=click.IntRange(1, 100))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def demo(
    data: Path | None, out: Path, seed: int, tvs: int | None, rounds: int, as_json: bool
) -> None:
    """Watch a fleet of televisions learn together without giving up what they watched.

    Televisions, a server and a worker run their real code on this machine; nothing leaves it.
    """
    with simulator():
        from exogenesis.sim import scenario
        from exogenesis.sim.fleet import FleetSettings
        from exogenesis.sim.world import WorldSettings
    make_folder(out)
    started = monotonic()
    if data is None:
        catalog = make_folder(out / "catalog")
        world = WorldSettings() if tvs is None else WorldSettings(households=tvs)
        made = scenario.invented(world, seed=seed, folder=catalog)
    else:
        made = scenario.from_ratings(data, seed=seed, televisions=tvs)
    facts = conduct(made, FleetSettings(rounds=rounds, seed=seed), out)
    finish(facts, out, seconds=monotonic() - started, as_json=as_json)


def make_folder(folder: Path) -> Path:
    """Make ``folder`` where it is missing; returns it.

    Raises:
        StorageError: it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder} cannot be made: {error.strerror}") from error
    return folder


def conduct(made: Scenario, settings: FleetSettings, out: Path) -> dict[str, Any]:
    """Run a fleet with a progress bar and draw its picture into ``out``; returns the facts."""
    with simulator():
        from exogenesis.sim import outcome, picture
        from exogenesis.sim.fleet import steps
    with (
        tempfile.TemporaryDirectory(prefix="omega-") as folder,
        click.progressbar(
            length=steps(len(made.tenants), settings.rounds),
            label=f"{len(made.tenants)} televisions, {settings.rounds} rounds",
            file=sys.stderr,
        ) as bar,
    ):
        facts = outcome.run(made, settings, folder=Path(folder), advance=bar.update)
    facts["files"] = [str(path) for path in (*picture.draw(facts, out), out / REPORT)]
    return facts


def finish(facts: dict[str, Any], out: Path, *, seconds: float, as_json: bool) -> None:
    """Write ``report.json`` into ``out`` and print the report.

    Raises:
        StorageError: the file cannot be written.
    """
    from exogenesis.sim import report

    facts["seconds"] = round(seconds, 1)
    document = json.dumps(facts, indent=2)
    try:
        (out / REPORT).write_text(document + "\n", encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{out / REPORT} cannot be written: {error.strerror}") from error
    if as_json:
        click.echo(document)
        return
    click.echo(report.text(facts))
    click.echo(f"{seconds:.0f} s. Wrote {', '.join(facts['files'])}")
