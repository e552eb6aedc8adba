"""``titles.jsonl``: every field, and what each malformed line is told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from exogenesis.constellation.catalog.folder import read_titles
from exogenesis.core.titles import Title
from exogenesis.errors import CatalogError

FULL = {
    "id": "tt-1",
    "name": "Das Boot – wersja reżyserska 🌊",
    "year": 1981,
    "genres": ["War", "drama", "WAR"],
    "description": "A submarine crew in the Atlantic.",
    "people": ["Jürgen Prochnow", "Wolfgang Petersen"],
    "language": "DE",
    "episodes": 6,
    "regions": {"DE": 120, "AT": 14.5},
    "minutes": 149,
    "age": 0,
    "available_from": "2026-01-31",
    "available_until": "2026-03-01T01:00:00+01:00",
    "popularity": 12.5,
}


def write(folder: Path, *lines: str) -> Path:
    (folder / "titles.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


def test_every_field_arrives(tmp_path: Path) -> None:
    (found,) = read_titles(write(tmp_path, json.dumps(FULL, ensure_ascii=False)))
    assert found.title == Title(
        id="tt-1",
        name="Das Boot – wersja reżyserska 🌊",
        year=1981,
        genres=("war", "drama"),
        minutes=149,
        age=0,
        available_from=1769817600,
        available_until=1772323200,
        popularity=12.5,
        language="de",
        people=("Jürgen Prochnow", "Wolfgang Petersen"),
        episodes=6,
        regions=(("AT", 14.5), ("DE", 120)),
    )
    for word in ("genre_war", "decade_198", "person_jürgenprochnow", "language_de", "submarine"):
        assert word in found.text.split()


def test_eight_people_reach_the_televisions_and_all_of_them_the_encoder(tmp_path: Path) -> None:
    people = [f"Person {number}" for number in range(10)]
    (found,) = read_titles(write(tmp_path, json.dumps(FULL | {"people": [*people, people[0]]})))
    assert found.title.people == tuple(people[:8])
    marks = [word for word in found.text.split() if word.startswith("person_")]
    assert marks == [f"person_person{number}" for number in range(10)]


def test_only_id_and_name_are_needed_and_null_means_unknown(tmp_path: Path) -> None:
    lines = ('{"id": "a", "name": "A"}', "", '{"id": "b", "name": "B", "year": null}')
    found = read_titles(write(tmp_path, *lines))
    assert [item.title for item in found] == [Title(id="a", name="A"), Title(id="b", name="B")]


def test_times_may_be_unix_seconds(tmp_path: Path) -> None:
    (found,) = read_titles(write(tmp_path, '{"id": "a", "name": "A", "available_from": 5}'))
    assert found.title.available_from == 5


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ('"id": "b"', "field 'name' is missing"),
        ('"name": "B"', "field 'id' is missing"),
        ('"id": null, "name": "B"', "field 'id' is missing"),
        ('"id": 7, "name": "B"', "id must be a text of 1 to 64 characters"),
        ('"id": "b", "name": ""', "name must be a text of 1 to 400 characters"),
        ('"id": "b", "name": "\\ud800"', "name must not hold control characters"),
        ('"id": "b\\n", "name": "B"', "id must not hold control characters"),
        ('"id": "b", "name": "B", "yaer": 1', "unknown field 'yaer'; known are id, name, year"),
        ('"id": "b", "name": "B", "year": "1999"', "year must be a whole number"),
        ('"id": "b", "name": "B", "year": true', "year must be a whole number"),
        ('"id": "b", "name": "B", "minutes": 1.5', "minutes must be a whole number"),
        ('"id": "b", "name": "B", "age": -1', "age must be a whole number from 0 to 10995"),
        ('"id": "b", "name": "B", "genres": "War"', "genres must be a list of texts"),
        ('"id": "b", "name": "B", "genres": [""]', "genres must be a list of texts"),
        ('"id": "b", "name": "B", "people": [1]', "people must be a list of texts"),
        ('"id": "b", "name": "B", "description": 1', "description must be a text"),
        ('"id": "b", "name": "B", "language": ["de"]', "language must be a text"),
        ('"id": "b", "name": "B", "language": ""', "language must be a text of 1 to 35"),
        ('"id": "b", "name": "B", "people": ["\\n"]', "a name in people must not hold control"),
        ('"id": "b", "name": "B", "episodes": 0', "episodes must be a whole number from 1"),
        ('"id": "b", "name": "B", "regions": ["DE"]', "regions must be an object such as"),
        ('"id": "b", "name": "B", "regions": {"Bayern": 1}', "regions must have codes such as DE"),
        ('"id": "b", "name": "B", "regions": {"DE": -1}', "regions: the popularity in DE must be"),
        ('"id": "b", "name": "B", "popularity": -1', "popularity must be a number from 0 to 1e+15"),
        ('"id": "b", "name": "B", "popularity": NaN', "NaN is not a JSON number"),
        ('"id": "b", "name": "B", "popularity": 1e999', "popularity must be a number"),
        ('"id": "b", "name": "B", "available_from": "soon"', "available_from must be Unix seconds"),
        ('"id": "b", "name": "B", "available_from": 1.5', "available_from must be Unix seconds"),
        (
            '"id": "b", "name": "B", "available_from": 9, "available_until": 9',
            "available_until must be later than available_from",
        ),
        ('"id": "b", "name": " \\u3000"', "name holds nothing but spaces"),
        ('"id": " ", "name": "B"', "id holds nothing but spaces"),
        (
            '"id": "b", "name": "B", "year": 1099511627776',
            "year must be a whole number from 0 to 1",
        ),
        pytest.param(
            f'"id": "b", "name": "B", "year": {"9" * 5_000}', "year must be a whole", id="year"
        ),
        pytest.param(f'"id": {"9" * 5_000}, "name": "B"', "id must be a text", id="id"),
        pytest.param(
            f'"id": "b", "name": "B", "genres": {"[" * 100_000}', "brackets within", id="nested"
        ),
        ('"id": "b", "id": "c", "name": "B"', "field 'id' is there twice"),
        ('"id": "a", "name": "B"', "id 'a' is already on line 1"),
        ('"id": "b", "name": "B"} {', "not JSON: Extra data at column"),
    ],
)
def test_a_malformed_line_is_named(tmp_path: Path, fields: str, expected: str) -> None:
    write(tmp_path, '{"id": "a", "name": "A"}', f"{{{fields}}}")
    with pytest.raises(CatalogError) as caught:
        read_titles(tmp_path)
    assert f"titles.jsonl, line 2: {expected}" in str(caught.value)
    assert len(str(caught.value)) < 400
    for word in ("True", "sys.", "recursion"):
        assert word not in str(caught.value)


@pytest.mark.parametrize("line", ["[1]", '"title"', "[" * 100_000])
def test_a_line_must_be_an_object(tmp_path: Path, line: str) -> None:
    with pytest.raises(CatalogError, match=r"titles\.jsonl, line 1: "):
        read_titles(write(tmp_path, line))
