"""What the fleet has learnt: the accepted manifest, its pages, and the taste space in use.

Pages are kept as they came, by digest. A round is swapped in whole, in one transaction, when
all its pages are there; only a television that has no round yet ranks with the pages it holds.
"""

from __future__ import annotations

from exogenesis.core.provisional import fill_unpublished
from exogenesis.core.tables import Table
from exogenesis.errors import RemoteError
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.persistence import Database
from exogenesis.tv.taste import Taste
from exogenesis.wire.fields import digest
from exogenesis.wire.manifest import Manifest, decode_manifest
from exogenesis.wire.page import Rows, decode_page, taste_space


def accept_page(raw: bytes, number: int, manifest: Manifest, worker_public: bytes) -> Rows:
    """Check a page against the manifest that names it.

    Raises:
        RemoteError: ``bad_digest``, ``wrong_lineage``, ``wrong_round`` or what
            :func:`decode_page` raises.
    """
    if digest(raw) != manifest.pages[number]:
        raise RemoteError("bad_digest", f"page {number} is not the one that the manifest names")
    page = decode_page(raw, worker_public)
    if page.lineage != manifest.lineage:
        raise RemoteError("wrong_lineage", f"page {number} belongs to another catalogue lineage")
    if (page.round, page.number) != (manifest.basis, number):
        raise RemoteError(
            "wrong_round",
            f"page {number} of round {manifest.basis} says it is {page.number} of {page.round}",
        )
    return page.rows


class Collective:
    """The fleet's part of the store.

    Args:
        database: the store.
        catalog: whose index the pages use.
        worker_public: the pinned key, or None on a television without a constellation.
    """

    def __init__(self, database: Database, catalog: Catalog, worker_public: bytes | None) -> None:
        self._database = database
        self._catalog = catalog
        self._worker_public = worker_public
        self.reload()

    def reload(self) -> None:
        """Take what the store holds; call it after the store was changed."""
        self.manifest = self._stored_manifest("manifest")
        self._taste: Taste | None = None

    def _stored_manifest(self, key: str) -> Manifest | None:
        raw = self._database.setting(key)
        if raw is None or self._worker_public is None:
            return None
        try:
            return decode_manifest(raw, self._worker_public)
        except RemoteError:  # the pinned key was changed since; the next sync starts afresh
            return None

    @property
    def taste(self) -> Taste:
        """The round in use, or the catalogue's start."""
        if self._taste is None:
            self._taste = self._arriving() if self.manifest is None else self._read(self.manifest)
        return self._taste

    def _arriving(self) -> Taste:
        """What has come of the first round; its pages have not been checked together yet."""
        manifest = self._stored_manifest("pending_manifest")
        try:
            return self._start() if manifest is None else self._read(manifest)
        except RemoteError:
            return self._start()

    def check(self, manifest: Manifest) -> None:
        """Read a round whose pages are all held, before it is put in use.

        Raises:
            RemoteError: ``bad_value``: two pages name the same title, or what
                :func:`accept_page` raises when one page stands for two.
        """
        self._read(manifest)

    def _start(self) -> Taste:
        start = self._catalog.start
        return Taste(published=start, ranking=None, basis=start.vectors)

    def _read(self, manifest: Manifest) -> Taste:
        """Decode the pages at hand; the last page of the first round may still be missing."""
        stored = {key: raw for key, raw in self._database.run("list_pages")}
        held = [number for number, key in enumerate(manifest.pages) if key in stored]
        if not held:
            return self._start()
        public = self._worker_public
        assert public is not None

        def make() -> Taste:
            rows = [
                accept_page(stored[manifest.pages[number]], number, manifest, public)
                for number in held
            ]
            space = taste_space(
                rows, sigma=manifest.sigma, round=manifest.basis, titles=len(self._catalog)
            )
            filled = fill_unpublished(space, self._catalog.content)
            table = Table(filled.vectors)
            return Taste(published=space, ranking=filled, basis=space.basis, table=table)

        names = b"".join(manifest.pages[number] for number in held)
        key = digest(manifest.basis.to_bytes(4, "little") + manifest.sigma.tobytes() + names)
        return self._catalog.tastes.get(key, make)

    def missing(self, manifest: Manifest) -> list[int]:
        """Return the numbers of the pages that are not held yet."""
        held = {key for (key,) in self._database.run("list_page_digests")}
        return [number for number, key in enumerate(manifest.pages) if key not in held]

    def store_page(self, raw: bytes) -> None:
        """Keep a page that :func:`accept_page` has let through."""
        self._database.run("add_page", digest=digest(raw), raw=raw)
        if self.manifest is None:
            self._taste = None

    def expect(self, raw_manifest: bytes) -> None:
        """Remember a manifest whose pages are still coming, if there is no round in use yet."""
        if self.manifest is None:
            self._database.store_setting("pending_manifest", raw_manifest)

    def swap(self, raw_manifest: bytes, manifest: Manifest) -> None:
        """Put a round in use that :meth:`check` has let through; in the caller's transaction."""
        current = set(manifest.pages)
        for (key,) in self._database.run("list_page_digests"):
            if key not in current:
                self._database.run("drop_page", digest=key)
        self._database.store_setting("manifest", raw_manifest)
        self._database.store_setting("pending_manifest", None)
        self._database.store_setting("last_round", manifest.round)

    def drop(self) -> None:
        """Give the fleet's round up; inside the caller's transaction, then :meth:`reload`."""
        self._database.run("drop_pages")
        self._database.store_setting("manifest", None)
        self._database.store_setting("pending_manifest", None)
