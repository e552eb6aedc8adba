"""From a pool of sealed envelopes to the reports in them, chunk by chunk."""

from __future__ import annotations

import hashlib
import multiprocessing
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from exogenesis.constellation.exchange import PoolChunk
from exogenesis.constellation.federation.aggregate import Reports
from exogenesis.core.limits import TASTE_DIM
from exogenesis.core.vectors import Indices, Int8s
from exogenesis.errors import RemoteError
from exogenesis.wire.envelope import unseal
from exogenesis.wire.skill import decode_batch

CHUNK_ENVELOPES = 8_192
_DIGEST = np.dtype("<u8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opener:
    """What it takes to open the envelopes of one round.

    Attributes:
        public, secret: X25519 key pair of the round.
        lineage: 4 bytes of the catalogue lineage.
        round: the closed round.
        titles: size m of the catalogue; reports of titles beyond it are left out.
        buckets: number of buckets; envelopes in a bucket beyond it are left out.
    """

    public: bytes
    secret: bytes
    lineage: bytes
    round: int
    titles: int
    buckets: int

    def open(self, chunk: PoolChunk) -> Opened:
        """Open a chunk; what cannot be opened, is a dummy or breaks a rule is left out."""
        bodies = []
        places = []
        possible = (chunk.buckets >= 0) & (chunk.buckets < self.buckets)
        for place in np.flatnonzero(possible):
            sealed = chunk.sealed[place]
            try:
                bodies.append(unseal(sealed, self.public, self.secret))
            except RemoteError:
                continue
            places.append(place)
        batch = decode_batch(
            b"".join(bodies), lineage=self.lineage, round=self.round, titles=self.titles
        )
        kept = np.array(places, np.int64)[batch.rows]
        digests = b"".join(
            hashlib.blake2b(chunk.sealed[place], digest_size=_DIGEST.itemsize).digest()
            for place in kept
        )
        return Opened(
            indices=batch.indices,
            codes=batch.codes,
            buckets=chunk.buckets[kept],
            digests=np.frombuffer(digests, _DIGEST),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """The reports of one chunk, and a 64-bit digest of the ciphertext of each."""

    indices: Indices
    codes: Int8s
    buckets: Indices
    digests: npt.NDArray[np.uint64]


def open_pool(chunks: Iterable[PoolChunk], opener: Opener, *, processes: int = 1) -> Reports:
    """Open every envelope of a round; of equal ciphertexts only the first counts.

    At any time only a few chunks are held sealed; an opened report takes 88 bytes.

    Args:
        chunks: the pool, in its own order.
        opener: the round's keys and bounds.
        processes: open in this many processes; 1 opens in this one.
    """
    opened = list(_opened(chunks, opener, processes))
    indices = np.concatenate([part.indices for part in opened] or [np.zeros(0, np.int64)])
    buckets = np.concatenate([part.buckets for part in opened] or [np.zeros(0, np.int64)])
    digests = np.concatenate([part.digests for part in opened] or [np.zeros(0, _DIGEST)])
    codes = np.concatenate([part.codes for part in opened] or [np.zeros((0, TASTE_DIM), np.int8)])
    _, first = np.unique(digests, return_index=True)
    first.sort()
    return Reports(indices=indices[first], codes=codes[first], buckets=buckets[first])


def _opened(chunks: Iterable[PoolChunk], opener: Opener, processes: int) -> Iterator[Opened]:
    if processes == 1:
        yield from map(opener.open, chunks)
        return
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context) as executor:
        running: deque[Future[Opened]] = deque()
        for chunk in chunks:
            running.append(executor.submit(opener.open, chunk))
            if len(running) > 2 * processes:
                yield running.popleft().result()
        while running:
            yield running.popleft().result()
