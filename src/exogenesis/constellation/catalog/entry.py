"""A title as a reader hands it on: what the pack keeps, and the words the encoder reads."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from exogenesis.core.titles import Title
from exogenesis.core.words import mark

__all__ = ["CatalogEntry", "entry", "mark"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogEntry:
    """One title with the text from which its content vector is made.

    Attributes:
        title: the fields that reach the televisions.
        text: words and marks such as ``genre_comedy``; it stays with the operator.
    """

    title: Title
    text: str


def entry(title: Title, words: Iterable[str] = ()) -> CatalogEntry:
    """Join what a title says about itself with further ``words`` of its reader."""
    marks = [mark("genre", genre) for genre in title.genres]
    marks += [mark("person", person) for person in title.people]
    if title.language is not None:
        marks.append(mark("language", title.language))
    if title.year is not None:
        marks += [str(title.year), f"decade_{title.year // 10}"]
    further = [word for word in words if word not in marks]
    return CatalogEntry(title=title, text=" ".join([title.name, *marks, *further]))
