"""Words of a text, in any language: what the catalogue's encoder and a television's search share.

A word is folded, so that one typed without capitals or accents is the same word: compatibility
decomposition, case folding, the marks U+0300 to U+036F taken away, compatibility composition.
Letters, digits, the underscore and the marks of a script (the vowel signs of Devanagari, say)
make words; everything else separates them. An apostrophe in front of one or two last letters is
dropped (``ocean's`` is ``oceans``), another one separates (``l'eclisse`` is ``eclisse``). One
letter or digit of ASCII is no word. Chinese and Japanese do not space their words: a run of their
characters counts as all its pairs of neighbours, and one that stands alone as itself.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

MARKS = ("genre", "person", "language")
"""Kinds of values that are one word each, such as ``genre_scifi``: see :func:`mark`."""

_ACCENTS = re.compile("[\u0300-\u036f]+")
_APOSTROPHE = re.compile(r"(?<=\w)['\u2019](?=\w{1,2}(?![\w'\u2019]))")
_UNSPACED = re.compile(
    "([\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]+)"
)


class _Separated(dict[int, str | int]):
    """A table for ``str.translate`` that puts a space for whatever makes no word."""

    def __missing__(self, code: int) -> str | int:
        char = chr(code)
        kept = char.isalnum() or char == "_" or unicodedata.category(char)[0] == "M"
        return code if kept else " "


def fold(text: str) -> str:
    """Return ``text`` without what a person may leave out: case, accents, kinds of letters."""
    bare = _ACCENTS.sub("", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFKC", _ACCENTS.sub("", unicodedata.normalize("NFKD", bare)))


def words(text: str) -> list[str]:
    """Return the words of a text in their order, folded; a word comes as often as it is there."""
    joined = _APOSTROPHE.sub("", fold(text)).translate(_Separated())
    return [word for run in joined.split() for word in _words_of(run)]


def _words_of(run: str) -> Iterator[str]:
    for place, part in enumerate(_UNSPACED.split(run)):
        if place % 2:
            yield from (map("".join, pairwise(part)) if len(part) > 1 else (part,))
        elif len(part) > 1 or (part and not part.isascii()):
            yield part


def mark(kind: str, value: str) -> str:
    """One word for a whole value: ``mark("genre", "sci-fi") == "genre_scifi"``."""
    return f"{kind}_{''.join(filter(str.isalnum, value.lower()))}"
