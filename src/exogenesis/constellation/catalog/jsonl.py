"""The project's own catalogue form: ``titles.jsonl``, one JSON object a line."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from exogenesis.constellation.catalog.entry import CatalogEntry, entry, mark
from exogenesis.constellation.catalog.lines import Advance, malformed, read_lines, unheard
from exogenesis.core.titles import PEOPLE_MAX, Title

DESCRIPTION_LENGTH_MAX = 20_000
_DIGITS_MAX = 30

_TITLE_FIELDS = tuple(field.name for field in fields(Title))
_FIELDS = (*_TITLE_FIELDS, "description")
_TIMES = ("available_from", "available_until")


def read_jsonl_titles(folder: Path, advance: Advance = unheard) -> list[CatalogEntry]:
    """Read ``titles.jsonl``; empty lines are skipped.

    Raises:
        CatalogError: names the line and the field that is wrong.
    """
    path = folder / "titles.jsonl"
    entries: dict[str, CatalogEntry] = {}
    lines: dict[str, int] = {}
    for line, text in enumerate(read_lines(path, "utf-8", advance), start=1):
        if not text.strip():
            continue
        try:
            found = _entry(_object(text))
        except ValueError as error:
            raise malformed(path, line, str(error)) from error
        key = found.title.id
        if key in lines:
            raise malformed(path, line, f"id {key!r} is already on line {lines[key]}")
        entries[key], lines[key] = found, line
    return list(entries.values())


def _object(text: str) -> dict[str, Any]:
    try:
        values = json.loads(
            text, object_pairs_hook=_pairs, parse_int=_integer, parse_constant=_no_constant
        )
    except RecursionError as error:
        raise ValueError("brackets within brackets within brackets: no title needs that") from error
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON: {error.msg} at column {error.colno}") from error
    if not isinstance(values, dict):
        raise ValueError('expected one JSON object, such as {"id": "a1", "name": "Alien"}')
    return values


def _pairs(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for name, value in pairs:
        if name in values:
            raise ValueError(f"field {name!r} is there twice")
        values[name] = value
    return values


def _integer(digits: str) -> float:
    """Read a whole number; one that is too long for every field is refused by its field."""
    return int(digits) if len(digits) <= _DIGITS_MAX else math.inf


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


def _entry(values: dict[str, Any]) -> CatalogEntry:
    for name in values:
        if name not in _FIELDS:
            raise ValueError(f"unknown field {name!r}; known are {', '.join(_FIELDS)}")
    given = {name: value for name, value in values.items() if value is not None}
    for name in ("id", "name"):
        if name not in given:
            raise ValueError(f"field {name!r} is missing")
        if isinstance(given[name], str) and given[name].isspace():
            raise ValueError(f"{name} holds nothing but spaces")
    for name in _TIMES:
        if name in given:
            given[name] = _unix_s(name, given[name])
    if given.get("available_from", 0) >= given.get("available_until", float("inf")):
        raise ValueError("available_until must be later than available_from")
    given["genres"] = tuple(dict.fromkeys(word.lower() for word in _texts(given, "genres")))
    people = tuple(dict.fromkeys(_texts(given, "people")))
    given["people"] = people[:PEOPLE_MAX]
    if isinstance(given.get("language"), str):
        given["language"] = given["language"].lower()
    given["regions"] = _regions(given)
    description = _text(given, "description", DESCRIPTION_LENGTH_MAX)
    title = Title(**{name: value for name, value in given.items() if name in _TITLE_FIELDS})
    return entry(title, [*(mark("person", person) for person in people[PEOPLE_MAX:]), description])


def _regions(values: dict[str, Any]) -> tuple[tuple[str, Any], ...]:
    regions = values.get("regions", {})
    if not isinstance(regions, dict):
        raise ValueError('regions must be an object such as {"DE": 120, "AT": 14}')
    return tuple(sorted(regions.items()))


def _unix_s(name: str, value: object) -> int:
    """Unix seconds of a number or an ISO 8601 date or time; without a zone it is UTC."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    try:
        if not isinstance(value, str):
            raise ValueError
        moment = datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(
            f"{name} must be Unix seconds or a date such as 2026-01-31 or 2026-01-31T20:00:00+01:00"
        ) from None
    return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())


def _texts(values: dict[str, Any], name: str) -> list[str]:
    items = values.get(name, [])
    if not isinstance(items, list) or not all(isinstance(item, str) and item for item in items):
        raise ValueError(f"{name} must be a list of texts, none of them empty")
    return items


def _text(values: dict[str, Any], name: str, longest: int) -> str:
    value = values.get(name, "")
    if not isinstance(value, str) or len(value) > longest:
        raise ValueError(f"{name} must be a text of at most {longest} characters")
    return value
