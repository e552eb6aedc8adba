"""Words to a content vector: how a television reads what somebody typed, with numpy alone.

The encoder of a catalogue leaves, for each useful word, how much the word says (its inverse
document frequency) and where it points (its row of the right singular vectors). A text then
lands where the encoder would have put a title with these words (folding-in, Deerwester et al.,
1990)::

    a_w = (1 + ln n_w) idf_w        p = sum_w a_w v_w / |a|        q = max(1, f / |p|) p - c

for its known words w that occur n_w times. c is the mean of all titles, which the content
vectors have had subtracted as well. A few words say less than a title does and fall short of all
titles; without the factor, nothing but -c would be left of them. f is the length that nine
titles in ten reach, so the text of a title gives the title's own vector.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from exogenesis.core.vectors import Floats, Halves, Int8s, dequantise


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

    def __contains__(self, word: str) -> bool:
        return word in self.rows

    def embed(self, words: Iterable[str]) -> Floats | None:
        """Return ``(384,)`` float32 of length 1, or None when no word points anywhere."""
        counts = Counter(word for word in words if word in self.rows)
        if not counts:
            return None
        known = np.array([self.rows[word] for word in counts])
        often = np.array(list(counts.values()), np.float64)
        said = (1.0 + np.log(often)) * self.weights[known]
        pointed = (said / np.linalg.norm(said)) @ dequantise(self.codes[known], self.scales[known])
        length = float(np.linalg.norm(pointed))
        if length == 0.0:
            return None
        vector = max(1.0, self.least_length / length) * pointed - self.centre
        length = float(np.linalg.norm(vector))
        return None if length == 0.0 else (vector / length).astype(np.float32)
