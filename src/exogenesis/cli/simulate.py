"""``omega simulate``: the demo's fleet with free sizes and faults."""

from __future__ import annotations

from pathlib import Path
from time import monotonic

import click

from exogenesis.cli.demo import conduct, finish, make_folder, simulator
from exogenesis.core.dial import Dial
from exogenesis.core.limits import K_ANONYMITY


@click.command(
    epilog="""\b
Examples:
  omega simulate --tvs 500 --titles 600 --rounds 6
  omega simulate --tvs 60 --titles 80 --finished 20 --loss 0.2
  omega simulate --data ml-latest-small --tvs 200 --fraction 1 --noise 0
"""
)
@click.option(
    "--data",
    type=click.Path(path_type=Path),
    help="A MovieLens folder instead of the invented world.",
)
@click.option(
    "--out",
    default=Path("omega-simulation"),
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Where the picture and report.json go.",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Of all chance.")
@click.option(
    "--tvs", type=click.IntRange(1), help="Televisions; 240, or all households of --data."
)
@click.option("--titles", default=400, show_default=True, help="Size of the invented catalogue.")
@click.option("--finished", default=40.0, show_default=True, help="Mean finished titles of a TV.")
@click.option("--circles", default=12, show_default=True, help="Hidden tastes that are planted.")
@click.option("--rounds", default=4, show_default=True, type=click.IntRange(1, 1000))
@click.option("--round-hours", default=24, show_default=True, type=click.IntRange(1, 24 * 31))
@click.option(
    "--loss",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0.0, 0.9),
    help="Share of the server's replies that never arrive.",
)
@click.option("-k", default=K_ANONYMITY, show_default=True, type=click.IntRange(1, 65_535))
@click.option(
    "--fraction",
    default=Dial().fraction,
    show_default=True,
    type=click.FloatRange(0.0, 1.0, min_open=True),
    help="Privacy dial: chance that another finished title enters a report.",
)
@click.option(
    "--noise",
    default=Dial().noise,
    show_default=True,
    type=click.FloatRange(0.0, 16.0),
    help="Privacy dial: noise beside a report of length 1.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and nothing else.")
def simulate(
    data: Path | None,
    out: Path,
    seed: int,
    tvs: int | None,
    titles: int,
    finished: float,
    circles: int,
    rounds: int,
    round_hours: int,
    loss: float,
    k: int,
    fraction: float,
    noise: float,
    as_json: bool,
) -> None:
    """Run a fleet of any size, with replies that get lost, and measure what it learns."""
    with simulator():
        from exogenesis.constellation.federation.worker import RoundSettings
        from exogenesis.sim import scenario
        from exogenesis.sim.fleet import FleetSettings
        from exogenesis.sim.world import WorldSettings
    dial = Dial(fraction=fraction, noise=noise)
    settings = FleetSettings(
        rounds=rounds,
        seed=seed,
        loss=loss,
        federation=RoundSettings(length_s=3600 * round_hours, k=k, dial=dial),
    )
    started = monotonic()
    if data is None:
        world = WorldSettings(
            households=tvs or WorldSettings().households,
            titles=titles,
            finished=finished,
            circles=circles,
        )
        catalog = make_folder(out / "catalog")
        made = scenario.invented(world, seed=seed, folder=catalog)
    else:
        made = scenario.from_ratings(data, seed=seed, televisions=tvs)
        make_folder(out)
    facts = conduct(made, settings, out)
    finish(facts, out, seconds=monotonic() - started, as_json=as_json)
