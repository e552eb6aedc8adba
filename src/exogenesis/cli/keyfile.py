"""Key files: one key as hex on one line; secrets are readable by their owner alone."""

from __future__ import annotations

from pathlib import Path

from exogenesis.disk import check_private, create_file
from exogenesis.errors import InputError


def write_secret(path: Path, secret: bytes) -> None:
    """Write a secret key to a new file of mode 0600, durably.

    Raises:
        InputError: the file exists already; a key is never overwritten.
        StorageError: it cannot be written.
    """
    create_file(path, f"{secret.hex()}\n".encode(), mode=0o600)


def write_public(path: Path, public: bytes) -> None:
    """Write a public key to a new file of mode 0644, durably.

    Raises:
        InputError: the file exists already.
        StorageError: it cannot be written.
    """
    create_file(path, f"{public.hex()}\n".encode())


def read_key(path: Path, length: int) -> bytes:
    """Read a key of ``length`` bytes.

    Raises:
        InputError: there is no such file, or it holds something else.
    """
    try:
        with path.open("rb") as file:
            text = file.read(4 * length + 4)
        key = bytes.fromhex(text.decode("ascii"))
    except OSError as error:
        raise InputError(f"the key file {path} cannot be read: {error.strerror}") from error
    except ValueError:
        key = b""
    if len(key) != length:
        raise InputError(f"{path} is no key file: it must hold {2 * length} hexadecimal digits")
    return key


def read_secret(path: Path, length: int) -> bytes:
    """Read a secret key of ``length`` bytes from a file that nobody else may read.

    Raises:
        InputError: as :func:`read_key`, or others may read the file.
    """
    key = read_key(path, length)
    check_private(path)
    return key
