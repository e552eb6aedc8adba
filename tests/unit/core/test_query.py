"""The query table against the formula written out, number by number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.query import QueryTable
from exogenesis.core.vectors import dequantise


def table(*, least_length: float = 0.5) -> QueryTable:
    rng = np.random.default_rng(3)
    return QueryTable(
        rows={"rain": 0, "sea": 1, "train": 2},
        weights=np.array([1.5, 4.0, 2.25], np.float16),
        codes=rng.integers(-127, 128, (3, CONTENT_DIM)).astype(np.int8),
        scales=np.array([1e-3, 2e-4, 0.0], np.float16),
        centre=(rng.normal(size=CONTENT_DIM) / 80).astype(np.float32),
        least_length=least_length,
    )


def written_out(found: QueryTable, words: list[str]) -> list[float]:
    """The formula of the module, in plain Python."""
    said = {}
    for word in words:
        if word in found.rows:
            said[word] = (1 + math.log(words.count(word))) * float(found.weights[found.rows[word]])
    size = math.sqrt(sum(value**2 for value in said.values()))
    directions = dequantise(found.codes, found.scales).tolist()
    p = [
        sum(value / size * directions[found.rows[word]][axis] for word, value in said.items())
        for axis in range(CONTENT_DIM)
    ]
    length = math.sqrt(sum(value**2 for value in p))
    q = [
        max(1.0, found.least_length / length) * value - float(middle)
        for value, middle in zip(p, found.centre, strict=True)
    ]
    return [value / math.sqrt(sum(other**2 for other in q)) for value in q]


@pytest.mark.parametrize("least_length", [0.0, 0.5, 3.0])
@pytest.mark.parametrize(
    "words", [["rain"], ["sea", "rain", "sea", "sea"], ["rain", "unheard", "train"]]
)
def test_a_query_is_what_the_formula_says(words: list[str], least_length: float) -> None:
    found = table(least_length=least_length)
    vector = found.embed(words)
    assert vector is not None
    assert vector.dtype == np.float32
    np.testing.assert_allclose(vector, written_out(found, words), atol=1e-6)


@pytest.mark.parametrize("words", [[], ["unheard"], ["train"]])
def test_words_that_point_nowhere_have_no_vector(words: list[str]) -> None:
    assert table().embed(words) is None
