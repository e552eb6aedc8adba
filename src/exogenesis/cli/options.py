"""Options that several commands of ``omega tv`` share."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., object])


def json_option(command: _Command) -> _Command:
    """``--json``, as the argument ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def profile_option(command: _Command) -> _Command:
    """``--profile``, the one that always exists by default."""
    return click.option("--profile", default="home", show_default=True, help="Who watches.")(
        command
    )


def print_json(value: Any) -> None:
    """Print a value as JSON, bytes as hexadecimal digits."""
    click.echo(json.dumps(value, indent=1, default=lambda raw: raw.hex()))
