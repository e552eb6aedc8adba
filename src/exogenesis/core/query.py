"""Words to a content vector: how a television reads what somebody typed, with numpy alone.

The encoder of a catalogue leaves, for each useful word, how much the word says (its inverse
document frequency) and where it points (its row v_w of the right singular vectors). A text of
more than eight known words w, each n_w times, then lands where the encoder would have put a title
with these words (folding-in, Deerwester et al., 1990)::

    a_w = (1 + ln n_w) idf_w        p = sum_w a_w v_w / |a|        q = max(1, f / |p|) p - c

Fewer words are no title but what somebody asks for, and each of them is meant; folded in, a
common one, whose v_w is long, would silence a rare one::

    p = sum_w v_w / |v_w|           q = f p / |p| - c

c is the mean of all titles, which the content vectors have had subtracted as well. f is the
length that nine titles in ten reach: with less, nothing but -c would be left of a few words.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from exogenesis.core.vectors import Floats, Halves, Int8s, dequantise, unit_rows

FEW_WORDS = 8
"""A text of more known words is taken for a title's."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QueryTable:
    """What the known words say and where they point.

    Attributes:
        rows: word to row, sorted by word.
        weights: ``(n,)`` float16 inverse document frequencies, above 0.
        codes: ``(n, 384)`` int8.
        scales: ``(n,)`` float16; ``codes * scales`` are the directions v.
        centre: ``(384,)`` float32, the mean c of the titles.
        least_length: f.
    """

    rows: Mapping[str, int]
    weights: Halves
    codes: Int8s
    scales: Halves
    centre: Floats
    least_length: float

    def __contains__(self, word: object) -> bool:
        return word in self.rows

    def embed(self, words: Iterable[str]) -> Floats | None:
        """Return ``(384,)`` float32 of length 1, or None when no word points anywhere."""
        counts = Counter(word for word in words if word in self.rows)
        if not counts:
            return None
        known = np.array([self.rows[word] for word in counts])
        directions = dequantise(self.codes[known], self.scales[known])
        if len(counts) > FEW_WORDS:
            often = np.array(list(counts.values()), np.float32)
            said = (1 + np.log(often)) * self.weights[known].astype(np.float32)
            point = said @ directions / np.linalg.norm(said)
            length = max(float(np.linalg.norm(point)), self.least_length)
        else:
            point = unit_rows(directions).sum(axis=0)
            length = self.least_length
        if not point.any():
            return None
        (vector,) = unit_rows(length * unit_rows(point[None]) - self.centre)
        return vector if vector.any() else None
