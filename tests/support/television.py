"""A small catalogue and a television over it, for tests."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from exogenesis.core.dial import Dial
from exogenesis.core.effects import NS_PER_S
from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.regions import in_columns
from exogenesis.core.taste import start_basis
from exogenesis.core.titles import Title
from exogenesis.core.vectors import Floats, quantise, unit_rows
from exogenesis.tv import Brain, BrainConfig, Catalog, Transport
from exogenesis.wire.fields import signing_pair
from exogenesis.wire.pack import Pack, encode_pack

CATALOG_PUBLIC, CATALOG_SECRET = signing_pair(b"catalogue key for tests only...."[:32])
NOW = 1_800_000_000


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, at: int = NOW) -> None:
        self.at = at

    def __call__(self) -> int:
        return self.at * NS_PER_S


class FakeEntropy:
    """Bytes that repeat from run to run; never the same twice in one run."""

    def __init__(self, seed: int = 0) -> None:
        self._rng = np.random.default_rng(seed)

    def __call__(self, count: int) -> bytes:
        return self._rng.bytes(count)


def clustered_content(count: int, *, clusters: int = 4, seed: int = 0) -> Floats:
    """``(count, 384)`` centred unit rows; title i belongs to cluster ``i % clusters``."""
    rng = np.random.default_rng(seed)
    middles = rng.normal(size=(clusters, CONTENT_DIM))
    rows = middles[np.arange(count) % clusters] + 0.7 * rng.normal(size=(count, CONTENT_DIM))
    return unit_rows((rows - rows.mean(axis=0)).astype(np.float32))


def plain_titles(count: int) -> list[Title]:
    """Titles ``t000``, ``t001`` ... of falling popularity."""
    return [
        Title(id=f"t{row:03}", name=f"Title {row}", popularity=float(count - row))
        for row in range(count)
    ]


def encoded_pack(
    titles: Sequence[Title], *, lineage_id: bytes = b"test", encoder: str = "lsa-1"
) -> bytes:
    """A signed pack with clustered content."""
    content = clustered_content(len(titles))
    codes, scales = quantise(content)
    plain, regions, regional = in_columns(titles)
    pack = Pack(
        lineage="test",
        lineage_id=lineage_id,
        encoder=encoder,
        titles=plain,
        content_codes=codes,
        content_scales=scales,
        basis=start_basis(content).astype(np.float16),
        regions=regions,
        regional=regional,
    )
    return encode_pack(pack, CATALOG_SECRET)


def small_catalog(titles: Sequence[Title] | None = None) -> Catalog:
    """A catalogue of the given titles, or of 120 plain ones."""
    return Catalog.load(
        encoded_pack(plain_titles(120) if titles is None else titles), CATALOG_PUBLIC
    )


def open_brain(
    catalog: Catalog,
    *,
    clock: FakeClock | None = None,
    home: Path | None = None,
    transport: Transport | None = None,
    worker_public: bytes | None = None,
    token: bytes | None = b"t" * 32,
    dial: Dial | None = None,
    seed: int = 1,
) -> Brain:
    """A television with everything from outside replaced."""
    return Brain.open(
        BrainConfig(
            storage_path=home,
            worker_public=worker_public,
            catalog_public=CATALOG_PUBLIC,
            enrol_token=token,
            dial=dial or Dial(),
        ),
        catalog=catalog,
        clock=clock or FakeClock(),
        rng=np.random.default_rng(seed),
        entropy=FakeEntropy(seed),
        transport=transport,
    )
