"""``omega tv``: one television on the command line."""

from __future__ import annotations

import math
import sys
import time
from dataclasses import asdict
from datetime import MAXYEAR, datetime
from pathlib import Path

import click

from exogenesis.cli.find import import_history, search, similar
from exogenesis.cli.home import CONSTELLATION, default_home, initialise, opened, store_pack
from exogenesis.cli.keyfile import read_key
from exogenesis.cli.options import json_option, print_json, profile_option
from exogenesis.cli.portable import export
from exogenesis.cli.screen import (
    CONSENT_SCREEN,
    SYNC_STATES,
    entry_lines,
    folded,
    in_words,
    push_time,
)
from exogenesis.cli.upkeep import doctor, loops
from exogenesis.cli.watch import WATCH_COMMANDS, pin_option
from exogenesis.errors import InputError
from exogenesis.tv import (
    ForgetReport,
    Profile,
    SyncResult,
    ViewContext,
    ViewingEvent,
)
from exogenesis.wire.push import PUSH_BYTES

_KEY_BYTES = 32
_DAY_S = 86_400
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
@click.option(
    "--home",
    envvar="OMEGA_TV_HOME",
    type=click.Path(file_okay=False, path_type=Path),
    default=default_home,
    help="Folder of the television; also $OMEGA_TV_HOME.  [default: in your data folder]",
)
@click.pass_context
def tv(context: click.Context, home: Path) -> None:
    """One television: what it saw, what it recommends, what it sends.

    TITLE is an id of the catalogue or a name that is unique in it.
    """
    context.obj = home


@tv.command(epilog="Example: omega tv init --pack catalog.pack --catalog-key catalog.pack.pub")
@click.option("--pack", type=_FILE, help="Signed catalogue pack; needed at first.")
@click.option("--catalog-key", type=_FILE, help="Key that signs packs; needed at first.")
@click.option("--server", help="https://HOST[:PORT] of the constellation.")
@click.option("--worker-key", type=_FILE, help="Public key that signs rounds.")
@click.option("--token", help="One-time enrolment token, 64 hexadecimal digits.")
@click.option("--ca-file", type=_FILE, help="Certificates to trust instead of the system's.")
@click.option("--region", help="Whose favourites a new television shows, such as DE.")
@click.option("--no-server", is_flag=True, help="Drop the server, its key, token and certificates.")
@json_option
@click.pass_obj
def init(
    home: Path,
    pack: Path | None,
    catalog_key: Path | None,
    server: str | None,
    worker_key: Path | None,
    token: str | None,
    ca_file: Path | None,
    region: str | None,
    no_server: bool,
    as_json: bool,
) -> None:
    """Make a television, or give one a new pack or other settings.

    What it learnt stays, and so does every setting that is not named.
    """
    given = {
        "catalog_key": None if catalog_key is None else read_key(catalog_key, _KEY_BYTES).hex(),
        "server": server,
        "worker_key": None if worker_key is None else read_key(worker_key, _KEY_BYTES).hex(),
        "token": None if token is None else _token(token),
        "ca_file": None if ca_file is None else str(ca_file.resolve()),
        "region": region,
    }
    named = {name: value for name, value in given.items() if value is not None}
    if no_server and not named.keys().isdisjoint(CONSTELLATION):
        raise InputError("--no-server goes without --server, --worker-key, --token and --ca-file")
    dropped = dict.fromkeys(CONSTELLATION) if no_server else {}
    made = initialise(home, pack, {**dropped, **named})
    if as_json:
        print_json({"home": str(home), **asdict(made)})
        return
    click.echo(f"television in {home}: {made.titles} titles ({made.encoder})")
    if not made.consent:
        click.echo("consent is off; nothing leaves until `omega tv consent on`")
    elif made.server is None:
        click.echo("consent is on, but there is no server: nothing leaves")
    else:
        click.echo(f"consent is on; `omega tv sync` talks to {made.server}")


