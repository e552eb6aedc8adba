"""``omega tv``: what happens in front of the screen, and who may do it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import get_args

import click

from exogenesis.cli.home import opened
from exogenesis.cli.options import json_option, print_json, profile_option
from exogenesis.errors import InputError
from exogenesis.tv import ViewContext
from exogenesis.tv.observe import Signal, SignalKind
from exogenesis.tv.resume import Resume


def pin_option(command: click.decorators.FC) -> click.decorators.FC:
    """``--pin``, for what the owner has put under one."""
    return click.option(
        "--pin", envvar="OMEGA_TV_PIN", help="The owner's PIN, where one is set; or $OMEGA_TV_PIN."
    )(command)


@click.command(epilog='Example: omega tv signal skip "Heat (1995)" Ronin')
@click.argument("kind", type=click.Choice(get_args(SignalKind)))
@click.argument("titles", metavar="TITLE...", nargs=-1, required=True)
@profile_option
@click.option("--seconds", default=0.0, show_default=True, help="How long a dwell was.")
@click.option("-n", "--limit", default=10, show_default=True, help="How many titles to list.")
@json_option
@click.pass_obj
def signal(
    home: Path,
    kind: SignalKind,
    titles: tuple[str, ...],
    profile: str,
    seconds: float,
    limit: int,
    as_json: bool,
) -> None:
    """Press a button of the remote control, and show the list that follows.

    A signal counts for a minute and is never written: it is gone when this command ends.
    """
    with opened(home) as television:
        for title in titles:
            television.brain.signal(
                Signal(
                    kind=kind,
                    title_id=television.catalog.find(title).id,
                    profile=profile,
                    dwell_s=seconds,
                )
            )
        listed = television.brain.recommend(ViewContext(profile=profile, limit=limit))
    if as_json:
        print_json([asdict(one) for one in listed])
        return
    for place, one in enumerate(listed, start=1):
        click.echo(f"{place:3}. {one.name}  [{one.title_id}]")


@click.command("not-interested", epilog='Example: omega tv not-interested "Heat (1995)"')
@click.argument("title", required=False)
@click.option("--undo", is_flag=True, help="Show it again.")
@profile_option
@json_option
@click.pass_obj
def not_interested(home: Path, title: str | None, undo: bool, profile: str, as_json: bool) -> None:
    """Keep a title off this profile's lists; without TITLE, show which ones are.

    It stays on this television and is erased with the profile.
    """
    if title is None:
        _list_rejections(home, profile, undo, as_json)
        return
    with opened(home) as television:
        found = television.catalog.find(title)
        television.brain.not_interested(found.id, profile, undo=undo)
    if as_json:
        print_json({"title_id": found.id, "profile": profile, "not_interested": not undo})
    else:
        what = "may be shown again to" if undo else "is not shown any more to"
        click.echo(f"{found.name} {what} {profile}")


def _list_rejections(home: Path, profile: str, undo: bool, as_json: bool) -> None:
    if undo:
        raise InputError("--undo needs the title that may be shown again")
    with opened(home) as television:
        rejected = television.brain.rejections(profile)
        names = {title.id: title.name for title in television.catalog.titles}
    if as_json:
        print_json(rejected)
    elif not rejected:
        click.echo(f"nothing is kept off the lists of {profile}")
    else:
        for title_id in rejected:
            click.echo(f"{names.get(title_id, 'no longer in the catalogue')}  [{title_id}]")


@click.command("continue", epilog="Example: omega tv continue -n 3")
@profile_option
@click.option("-n", "--limit", default=10, show_default=True, help="How many titles.")
@json_option
@click.pass_obj
def continue_watching(home: Path, profile: str, limit: int, as_json: bool) -> None:
    """Say what to go on with: what was left in the middle, and next episodes."""
    with opened(home) as television:
        begun = television.brain.continue_watching(profile, limit)
    if as_json:
        print_json([asdict(one) for one in begun])
    elif not begun:
        click.echo("there is nothing to go on with")
    else:
        for one in begun:
            click.echo(f"{one.name}  [{one.title_id}]\n     {_where(one)}")


def _where(resume: Resume) -> str:
    episode = "" if resume.episode is None else f"episode {resume.episode}"
    if resume.kind == "next episode":
        return f"next: {episode}"
    return f"{episode and episode + ', '}from {resume.fraction:.0%} on"


@click.group()
def pin() -> None:
    """The PIN that whatever loosens the owner's word then needs.

    That is unblocking, a higher age limit, another consent, a profile that may see more, removing
    one with an age limit, and forgetting everything. Who has forgotten the PIN deletes the
    television's home folder and begins anew.
    """


@pin.command("set", epilog="Example: omega tv pin set --new 2468")
@click.option("--new", help="4 to 12 digits; asked for when it is not given.")
@pin_option
@json_option
@click.pass_obj
def set_pin(home: Path, new: str | None, pin: str | None, as_json: bool) -> None:
    """Set a PIN, or change it."""
    if new is None:
        new = str(click.prompt("New PIN", hide_input=True, confirmation_prompt=True, err=True))
    _store_pin(home, new, pin, as_json)


@pin.command("remove", epilog="Example: omega tv pin remove --pin 2468")
@pin_option
@json_option
@click.pass_obj
def remove_pin(home: Path, pin: str | None, as_json: bool) -> None:
    """Take the PIN away."""
    _store_pin(home, None, pin, as_json)


def _store_pin(home: Path, new: str | None, pin: str | None, as_json: bool) -> None:
    with opened(home) as television:
        television.brain.set_pin(new, pin=pin)
    if as_json:
        print_json({"pin": new is not None})
    else:
        click.echo("a PIN is set" if new is not None else "no PIN is set")


@click.command("age-limit", epilog="Example: omega tv age-limit mia 12")
@click.argument("profile")
@click.argument("age", metavar="AGE|none")
@pin_option
@json_option
@click.pass_obj
def age_limit(home: Path, profile: str, age: str, pin: str | None, as_json: bool) -> None:
    """Change for which age a profile is shown titles; a higher one needs the PIN."""
    if age != "none" and not (len(age) <= 3 and age.isascii() and age.isdigit()):
        raise InputError(f"an age limit is a number of years or the word none, not {age!r}")
    limit = None if age == "none" else int(age)
    with opened(home) as television:
        television.brain.set_age_limit(profile, limit, pin=pin)
    if as_json:
        print_json({"profile": profile, "age_limit": limit})
    else:
        click.echo(f"{profile}: " + ("no age limit" if limit is None else f"age limit {limit}"))


WATCH_COMMANDS: tuple[click.Command, ...] = (
    signal,
    not_interested,
    continue_watching,
    pin,
    age_limit,
)
"""What this module adds to ``omega tv``."""
