"""Push-bearing syncs a second through the sealed codec, without sockets and without disks.

One sync is what three machines do about one push: the television draws and codes seven reports,
seals them and makes the push; the server reads it and checks its keyed hash; the worker opens
the seven envelopes and decodes them. Beside the rate stands its floor, measured in the same run:
the same number of bare libsodium boxes sealed and opened, and nothing else.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
from dataclasses import dataclass

import nacl.public
import numpy as np

from exogenesis.core.dial import Dial
from exogenesis.core.limits import ENVELOPES_PER_PUSH, TASTE_DIM
from exogenesis.core.report import report_vectors
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import quantise
from exogenesis.wire.envelope import seal, unseal
from exogenesis.wire.fields import box_public
from exogenesis.wire.push import PushHeader, check_push, decode_push, encode_push
from exogenesis.wire.skill import SKILL_BYTES, SkillReport, decode_batch, encode_skill

LINEAGE = b"sync"
TITLES = 10_000
FINISHED = 60
"""Titles that the household finished, about as many as in MovieLens latest-small."""

PROCESSES = 2
SYNCS = 1_000
"""By each process in one repetition."""

REPETITIONS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class SyncRate:
    """Medians over the repetitions.

    Attributes:
        a_second: syncs a second, all processes together.
        cpu_ms: CPU time of one sync.
        boxes_cpu_ms: CPU time of sealing and opening seven bare boxes.
    """

    a_second: float
    cpu_ms: float
    boxes_cpu_ms: float


def a_space(rng: np.random.Generator) -> TasteSpace:
    return TasteSpace(
        round=1,
        sigma=np.ones(TASTE_DIM, np.float32),
        vectors=rng.normal(size=(TITLES, TASTE_DIM)).astype(np.float32),
        weights=np.full(TITLES, 0.5, np.float32),
        published=np.ones(TITLES, np.bool_),
    )


def syncs(seed: int) -> tuple[float, float, float]:
    """Start and end on the common clock, and CPU seconds, of :data:`SYNCS` syncs."""
    rng = np.random.default_rng(seed)
    space = a_space(rng)
    basis = space.basis
    finished = rng.choice(TITLES, FINISHED, replace=False)
    secret, device, key = rng.bytes(32), rng.bytes(16), rng.bytes(32)
    public = box_public(secret)
    started, cpu = time.monotonic(), time.process_time()
    for seq in range(1, SYNCS + 1):
        anchors = rng.choice(finished, ENVELOPES_PER_PUSH, replace=False)
        vectors = report_vectors(finished, anchors, space, Dial(), rng, basis=basis)
        codes, scales = quantise(vectors)
        bodies = [
            encode_skill(
                SkillReport(
                    lineage=LINEAGE,
                    round=2,
                    index=int(index),
                    usage=1,
                    success=1.0,
                    codes=code,
                    scale=float(scale),
                )
            )
            for index, code, scale in zip(anchors, codes, scales, strict=True)
        ]
        envelopes = [seal(body, public, rng.bytes(32)) for body in bodies]
        header = PushHeader(device=device, epoch=1, seq=seq, round=2, sent_at=0)
        push = decode_push(encode_push(header, envelopes, key))
        check_push(push, key)
        opened = b"".join(unseal(envelope, public, secret) for envelope in push.envelopes)
        read = decode_batch(opened, lineage=LINEAGE, round=2, titles=TITLES)
        if len(read.indices) != ENVELOPES_PER_PUSH:
            raise AssertionError("a report was lost between television and worker")
    return started, time.monotonic(), time.process_time() - cpu


def boxes(_: int) -> float:
    """CPU seconds of sealing and opening as many bare boxes as :func:`syncs` does."""
    secret = nacl.public.PrivateKey.generate()
    sealing, opening = nacl.public.SealedBox(secret.public_key), nacl.public.SealedBox(secret)
    body = bytes(SKILL_BYTES)
    cpu = time.process_time()
    for _ in range(SYNCS * ENVELOPES_PER_PUSH):
        opening.decrypt(sealing.encrypt(body))
    return time.process_time() - cpu


def sync_rate() -> SyncRate:
    """Measure; takes about ten seconds."""
    rates, costs, floors = [], [], []
    with multiprocessing.get_context("spawn").Pool(PROCESSES) as pool:
        for repetition in range(REPETITIONS):
            seeds = range(PROCESSES * repetition, PROCESSES * (repetition + 1))
            started, ended, cpu = zip(*pool.map(syncs, seeds, chunksize=1), strict=True)
            rates.append(PROCESSES * SYNCS / (max(ended) - min(started)))
            costs.append(1e3 * sum(cpu) / (PROCESSES * SYNCS))
            floors.append(1e3 * statistics.mean(pool.map(boxes, seeds, chunksize=1)) / SYNCS)
    return SyncRate(
        a_second=statistics.median(rates),
        cpu_ms=statistics.median(costs),
        boxes_cpu_ms=statistics.median(floors),
    )