def _token(text: str) -> str:
    try:
        raw = bytes.fromhex(text)
    except ValueError:
        raw = b""
    if len(raw) != _KEY_BYTES:
        raise InputError(f"--token has {2 * _KEY_BYTES} hexadecimal digits")
    return raw.hex()


@tv.group()
def profile() -> None:
    """Who watches on this television."""


@profile.command("add", epilog="Example: omega tv profile add mia --kid --age-limit 6")
@click.argument("name")
@click.option("--kid", is_flag=True, help="A kid's profile: it never contributes.")
@click.option("--age-limit", type=int, help="Hides titles for older viewers, and unrated ones.")
@click.option("--private", is_flag=True, help="Never contributes, whatever the consent.")
@pin_option
@json_option
@click.pass_obj
def add_profile(
    home: Path,
    name: str,
    kid: bool,
    age_limit: int | None,
    private: bool,
    pin: str | None,
    as_json: bool,
) -> None:
    """Add a profile; one who may see more than the strictest needs the PIN."""
    added = Profile(
        name=name,
        kind="kid" if kid else "adult",
        age_limit=age_limit,
        contributes=not (kid or private),
    )
    with opened(home) as television:
        television.brain.add_profile(added, pin=pin)
    if as_json:
        print_json(asdict(added))
    else:
        click.echo(f"added {name}")


@profile.command("list", epilog="Example: omega tv profile list")
@json_option
@click.pass_obj
def list_profiles(home: Path, as_json: bool) -> None:
    """List the profiles."""
    with opened(home) as television:
        profiles = television.brain.profiles()
    if as_json:
        print_json([asdict(one) for one in profiles])
        return
    for one in profiles:
        limit = "" if one.age_limit is None else f", age limit {one.age_limit}"
        shares = "contributes" if one.contributes else "does not contribute"
        click.echo(f"{one.name}: {one.kind}{limit}, {shares}")


@profile.command("remove", epilog="Example: omega tv profile remove mia")
@click.argument("name")
@pin_option
@json_option
@click.pass_obj
def remove_profile(home: Path, name: str, pin: str | None, as_json: bool) -> None:
    """Remove a profile with all that it watched; one with an age limit needs the PIN."""
    with opened(home) as television:
        report = television.brain.remove_profile(name, pin=pin)
    _print_forgotten(report, as_json)


@tv.command(epilog="Example: omega tv consent on")
@click.argument("choice", type=click.Choice(["on", "off", "status"]))
@click.option("--yes", is_flag=True, help="Do not ask back.")
@pin_option
@json_option
@click.pass_obj
def consent(home: Path, choice: str, yes: bool, pin: str | None, as_json: bool) -> None:
    """Say whether this television may learn together with others; off until switched on."""
    with opened(home) as television:
        brain = television.brain
        if choice == "on":
            silent = [one.name for one in brain.profiles() if not one.contributes]
            click.echo(
                CONSENT_SCREEN.format(push_bytes=PUSH_BYTES, silent=", ".join(silent) or "none"),
                err=as_json,
            )
        declined = choice == "on" and not yes and not _agreed(as_json)
        if choice != "status" and not declined:
            brain.consent(choice == "on", pin=pin)
        allowed = brain.consented
    if as_json:
        print_json({"consent": allowed})
    else:
        verb = "stays" if declined else "is"
        click.echo(f"consent {verb} {'on' if allowed else 'off'}")


def _agreed(as_json: bool) -> bool:
    try:
        return click.confirm("Switch it on?", err=as_json)
    except click.Abort as error:
        if not isinstance(error.__context__, EOFError):
            raise
        click.echo(err=as_json)
        raise InputError(
            "nobody is there to answer: use --yes to agree without being asked"
        ) from error


