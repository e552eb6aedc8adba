"""A file that is only there to be given up: room for what must be possible on a full disk."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from exogenesis.disk import disk_errors, remove, replace_file
from exogenesis.errors import StorageError

BALLAST_NAME = "ballast"
BALLAST_BYTES = 256 * 1024


def lay_ballast(home: Path) -> bool:
    """Take the room, if there is any; returns whether it is held."""
    path = home / BALLAST_NAME
    with suppress(OSError):
        if path.stat().st_size == BALLAST_BYTES:
            return True
    try:
        replace_file(path, bytes(BALLAST_BYTES), mode=0o600)
    except StorageError:
        return False
    return True


def free_ballast(home: Path) -> bool:
    """Give the room up; returns whether there was any."""
    path = home / BALLAST_NAME
    with disk_errors(path):
        held = path.exists()
    remove(path)
    return held
