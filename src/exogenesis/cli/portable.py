"""``omega tv export``, and the passphrase that protects what it writes."""

from __future__ import annotations

from pathlib import Path

import click

from exogenesis.cli.home import opened
from exogenesis.cli.options import json_option, print_json
from exogenesis.disk import check_private, create_file
from exogenesis.errors import InputError
from exogenesis.tv.portable import PASSPHRASE_LENGTH_MIN

_LINE_BYTES_MAX = 8192


def passphrase_option(command: click.decorators.FC) -> click.decorators.FC:
    """``--passphrase-file``: a passphrase is never an argument, where others could see it."""
    return click.option(
        "--passphrase-file",
        type=click.Path(dir_okay=False, path_type=Path),
        help="File whose first line is the passphrase; without it you are asked.",
    )(command)


def read_passphrase(file: Path | None, *, twice: bool) -> str:
    """Return the passphrase from the first line of a private file, or from the keyboard.

    Args:
        file: the file, or None to ask.
        twice: whether to ask again, for a new one.

    Raises:
        InputError: the file cannot be read, or others may read it.
    """
    if file is None:
        hint = f" (at least {PASSPHRASE_LENGTH_MIN} characters)" if twice else ""
        typed: str = click.prompt(
            f"Passphrase{hint}", hide_input=True, confirmation_prompt=twice, err=True
        )
        return typed
    try:
        with file.open("rb") as opened_file:
            line = opened_file.readline(_LINE_BYTES_MAX)
        text = line.decode().rstrip("\r\n")
    except OSError as error:
        raise InputError(f"{file} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"the first line of {file} is no text") from error
    check_private(file)
    return text


@click.command(epilog="Example: omega tv export ~/stick/television.omega")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@passphrase_option
@json_option
@click.pass_obj
def export(home: Path, file: Path, passphrase_file: Path | None, as_json: bool) -> None:
    """Write all that this television has learnt to FILE, encrypted under a passphrase.

    `omega tv import FILE` takes it on another television with the same catalogue, or on this one.
    Keys, consent and PIN stay here. Without the passphrase nobody can read the file: keep it.
    """
    if file.exists():
        raise InputError(f"{file} exists already; choose another name")
    passphrase = read_passphrase(passphrase_file, twice=True)
    with opened(home) as television:
        raw = television.brain.export(passphrase)
    create_file(file, raw, mode=0o600)
    if as_json:
        print_json({"file": str(file), "bytes": len(raw)})
        return
    click.echo(f"{file}: {len(raw)} bytes; without the passphrase nobody can read it")