@tv.command(epilog='Example: omega tv observe "Heat (1995)" --fraction 1 --at 2025-01-31T21:00')
@click.argument("title")
@click.option("--fraction", required=True, type=float, help="How much was watched, 0 to 1.")
@profile_option
@click.option("--episode", type=int, help="Which episode of a series, from 1 on.")
@click.option(
    "--at",
    type=datetime.fromisoformat,
    metavar="ISO",
    help="When: local time, unless it names its zone (+01:00 or Z).  [default: now]",
)
@json_option
@click.pass_obj
def observe(
    home: Path,
    title: str,
    fraction: float,
    profile: str,
    episode: int | None,
    at: datetime | None,
    as_json: bool,
) -> None:
    """Store that somebody watched a title; done when it is on the disk.

    From 0.7 on it is finished; what was left before 0.92 stays on offer in `omega tv continue`.
    """
    seconds = None if at is None else _unix_seconds(at)
    with opened(home) as television:
        found = television.catalog.find(title)
        television.brain.observe(
            ViewingEvent(
                title_id=found.id, fraction=fraction, profile=profile, at=seconds, episode=episode
            )
        )
    if as_json:
        print_json({"title_id": found.id, "fraction": fraction, "profile": profile})
    else:
        click.echo(f"stored: {profile} watched {fraction:.0%} of {found.name}")


def _unix_seconds(at: datetime) -> int:
    try:
        seconds = math.floor(at.timestamp())
    except (ValueError, OverflowError):  # so near to an end of the calendar that no zone fits
        seconds = -1 if at.year < MAXYEAR else sys.maxsize
    if seconds < 0:
        raise InputError(f"--at {at.isoformat()}: times before 1970 are not accepted")
    if seconds > time.time() + _DAY_S:
        raise InputError(f"--at {at.isoformat()} lies in the future: nobody has watched it yet")
    return seconds


@tv.command(epilog="Example: omega tv recommend -n 5 --minutes 120")
@profile_option
@click.option("-n", "--limit", default=10, show_default=True, help="How many titles.")
@click.option("--minutes", type=int, help="Only titles of at most this length.")
@click.option("--no-explore", is_flag=True, help="Keep the last place for the ranking, too.")
@json_option
@click.pass_obj
def recommend(
    home: Path, profile: str, limit: int, minutes: int | None, no_explore: bool, as_json: bool
) -> None:
    """Say what to watch, and why."""
    context = ViewContext(profile=profile, limit=limit, minutes=minutes, explore=not no_explore)
    with opened(home) as television:
        listed = television.brain.recommend(context)
    if as_json:
        print_json([asdict(one) for one in listed])
        return
    if not listed:
        click.echo("nothing is left that may be shown to this profile now")
    for place, one in enumerate(listed, start=1):
        click.echo(f"{place:3}. {one.name}  [{one.title_id}]\n     {one.reason}")


@tv.command(epilog='Example: omega tv explain "Heat (1995)"')
@click.argument("title")
@profile_option
@json_option
@click.pass_obj
def explain(home: Path, title: str, profile: str, as_json: bool) -> None:
    """Take the score of one title apart."""
    with opened(home) as television:
        told = television.brain.explain(television.catalog.find(title).id, profile)
    if as_json:
        print_json(asdict(told))
        return
    click.echo(f"{told.name}  [{told.title_id}]")
    if told.hidden_because is not None:
        click.echo(f"  not on any list: {told.hidden_because}")
    click.echo(folded(f"  {told.reason}"))
    shares = ", ".join(f"{name} {value:+.2f}" for name, value in told.parts.items())
    click.echo(folded(f"  score {told.score:+.2f} = {shares}"))
    for cause in told.causes:
        click.echo(f"    {cause.contribution:+.2f}  {cause.name}")
    if told.provisional:
        click.echo("  its taste is predicted: too few households have reported on it")


@tv.command(epilog="Example: omega tv sync")
@json_option
@click.pass_obj
def sync(home: Path, as_json: bool) -> None:
    """Talk to the constellation once: pull what is new, send what is due."""
    with opened(home) as television:
        result = television.brain.sync(insist=True)
        next_push_at = television.brain.next_push_at()
        pack = television.brain.fetch_pack() if result.state == "new_pack" else None
    if pack is not None:
        store_pack(home, pack)
        with opened(home) as television:
            result = television.brain.sync(insist=True)
            next_push_at = television.brain.next_push_at()
    if as_json:
        print_json({**asdict(result), "next_push_at": next_push_at})
    else:
        _print_sync(result, next_push_at)


