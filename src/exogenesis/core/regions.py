"""How often titles are chosen in each region: columns take a tenth of the room of titles."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from exogenesis.core.titles import Title
from exogenesis.core.vectors import Floats


def in_columns(titles: Sequence[Title]) -> tuple[tuple[Title, ...], tuple[str, ...], Floats]:
    """Take the regions out of titles.

    Returns:
        The titles without their regions; the codes of the ``r`` regions, sorted; and ``(r, m)``
        float32: the popularity in each, NaN where a title does not say.
    """
    codes = sorted({code for title in titles for code, _ in title.regions})
    rows = {code: row for row, code in enumerate(codes)}
    columns = np.full((len(codes), len(titles)), np.nan, np.float32)
    for place, title in enumerate(titles):
        for code, popularity in title.regions:
            columns[rows[code], place] = popularity
    plain = tuple(replace(title, regions=()) if title.regions else title for title in titles)
    return plain, tuple(codes), columns
