"""Words of a text, in any language: what the catalogue's encoder and a television's search share.

A word is folded, so that one typed without capitals or accents is the same word: compatibility
decomposition, case folding, the marks U+0300 to U+036F taken away, compatibility composition.
Letters, digits, the underscore and the marks of a script (the vowel signs of Devanagari, say)
make words; everything else separates them. An apostrophe in front of one or two last letters is
dropped (``ocean's`` is ``oceans``), another one separates (``l'eclisse`` is ``eclisse``). One
letter or digit of ASCII is no word. Chinese and Japanese do not space their words: a run of their
characters counts as all its pairs of neighbours, and one that stands alone as itself.

A whole genre, person or language is a word of its own, with its kind in front: ``genre_scifi``.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container, Iterator
from itertools import pairwise

_KINDS = ("genre", "person", "language")
_KIND_STARTS = tuple(f"{kind}_" for kind in _KINDS)
_MARK_RUNS_MAX = 5

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


def runs(text: str) -> list[str]:
    """Return what stands between separators, folded; single letters too, and nothing cut up."""
    return _APOSTROPHE.sub("", fold(text)).translate(_Separated()).split()


def is_unspaced(text: str) -> bool:
    """Whether characters are in a text between whose words nobody puts a space."""
    return _UNSPACED.search(text) is not None


def words(text: str) -> list[str]:
    """Return the words of a text in their order, folded; a word comes as often as it is there."""
    return [word for run in runs(text) for word in _words_of(run)]


def _words_of(run: str) -> Iterator[str]:
    if is_mark(run):
        yield run
        return
    for place, part in enumerate(_UNSPACED.split(run)):
        if place % 2:
            yield from (map("".join, pairwise(part)) if len(part) > 1 else (part,))
        elif len(part) > 1 or (part and not part.isascii()):
            yield part


def mark(kind: str, value: str) -> str:
    """One word for a whole value: ``mark("genre", "sci-fi") == "genre_scifi"``."""
    return f"{kind}_{''.join(filter(str.isalnum, value.lower()))}"


def typed_words(text: str, known: Container[str]) -> list[str]:
    """Return the words of what somebody typed: a mark where one of ``known`` may be meant.

    Neighbouring runs count as one value, the longest first: ``tom hanks`` is the person and
    ``sci-fi`` the genre, if they are known.
    """
    found = runs(text)
    typed: list[str] = []
    start = 0
    while start < len(found):
        for end in range(min(len(found), start + _MARK_RUNS_MAX), start, -1):
            value = "".join(found[start:end])
            meant = [one for one in (mark(kind, value) for kind in _KINDS) if one in known]
            if meant:
                break
        typed += meant or _words_of(found[start])
        start = end
    return typed


def is_mark(word: str) -> bool:
    """Whether a word stands for a whole genre, person or language."""
    return word.startswith(_KIND_STARTS)
