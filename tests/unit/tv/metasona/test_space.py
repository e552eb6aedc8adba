from __future__ import annotations

from dataclasses import asdict, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exogenesis.core.ranking import RankerSettings
from exogenesis.errors import InputError
from exogenesis.tv.metasona.space import Scale, Setting, Space
from exogenesis.tv.metasona.television import (
    RANKER_SPACE,
    WITH_FLEET,
    WITHOUT_FLEET,
    point_of,
    settings_of,
)

SPACE = Space(
    (
        Setting(name="weight", low=-1.0, high=3.0),
        Setting(name="half_life", scale=Scale.LOG, low=0.5, high=512.0),
        Setting(name="pool", scale=Scale.INTEGER, low=20, high=100),
        Setting(name="index", scale=Scale.CHOICE, choices=("exact", "hnsw", "none")),
    )
)
PLACES = st.lists(st.floats(-0.5, 1.5), min_size=4, max_size=4).map(np.array)


@given(PLACES)
def test_every_place_is_a_point_within_bounds_and_the_point_has_a_place(place: np.ndarray) -> None:
    point = SPACE.decode(place)
    assert SPACE.point(point) == point
    again = SPACE.decode(SPACE.encode(point))
    assert again["pool"] == point["pool"]
    assert again["index"] == point["index"]
    assert again["weight"] == pytest.approx(point["weight"], abs=1e-12)
    assert again["half_life"] == pytest.approx(point["half_life"], rel=1e-12)


def test_scales_are_spread_as_they_say() -> None:
    middle = SPACE.decode(np.full(4, 0.5))
    assert middle == {"weight": 1.0, "half_life": 16.0, "pool": 60, "index": "hnsw"}
    edges = [SPACE.decode(np.full(4, edge)) for edge in (0.0, 1.0)]
    assert [edge["pool"] for edge in edges] == [20, 100]
    assert [edge["index"] for edge in edges] == ["exact", "none"]


def test_every_whole_number_is_equally_wide() -> None:
    one = Setting(name="n", scale=Scale.INTEGER, low=2, high=5)
    drawn = [one.decode(place) for place in np.linspace(0.0, 0.999, 400)]
    assert [drawn.count(value) for value in (2, 3, 4, 5)] == [100, 100, 100, 100]


def test_a_point_cannot_be_changed() -> None:
    point = SPACE.decode(np.full(4, 0.5))
    with pytest.raises(TypeError):
        point["weight"] = 2.0  # type: ignore[index]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("weight", 3.1),
        ("weight", float("nan")),
        ("weight", "1"),
        ("weight", True),
        ("half_life", 0.4),
        ("pool", 30.0),
        ("pool", 101),
        ("index", "tree"),
        ("index", 0),
    ],
)
def test_what_is_out_of_bounds_is_refused_and_named(name: str, value: object) -> None:
    values = {"weight": 1.0, "half_life": 2.0, "pool": 30, "index": "exact", name: value}
    with pytest.raises(InputError, match=name):
        SPACE.point(values)


def test_missing_and_unknown_settings_are_refused_and_named() -> None:
    with pytest.raises(InputError, match="index, speed"):
        SPACE.point({"weight": 1.0, "half_life": 2.0, "pool": 30, "speed": 1})


def test_settings_of_another_release_are_moved_into_the_bounds() -> None:
    default = SPACE.decode(np.full(4, 0.5))
    old = {"weight": 99, "half_life": "long", "pool": 40.6, "gone": 1}
    assert SPACE.clamp(old, default) == {
        "weight": 3.0,
        "half_life": 16.0,
        "pool": 41,
        "index": "hnsw",
    }
    assert SPACE.clamp({"weight": float("nan"), "pool": True}, default) == default


@pytest.mark.parametrize(
    "wrong",
    [
        {"low": 1.0, "high": 1.0},
        {"low": 0.0, "high": float("inf")},
        {"low": 0.0, "high": 1.0, "scale": Scale.LOG},
        {"scale": Scale.CHOICE},
    ],
)
def test_bounds_that_are_none_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        Setting(name="s", **wrong)  # type: ignore[arg-type]


def test_two_settings_of_one_name_are_refused() -> None:
    with pytest.raises(InputError, match="share a name"):
        Space((Setting(name="s"), Setting(name="s")))


def test_every_setting_of_the_ranking_is_in_the_space_and_starts_within_its_bounds() -> None:
    assert {one.name for one in RANKER_SPACE.settings} == {f.name for f in fields(RankerSettings)}
    default = RankerSettings()
    assert RANKER_SPACE.point(asdict(default)) == point_of(default)
    assert settings_of(point_of(default), replace(default, pool=99, diversity=0.4)) == default
    for names in (WITH_FLEET, WITHOUT_FLEET):
        assert len(RANKER_SPACE.part(names)) == len(names)
