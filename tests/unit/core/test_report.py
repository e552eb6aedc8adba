"""Reports against their formula, written in loops."""

from __future__ import annotations

import math

import numpy as np

from exogenesis.core.dial import OPEN, Dial
from exogenesis.core.limits import TASTE_DIM
from exogenesis.core.report import report_vectors
from exogenesis.core.taste import TasteSpace


def _space(titles: int) -> TasteSpace:
    rng = np.random.default_rng(7)
    return TasteSpace(
        round=3,
        sigma=rng.uniform(0.5, 3, TASTE_DIM).astype(np.float32),
        vectors=rng.normal(size=(titles, TASTE_DIM)).astype(np.float32),
        weights=rng.uniform(0.2, 1, titles).astype(np.float32),
        published=np.ones(titles, np.bool_),
    )


def _slow(
    finished: list[int], anchors: list[int], space: TasteSpace, dial: Dial, seed: int
) -> list[list[float]]:
    """The formula of the module, term by term, with the same draws."""
    rng = np.random.default_rng(seed)
    basis = [
        [float(x) / math.sqrt(float(s)) for x, s in zip(row, space.sigma, strict=True)]
        for row in space.vectors
    ]
    draws = None if dial.fraction >= 1 else rng.random((len(anchors), len(finished)))
    reports = []
    for a, anchor in enumerate(anchors):
        total = [float(space.weights[anchor]) * x for x in basis[anchor]]
        for j, title in enumerate(finished):
            kept = draws is None or draws[a, j] < dial.fraction
            if title != anchor and kept:
                for d in range(TASTE_DIM):
                    total[d] += float(space.weights[title]) * basis[title][d] / dial.fraction
        length = math.sqrt(sum(x * x for x in total))
        reports.append([x / length for x in total])
    if dial.noise:
        noise = rng.normal(0.0, dial.noise / math.sqrt(TASTE_DIM), (len(anchors), TASTE_DIM))
        reports = [
            [x + float(e) for x, e in zip(*pair, strict=True)]
            for pair in zip(reports, noise, strict=True)
        ]
    return reports


def test_reports_follow_the_formula_at_every_dial() -> None:
    space = _space(20)
    finished, anchors = [3, 7, 1, 19, 8, 4], [7, 4, 19]
    for dial in (OPEN, Dial(), Dial(fraction=0.5, noise=0.5), Dial(fraction=1.0, noise=2.0)):
        fast = report_vectors(
            np.array(finished), np.array(anchors), space, dial, np.random.default_rng(11)
        )
        slow = _slow(finished, anchors, space, dial, 11)
        np.testing.assert_allclose(fast, slow, atol=2e-5)
        assert fast.dtype == np.float32


def test_a_report_without_noise_has_length_one() -> None:
    fast = report_vectors(
        np.arange(9), np.arange(9), _space(9), Dial(noise=0.0), np.random.default_rng(1)
    )
    np.testing.assert_allclose(np.linalg.norm(fast, axis=1), 1.0, rtol=1e-5)


def test_the_strictest_dial_still_gives_numbers() -> None:
    dial = Dial(fraction=0.001, noise=16.0)
    rng = np.random.default_rng(2)
    for _ in range(50):
        assert np.isfinite(
            report_vectors(np.arange(40), np.arange(40), _space(40), dial, rng)
        ).all()


def test_two_draws_for_one_anchor_differ() -> None:
    finished, twice = np.arange(30), np.array([5, 5])
    one, other = report_vectors(
        finished, twice, _space(30), Dial(noise=0.0), np.random.default_rng(3)
    )
    assert float(one @ other) < 0.99


def test_nothing_finished_gives_no_reports() -> None:
    none = np.zeros(0, np.int64)
    for dial in (OPEN, Dial()):
        fast = report_vectors(none, none, _space(4), dial, np.random.default_rng(4))
        assert fast.shape == (0, TASTE_DIM)