def _print_sync(result: SyncResult, next_push_at: int | None) -> None:
    click.echo(SYNC_STATES[result.state])
    if result.state != "consent_off":
        click.echo(
            f"round {result.round}; sent {result.pushed_bytes} bytes, received "
            f"{result.pulled_bytes} bytes, {result.pages} pages"
        )
        click.echo(f"next push: {push_time(next_push_at)}")


@tv.command(epilog="Example: omega tv ledger --bytes")
@click.option("--bytes", "with_bytes", is_flag=True, help="Print every byte that left.")
@json_option
@click.pass_obj
def ledger(home: Path, with_bytes: bool, as_json: bool) -> None:
    """Show everything that left this television, and what it said."""
    with opened(home) as television:
        entries = television.brain.ledger()
        names = {title.id: title.name for title in television.catalog.titles}
    if as_json:
        print_json([asdict(entry) for entry in entries])
        return
    if not entries:
        click.echo("nothing has left this television")
    for entry in entries:
        click.echo("\n".join(entry_lines(entry, names, with_bytes=with_bytes)))


def _set_block(
    home: Path, title: str, blocked: bool, as_json: bool, pin: str | None = None
) -> None:
    with opened(home) as television:
        found = television.catalog.find(title)
        if blocked:
            television.brain.block(found.id)
        else:
            television.brain.unblock(found.id, pin=pin)
    if as_json:
        print_json({"title_id": found.id, "blocked": blocked})
    else:
        click.echo(f"{found.name} is {'blocked' if blocked else 'allowed'} for every profile")


@tv.command(epilog='Example: omega tv block "Heat (1995)"')
@click.argument("title")
@json_option
@click.pass_obj
def block(home: Path, title: str, as_json: bool) -> None:
    """Never show a title again."""
    _set_block(home, title, True, as_json)


@tv.command(epilog='Example: omega tv unblock "Heat (1995)"')
@click.argument("title")
@pin_option
@json_option
@click.pass_obj
def unblock(home: Path, title: str, pin: str | None, as_json: bool) -> None:
    """Allow a blocked title again."""
    _set_block(home, title, False, as_json, pin)


@tv.command(epilog='Example: omega tv forget "Heat (1995)"')
@click.argument("title", required=False)
@click.option("--profile", help="Forget what this profile watched.")
@click.option("--all", "everything", is_flag=True, help="Forget everything; needs the PIN.")
@pin_option
@json_option
@click.pass_obj
def forget(
    home: Path,
    title: str | None,
    profile: str | None,
    everything: bool,
    pin: str | None,
    as_json: bool,
) -> None:
    """Erase a title, what a profile watched, or everything; says what cannot be called back."""
    with opened(home) as television:
        title_id = None if title is None else television.catalog.find(title).id
        report = television.brain.forget(title_id, profile=profile, everything=everything, pin=pin)
    _print_forgotten(report, as_json)


def _print_forgotten(report: ForgetReport, as_json: bool) -> None:
    if as_json:
        print_json({**asdict(report), "note": report.note})
        return
    click.echo(
        f"erased {report.events} events, {report.skills} titles (counted once for each profile),\n"
        f"{report.plaintexts} plaintexts of the ledger and {report.waiting} waiting pushes"
    )
    for line in report.note.splitlines():
        click.echo(folded(line))


@tv.command(epilog="Example: omega tv status --json")
@json_option
@click.pass_obj
def status(home: Path, as_json: bool) -> None:
    """Say how this television stands."""
    with opened(home) as television:
        stats = television.brain.stats()
    if as_json:
        print_json(asdict(stats))
        return
    for name, shown in in_words(stats).items():
        click.echo(f"{name:28} {shown}")


for _command in (*WATCH_COMMANDS, search, similar, import_history, export, loops, doctor):
    tv.add_command(_command)
