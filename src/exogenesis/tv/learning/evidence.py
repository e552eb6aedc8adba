"""What a profile has watched, in columns: all that derived knowledge is computed from."""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from dataclasses import dataclass

import numpy as np

from exogenesis.core.limits import FINISHED_FRACTION
from exogenesis.core.vectors import Indices, Mask
from exogenesis.tv.persistence import Database

HOURS, MONTHS = 168, 12
SLOTS = HOURS + MONTHS

_ROWS_AT_ONCE = 500


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Evidence:
    """Every title that a profile has started and the catalogue holds.

    Attributes:
        rows: ``(n,)`` catalogue indices.
        starts, finishes: ``(n,)`` how often.
        finished_at: ``(n,)`` last finish, Unix seconds; 0 where there is none.
        last_at: ``(n,)`` last time it was watched.
        rhythm: ``(r, 3)``: position in ``rows``, slot, finishes. Slots 0..167 are hours of the
            week, 168..179 months.
    """

    rows: Indices
    starts: Indices
    finishes: Indices
    finished_at: Indices
    last_at: Indices
    rhythm: Indices

    @property
    def good(self) -> Mask:
        """``(n,)`` whether a title is finished at a rate of at least 0.7."""
        rated = self.finishes >= FINISHED_FRACTION * self.starts - 1e-9
        return np.asarray((self.finishes > 0) & rated, np.bool_)


def read_evidence(
    database: Database, profile: str, row_of: Callable[[str], int | None]
) -> Generator[None, None, Evidence]:
    """Read in short steps; the value is the evidence.

    Args:
        database: the store.
        profile: whose.
        row_of: catalogue index of a title, or None when the catalogue does not hold it.
    """
    pages = [np.zeros((0, 5), np.int64)]
    counts = [np.zeros((0, 3), np.int64)]
    place, after = 0, ""
    while True:
        page = database.run("learning_evidence", profile=profile, after=after, limit=_ROWS_AT_ONCE)
        if not page:
            break
        after = page[-1][0]
        columns: list[tuple[int, ...]] = []
        rhythm: list[tuple[int, int, int]] = []
        told = json.loads(f"[{','.join(row[5] for row in page)}]")
        for (title, *numbers, _), slots in zip(page, told, strict=True):
            row = row_of(title)
            if row is not None:
                here = place + len(columns)
                rhythm += [(here, _slot(name), int(times)) for name, times in slots.items()]
                columns.append((row, *numbers))
        place += len(columns)
        pages.append(np.array(columns, np.int64).reshape(-1, 5))
        counts.append(np.array(rhythm, np.int64).reshape(-1, 3))
        yield
    table = np.concatenate(pages)
    return Evidence(
        rows=table[:, 0],
        starts=table[:, 1],
        finishes=table[:, 2],
        finished_at=table[:, 3],
        last_at=table[:, 4],
        rhythm=np.concatenate(counts),
    )


def _slot(name: str) -> int:
    """Read ``"0"`` .. ``"167"`` and ``"m1"`` .. ``"m12"``."""
    return HOURS + int(name[1:]) - 1 if name.startswith("m") else int(name)
