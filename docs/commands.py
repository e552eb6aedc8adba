"""Writes ``commands.md`` from the ``--help`` of every command; ``make docs`` runs it.

With ``--check`` it writes nothing and fails when the page is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from exogenesis.cli.main import omega

PAGE = Path(__file__).with_name("commands.md")
WIDTH = 96


def _helps(command: click.Command, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    settings: dict[str, Any] = {**command.context_settings, "max_content_width": WIDTH}
    settings["terminal_width"] = WIDTH
    with click.Context(command, parent=parent, info_name=command.name, **settings) as context:
        yield context.command_path, command.get_help(context)
        if isinstance(command, click.Group):
            for name in command.list_commands(context):
                child = command.get_command(context, name)
                assert child is not None
                yield from _helps(child, context)


def page() -> str:
    """The whole page."""
    parts = [
        "# Commands",
        "What `--help` says, written by `make docs`. Every command that prints takes `--json`.",
    ]
    for path, text in _helps(omega, None):
        level = "#" * min(4, path.count(" ") + 2)
        parts.append(f"{level} {path}\n\n```text\n{text}\n```")
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit(PAGE.read_text(encoding="utf-8") != page())
    PAGE.write_text(page(), encoding="utf-8")
    click.echo(f"wrote {PAGE.name}")
