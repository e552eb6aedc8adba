"""The encoder: what its vectors promise, down to catalogues too small to analyse."""

from __future__ import annotations

import numpy as np
import pytest

from exogenesis.constellation.catalog import lsa
from exogenesis.constellation.catalog.lsa import RARE_WORDS_FROM, encode
from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.words import words

SEA, SPACE = "submarine ocean storm sailor", "rocket planet orbit astronaut"


def lengths(texts: list[str]) -> list[float]:
    vectors = encode(texts).content
    assert vectors.shape == (len(texts), CONTENT_DIM)
    assert vectors.dtype == np.float32
    assert np.isfinite(vectors).all()
    return [round(float(length), 4) for length in np.linalg.norm(vectors, axis=1)]


def test_titles_that_share_words_are_near() -> None:
    vectors = encode([SEA + " alpha", SEA + " beta", SPACE + " gamma", SPACE + " delta"]).content
    cosines = vectors @ vectors.T
    assert cosines[0, 1] > 0.3 > 0 > cosines[0, 2]
    assert cosines[2, 3] > 0.3


def test_rows_are_centred_and_of_length_one() -> None:
    texts = [f"{SEA if n % 2 else SPACE} word{n % 7} other{n % 5}" for n in range(60)]
    assert set(lengths(texts)) == {1.0}
    assert np.abs(encode(texts).content.mean(axis=0)).max() < 0.1


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


def test_the_query_table_puts_a_title_where_the_encoder_does() -> None:
    rng = np.random.default_rng(7)
    texts = [" ".join(f"w{n}" for n in rng.integers(0, 200, 15)) for _ in range(300)]
    encoding = encode(texts)
    assert encoding.query is not None
    queries = [encoding.query.embed(words(text)) for text in texts]
    cosines = [float(query @ row) for query, row in zip(queries, encoding.content, strict=True)]
    assert np.quantile(cosines, 0.15) > 0.999  # nine in ten reach the least length
    assert min(cosines) > 0.98


def test_a_word_finds_the_titles_that_have_it() -> None:
    texts = [f"{SEA if n % 2 else SPACE} word{n % 7} other{n % 5}" for n in range(60)]
    encoding = encode(texts)
    assert encoding.query is not None
    for word, parity in (("sailor", 1), ("orbit", 0)):
        best = np.argsort(-(encoding.content @ encoding.query.embed([word])))[:30]  # type: ignore[operator]
        assert set(best % 2) == {parity}


def test_the_table_keeps_the_words_that_bring_most(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"{SEA if n % 2 else SPACE} rare{n // 2}" for n in range(120)]
    monkeypatch.setattr(lsa, "QUERY_WORDS_MAX", 8)
    encoding = encode(texts)
    assert encoding.query is not None
    assert list(encoding.query.rows) == sorted(f"{SEA} {SPACE}".split())


def test_a_word_too_long_for_the_table_stays_out() -> None:
    encoding = encode([f"alpha {'x' * 65}", f"beta {'x' * 65}"])
    assert encoding.query is not None
    assert list(encoding.query.rows) == ["alpha", "beta"]


def test_the_same_texts_give_the_same_bits() -> None:
    rng = np.random.default_rng(5)
    texts = [" ".join(f"w{n}" for n in rng.integers(0, 900, 12)) for _ in range(700)]
    assert encode(texts).content.tobytes() == encode(texts).content.tobytes()
