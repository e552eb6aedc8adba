"""Vectors with metadata: SQLite is the truth, the index in memory follows every change."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.vectors import Floats, Int8s, Mask, quantise
from exogenesis.errors import InputError
from exogenesis.tv.agentdb.build import IndexSettings, build_index
from exogenesis.tv.agentdb.cache import drop_cache
from exogenesis.tv.agentdb.index import Index, unit_query
from exogenesis.tv.agentdb.scan import Scan
from exogenesis.tv.persistence import Database

CAPACITY = 10_000
METADATA_BYTES_MAX = 4096
USEFUL_HALF_LIFE_S = 30 * 86_400
"""After so long without a use, a vector counts as used half as often."""

Metadata = Mapping[str, Any]
Predicate = Metadata | Callable[[Metadata], bool]
"""Fields that must be there with this value, or must satisfy this function; or one function of
the whole metadata."""

_MASKS_KEPT = 64
_READ_ROWS = 500


@dataclass(frozen=True, slots=True)
class VectorResult:
    """One vector found by a search.

    Attributes:
        id: as :meth:`VectorStore.store` returned it.
        similarity: cosine to the query, -1..1.
        metadata: what was stored with it.
    """

    id: int
    similarity: float
    metadata: Metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVector:
    """One vector as it is kept.

    Attributes:
        id: as :meth:`VectorStore.store` returned it.
        embedding: ``(384,)``, coded: off by at most half a 127th of its largest value.
        metadata: what was stored with it.
        created_at: Unix seconds.
        used_at: Unix seconds of its last use, or of its creation.
        uses: how often it was found or fetched.
    """

    id: int
    embedding: Floats
    metadata: Metadata
    created_at: int
    used_at: int
    uses: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VectorStats:
    """How the store of vectors stands.

    Attributes:
        rows: vectors in the store.
        indexed: vectors in the index; the same number unless something is wrong.
        capacity: vectors that there is room for.
        index: which index, in words.
    """

    rows: int
    indexed: int
    capacity: int
    index: str


class VectorStore:
    """The table ``vector`` and its index; read from the store at the first use.

    Uses are counted in memory and reach the disk with the next change or :meth:`flush`; a power
    cut takes those since then, and nothing else.

    Args:
        database: the store.
        now: Unix seconds.
        scan: how rows are multiplied; asked for when the store is read.
        settings: which index.
        cache: file of the built graph; None keeps none.
        capacity: the least useful vector goes when there is one more.
    """

    def __init__(
        self,
        database: Database,
        *,
        now: Callable[[], int],
        scan: Callable[[], Scan],
        settings: IndexSettings,
        cache: Path | None,
        capacity: int,
    ) -> None:
        if capacity < 1:
            raise InputError(f"there must be room for at least one vector, not for {capacity}")
        self._database = database
        self._now = now
        self._scan = scan
        self._settings = settings
        self._cache = cache
        self._capacity = capacity
        self._index: Index | None = None
        self._metadata: dict[int, Metadata] = {}
        self._masks: dict[tuple[str, object], Mask] = {}
        self._uses: dict[int, int] = {}
        self._used_at: dict[int, int] = {}

    def _loaded(self) -> Index:
        if self._index is None:
            self._masks.clear()
            ((count,),) = self._database.run("agentdb_count_vectors")
            keys, codes = np.empty(count, np.int64), np.empty((count, CONTENT_DIM), np.int8)
            self._metadata, last = {}, 0
            for start in range(0, count, _READ_ROWS):  # never all rows as Python objects at once
                rows = self._database.run("agentdb_list_vectors", after=last, limit=_READ_ROWS)
                for at, (key, blob, text) in enumerate(rows, start):
                    keys[at], codes[at] = key, np.frombuffer(blob, np.int8)
                    self._metadata[key] = _read_metadata(text)
                last = rows[-1][0]
            self._index = build_index(keys, codes, self._scan(), self._settings, self._cache)
        return self._index

    def store(self, embedding: Floats, metadata: Metadata) -> int:
        """Keep a vector; when this returns it is on the disk, and the next search can find it.

        Raises:
            InputError: it is not ``(384,)`` finite numbers, or the metadata is no JSON of at
                most :data:`METADATA_BYTES_MAX` bytes with text keys.
            DiskFull, StorageError: nothing was stored.
        """
        codes, scale = _coded(embedding)
        text = _metadata_text(metadata)
        index = self._loaded()
        now = self._now()
        with self._database.transaction():
            self._write_uses()
            ((made,),) = self._database.run(
                "agentdb_add_vector", codes=codes.tobytes(), scale=scale, metadata=text, now=now
            )
            evicted = self._database.run(
                "agentdb_evict_vectors",
                newest=made,
                now=now,
                half_life_s=float(USEFUL_HALF_LIFE_S),
                capacity=self._capacity,
            )
        self._forget_uses()
        for (key,) in evicted:
            self._drop(key)
        index.add(made, codes)
        self._masks.clear()
        self._metadata[made] = _read_metadata(text)
        return int(made)

    def get(self, key: int) -> StoredVector | None:
        """Return the vector ``key``, or None when there is none (any more); counts as a use."""
        rows = self._database.run("agentdb_get_vector", id=key)
        if not rows:
            return None
        ((codes, scale, text, created_at, used_at, uses),) = rows
        self._use(key)
        return StoredVector(
            id=key,
            embedding=np.frombuffer(codes, np.int8).astype(np.float32) * np.float32(scale),
            metadata=_read_metadata(text),
            created_at=created_at,
            used_at=max(used_at, self._used_at[key]),
            uses=uses + self._uses[key],
        )

    def delete(self, key: int) -> bool:
        """Erase the vector ``key``; returns whether there was one.

        Raises:
            StorageError: it is still there.
        """
        self._loaded()
        with self._database.transaction():
            gone = self._database.run("agentdb_drop_vector", id=key)
        if gone:
            self._drop(key)
        return bool(gone)

    def search(
        self, query: Floats, k: int = 50, where: Predicate | None = None
    ) -> list[VectorResult]:
        """Return the ``min(k, allowed)`` nearest vectors among those that ``where`` allows.

        Raises:
            InputError: the query is not ``(384,)`` finite numbers.
        """
        index = self._loaded()
        found = index.search(query, k, None if where is None else self._mask(where))
        results = []
        for key, cosine in zip(found.keys.tolist(), found.cosines.tolist(), strict=True):
            self._use(key)
            results.append(VectorResult(key, cosine, self._metadata[key]))
        return results

    def _mask(self, where: Predicate) -> Mask:
        """Which rows of the index ``where`` allows."""
        if callable(where):
            return self._tested(where)
        mask = np.ones(len(self._loaded()), np.bool_)
        for name, wanted in where.items():
            mask &= self._field_mask(name, wanted)
        return mask

    def _field_mask(self, name: str, wanted: Any) -> Mask:
        """The same for one field; that of a plain value is kept until something changes."""
        plain = isinstance(wanted, str | int | float | None)
        kept = self._masks.get((name, wanted)) if plain else None
        if kept is not None:
            return kept

        def holds(metadata: Metadata) -> bool:
            if name not in metadata:
                return False
            return bool(wanted(metadata[name]) if callable(wanted) else metadata[name] == wanted)

        found = self._tested(holds)
        if plain:
            if len(self._masks) >= _MASKS_KEPT:
                self._masks.clear()
            self._masks[name, wanted] = found
        return found

    def _tested(self, test: Callable[[Metadata], bool]) -> Mask:
        keys = self._loaded().keys.tolist()
        metadata = self._metadata
        return np.fromiter((test(metadata[key]) for key in keys), np.bool_, len(keys))

    def _use(self, key: int) -> None:
        self._uses[key] = self._uses.get(key, 0) + 1
        self._used_at[key] = self._now()

    def _drop(self, key: int) -> None:
        self._loaded().remove(key)
        self._masks.clear()
        del self._metadata[key]
        self._uses.pop(key, None)
        self._used_at.pop(key, None)

    def flush(self) -> None:
        """Write down how often vectors were used.

        Raises:
            DiskFull, StorageError: it is counted on, and written with the next change.
        """
        if self._uses:
            with self._database.transaction():
                self._write_uses()
            self._forget_uses()

    def _write_uses(self) -> None:
        self._database.run_many(
            "agentdb_use_vector",
            [
                {"id": key, "uses": uses, "used_at": self._used_at[key]}
                for key, uses in self._uses.items()
            ],
        )

    def _forget_uses(self) -> None:
        self._uses.clear()
        self._used_at.clear()

    def refresh(self) -> None:
        """Read the store again at the next use; call it after it was changed elsewhere."""
        self._forget_uses()
        self._index = None
        self._metadata = {}

    def compact(self) -> None:
        """Build the index anew from the store, and write its file.

        Raises:
            DiskFull, StorageError: uses could not be written.
        """
        self.flush()
        self.refresh()
        self._loaded()

    def tune(self, settings: IndexSettings) -> None:
        """Search in another way from the next search on."""
        self._settings = settings
        self._index = None

    def drop_cache(self) -> None:
        """Remove the index file, which holds what was stored; for an erasure.

        Raises:
            StorageError: it could not be removed.
        """
        if self._cache is not None:
            drop_cache(self._cache)

    def stats(self) -> VectorStats:
        """Return how the store stands."""
        index = self._loaded()
        ((rows,),) = self._database.run("agentdb_count_vectors")
        return VectorStats(rows=rows, indexed=len(index), capacity=self._capacity, index=index.name)


def _coded(embedding: Floats) -> tuple[Int8s, float]:
    """Code a vector of any length; its scale is a float64, so that none is too long or short."""
    unit = unit_query(embedding, CONTENT_DIM)
    codes, scales = quantise(unit[None])
    wide = np.asarray(embedding, np.float64)
    peak = float(np.abs(wide).max(initial=0.0))
    length = peak * float(np.linalg.norm(wide / peak)) if peak > 0 else 0.0
    return codes[0], float(scales[0]) * length


def _metadata_text(metadata: Metadata) -> str:
    try:
        text = json.dumps(dict(metadata), allow_nan=False)
    except (TypeError, ValueError) as error:
        raise InputError(f"the metadata of a vector must be JSON: {error}") from error
    if not all(isinstance(name, str) for name in metadata):
        raise InputError("the fields of a vector's metadata must have text as names")
    if len(text) > METADATA_BYTES_MAX:
        raise InputError(f"the metadata of a vector has at most {METADATA_BYTES_MAX} bytes of JSON")
    return text


def _read_metadata(text: str) -> Metadata:
    return MappingProxyType(json.loads(text))
