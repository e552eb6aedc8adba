"""How well words and vectors fit."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import numpy as np

from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.vectors import Floats
from exogenesis.tv.memory.relevance import Doubles

_ROWS_AT_ONCE = 1024

Codes = bytes | None
"""The int8 codes of a vector, or None for a memory that has none of its own."""


def words_of(text: str) -> tuple[str, ...]:
    """Split a question into words; upper and lower case are the same."""
    return tuple(dict.fromkeys(text.casefold().split()))


def match_words(words: Sequence[str], texts: Iterable[str]) -> Doubles:
    """Return for each text the share of ``words`` that occur in it, parts of words included."""
    total = max(1, len(words))
    folded = (text.casefold() for text in texts)
    return np.array([sum(w in text for w in words) / total for text in folded], np.float64)


def cosines(
    query: Floats,
    rows: Sequence[tuple[Codes, str]],
    vector_of: Callable[[str], Floats | None],
) -> Doubles:
    """Return the cosine of ``query`` ``(384,)`` with each row, NaN where a row has no vector.

    Args:
        query: any length; of length 0 all cosines are 0.
        rows: codes and subject; without codes the vector of the subject counts.
        vector_of: the vector ``(384,)`` of a subject, or None.
    """
    answer = np.full(len(rows), np.nan)
    own = [row for row, (codes, _) in enumerate(rows) if codes is not None]
    for start in range(0, len(own), _ROWS_AT_ONCE):
        part = own[start : start + _ROWS_AT_ONCE]
        raw = b"".join(rows[row][0] or b"" for row in part)
        table = np.frombuffer(raw, np.int8).reshape(-1, CONTENT_DIM).astype(np.float32)
        answer[part] = _cosines(table, query)
    others = [row for row, (codes, _) in enumerate(rows) if codes is None]
    found = {subject: vector_of(subject) for subject in {rows[row][1] for row in others}}
    known = {subject: vector for subject, vector in found.items() if vector is not None}
    if known:
        values = _cosines(np.stack(list(known.values())), query)
        by_subject = dict(zip(known, values.tolist(), strict=True))
        answer[others] = [by_subject.get(rows[row][1], np.nan) for row in others]
    return answer


def _cosines(table: Floats, query: Floats) -> Doubles:
    lengths = np.sqrt(np.einsum("nd,nd->n", table, table, dtype=np.float64))
    lengths *= float(np.linalg.norm(query.astype(np.float64)))
    products = (table @ query.astype(np.float32)).astype(np.float64)
    values: Doubles = np.divide(products, lengths, out=np.zeros(len(table)), where=lengths > 0)
    return values
