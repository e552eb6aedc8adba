"""What a federated ranking is compared with. Each ``fit`` returns a scorer for any household.

All of them read the histories of the households they are fitted on in one place, as no product
of this project does; the content baseline reads nothing but the household's own history.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.sparse as sparse

from exogenesis.core.vectors import Floats, top_k
from exogenesis.sim.evaluation.metrics import Scorer
from exogenesis.sim.households import Dataset, Household


def finished_matrix(households: Sequence[Household], titles: int) -> sparse.csr_matrix:
    """``(n, m)`` sparse float64: 1 where a household finished a title."""
    lengths = [len(household.history) for household in households]
    columns = [household.history for household in households] or [np.empty(0, np.int64)]
    starts = np.concatenate(([0], np.cumsum(lengths, dtype=np.int64)))
    return sparse.csr_matrix(
        (np.ones(starts[-1]), np.concatenate(columns), starts), shape=(len(households), titles)
    )


def fit_popularity(dataset: Dataset) -> Scorer:
    """Score a title by the number of households that finished it."""
    counts = dataset.counts().astype(np.float32)

    def scores(households: Sequence[Household]) -> Floats:
        return np.broadcast_to(counts, (len(households), len(counts)))

    return scores


def fit_ease(dataset: Dataset, *, lam: float) -> Scorer:
    """EASE, the closed-form linear autoencoder with zero diagonal (Steck, 2019)::

        P = (X'X + lambda I)^-1        B_ij = -P_ij / P_jj, B_jj = 0        scores = x B

    Computed exactly through the smaller Gram matrix of the n households (Woodbury), which costs
    n^2 m instead of m^3::

        K = X X' + lambda I        P = (I - X' K^-1 X) / lambda

    A title that nobody finished gets the score 0: its row of P is e_j / lambda.

    Args:
        dataset: whose histories X it is fitted on.
        lam: lambda, chosen on validation.
    """
    x = finished_matrix(dataset.households, dataset.titles)
    gram = (x @ x.T).toarray()
    gram[np.diag_indices_from(gram)] += lam
    solved = np.linalg.solve(gram, x.toarray())
    diagonal = (1.0 - np.asarray(x.multiply(solved).sum(axis=0)).ravel()) / lam

    def scores(households: Sequence[Household]) -> Floats:
        own = finished_matrix(households, dataset.titles)
        precise = (own.toarray() - (own @ x.T) @ solved) / lam
        linear: Floats = own.toarray() - precise / diagonal
        return linear

    return scores


def fit_itemknn(dataset: Dataset, *, k: int, shrink: float) -> Scorer:
    """Score a title by the similarity of its ``k`` nearest titles that the household finished::

        s_ij = <x_i, x_j> / (|x_i| |x_j| + shrink)        score_j = sum_{i in H, i near j} s_ij

    Args:
        dataset: whose histories it is fitted on.
        k: neighbours of a title; ties go to the lower index.
        shrink: lowers similarities that rest on few households.
    """
    x = finished_matrix(dataset.households, dataset.titles)
    active = np.flatnonzero(dataset.counts())
    alike = (x[:, active].T @ x[:, active]).toarray()
    norms = np.sqrt(np.diag(alike))
    alike /= np.outer(norms, norms) + shrink
    np.fill_diagonal(alike, 0.0)
    rows, columns, values = [], [], []
    for title, row in enumerate(alike):
        near = top_k(row, k, row > 0)
        rows.append(active[near])
        columns.append(np.full(len(near), active[title]))
        values.append(row[near])
    near_titles = sparse.csr_matrix(
        (_joined(values, np.float64), (_joined(rows, np.int64), _joined(columns, np.int64))),
        shape=(dataset.titles, dataset.titles),
    )

    def scores(households: Sequence[Household]) -> Floats:
        summed: Floats = (finished_matrix(households, dataset.titles) @ near_titles).toarray()
        return summed

    return scores


def _joined(parts: list[np.ndarray], kind: type) -> np.ndarray:
    return np.concatenate(parts) if parts else np.empty(0, kind)


def fit_local_content(dataset: Dataset, *, decay: float) -> Scorer:
    """Score a title by its content's likeness to the household's own history; no fleet at all::

        score_i = C_i . sum_j decay^(age of h_j in finished titles) C_j

    Args:
        dataset: whose content vectors C it reads.
        decay: weight left after one more finished title.
    """
    content = dataset.content

    def scores(households: Sequence[Household]) -> Floats:
        profiles = [
            np.power(np.float32(decay), np.arange(len(h.history))[::-1]) @ content[h.history]
            for h in households
        ]
        return np.asarray(profiles, np.float32) @ content.T

    return scores
