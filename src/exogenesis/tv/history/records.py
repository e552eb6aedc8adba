"""A history file taken apart: CSV, JSON Lines or JSON, bounded before it is decoded.

Which one it is, its first character tells: ``[`` a JSON list, ``{`` JSON Lines, else CSV.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from exogenesis.errors import InputError

FILE_BYTES_MAX = 64 << 20
JSON_BYTES_MAX = 8 << 20
"""A JSON list is taken into memory whole; a longer history is written as JSON Lines."""

LINE_BYTES_MAX = 64 << 10
RECORDS_MAX = 100_000
FIELDS = ("title_id", "title", "year", "fraction", "finished", "at", "profile", "episode")

_DIGITS_MAX = 30
_BLANKS = " \t\r\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """What is wrong with a record.

    Attributes:
        line: where it begins, counted from 1.
        field: which of its fields, or empty.
        message: what is expected.
    """

    line: int
    field: str
    message: str

    def __str__(self) -> str:
        """One line for the screen."""
        return f"line {self.line}{self.field and f', {self.field}'}: {self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """Fields with a value; texts of a CSV file, else whatever JSON can say."""

    line: int
    values: dict[str, Any]


def read_records(path: Path) -> Iterator[Record | Problem]:
    """Yield the records of a file in their order, and what cannot be one.

    Raises:
        InputError: the file cannot be read, is too large, or cannot be taken apart.
    """
    try:
        with path.open("rb") as file:
            yield from _within_limits(path, _records(path, file))
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror}") from error


def _records(path: Path, file: BinaryIO) -> Iterator[Record | Problem]:
    start = file.read(LINE_BYTES_MAX).removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
    size = file.seek(0, 2)
    file.seek(0)
    if start == b"":
        raise InputError(f"{path} is empty")
    most = JSON_BYTES_MAX if start == b"[" else FILE_BYTES_MAX
    if size > most:
        raise InputError(f"{path} has {size} bytes, the limit is {most}: cut it in parts")
    if start == b"[":
        return _from_list(path, _text(path, 1, file.read(JSON_BYTES_MAX + 1)))
    lines = _lines(path, file)
    return _from_lines(lines) if start == b"{" else _from_csv(path, lines)


def _within_limits(path: Path, records: Iterable[Record | Problem]) -> Iterator[Record | Problem]:
    for number, record in enumerate(records, start=1):
        if number > RECORDS_MAX:
            raise InputError(f"{path} holds more than {RECORDS_MAX} viewings: cut it in parts")
        yield record


def _lines(path: Path, file: BinaryIO) -> Iterator[str]:
    blocks = iter(partial(file.readline, LINE_BYTES_MAX + 1), b"")
    for number, raw in enumerate(blocks, start=1):
        if len(raw) > LINE_BYTES_MAX:
            raise InputError(f"{path}, line {number}: longer than {LINE_BYTES_MAX} bytes")
        yield _text(path, number, raw)


def _text(path: Path, line: int, raw: bytes) -> str:
    try:
        text = raw.decode()
    except UnicodeDecodeError as error:
        line += raw.count(b"\n", 0, error.start)
        raise InputError(f"{path}, line {line}: not UTF-8 text ({error.reason})") from error
    return text.removeprefix("\ufeff")


def _from_csv(path: Path, lines: Iterator[str]) -> Iterator[Record | Problem]:
    reader = csv.reader(lines, strict=True)
    columns: list[str] = []
    line = 0
    while True:
        begun, line = line, reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise InputError(f"{path}, line {line}: not comma-separated: {error}") from error
        cells = [cell.strip() for cell in row]
        if begun == 0:
            columns = _header(path, [cell.lower() for cell in cells])
        elif len(cells) == len(columns):
            named = zip(columns, cells, strict=True)
            yield Record(line=line, values={name: cell for name, cell in named if cell})
        elif any(cells):
            counted = f"{len(cells)} fields, expected {len(columns)}: {','.join(columns)}"
            yield Problem(line=line, field="", message=counted)


def _header(path: Path, columns: Sequence[str]) -> list[str]:
    renamed = ["finished" if name == "watched" else name for name in columns]
    for name in renamed:
        if name not in FIELDS or renamed.count(name) > 1:
            raise InputError(
                f"{path}, line 1: the header names the columns, out of {', '.join(FIELDS)} and "
                f"each at most once; {name!r} does not fit"
            )
    return renamed


def _from_lines(lines: Iterable[str]) -> Iterator[Record | Problem]:
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        try:
            values, end = _DECODER.raw_decode(text, _next(text, 0))
            if _next(text, end) < len(text):
                raise ValueError("expected one JSON object a line")
            yield _record(line, values)
        except (ValueError, RecursionError) as error:
            yield Problem(line=line, field="", message=_said(error))


def _from_list(path: Path, text: str) -> Iterator[Record | Problem]:
    """Take a JSON list apart item by item, so that each is named by its line."""
    at = _next(text, _next(text, 0) + 1)
    line, counted = 1, 0
    ended = text[at : at + 1] == "]"
    while not ended:
        line += text.count("\n", counted, at)
        counted = at
        try:
            values, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            raise InputError(f"{path}, line {line}: {_said(error)}") from error
        yield _record(line, values)
        at = _next(text, at)
        ended = text[at : at + 1] == "]"
        if not ended and text[at : at + 1] != ",":
            raise InputError(f"{path}, line {line}: after this viewing a comma or ] is missing")
        at = _next(text, at + 1)
    if at < len(text) and text[at] == "]":
        at = _next(text, at + 1)
    if at < len(text):
        raise InputError(f"{path}: more follows after the list of viewings")


def _next(text: str, at: int) -> int:
    while at < len(text) and text[at] in _BLANKS:
        at += 1
    return at


def _record(line: int, values: Any) -> Record | Problem:
    if not isinstance(values, dict):
        return Problem(line=line, field="", message='expected an object: {"title": ...}')
    given = {
        "finished" if name == "watched" else name: value
        for name, value in values.items()
        if value is not None and value != ""
    }
    for name in given:
        if name not in FIELDS:
            known = ", ".join(FIELDS)
            return Problem(line=line, field=name[:40], message=f"unknown; known are {known}")
    return Record(line=line, values=given)


def _said(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "brackets within brackets within brackets: no viewing needs that"
    if isinstance(error, json.JSONDecodeError):
        return f"not JSON: {error.msg} at column {error.colno}"
    return str(error)


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("a field is there twice")
    return values


def _integer(digits: str) -> float:
    """Read a whole number; one that is too long for every field is refused by its field."""
    return int(digits) if len(digits) <= _DIGITS_MAX else math.inf


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON number")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_pairs, parse_int=_integer, parse_constant=_no_constant
)
