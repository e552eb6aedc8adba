"""Words of a text: folded alike wherever they were typed, in any script."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exogenesis.core.words import fold, mark, typed_words, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("The Third Man", ["the", "third", "man"]),
        ("Amélie  AMELIE\tamelie", ["amelie"] * 3),
        ("Ångström Größe GRÖSSE", ["angstrom", "grosse", "grosse"]),
        ("ﬁlm Ⅳ \uff46ull", ["film", "iv", "full"]),
        ("Ocean's Ocean\u2019s don't we're", ["oceans", "oceans", "dont", "were"]),
        ("L'Eclisse d'Artagnan O'Brien", ["eclisse", "artagnan", "brien"]),
        ("'quoted' rock'n'roll", ["quoted", "rock", "roll"]),
        ("X 9 M é я", ["я"]),
        ("Blade Runner 2049, sci-fi", ["blade", "runner", "2049", "sci", "fi"]),
        ("genre_scifi", ["genre_scifi"]),
        ("Ёлка йод", ["елка", "иод"]),
        ("Σίσυφος ΣΊΣΥΦΟΣ", ["σισυφοσ"] * 2),
        ("सिनेमा हिंदी", ["सिनेमा", "हिंदी"]),
        ("영화", ["영화"]),
        ("七人の侍 星", ["七人", "人の", "の侍", "星"]),
        ("千と千尋2001", ["千と", "と千", "千尋", "2001"]),
        ("", []),
        ("?! \u200b\x00 🌊", []),
    ],
)
def test_words(text: str, expected: list[str]) -> None:
    assert words(text) == expected


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(max_size=60))
def test_words_hold_nothing_that_folding_would_change(text: str) -> None:
    found = words(text)
    assert words(" ".join(word for word in found)) == [
        again for word in found for again in words(word)
    ]
    assert all(fold(word) == word for word in found)
    assert not any(char.isspace() for word in found for char in word)


def test_a_mark_is_one_word_with_its_accents_or_without() -> None:
    assert words(mark("person", "Jürgen Prochnow")) == ["person_jurgenprochnow"]
    assert words(mark("genre", "Sci-Fi")) == ["genre_scifi"]
    assert words(mark("person", "黒澤明")) == ["person_黒澤明"]


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("Space WAR", ["space", "genre_war"]),
        ("sci-fi", ["genre_scifi"]),
        ("Sci Fi noir", ["genre_scifi", "noir"]),
        ("tom hanks drama", ["person_tomhanks", "drama"]),
        ("Hanks", ["hanks"]),
        ("黒澤明 war", ["person_黒澤明", "genre_war"]),
        ("七人の侍", ["七人", "人の", "の侍"]),
        ("O'Brien", ["person_obrien"]),
        ("x", []),
        ("", []),
    ],
)
def test_typed_words_are_taken_for_values_that_are_known(typed: str, expected: list[str]) -> None:
    known = {"genre_war", "genre_scifi", "person_tomhanks", "person_黒澤明", "person_obrien"}
    assert typed_words(typed, known) == expected
