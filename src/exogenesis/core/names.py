"""Names as people type them: whole, begun, in another order, or with one letter wrong."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from functools import cached_property
from itertools import accumulate

from exogenesis.core.words import is_unspaced, runs

WHOLE, BEGUN, HELD, NEARLY = 4, 3, 2, 1
"""How a name was met: it is what was typed; it begins with it; it holds every word, or the
beginning of it; it does with one letter of a word wrong, missing, too much or changed over."""

_TYPO_LENGTH_LEAST = 4


class NameIndex:
    """Finds rows by their names.

    Args:
        names: row, name, and what may follow the name without being part of it, such as a year;
            a row may have several names.
    """

    def __init__(self, names: Iterable[tuple[int, str, str]]) -> None:
        self._rows: list[int] = []
        self._wholes: list[str] = []
        spelled = []
        for row, name, ending in names:
            whole = " ".join(runs(name))
            self._rows.append(row)
            self._wholes.append(whole)
            spelled.append(f" {whole} {ending}\n")
        self._text = "".join(spelled)
        self._starts = list(accumulate(map(len, spelled), initial=0))

    def find(self, typed: str) -> dict[int, int]:
        """Return the rows that were met, each with how: the best of its names.

        Typed words are only put right when no name holds all of them.
        """
        wanted = runs(typed)
        if not wanted:
            return {}
        found = set.intersection(*map(self._holding, wanted))
        if found:
            met = ((self._how(place, wanted), self._rows[place]) for place in found)
            return {row: how for how, row in sorted(met)}
        near = (set().union(*map(self._holding, self._near(word))) for word in wanted)
        return {self._rows[place]: NEARLY for place in set.intersection(*near)}

    def _holding(self, word: str) -> set[int]:
        """Names of which a word begins with ``word``; one without spaces need only hold it."""
        needle = word if is_unspaced(word) else f" {word}"
        places = set()
        at = self._text.find(needle)
        while at >= 0:
            place = bisect_right(self._starts, at) - 1
            places.add(place)
            at = self._text.find(needle, self._starts[place + 1])
        return places

    def _how(self, place: int, wanted: list[str]) -> int:
        typed, whole = " ".join(wanted), self._wholes[place]
        spelled = self._text[self._starts[place] + 1 : self._starts[place + 1] - 1]
        if typed in (whole, spelled):
            return WHOLE
        return BEGUN if spelled.startswith(typed) else HELD

    @cached_property
    def _vocabulary(self) -> frozenset[str]:
        return frozenset(self._text.split())

    @cached_property
    def _letters(self) -> str:
        return "".join(sorted({letter for word in self._vocabulary for letter in word}))

    def _near(self, word: str) -> list[str]:
        """The word, and the words of names that are one slip of the finger away from it."""
        if len(word) < _TYPO_LENGTH_LEAST:
            return [word]
        return [word, *self._vocabulary.intersection(_slips(word, self._letters))]


def _slips(word: str, letters: str) -> Iterator[str]:
    for place in range(len(word) + 1):
        left, right = word[:place], word[place:]
        for letter in letters:
            yield left + letter + right
            yield left + letter + right[1:]
        if right:
            yield left + right[1:]
        if len(right) > 1:
            yield left + right[1] + right[0] + right[2:]
