"""``omega tv search``, ``similar`` and ``import``: what one looks up, and what one brings along."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from exogenesis.cli.home import opened
from exogenesis.cli.options import json_option, print_json, profile_option
from exogenesis.cli.portable import passphrase_option, read_passphrase
from exogenesis.cli.screen import folded
from exogenesis.errors import InputError
from exogenesis.tv.history import ImportReport
from exogenesis.tv.portable import FILE_BYTES_MAX, Imported, is_export
from exogenesis.tv.search import Found, Hit

_SKIPPED_SHOWN = 20
_START_BYTES = 16
_WHY = {
    "name": "by its name",
    "person": "by somebody in it",
    "content": "by what it is about",
    "taste": "liked by the same households",
}
_limit_option = click.option(
    "-n", "--limit", default=10, show_default=True, help="How many titles."
)


@click.command(epilog='Example: omega tv search submarine war   or   omega tv search "third man"')
@click.argument("words", nargs=-1, required=True)
@profile_option
@_limit_option
@json_option
@click.pass_obj
def search(home: Path, words: tuple[str, ...], profile: str, limit: int, as_json: bool) -> None:
    """Find titles by WORDS: of a name, of a person in it, or of what it is about.

    Titles already seen are found as well; blocked ones, and those this profile may not see, are
    not.
    """
    with opened(home) as television:
        found = television.brain.search(" ".join(words), limit=limit, profile=profile)
        reads_words = television.catalog.query_table is not None
    if as_json:
        print_json(asdict(found))
        return
    if not reads_words:
        click.echo("this pack has no query table: only names were searched", err=True)
    _print(found, "nothing was found; try other words, or fewer")


@click.command(epilog='Example: omega tv similar "Heat (1995)" -n 5')
@click.argument("title")
@profile_option
@_limit_option
@json_option
@click.pass_obj
def similar(home: Path, title: str, profile: str, limit: int, as_json: bool) -> None:
    """Find what is like TITLE, an id of the catalogue or a name that is unique in it."""
    with opened(home) as television:
        title_id = television.catalog.find(title).id
        found = television.brain.similar(title_id, limit=limit, profile=profile)
    if as_json:
        print_json(asdict(found))
    else:
        _print(found, "nothing is known of this title that could be compared")


def _print(found: Found, nothing: str) -> None:
    if not found.hits:
        click.echo(nothing)
    for place, hit in enumerate(found.hits, start=1):
        click.echo(f"{place:3}. {_named(hit)}  [{hit.title_id}]")
        click.echo(f"     {_WHY[hit.why]}{', seen' if hit.seen else ''}")


def _named(hit: Hit) -> str:
    return hit.name if hit.year is None else f"{hit.name} ({hit.year})"


@click.command("import", epilog="Example: omega tv import history.csv --skip-unknown")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@profile_option
@click.option("--skip-unknown", is_flag=True, help="Leave out titles the catalogue does not hold.")
@passphrase_option
@json_option
@click.pass_obj
def import_history(
    home: Path,
    file: Path,
    profile: str,
    skip_unknown: bool,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Bring along what was watched elsewhere: a history, or the export of a television.

    A history is a CSV, JSON or JSON Lines FILE. A CSV file begins with a line that names its
    columns: title or title_id, at, and fraction or finished are needed; year, profile and episode
    may be there. A file with a wrong line is not imported at all. See docs/history.md.

    An export holds profiles and settings as well, and needs its passphrase.

    Importing a file again changes nothing.
    """
    exported = _export_in(file)
    if exported is not None:
        passphrase = read_passphrase(passphrase_file, twice=False)
        with opened(home) as television:
            taken = television.brain.import_export(exported, passphrase)
        _print_taken(taken, as_json)
        return
    with (
        opened(home) as television,
        click.progressbar(length=1, label="storing", file=sys.stderr) as bar,
    ):

        def progress(stored: int, total: int) -> None:
            bar.length = total
            bar.update(stored - bar.pos)

        report = television.brain.import_history(
            file, profile=profile, skip_unknown=skip_unknown, progress=progress
        )
    _print_report(report, as_json)


def _export_in(file: Path) -> bytes | None:
    """The bytes of a file that is an export of a television, or None for any other file.

    Raises:
        InputError: it cannot be read.
    """
    try:
        with file.open("rb") as opened_file:
            start = opened_file.read(_START_BYTES)
            return start + opened_file.read(FILE_BYTES_MAX) if is_export(start) else None
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error


def _print_taken(taken: Imported, as_json: bool) -> None:
    if as_json:
        print_json(asdict(taken))
        return
    click.echo(
        folded(
            f"{taken.profiles} profiles, {taken.skills} titles that were begun, {taken.memories} "
            f"memories that were new, {taken.rejections} titles not wanted, {taken.blocks} blocked"
        )
    )
    if taken.unknown:
        click.echo(folded(f"{taken.unknown} titles are not in this catalogue, and are kept"))


def _print_report(report: ImportReport, as_json: bool) -> None:
    if as_json:
        print_json(asdict(report))
        return
    click.echo(
        folded(
            f"{report.read} viewings read: {report.stored} stored, {report.known} there already, "
            f"{len(report.skipped)} left out"
        )
    )
    for problem in report.skipped[:_SKIPPED_SHOWN]:
        click.echo(folded(f"  left out: {problem}"))
    if len(report.skipped) > _SKIPPED_SHOWN:
        click.echo(f"  and {len(report.skipped) - _SKIPPED_SHOWN} more")
