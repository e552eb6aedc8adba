"""Content vectors from a catalogue's own words: latent semantic analysis, no model needed.

TF-IDF with logarithmic term frequency, then a truncated singular value decomposition
(Deerwester et al., 1990), then the catalogue mean is subtracted, which triples what the cosine
is worth for recommending. It knows only the words that the catalogue itself uses, and every
build makes a space of its own: vectors compare within one pack, never across two.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from exogenesis.core.limits import CONTENT_DIM, QUERY_WORD_LENGTH_MAX, QUERY_WORDS_MAX
from exogenesis.core.query import QueryTable
from exogenesis.core.vectors import Floats, quantise, unit_rows
from exogenesis.core.words import words

ENCODER = "lsa-384/2"
"""Changes whenever the same texts would get other vectors."""

RARE_WORDS_FROM = 100
"""Catalogues of at least this many titles leave out words that only one title has."""

_SEED = 0
_POWER_ITERATIONS = 4
_LENGTH_MIN = 1e-6
_FAINT_SHARE = 0.1
"""So many of the titles are shorter than a query is made at least."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Encoding:
    """A catalogue in numbers.

    Attributes:
        content: ``(m, 384)`` float32: rows of length 1 around the catalogue mean. A row is zero
            where the text says nothing, or nothing that tells the title from the others.
            Dimensions that the vocabulary cannot fill are zero.
        query: the table that puts other texts into the same space; None without any word.
    """

    content: Floats
    query: QueryTable | None


def encode(texts: Sequence[str]) -> Encoding:
    """Encode one text per title; the same texts give the same bits on the same machine."""
    weights, vocabulary, idf = _word_weights(texts)
    rank = min(CONTENT_DIM, *weights.shape)
    if rank == 0:
        return Encoding(content=np.zeros((len(texts), CONTENT_DIM), np.float32), query=None)
    directions = np.zeros((len(vocabulary), CONTENT_DIM))
    with one_thread():
        _, _, axes = randomized_svd(weights, rank, n_iter=_POWER_ITERATIONS, random_state=_SEED)
        directions[:, :rank] = axes.T
        vectors = np.asarray(weights @ directions)
    telling = np.diff(weights.indptr) > 0
    lengths = np.linalg.norm(vectors[telling], axis=1)
    centre = vectors[telling].mean(axis=0)
    vectors[telling] -= centre
    vectors[np.linalg.norm(vectors, axis=1) < _LENGTH_MIN] = 0.0
    kept = _useful(weights, vocabulary, directions)
    codes, scales = quantise(directions[kept].astype(np.float32))
    table = QueryTable(
        rows={vocabulary[row]: place for place, row in enumerate(kept)},
        weights=idf[kept].astype(np.float16),
        codes=codes,
        scales=scales,
        centre=centre.astype(np.float32),
        least_length=float(np.float32(np.quantile(lengths, _FAINT_SHARE))),
    )
    return Encoding(content=unit_rows(vectors.astype(np.float32)), query=table)


def one_thread() -> AbstractContextManager[object]:
    """Let BLAS add in one order, so that the bits do not depend on the number of cores."""
    limits: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limits


def _word_weights(texts: Sequence[str]) -> tuple[Any, list[str], npt.NDArray[np.float64]]:
    """TF-IDF as a sparse ``(m, n)`` matrix, its n words in order, and their weights."""
    rarest = 2 if len(texts) >= RARE_WORDS_FROM else 1
    weights = TfidfVectorizer(
        sublinear_tf=True, min_df=rarest, lowercase=False, tokenizer=words, token_pattern=None
    )
    try:
        matrix = weights.fit_transform(texts)
    except ValueError:  # how the library says that no word was left
        return np.zeros((len(texts), 0)), [], np.zeros(0)
    return matrix, weights.get_feature_names_out().tolist(), weights.idf_


def _useful(weights: Any, vocabulary: Sequence[str], directions: npt.NDArray[np.float64]) -> Any:
    """Rows of the words that bring most into the vectors of the titles, in order.

    What word w brings is the sum over the titles of its squared weight, times ``|v_w|^2``.
    """
    brought = np.asarray(weights.multiply(weights).sum(axis=0)).ravel()
    brought *= np.einsum("nd,nd->n", directions, directions)
    short = [len(word) <= QUERY_WORD_LENGTH_MAX for word in vocabulary]
    rows = np.flatnonzero(np.array(short) & (brought > 0))
    best = rows[np.argsort(-brought[rows], kind="stable")[:QUERY_WORDS_MAX]]
    return np.sort(best)
