"""What titles have in common, against the slow way."""

from __future__ import annotations

import numpy as np
import pytest

from exogenesis.core.titles import Title
from exogenesis.tv.learning import Attributes
from exogenesis.tv.learning.attributes import length_of

TITLES = [
    Title(id="a", name="A", genres=("crime", "drama"), people=("X", "Y"), minutes=44),
    Title(id="b", name="B", genres=("drama", "drama"), people=("X",), language="de", popularity=3),
    Title(id="c", name="C", popularity=1),
    Title(id="d", name="D", genres=("crime",), people=("Z", "Z"), minutes=110, language="de"),
]
HELD = [
    {"genre:crime", "genre:drama", "person:X", "length:short"},
    {"genre:drama", "person:X", "language:de"},
    set(),
    {"genre:crime", "length:long", "language:de"},
]


def test_each_title_has_its_attributes_once_and_no_person_of_a_single_title() -> None:
    attributes = Attributes(TITLES)
    for row, held in enumerate(HELD):
        names = [attributes.names[value] for value in attributes.of(row)]
        assert len(names) == len(set(names))
        assert set(names) == held


def test_sums_over_attributes_and_titles_are_what_the_slow_way_says() -> None:
    attributes = Attributes(TITLES)
    weights = np.array([1.0, 2.0, 4.0, 8.0])
    gathered = dict(zip(attributes.names, attributes.gather(weights), strict=True))
    for name in attributes.names:
        assert gathered[name] == sum(weights[row] for row in range(4) if name in HELD[row])
    by_name = {name: 10.0**row for row, name in enumerate(attributes.names)}
    spread = attributes.spread(np.array(list(by_name.values())))
    assert spread.tolist() == pytest.approx([sum(by_name[n] for n in held) for held in HELD])


def test_the_base_is_the_share_of_titles_drawn_by_popularity() -> None:
    attributes = Attributes(TITLES)
    base = dict(zip(attributes.names, attributes.base, strict=True))
    assert base["language:de"] == pytest.approx(0.9 * 3 / 4 + 0.1 * 2 / 4)
    assert base["genre:crime"] == pytest.approx(0.1 * 2 / 4)
    everywhere = Attributes([Title(id="a", name="A", genres=("x",))])
    assert everywhere.base.max() < 1.0
    assert len(Attributes([])) == 0


def test_genres_are_listed_apart() -> None:
    attributes = Attributes(TITLES)
    names = [attributes.names[row] for row in attributes.genres]
    assert sorted(names) == ["genre:crime", "genre:drama"]
    for row, held in enumerate(HELD):
        own = slice(attributes.genre_offsets[row], attributes.genre_offsets[row + 1])
        found = {names[value] for value in attributes.genre_values[own]}
        assert found == {name for name in held if name.startswith("genre:")}


def test_the_strongest_attribute_is_named_only_if_it_speaks_for_the_title() -> None:
    attributes = Attributes(TITLES)
    weights = np.zeros(len(attributes))
    assert attributes.strongest(0, weights) is None
    crime, drama = attributes.position("genre:crime"), attributes.position("genre:drama")
    assert crime is not None
    assert drama is not None
    weights[[crime, drama]] = 0.5, 0.7
    assert attributes.strongest(0, weights) == "genre:drama"
    assert attributes.strongest(3, weights) == "genre:crime"
    assert attributes.strongest(2, weights) is None
    assert attributes.position("genre:none") is None


def test_lengths() -> None:
    lengths = [length_of(minutes) for minutes in (None, 0, 44, 45, 109, 110)]
    assert lengths == [
        None,
        "length:short",
        "length:short",
        "length:medium",
        "length:medium",
        "length:long",
    ]
