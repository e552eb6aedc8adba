"""The manifest that is current: read again whenever its file changes, believed when signed."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from exogenesis.disk import disk_errors
from exogenesis.errors import RemoteError
from exogenesis.wire.manifest import Manifest, decode_manifest

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A checked manifest and its bytes."""

    manifest: Manifest
    raw: bytes


class CurrentManifest:
    """Follows the manifest file of the exchange folder."""

    def __init__(self, path: Path, worker_public: bytes) -> None:
        self._path = path
        self._worker_public = worker_public
        self._seen: tuple[int, int, int] | None = None
        self._published: Published | None = None

    def read(self) -> Published | None:
        """The current manifest, or None before the first.

        A file that the pinned worker did not sign is reported once and the manifest of before
        stays.
        """
        with disk_errors(self._path):
            try:
                facts = self._path.stat()
                seen = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
                raw = None if seen == self._seen else self._path.read_bytes()
            except FileNotFoundError:
                return self._published
        if raw is not None:
            self._seen = seen
            try:
                manifest = decode_manifest(raw, self._worker_public)
                self._published = Published(manifest=manifest, raw=raw)
            except RemoteError as error:
                _LOG.error("%s is not used: %s", self._path, error)
        return self._published
