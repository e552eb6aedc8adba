"""A file that saves building the graph again: checked before use, and never the only copy.

Layout: 8 bytes of magic, 32 of key, 32 of BLAKE2b-256 over key and content, the content. The key
is a digest of everything that the content was made from; a file with another key is stale.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

from exogenesis.disk import disk_errors, remove, replace_file
from exogenesis.errors import StorageError

FILE_NAME = "index.cache"

_MAGIC = b"OMEGAIX1"
_DIGEST_BYTES = 32


def digest(*parts: bytes) -> bytes:
    """Return BLAKE2b-256 over ``parts``, each after its length."""
    made = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    for part in parts:
        made.update(len(part).to_bytes(8, "little"))
        made.update(part)
    return made.digest()


def read_cache(path: Path, key: bytes) -> bytes | None:
    """Return the content of ``path`` if it is whole and was written under ``key``, else None."""
    try:
        with disk_errors(path):
            raw = path.read_bytes()
    except StorageError:
        return None
    head = len(_MAGIC) + 2 * _DIGEST_BYTES
    content = raw[head:]
    expected = _MAGIC + key + digest(key, content)
    return content if raw[:head] == expected else None


def write_cache(path: Path, key: bytes, content: bytes) -> None:
    """Write ``path`` whole, for its owner alone.

    Raises:
        DiskFull, StorageError: the old file is still there, or none.
    """
    replace_file(path, _MAGIC + key + digest(key, content) + content, mode=0o600)


def drop_cache(path: Path) -> None:
    """Remove ``path`` if it is there; it holds the vectors that it was made from."""
    remove(path)
