"""The encoder: what its vectors promise, down to catalogues too small to analyse."""

from __future__ import annotations

import numpy as np
import pytest

from exogenesis.constellation.catalog.lsa import RARE_WORDS_FROM, encode
from exogenesis.core.limits import CONTENT_DIM

SEA, SPACE = "submarine ocean storm sailor", "rocket planet orbit astronaut"


def lengths(texts: list[str]) -> list[float]:
    vectors = encode(texts)
    assert vectors.shape == (len(texts), CONTENT_DIM)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    return [round(float(length), 4) for length in np.linalg.norm(vectors, axis=1)]


def test_titles_that_share_words_are_near() -> None:
    vectors = encode([SEA + " alpha", SEA + " beta", SPACE + " gamma", SPACE + " delta"])
    cosines = vectors @ vectors.T
    assert cosines[0, 1] > 0.3 > 0 > cosines[0, 2]
    assert cosines[2, 3] > 0.3


def test_rows_are_centred_and_of_length_one() -> None:
    texts = [f"{SEA if n % 2 else SPACE} word{n % 7} other{n % 5}" for n in range(60)]
    assert set(lengths(texts)) == {1.0}
    assert np.abs(encode(texts).mean(axis=0)).max() < 0.1


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["alone"], [0.0]),
        (["alpha beta", "gamma delta"], [1.0, 1.0]),
        (["", "", ""], [0.0] * 3),
        (["the of and"], [0.0]),
        (["x", "alpha beta", "", "alpha gamma", "delta"], [0.0, 1.0, 0.0, 1.0, 1.0]),
        (["same words"] * 5, [0.0] * 5),
        (["same"] * RARE_WORDS_FROM, [0.0] * RARE_WORDS_FROM),
        ([f"only{n}" for n in range(RARE_WORDS_FROM)], [0.0] * RARE_WORDS_FROM),
        (["Ünïcödé фильм", "фильм 映画", "映画 सिनेमा"], [1.0] * 3),
    ],
)
def test_small_and_silent_catalogues(texts: list[str], expected: list[float]) -> None:
    assert lengths(texts) == expected


def test_the_same_texts_give_the_same_bits() -> None:
    rng = np.random.default_rng(5)
    texts = [" ".join(f"w{n}" for n in rng.integers(0, 900, 12)) for _ in range(700)]
    assert encode(texts).tobytes() == encode(texts).tobytes()
