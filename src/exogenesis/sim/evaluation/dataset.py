"""From ratings to households with a past and a held-out future.

A rating of 4 or more is a positive: the household finished the title. A household's positives
are sorted by (time, catalogue index). With n >= 5 of them::

    test        the last max(1, round(.2 n))
    validation  the max(1, round(.1 n)) before those
    train       the rest

and with fewer all are train. ``round`` is the language's: halves go to the even number.
Settings are chosen on validation, with models that learnt from train; the reported figures are
those on test, with models that learnt from train and validation. Seen = what was learnt from,
plus every rating below 4 that is no later than the last of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from exogenesis.constellation.catalog import read_ratings, read_titles
from exogenesis.constellation.catalog.build import build_pack
from exogenesis.core.vectors import Floats, Indices
from exogenesis.errors import CatalogError
from exogenesis.sim.households import Dataset, Household

POSITIVE_RATING = 4.0
SPLIT_FROM = 5
TEST_SHARE = 0.2
VALIDATION_SHARE = 0.1

Rating = tuple[int, str, float, int]
"""User, title id, rating in stars, Unix seconds."""

Part = Literal["validation", "test"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ratings:
    """Ratings in columns, in any order.

    Attributes:
        households: ``(n,)`` number of the household that rated.
        titles: ``(n,)`` catalogue indices.
        values: ``(n,)`` the ratings.
        times: ``(n,)`` Unix seconds.
    """

    households: Indices
    titles: Indices
    values: Floats
    times: Indices


def cut_points(positives: int) -> tuple[int, int]:
    """Where validation and test begin among ``positives`` sorted positives.

    >>> cut_points(4), cut_points(5), cut_points(20)
    ((4, 4), (3, 4), (14, 16))
    """
    if positives < SPLIT_FROM:
        return positives, positives
    test = positives - max(1, round(TEST_SHARE * positives))
    return test - max(1, round(VALIDATION_SHARE * positives)), test


def split(ratings: Ratings, part: Part) -> tuple[Household, ...]:
    """Make one household of each number, in ascending order, to be evaluated on ``part``."""
    order = np.lexsort((ratings.titles, ratings.times, ratings.households))
    numbers, starts = np.unique(ratings.households[order], return_index=True)
    ends = [*starts[1:], len(order)]
    return tuple(
        _household(str(number), ratings, order[start:end], part)
        for number, start, end in zip(numbers, starts, ends, strict=False)
    )


def _household(name: str, ratings: Ratings, rows: Indices, part: Part) -> Household:
    liked = ratings.values[rows] >= POSITIVE_RATING
    positives, others = rows[liked], rows[~liked]
    validation, test = cut_points(len(positives))
    end = test if part == "test" else validation
    history = ratings.titles[positives[:end]]
    relevant = positives[test:] if part == "test" else positives[validation:test]
    earlier = others[:0]
    if end:
        earlier = others[ratings.times[others] <= ratings.times[positives[end - 1]]]
    return Household(
        name=name,
        history=history,
        seen=np.concatenate((history, ratings.titles[earlier])),
        relevant=ratings.titles[relevant],
    )


def in_columns(rows: Iterable[Rating], title_ids: Sequence[str]) -> Ratings:
    """Lay ratings out in columns, titles by their place in ``title_ids``.

    Raises:
        CatalogError: a title that is not in the catalogue, or a second rating of one title by
            one user.
    """
    index = {title_id: place for place, title_id in enumerate(title_ids)}
    known: set[tuple[int, str]] = set()
    table: list[tuple[int, int, float, int]] = []
    for user, title_id, stars, time in rows:
        if title_id not in index:
            raise CatalogError(f"user {user} rated title {title_id}, which the catalogue lacks")
        if (user, title_id) in known:
            raise CatalogError(
                f"user {user} rated title {title_id} twice; leave one of the two rows"
            )
        known.add((user, title_id))
        table.append((user, index[title_id], stars, time))
    users, titles, values, times = zip(*table, strict=True) if table else ((), (), (), ())
    return Ratings(
        households=np.array(users, np.int64),
        titles=np.array(titles, np.int64),
        values=np.array(values, np.float32),
        times=np.array(times, np.int64),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """A MovieLens folder in memory, ready to be split.

    Attributes:
        name: name of the folder.
        ratings: all of its ratings.
        content: ``(m, 384)`` content vectors as a television reads them from the pack.
        basis: ``(m, 64)`` start basis, likewise.
    """

    name: str
    ratings: Ratings
    content: Floats
    basis: Floats

    def dataset(self, part: Part) -> Dataset:
        """Split the households for being evaluated on ``part``."""
        return Dataset(
            name=self.name,
            households=split(self.ratings, part),
            content=self.content,
            basis=self.basis,
        )


def read_folder(folder: Path) -> Folder:
    """Read a MovieLens folder, CSV form or 100k form, and build the pack of its titles.

    Raises:
        CatalogError: there are no titles or no ratings, or a row is malformed; names the file
            and the line.
    """
    entries = read_titles(folder)
    ratings = in_columns(read_ratings(folder), [entry.title.id for entry in entries])
    pack = build_pack(entries, lineage=folder.resolve().name)
    return Folder(
        name=pack.lineage,
        ratings=ratings,
        content=pack.content,
        basis=pack.basis.astype(np.float32),
    )
