"""Which form a catalogue folder has, told by the files in it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from exogenesis.constellation.catalog.entry import CatalogEntry
from exogenesis.constellation.catalog.jsonl import read_jsonl_titles
from exogenesis.constellation.catalog.lines import Advance, unheard
from exogenesis.constellation.catalog.movielens import read_100k_titles, read_csv_titles
from exogenesis.errors import CatalogError

_Reader = Callable[[Path, Advance], list[CatalogEntry]]

_FORMS: dict[str, tuple[_Reader, tuple[str, ...]]] = {
    "titles.jsonl": (read_jsonl_titles, ()),
    "movies.csv": (read_csv_titles, ("tags.csv", "ratings.csv")),
    "u.item": (read_100k_titles, ("u.genre", "u.data")),
}


def read_titles(folder: Path, advance: Advance = unheard) -> list[CatalogEntry]:
    """Read the titles of a folder in the order of its file.

    Args:
        folder: holds ``titles.jsonl``, or ``movies.csv``, or ``u.item``.
        advance: is told the bytes read; they add up to :func:`size_bytes`.

    Raises:
        CatalogError: no form or two forms are there, a row is malformed (the message names
            file, line and field), or there is no title at all.
    """
    form = _form(folder)
    entries = _FORMS[form][0](folder, advance)
    if not entries:
        raise CatalogError(f"{folder / form} holds no title")
    return entries


def size_bytes(folder: Path) -> int:
    """How many bytes :func:`read_titles` is going to read."""
    form = _form(folder)
    paths = [folder / name for name in (form, *_FORMS[form][1])]
    return sum(path.stat().st_size for path in paths if path.is_file())


def _form(folder: Path) -> str:
    if not folder.is_dir():
        raise CatalogError(f"{folder} is not a folder")
    found = [name for name in _FORMS if (folder / name).is_file()]
    if not found:
        raise CatalogError(
            f"{folder} holds no catalogue. It must hold one of: titles.jsonl (one title a line, "
            "see docs/catalogue.md), movies.csv (MovieLens CSV, with ratings.csv and tags.csv "
            "if you have them), u.item (MovieLens 100k, with u.data if you have it)"
        )
    if len(found) > 1:
        raise CatalogError(
            f"{folder} holds {' and '.join(found)}: two catalogues; leave only one of them there"
        )
    return found[0]
