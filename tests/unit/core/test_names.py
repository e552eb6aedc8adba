"""Names are met as people type them, against a slow and obvious twin."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exogenesis.core.names import BEGUN, HELD, NEARLY, WHOLE, NameIndex
from exogenesis.core.words import runs

INDEX = NameIndex(
    [
        (0, "Heat", "1995"),
        (1, "The Heat", "2013"),
        (2, "Heathers", "1989"),
        (3, "M", "1931"),
        (4, "Amélie", "2001"),
        (5, "Jurassic Park", "1993"),
        (6, "七人の侍", "1954"),
        (7, "Tom Hanks", ""),
        (7, "Meg Ryan", ""),
        (8, "Blade Runner 2049", "2017"),
    ]
)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("heat", {0: WHOLE, 1: HELD, 2: BEGUN}),
        ("HEAT (1995)", {0: WHOLE}),
        ("the heat", {1: WHOLE}),
        ("heat the", {1: HELD}),
        ("hea", {0: BEGUN, 1: HELD, 2: BEGUN}),
        ("m", {3: WHOLE, 7: BEGUN}),
        ("amelie", {4: WHOLE}),
        ("park jur", {5: HELD}),
        ("人の", {6: HELD}),
        ("七人の侍", {6: WHOLE}),
        ("ryan", {7: HELD}),
        ("blade runner 2049", {8: WHOLE}),
        ("blade runner 2017", {8: HELD}),
        ("1993", {5: HELD}),
        ("jurassic prak", {5: NEARLY}),
        ("jurasic park", {5: NEARLY}),
        ("jurasssic", {5: NEARLY}),
        ("jurossic", {5: NEARLY}),
        ("jurssac", {}),
        ("haet", {0: NEARLY, 1: NEARLY, 2: NEARLY}),
        ("eat", {}),
        ("jurassic parks heat", {}),
        ("", {}),
        ("?!", {}),
    ],
)
def test_how_names_are_met(typed: str, expected: dict[int, int]) -> None:
    assert INDEX.find(typed) == expected


def test_an_index_of_nothing_finds_nothing() -> None:
    assert NameIndex([]).find("heat") == {}


names = st.lists(st.text("abc d", max_size=8), max_size=12)


@settings(max_examples=200, deadline=None, derandomize=True)
@given(names, st.text("abc d", max_size=5))
def test_the_index_finds_what_looking_at_each_name_finds(listed: list[str], typed: str) -> None:
    index = NameIndex((row, name, "") for row, name in enumerate(listed))
    wanted = runs(typed)
    expected = {
        row
        for row, name in enumerate(listed)
        if wanted and all(any(part.startswith(w) for part in runs(name)) for w in wanted)
    }
    found = {row for row, how in index.find(typed).items() if how != NEARLY}
    assert found == expected
