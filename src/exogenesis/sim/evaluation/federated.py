"""The fleet's rounds, replayed over a dataset through the real codec.

Every report becomes the 81 bytes that a television seals and is read back by the worker's
decoder; every round becomes signed pages that are checked and read as a television does. With
``sealed`` the bytes also travel as a product's do: seven envelopes to a push with its keyed
hash, decoded and checked, then opened with the round's key. A sealed box gives back the very
bytes that went in, so leaving it out changes no figure; it is left out where it would only
cost time.

What is not replayed: sockets, pushes that televisions miss while they are off, and the clock.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from exogenesis.constellation.federation.aggregate import Aggregate, Reports, aggregate
from exogenesis.constellation.store.pool import bucket_count
from exogenesis.core.dial import OPEN, Dial
from exogenesis.core.limits import (
    ANCHORS_PER_ROUND,
    ENVELOPES_PER_PUSH,
    K_ANONYMITY,
    PAGE_ROWS_MAX,
    PUSHES_PER_ROUND,
)
from exogenesis.core.ranking import RankerSettings, diversify, score_titles
from exogenesis.core.report import report_vectors
from exogenesis.core.taste import TasteSpace, start_space
from exogenesis.core.vectors import Floats, Indices, quantise
from exogenesis.sim.evaluation.metrics import DEPTH, Scorer, candidates, padded
from exogenesis.sim.households import Dataset, Household
from exogenesis.wire.envelope import seal, unseal
from exogenesis.wire.fields import box_public, signing_pair
from exogenesis.wire.page import Page, Rows, decode_page, encode_page, taste_space
from exogenesis.wire.push import PushHeader, check_push, decode_push, encode_push
from exogenesis.wire.skill import SKILL_BYTES, decode_batch, encode_batch, encode_dummy

LINEAGE = b"eval"
ROUNDS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Mode:
    """How televisions report.

    Attributes:
        name: first part of the names of the models that come from it.
        anchors: most skills that one television reports in a round; None for all of them.
        dial: the privacy dial.
        draws: televisions that stand for one household; each reports on its own, so that ten
            draws behave like a fleet ten times as large with the same tastes.
    """

    name: str
    anchors: int | None
    dial: Dial
    draws: int = 1


ALL_ANCHORS = Mode(name="federated", anchors=None, dial=OPEN)
CAPPED = Mode(name="federated_capped", anchors=ANCHORS_PER_ROUND, dial=OPEN)
SEALED = Mode(name="sealed", anchors=ANCHORS_PER_ROUND, dial=Dial())
SEALED_X10 = Mode(name="sealed_x10", anchors=ANCHORS_PER_ROUND, dial=Dial(), draws=10)
MODES = (ALL_ANCHORS, CAPPED, SEALED, SEALED_X10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Round:
    """What one round left behind.

    Attributes:
        number: the round, from 1.
        space: what televisions hold after pulling it.
        reports: reports that reached the worker.
        published: titles on the pages.
        push_bytes: largest push that was built; 0 when none was.
        page_bytes: largest page that was built; 0 when nothing reached k.
    """

    number: int
    space: TasteSpace
    reports: int
    published: int
    push_bytes: int
    page_bytes: int


def replay(
    dataset: Dataset,
    mode: Mode,
    rng: np.random.Generator,
    *,
    rounds: int = ROUNDS,
    k: int = K_ANONYMITY,
    sealed: bool = False,
) -> Iterator[Round]:
    """Let the households of a dataset learn together, round by round.

    Args:
        dataset: its histories are what the televisions hold; nothing else of them is read.
        mode: how they report.
        rng: draws anchors, blur, buckets and keys.
        rounds: how many.
        k: least reports of a published title.
        sealed: really seal and push every report.
    """
    signing_public, signing_secret = signing_pair(rng.bytes(32))
    space = start_space(dataset.basis)
    histories = [h.history for h in dataset.households for _ in range(mode.draws)]
    buckets = bucket_count(len(histories))
    for number in range(1, rounds + 1):
        anchors, bodies = _bodies(histories, mode, space, number, rng)
        push_bytes = 0
        if sealed:
            bodies, push_bytes = _through_pushes(bodies, anchors, number, rng)
        batch = decode_batch(bodies, lineage=LINEAGE, round=number, titles=dataset.titles)
        of_television = np.repeat(rng.integers(buckets, size=len(anchors)), anchors)
        reports = Reports(indices=batch.indices, codes=batch.codes, buckets=of_television)
        result = aggregate(reports, titles=dataset.titles, buckets=buckets, k=k)
        pages = _pages(result, number, signing_secret)
        if pages:
            parts = [decode_page(page, signing_public).rows for page in pages]
            space = taste_space(parts, sigma=result.sigma, round=number, titles=dataset.titles)
        yield Round(
            number=number,
            space=space,
            reports=len(batch.indices),
            published=int(space.published.sum()),
            push_bytes=push_bytes,
            page_bytes=max(map(len, pages), default=0),
        )


def _bodies(
    histories: Sequence[Indices],
    mode: Mode,
    space: TasteSpace,
    number: int,
    rng: np.random.Generator,
) -> tuple[Indices, bytes]:
    """Anchors of each television ``(n,)`` and the concatenated envelope bodies of all."""
    basis = space.basis
    named, vectors = [np.empty(0, np.int64)], [np.empty((0, basis.shape[1]), np.float32)]
    for finished in histories:
        anchors = finished
        if mode.anchors is not None and len(finished) > mode.anchors:
            anchors = rng.choice(finished, mode.anchors, replace=False)
        named.append(anchors)
        vectors.append(report_vectors(finished, anchors, space, mode.dial, rng, basis=basis))
    codes, scales = quantise(np.concatenate(vectors))
    bodies = encode_batch(
        lineage=LINEAGE, round=number, indices=np.concatenate(named), codes=codes, scales=scales
    )
    return np.array([len(anchors) for anchors in named[1:]], np.int64), bodies


def _through_pushes(
    bodies: bytes, anchors: Indices, number: int, rng: np.random.Generator
) -> tuple[bytes, int]:
    """Send bodies as a television would, and return what the worker opened.

    Envelopes are filled up with dummies to six pushes of seven; the order of the bodies is kept
    so that the caller's columns still fit.

    Returns:
        The opened bodies without dummies, and the size of the largest push.
    """
    secret = rng.bytes(32)
    public = box_public(secret)
    opened: list[bytes] = []
    largest = at = 0
    for television, count in enumerate(anchors):
        device, key = television.to_bytes(16, "little"), rng.bytes(32)
        slots = max(PUSHES_PER_ROUND * ENVELOPES_PER_PUSH, int(count))
        slots += -slots % ENVELOPES_PER_PUSH
        own = [
            bodies[i : i + SKILL_BYTES] for i in range(at, at + count * SKILL_BYTES, SKILL_BYTES)
        ]
        at += int(count) * SKILL_BYTES
        own += [encode_dummy()] * (slots - len(own))
        for seq in range(slots // ENVELOPES_PER_PUSH):
            part = own[seq * ENVELOPES_PER_PUSH : (seq + 1) * ENVELOPES_PER_PUSH]
            header = PushHeader(device=device, epoch=0, seq=seq + 1, round=number, sent_at=0)
            raw = encode_push(header, [seal(body, public, rng.bytes(32)) for body in part], key)
            push = decode_push(raw)
            check_push(push, key)
            opened += [unseal(envelope, public, secret) for envelope in push.envelopes]
            largest = max(largest, len(raw))
    dummy = encode_dummy()
    return b"".join(body for body in opened if body != dummy), largest


def _pages(result: Aggregate, number: int, signing_secret: bytes) -> list[bytes]:
    starts = range(0, len(result.rows.indices), PAGE_ROWS_MAX)
    parts: list[Rows] = [result.rows.part(start, start + PAGE_ROWS_MAX) for start in starts]
    return [
        encode_page(Page(lineage=LINEAGE, round=number, number=at, rows=rows), signing_secret)
        for at, rows in enumerate(parts)
    ]


def taste_scorer(space: TasteSpace) -> Scorer:
    """Score by the undecayed taste profile alone: ``p_full . E_i``."""
    weighted = space.vectors * space.weights[:, None]

    def scores(households: Sequence[Household]) -> Floats:
        profiles = [weighted[h.history].sum(axis=0) for h in households]
        return np.asarray(profiles, np.float32) @ space.vectors.T

    return scores


def television_lists(
    dataset: Dataset, space: TasteSpace | None, settings: RankerSettings
) -> Indices:
    """``(n, 20)`` lists of every evaluated household as its television ranks; no exploration.

    Args:
        dataset: its content vectors, and its counts as the catalogue's own popularity.
        space: a published round with its unpublished titles filled in, as a television ranks
            with it; None for a television that never pulled.
        settings: the weights.
    """
    popularity = np.log1p(dataset.counts()).astype(np.float32)
    lists = np.empty((len(dataset.evaluated), DEPTH), np.int64)
    for row, household in enumerate(dataset.evaluated):
        mask = candidates(household, dataset.titles)
        scores = score_titles(
            household.history,
            space=space,
            content=dataset.content,
            log_popularity=popularity,
            candidates=mask,
            settings=settings,
        )
        lists[row] = padded(diversify(scores.total, dataset.content, mask, DEPTH, settings))
    return lists
