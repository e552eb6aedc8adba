"""Entries to a pack: encoded, quantised, and in an order that never changes once published."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from exogenesis.constellation.catalog import lsa
from exogenesis.constellation.catalog.entry import CatalogEntry, entry
from exogenesis.core.limits import TITLES_MAX
from exogenesis.core.regions import in_columns
from exogenesis.core.taste import start_basis
from exogenesis.core.titles import NAME_LENGTH_MAX, Title
from exogenesis.core.vectors import quantise
from exogenesis.errors import CatalogError
from exogenesis.wire.fields import LINEAGE_BYTES
from exogenesis.wire.pack import Pack, check_encoder
from exogenesis.wire.query import encode_query


def lineage_id(lineage: str) -> bytes:
    """Return the 4 bytes that stand for a lineage on the wire: BLAKE2b of its name."""
    return hashlib.blake2b(lineage.encode(), digest_size=LINEAGE_BYTES).digest()


def build_pack(
    entries: Sequence[CatalogEntry], *, lineage: str, previous: Pack | None = None
) -> Pack:
    """Build the pack of a catalogue; the same entries give the same pack.

    Args:
        entries: titles with their texts; ids differ.
        lineage: name under which catalogue indices are never reused.
        previous: the pack to continue. Its titles keep their index, with the new metadata where
            ``entries`` still hold them; one that is gone stays, no longer available. New titles
            come after them.

    Raises:
        CatalogError: no title or too many, a lineage without a printable name, or ``previous``
            is of another lineage.
        RemoteError: ``wrong_encoder`` if ``previous`` was encoded by another program.
    """
    if not 1 <= len(lineage) <= NAME_LENGTH_MAX or not lineage.isprintable():
        raise CatalogError(
            f"the name of the lineage must be 1 to {NAME_LENGTH_MAX} printable characters"
        )
    if previous is not None:
        if previous.lineage != lineage:
            raise CatalogError(
                f"the pack to continue is of lineage {previous.lineage!r}, not {lineage!r}"
            )
        check_encoder(previous, lsa.ENCODER)
        entries = _continued(entries, previous.titles)
    if not 1 <= len(entries) <= TITLES_MAX:
        raise CatalogError(f"a catalogue has 1 to {TITLES_MAX} titles, not {len(entries)}")
    encoding = lsa.encode([item.text for item in entries])
    with lsa.one_thread():
        basis = start_basis(encoding.content)
    codes, scales = quantise(encoding.content)
    titles, regions, regional = in_columns([item.title for item in entries])
    return Pack(
        lineage=lineage,
        lineage_id=lineage_id(lineage),
        encoder=lsa.ENCODER,
        titles=titles,
        content_codes=codes,
        content_scales=scales,
        basis=basis.astype("float16"),
        regions=regions,
        regional=regional,
        query=encode_query(encoding.query) if encoding.query else b"",
    )


def _continued(entries: Sequence[CatalogEntry], published: Sequence[Title]) -> list[CatalogEntry]:
    """Published titles first, in their order, then those that are new."""
    fresh = {item.title.id: item for item in entries}
    kept = [fresh.pop(title.id) if title.id in fresh else _gone(title) for title in published]
    return [*kept, *fresh.values()]


def _gone(title: Title) -> CatalogEntry:
    return entry(replace(title, available_until=0))
