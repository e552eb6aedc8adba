"""MovieLens folders: the CSV form (latest-small, 25M) and the 100k form.

Ratings are streamed, so memory grows with titles and tags, not with ratings.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from exogenesis.constellation.catalog.entry import CatalogEntry, entry
from exogenesis.constellation.catalog.lines import (
    Advance,
    malformed,
    read_csv,
    read_lines,
    unheard,
)
from exogenesis.core.titles import Title
from exogenesis.errors import CatalogError

LIKED_RATING = 4.0
"""A rating from here on counts towards a title's popularity."""

RATING_MAX = 5.0

Rating = tuple[int, str, float, int]
"""User, title id, rating in stars, Unix time in seconds."""

_Rows = dict[str, tuple[int, str, tuple[str, ...]]]
"""Title id to line number, name as written and genres."""

_MOVIES = ("movieId", "title", "genres")
_RATINGS = ("userId", "movieId", "rating", "timestamp")
_TAGS = ("userId", "movieId", "tag", "timestamp")
_ITEM_FIELDS = ("movie id", "movie title", "release date", "video release date", "IMDb URL")
_NO_GENRES = "(no genres listed)"
_UNKNOWN_GENRE = "unknown"
_GENRES_100K = (
    "unknown",
    "action",
    "adventure",
    "animation",
    "children's",
    "comedy",
    "crime",
    "documentary",
    "drama",
    "fantasy",
    "film-noir",
    "horror",
    "musical",
    "mystery",
    "romance",
    "sci-fi",
    "thriller",
    "war",
    "western",
)
# "(1995)"; "(2006–2007)" of a series; "(1995) (V)" of a video
_YEAR = re.compile(r"\s*\((\d{4})(?:[-–]\d{0,4})?\)\s*(?:\(V\)\s*)?$")
_ARTICLE = re.compile(r"^(?P<name>[^()]+), (?P<article>The|A|An)(?P<rest>( \(.*\))?)$")


def read_csv_titles(folder: Path, advance: Advance = unheard) -> list[CatalogEntry]:
    """Read ``movies.csv`` with, where present, ``tags.csv`` and ``ratings.csv``.

    Raises:
        CatalogError: names the file, the line and the field that is wrong.
    """
    path = folder / "movies.csv"
    rows: _Rows = {}
    for line, (movie, name, genres) in read_csv(path, _MOVIES, advance):
        _check_new(path, line, "movieId", movie, rows)
        words = () if genres == _NO_GENRES else tuple(genres.lower().split("|"))
        rows[movie] = (line, name, words)
    tags: dict[str, list[str]] = defaultdict(list)
    if (folder / "tags.csv").exists():
        for line, (_, movie, tag, _) in read_csv(folder / "tags.csv", _TAGS, advance):
            if movie not in rows:
                raise _stranger(folder / "tags.csv", line, movie, path)
            tags[movie].append(tag)
    likes = _likes(folder / "ratings.csv", rows, path, advance)
    return [
        entry(_title(path, line, movie, name, genres, likes[movie]), tags[movie])
        for movie, (line, name, genres) in rows.items()
    ]


def read_100k_titles(folder: Path, advance: Advance = unheard) -> list[CatalogEntry]:
    """Read ``u.item`` with, where present, ``u.genre`` and ``u.data``.

    Raises:
        CatalogError: names the file, the line and the field that is wrong.
    """
    path = folder / "u.item"
    names = _genre_names(folder / "u.genre", advance)
    columns = len(_ITEM_FIELDS) + len(names)
    rows: _Rows = {}
    for line, text in enumerate(read_lines(path, "latin-1", advance), start=1):
        row = text.rstrip("\r\n").split("|")
        if row == [""]:
            continue
        if len(row) != columns:
            raise malformed(
                path,
                line,
                f"{len(row)} fields, expected {columns} separated by '|': "
                f"{', '.join(_ITEM_FIELDS)} and {len(names)} genre flags",
            )
        movie, flags = row[0], row[len(_ITEM_FIELDS) :]
        _check_new(path, line, "movie id", movie, rows)
        for name, flag in zip(names, flags, strict=True):
            if flag not in ("0", "1"):
                raise malformed(path, line, f"genre flag {name!r} must be 0 or 1, not {flag!r}")
        marked = (name for name, flag in zip(names, flags, strict=True) if flag == "1")
        rows[movie] = (line, row[1], tuple(name for name in marked if name != _UNKNOWN_GENRE))
    likes = _likes(folder / "u.data", rows, path, advance)
    return [
        entry(_title(path, line, movie, name, genres, likes[movie]))
        for movie, (line, name, genres) in rows.items()
    ]


