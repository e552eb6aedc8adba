"""The ``omega`` command."""

from __future__ import annotations

import sys


def main() -> None:
    """Entry point of ``omega``: an interruption while its commands are loading is quiet, too."""
    try:
        from exogenesis.cli.main import run

        code = run()
    except KeyboardInterrupt:
        code = 130
    sys.exit(code)
