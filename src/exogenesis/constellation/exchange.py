"""What passes between the server and the worker, and nothing else does.

The server writes pools and reads the public folder; the worker reads pools and writes the
public folder::

    pool/round-<n>.db           sealed envelopes without their senders, see :mod:`.store.pool`
    public/manifest             the current manifest
    public/pages/<round>/<n>    the pages of a round
    public/packs/<digest>       catalogue packs
"""

from __future__ import annotations

import shutil
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from exogenesis.core.vectors import Indices
from exogenesis.disk import disk_errors, make_folder, replace_file


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolChunk:
    """Some envelopes of a pool.

    Attributes:
        sealed: the envelopes, as they were pushed.
        buckets: ``(n,)`` coarse group of televisions that each came from.
    """

    sealed: list[bytes]
    buckets: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class PoolFacts:
    """What a pool says about itself: how many buckets, televisions and envelopes it has."""

    buckets: int
    devices: int
    envelopes: int


class Pools(Protocol):
    """The worker's view of the pools."""

    def facts(self, round: int) -> PoolFacts:
        """Describe the pool of ``round``."""
        ...

    def chunks(self, round: int, size: int) -> Iterator[PoolChunk]:
        """Read the pool of ``round``, ``size`` envelopes at a time, always in the same order."""
        ...

    def rounds(self) -> list[int]:
        """The rounds that a pool is there for."""
        ...

    def delete(self, round: int) -> None:
        """Delete the pool of ``round``, if there is one."""
        ...


class Public:
    """The folder of signed files that every television may read."""

    def __init__(self, exchange: Path) -> None:
        self._root = exchange / "public"

    @property
    def manifest_path(self) -> Path:
        """Where the current manifest is."""
        return self._root / "manifest"

    def page_path(self, round: int, number: int) -> Path:
        """Where a page is."""
        return self._root / "pages" / str(round) / str(number)

    def pack_path(self, digest: bytes) -> Path:
        """Where the pack with this digest is."""
        return self._root / "packs" / digest.hex()

    def put_manifest(self, raw: bytes) -> None:
        """Replace the current manifest."""
        make_folder(self._root)
        replace_file(self.manifest_path, raw)

    def put_page(self, round: int, number: int, raw: bytes) -> None:
        """Write a page."""
        path = self.page_path(round, number)
        make_folder(path.parent)
        replace_file(path, raw)

    def put_pack(self, digest: bytes, raw: bytes) -> None:
        """Write a pack."""
        path = self.pack_path(digest)
        make_folder(path.parent)
        replace_file(path, raw)

    def keep_pages(self, rounds: Collection[int]) -> None:
        """Delete the pages of every round but ``rounds``."""
        folder = self._root / "pages"
        with disk_errors(folder):
            for entry in folder.iterdir() if folder.exists() else ():
                if entry.name.isdecimal() and int(entry.name) not in rounds:
                    shutil.rmtree(entry)


def read_if_there(path: Path) -> bytes | None:
    """The content of ``path``, or None when there is no such file."""
    with disk_errors(path):
        try:
            return path.read_bytes()
        except FileNotFoundError:
            return None
