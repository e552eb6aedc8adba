"""Text files line by line: bounded, decoded strictly, and every complaint names its line."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from exogenesis.errors import CatalogError

LINE_BYTES_MAX = 1 << 20

Advance = Callable[[int], object]
"""Is told how many bytes more have been read, for a progress bar."""


def unheard(_: int) -> None:
    """Tell nobody: the :data:`Advance` of a caller without a progress bar."""


def malformed(path: Path, line: int, message: str) -> CatalogError:
    """Return the error for one line of one file; ``message`` says what is expected."""
    return CatalogError(f"{path}, line {line}: {message}")


def read_lines(path: Path, encoding: str, advance: Advance = unheard) -> Iterator[str]:
    """Yield the lines of a file with their ends; a byte order mark is dropped.

    Raises:
        CatalogError: the file cannot be read, a line has more than 1 MiB or is not in
            ``encoding``.
    """
    try:
        with path.open("rb") as file:
            blocks = iter(partial(file.readline, LINE_BYTES_MAX + 1), b"")
            for number, raw in enumerate(blocks, start=1):
                if len(raw) > LINE_BYTES_MAX:
                    raise malformed(path, number, f"longer than {LINE_BYTES_MAX} bytes")
                advance(len(raw))
                text = raw.decode(encoding)
                yield text.removeprefix("\ufeff") if number == 1 else text
    except UnicodeDecodeError as error:
        raise malformed(path, number, f"not {encoding} text ({error.reason})") from error
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror}") from error


def read_csv(
    path: Path, header: Sequence[str], advance: Advance = unheard
) -> Iterator[tuple[int, list[str]]]:
    """Yield line number and fields of each row of a CSV file in UTF-8, the header left out.

    Raises:
        CatalogError: another header, another number of fields, or quotes that do not close.
    """
    reader = csv.reader(read_lines(path, "utf-8", advance), strict=True)
    columns = len(header)
    line = 0
    while True:
        begun, line = line, reader.line_num + 1
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            raise malformed(path, line, f"not comma-separated values: {error}") from error
        if begun == 0:
            if row != list(header):
                raise malformed(path, line, f"the header must read {','.join(header)}")
        elif len(row) == columns:
            yield line, row
        elif row:
            raise malformed(
                path, line, f"{len(row)} fields, expected {columns}: {','.join(header)}"
            )
    if line == 1:
        raise malformed(path, 1, f"the file is empty; it must start with {','.join(header)}")