def read_ratings(folder: Path, advance: Advance = unheard) -> Iterator[Rating]:
    """Yield the ratings of a MovieLens folder in the order of its file, one at a time.

    Raises:
        CatalogError: there is no ``ratings.csv`` or ``u.data``, or a row is malformed.
    """
    path = next(filter(Path.is_file, (folder / "ratings.csv", folder / "u.data")), None)
    if path is None:
        raise CatalogError(f"{folder} holds no ratings: neither ratings.csv nor u.data is there")
    return (rating for _, rating in _rating_rows(path, advance))


def _rating_rows(path: Path, advance: Advance) -> Iterator[tuple[int, Rating]]:
    rows = _tabbed(path, advance) if path.name == "u.data" else read_csv(path, _RATINGS, advance)
    for line, (user, movie, rating, at) in rows:
        _check_number(path, line, "userId", user)
        _check_number(path, line, "movieId", movie)
        _check_number(path, line, "timestamp", at)
        try:
            stars = float(rating)
        except ValueError:
            stars = 0.0
        if not 0.0 < stars <= RATING_MAX:
            raise malformed(
                path, line, f"rating must be a number above 0 and up to 5, not {rating!r}"
            )
        yield line, (int(user), movie, stars, int(at))


def _tabbed(path: Path, advance: Advance) -> Iterator[tuple[int, list[str]]]:
    for line, text in enumerate(read_lines(path, "latin-1", advance), start=1):
        row = text.rstrip("\r\n").split("\t")
        if len(row) == 4:
            yield line, row
        elif row != [""]:
            raise malformed(
                path,
                line,
                f"{len(row)} fields, expected 4 separated by tabs: {', '.join(_RATINGS)}",
            )


def _likes(path: Path, known: _Rows, movies: Path, advance: Advance) -> dict[str, int]:
    """Count the ratings of :data:`LIKED_RATING` and more of each title."""
    likes: dict[str, int] = dict.fromkeys(known, 0)
    if path.exists():
        for line, (_, movie, rating, _) in _rating_rows(path, advance):
            if movie not in likes:
                raise _stranger(path, line, movie, movies)
            likes[movie] += rating >= LIKED_RATING
    return likes


def _genre_names(path: Path, advance: Advance) -> tuple[str, ...]:
    if not path.exists():
        return _GENRES_100K
    names: list[str] = []
    for line, text in enumerate(read_lines(path, "latin-1", advance), start=1):
        name, bar, number = text.strip().rpartition("|")
        if not text.strip():
            continue
        if not bar or not name or number != str(len(names)):
            raise malformed(path, line, f"expected 'name|{len(names)}'")
        names.append(name.lower())
    return tuple(names)


def _title(
    path: Path, line: int, movie: str, name: str, genres: tuple[str, ...], likes: int
) -> Title:
    """Make a title of the MovieLens spelling ``Name, The (year)``."""
    year = _YEAR.search(name)
    bare = name[: year.start()] if year else name
    article = _ARTICLE.match(bare.strip())
    try:
        return Title(
            id=movie,
            name="{article} {name}{rest}".format(**article.groupdict())
            if article
            else bare.strip(),
            year=int(year[1]) if year else None,
            genres=genres,
            popularity=float(likes),
        )
    except ValueError as error:
        raise malformed(path, line, str(error)) from error


def _check_new(
    path: Path,
    line: int,
    field: str,
    movie: str,
    known: _Rows,
) -> None:
    _check_number(path, line, field, movie)
    if movie in known:
        raise malformed(path, line, f"{field} {movie} is already on line {known[movie][0]}")


def _check_number(path: Path, line: int, field: str, text: str) -> None:
    if not (text.isdigit() and text.isascii() and len(text) <= 12):
        raise malformed(
            path, line, f"{field} must be a whole number of 1 to 12 digits, not {text!r}"
        )


def _stranger(path: Path, line: int, movie: str, movies: Path) -> CatalogError:
    return malformed(path, line, f"movieId {movie} is not in {movies.name}")
