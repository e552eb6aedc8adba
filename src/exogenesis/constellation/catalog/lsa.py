"""Content vectors from a catalogue's own words: latent semantic analysis, no model needed.

TF-IDF with logarithmic term frequency, then a truncated singular value decomposition
(Deerwester et al., 1990), then the catalogue mean is subtracted, which triples what the cosine
is worth for recommending. It knows only the words that the catalogue itself uses, and every
build makes a space of its own: vectors compare within one pack, never across two.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.utils.extmath import randomized_svd
from threadpoolctl import threadpool_limits

from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.vectors import Floats, unit_rows

ENCODER = "lsa-384/1"
"""Changes whenever the same texts would get other vectors."""

RARE_WORDS_FROM = 100
"""Catalogues of at least this many titles leave out words that only one title has."""

_SEED = 0
_POWER_ITERATIONS = 4
_LENGTH_MIN = 1e-6


def encode(texts: Sequence[str]) -> Floats:
    """Encode one text per title; the same texts give the same bits on the same machine.

    Returns:
        ``(m, 384)`` float32: rows of length 1 around the catalogue mean. A row is zero where
        the text says nothing, or nothing that tells the title from the others. Dimensions that
        the vocabulary cannot fill are zero.
    """
    words = _word_weights(texts)
    rank = min(CONTENT_DIM, *words.shape)
    vectors = np.zeros((len(texts), CONTENT_DIM))
    if rank == 0:
        return vectors.astype(np.float32)
    with one_thread():
        left, strengths, _ = randomized_svd(
            words, rank, n_iter=_POWER_ITERATIONS, random_state=_SEED
        )
    vectors[:, :rank] = left * strengths
    telling = np.diff(words.indptr) > 0
    vectors[telling] -= vectors[telling].mean(axis=0)
    vectors[np.linalg.norm(vectors, axis=1) < _LENGTH_MIN] = 0.0
    return unit_rows(vectors.astype(np.float32))


def one_thread() -> AbstractContextManager[object]:
    """Let BLAS add in one order, so that the bits do not depend on the number of cores."""
    limits: AbstractContextManager[object] = threadpool_limits(limits=1)
    return limits


def _word_weights(texts: Sequence[str]) -> Any:
    """TF-IDF as a sparse ``(m, words)`` matrix, without columns when no word is usable."""
    rarest = 2 if len(texts) >= RARE_WORDS_FROM else 1
    weights = TfidfVectorizer(sublinear_tf=True, min_df=rarest, stop_words="english")
    try:
        return weights.fit_transform(texts)
    except ValueError:  # how the library says that no word was left
        return np.zeros((len(texts), 0))
