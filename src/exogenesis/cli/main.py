"""The ``omega`` command: finds the subcommand, prints errors as one sentence, sets exit codes."""

from __future__ import annotations

import errno
import importlib.metadata
import os
import signal
import sys

import click

from exogenesis.cli import catalog, demo, evaluate, federate, serve, simulate, tv
from exogenesis.errors import ExogenesisError

INTERRUPTED = 130
TERMINATED = 128 + signal.SIGTERM
_NO_ROOM = 3

_EXIT_CODES = """\b
Exit codes: 0 done, 1 failed, 2 bad input, 3 disk or database,
4 nobody answered, 5 the other side sent something unacceptable,
6 the other side refused, 130 interrupted, 143 terminated.
"""


@click.group(
    epilog=_EXIT_CODES,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.version_option(importlib.metadata.version("exogenesis-omega"), prog_name="omega")
def omega() -> None:
    """Recommendations for televisions, computed on the television."""


for _command in (
    catalog.catalog,
    demo.demo,
    evaluate.evaluate,
    federate.federate,
    serve.serve,
    serve.tokens,
    simulate.simulate,
    tv.tv,
):
    omega.add_command(_command)


def run() -> int:
    """Run the command line; returns the exit code."""
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = omega.main(standalone_mode=False)
        if sys.stdout is not None:  # it was closed by whoever started us
            sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Abort:
        click.echo("interrupted; what was acknowledged is kept", err=True)
        return INTERRUPTED
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except ExogenesisError as error:
        click.echo(f"omega: {error}", err=True)
        return error.exit_code
    except OSError as error:
        return _unwritable(error)


def _terminate(signum: int, frame: object) -> None:
    """Leave like an interrupted program: what was opened is closed on the way out."""
    sys.exit(TERMINATED)


def _unwritable(error: OSError) -> int:
    """The output could not be written: say so, unless nobody reads it any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # nothing is flushed at exit
    if error.errno == errno.EPIPE:
        return 1
    if error.errno != errno.ENOSPC:
        raise error
    click.echo("omega: the output could not be written: its disk is full", err=True)
    return _NO_ROOM
