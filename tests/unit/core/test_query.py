"""The query table against the formula written out, number by number."""

from __future__ import annotations

import math

import numpy as np
import pytest

from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.query import QueryTable
from exogenesis.core.vectors import dequantise

NAMES = ("fog", "harbour", "ice", "night", "quay", "rain", "sea", "ship", "storm", "train", "wind")


def table(*, least_length: float = 0.5) -> QueryTable:
    rng = np.random.default_rng(3)
    count = len(NAMES)
    return QueryTable(
        rows={name: row for row, name in enumerate(NAMES)},
        weights=rng.uniform(1, 9, count).astype(np.float16),
        codes=rng.integers(-127, 128, (count, CONTENT_DIM)).astype(np.int8),
        scales=np.array([*rng.uniform(1e-4, 1e-3, count - 1), 0.0], np.float16),
        centre=(rng.normal(size=CONTENT_DIM) / 80).astype(np.float32),
        least_length=least_length,
    )


def size(vector: list[float]) -> float:
    return math.sqrt(sum(value**2 for value in vector))


def written_out(found: QueryTable, words: list[str]) -> list[float]:
    """The formula of the module, in plain Python."""
    known = sorted({word for word in words if word in found.rows})
    table = dequantise(found.codes, found.scales).tolist()
    v = {word: table[found.rows[word]] for word in known}
    if len(known) > 8:
        a = {w: (1 + math.log(words.count(w))) * float(found.weights[found.rows[w]]) for w in known}
        length_of_a = size(list(a.values()))
        p = [sum(a[w] / length_of_a * v[w][axis] for w in known) for axis in range(CONTENT_DIM)]
        factor = max(1.0, found.least_length / size(p))
    else:
        pointing = [w for w in known if size(v[w]) > 0]
        p = [sum(v[w][axis] / size(v[w]) for w in pointing) for axis in range(CONTENT_DIM)]
        factor = found.least_length / size(p)
    q = [factor * value - float(middle) for value, middle in zip(p, found.centre, strict=True)]
    return [value / size(q) for value in q]


@pytest.mark.parametrize("least_length", [0.0, 0.5, 3.0])
@pytest.mark.parametrize(
    "words",
    [
        ["rain"],
        ["sea", "rain", "sea", "sea"],
        ["rain", "unheard", "wind"],
        [*NAMES[:8]],
        [*NAMES[:9]],
        [*NAMES, "unheard", "sea", "sea"],
    ],
)
def test_a_query_is_what_the_formula_says(words: list[str], least_length: float) -> None:
    found = table(least_length=least_length)
    vector = found.embed(words)
    assert vector is not None
    assert vector.dtype == np.float32
    np.testing.assert_allclose(vector, written_out(found, words), atol=1e-6)


@pytest.mark.parametrize("words", [[], ["unheard"], ["wind"]])
def test_words_that_point_nowhere_have_no_vector(words: list[str]) -> None:
    assert table().embed(words) is None
