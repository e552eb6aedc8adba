"""MovieLens folders: what is read, and what each malformed row is told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from exogenesis.constellation.catalog.folder import read_titles, size_bytes
from exogenesis.constellation.catalog.movielens import read_ratings
from exogenesis.errors import CatalogError

MOVIES = "movieId,title,genres\n"
RATINGS = "userId,movieId,rating,timestamp\n"
TAGS = "userId,movieId,tag,timestamp\n"
TWO = MOVIES + "1,Toy Story (1995),Animation|Sci-Fi\n7,Alien (1979),(no genres listed)\n"


def flags(*on: int) -> str:
    return "|".join("1" if number in on else "0" for number in range(19))


def item(number: int, name: str, *on: int) -> str:
    return f"{number}|{name}|01-Jan-1995||http://example.org|{flags(*on)}\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "movies.csv").write_text(TWO, encoding="utf-8")
    return tmp_path


def complaint(folder: Path) -> str:
    with pytest.raises(CatalogError) as caught:
        read_titles(folder)
    return str(caught.value)


def test_titles_genres_tags_and_likes_of_the_csv_form(folder: Path) -> None:
    (folder / "tags.csv").write_text(TAGS + "3,1,pixar,5\n4,1,fun,5\n", encoding="utf-8")
    (folder / "ratings.csv").write_text(
        RATINGS + "1,1,4.0,10\n2,1,3.5,11\n3,1,5,12\n", encoding="utf-8"
    )
    toys, alien = read_titles(folder)
    assert (toys.title.id, toys.title.name, toys.title.year) == ("1", "Toy Story", 1995)
    assert toys.title.genres == ("animation", "sci-fi")
    assert toys.title.popularity == 2
    assert toys.text.split() == [
        *("Toy", "Story", "genre_animation", "genre_scifi", "1995", "decade_199"),
        *("pixar", "fun"),
    ]
    assert alien.title.genres == ()
    assert alien.title.popularity == 0


@pytest.mark.parametrize(
    ("written", "name", "year"),
    [
        ('"Matrix, The (1999)"', "The Matrix", 1999),
        ('"Lady Eve, The (1941) "', "The Lady Eve", 1941),
        (
            '"City of Lost Children, The (Cité des enfants perdus, La) (1995)"',
            "The City of Lost Children (Cité des enfants perdus, La)",
            1995,
        ),
        ("Fawlty Towers (1975-1979)", "Fawlty Towers", 1975),
        ("Doctor Who (2005–)", "Doctor Who", 2005),
        ("Land Before Time III (1995) (V)", "Land Before Time III", 1995),
        ("Babylon 5", "Babylon 5", None),
        ('"Say ""Yes"" (2001)"', 'Say "Yes"', 2001),
        ("千と千尋の神隠し (2001)", "千と千尋の神隠し", 2001),
    ],
)
def test_how_names_are_read(tmp_path: Path, written: str, name: str, year: int | None) -> None:
    (tmp_path / "movies.csv").write_text(f"{MOVIES}1,{written},Drama\n", encoding="utf-8")
    (found,) = read_titles(tmp_path)
    assert (found.title.name, found.title.year) == (name, year)


def test_windows_line_ends_byte_order_mark_and_empty_lines_are_accepted(folder: Path) -> None:
    plain = read_titles(folder)
    text = "\ufeff" + TWO.replace("\n", "\r\n") + "\r\n"
    (folder / "movies.csv").write_bytes(text.encode())
    assert read_titles(folder) == plain


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "movies.csv, line 1: the file is empty"),
        ("id,title\n", "movies.csv, line 1: the header must read movieId,title,genres"),
        (MOVIES, "movies.csv holds no title"),
        (TWO + "x,Heat (1995),Crime\n", "line 4: movieId must be a whole number"),
        (TWO + "-8,Heat (1995),Crime\n", "line 4: movieId must be a whole number"),
        (TWO + "8,Heat (1995)\n", "line 4: 2 fields, expected 3: movieId,title,genres"),
        (TWO + "1,Heat (1995),Crime\n", "line 4: movieId 1 is already on line 2"),
        (TWO + "8,,Crime\n", "line 4: name must be a text of 1 to 400 characters"),
        (TWO + "8,(1995),Crime\n", "line 4: name must be a text of 1 to 400 characters"),
        (TWO + f"8,{'x' * 401},Crime\n", "line 4: name must be a text of 1 to 400"),
        (TWO + "8,Heat\x1b[2J (1995),Crime\n", "line 4: name must not hold control characters"),
        (TWO + "8,Heat (1995),Crime||War\n", "line 4: genres must be texts"),
        (TWO + '8,"Heat (1995),Crime\n', "line 4: not comma-separated values"),
        (TWO + '8,"two\nlines",Crime\n', "line 4: name must not hold control characters"),
        (TWO + "8," + "x" * (1 << 21), "line 4: longer than 1048576 bytes"),
    ],
)
def test_a_malformed_movie_is_named(folder: Path, text: str, expected: str) -> None:
    (folder / "movies.csv").write_text(text, encoding="utf-8")
    assert expected in complaint(folder)


def test_text_in_another_encoding_is_named(folder: Path) -> None:
    (folder / "movies.csv").write_bytes(TWO.encode() + "8,Amélie (2001),Comedy\n".encode("latin-1"))
    assert "movies.csv, line 4: not utf-8 text" in complaint(folder)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1,1,4.0\n", "line 2: 3 fields, expected 4: userId,movieId,rating,timestamp"),
        ("x,1,4.0,9\n", "line 2: userId must be a whole number"),
        ("1,x,4.0,9\n", "line 2: movieId must be a whole number"),
        ("1,1,nan,9\n", "line 2: rating must be a number above 0 and up to 5, not 'nan'"),
        ("1,1,good,9\n", "line 2: rating must be a number"),
        ("1,1,5.5,9\n", "line 2: rating must be a number"),
        ("1,1,4.0,1e9\n", "line 2: timestamp must be a whole number"),
        ("1,99,4.0,9\n", "line 2: movieId 99 is not in movies.csv"),
    ],
)
def test_a_malformed_rating_is_named(folder: Path, row: str, expected: str) -> None:
    (folder / "ratings.csv").write_text(RATINGS + row, encoding="utf-8")
    assert "ratings.csv, " + expected in complaint(folder)


def test_a_tag_for_an_unknown_title_is_named(folder: Path) -> None:
    (folder / "tags.csv").write_text(TAGS + "1,99,dark,3\n", encoding="utf-8")
    assert "tags.csv, line 2: movieId 99 is not in movies.csv" in complaint(folder)


def test_the_100k_form(tmp_path: Path) -> None:
    text = item(1, "Toy Story (1995)", 3, 4, 5) + item(2, "Misérables, Les (1995)") + "\n"
    (tmp_path / "u.item").write_bytes(text.encode("latin-1"))
    (tmp_path / "u.data").write_text("196\t1\t4\t881250949\n186\t1\t3\t891717742\n")
    toys, novel = read_titles(tmp_path)
    assert toys.title.genres == ("animation", "children's", "comedy")
    assert toys.title.popularity == 1
    assert novel.title.name == "Misérables, Les"
    assert list(read_ratings(tmp_path)) == [(196, "1", 4.0, 881250949), (186, "1", 3.0, 891717742)]


def test_the_100k_form_takes_its_genre_names_from_u_genre(tmp_path: Path) -> None:
    (tmp_path / "u.genre").write_text("unknown|0\nWar|1\n\n")
    (tmp_path / "u.item").write_text("5|Troy (2004)|||x|0|1\n6|Nothing|||x|1|0\n")
    assert [found.title.genres for found in read_titles(tmp_path)] == [("war",), ()]


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("u.item", "1|Heat (1995)|||x|0|1\n", "u.item, line 1: 7 fields, expected 24"),
        ("u.item", item(1, "Heat")[:-2] + "7\n", "u.item, line 1: genre flag 'western'"),
        ("u.item", item(1, "Heat") + item(1, "Ran"), "line 2: movie id 1 is already on line 1"),
        ("u.item", item(1, ""), "u.item, line 1: name must be a text"),
        ("u.genre", "unknown|0\nWar|2\n", "u.genre, line 2: expected 'name|1'"),
        ("u.data", "1\t1\t4\n", "u.data, line 1: 3 fields, expected 4 separated by tabs"),
        ("u.data", "1\t1\t0\t5\n", "u.data, line 1: rating must be a number"),
        ("u.data", "1\t9\t4\t5\n", "u.data, line 1: movieId 9 is not in u.item"),
    ],
)
def test_a_malformed_row_of_the_100k_form_is_named(
    tmp_path: Path, name: str, text: str, expected: str
) -> None:
    (tmp_path / "u.item").write_text(item(1, "Heat (1995)"))
    (tmp_path / name).write_text(text)
    assert expected in complaint(tmp_path)


def test_ratings_are_streamed(folder: Path) -> None:
    (folder / "ratings.csv").write_text(RATINGS + "1,1,4.0,9\n1,1,bad,9\n", encoding="utf-8")
    ratings: Iterator[tuple[int, str, float, int]] = read_ratings(folder)
    assert next(ratings) == (1, "1", 4.0, 9)
    with pytest.raises(CatalogError, match=r"line 3: rating"):
        next(ratings)


def test_a_folder_without_ratings_says_so(folder: Path) -> None:
    with pytest.raises(CatalogError, match=r"neither ratings\.csv nor u\.data"):
        read_ratings(folder)


def test_progress_adds_up_to_the_announced_size(folder: Path) -> None:
    (folder / "ratings.csv").write_text(RATINGS + "1,1,4.0,9\n", encoding="utf-8")
    read: list[int] = []
    read_titles(folder, read.append)
    assert sum(read) == size_bytes(folder) > 0


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ((), "holds no catalogue"),
        (("movies.csv", "u.item"), "holds movies.csv and u.item: two catalogues"),
    ],
)
def test_the_form_must_be_clear(tmp_path: Path, files: tuple[str, ...], expected: str) -> None:
    for name in files:
        (tmp_path / name).touch()
    assert expected in complaint(tmp_path)


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    assert "is not a folder" in complaint(tmp_path / "absent")
