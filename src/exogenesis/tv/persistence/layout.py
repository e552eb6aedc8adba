"""What the tables look like: read from a database, and as the migrations make them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import apsw

Value = None | int | float | str | bytes
Row = tuple[Any, ...]

DIGEST = "digest"
_ROW_DIGEST_BYTES = 8
_PAGE_DIGEST_BYTES = 32
_STORED = 3
"""How ``PRAGMA table_xinfo`` marks a column that is computed when the row is written."""


def row_digest(*values: Value) -> bytes:
    """Return 8 bytes of BLAKE2b over a table's name and the values of a row."""
    return hashlib.blake2b(repr(values).encode(), digest_size=_ROW_DIGEST_BYTES).digest()


def page_digest(raw: Value) -> bytes:
    """Return BLAKE2b-256 of a page of the fleet, which is its name; nothing of what is no page."""
    if not isinstance(raw, bytes):
        return b""
    return hashlib.blake2b(raw, digest_size=_PAGE_DIGEST_BYTES).digest()


def add_functions(connection: apsw.Connection) -> None:
    """Teach a connection the functions that the schema and the checks call."""
    connection.create_scalar_function("row_digest", row_digest, deterministic=True)
    connection.create_scalar_function(
        "page_digest", lambda *values: page_digest(*values), 1, deterministic=True
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """One table.

    Attributes:
        name: its name.
        columns: what a row is made of, without a computed digest.
        key: the columns of its primary key.
        reals: those columns that hold REAL numbers; SQLite may keep them as integers on disk.
        has_rowid: whether its single key column is the number of the row.
        digested: whether a computed digest is the last thing in a row.
        indexes: the columns of each index besides the primary key, by its name.
    """

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]
    reals: frozenset[str]
    has_rowid: bool
    digested: bool
    indexes: dict[str, tuple[str, ...]]

    @property
    def listed(self) -> str:
        """The columns for a statement."""
        return ", ".join(self.columns)

    @property
    def sound(self) -> str:
        """The SQL expression that is true for a row that is as it was written."""
        if self.digested:
            return f"({DIGEST} IS row_digest('{self.name}', {self.listed}))"
        if self.name == "page":
            return f"({DIGEST} IS page_digest(raw))"
        return "1"

    def is_sound(self, values: Row, stored: Value) -> bool:
        """Whether ``values`` belong to the ``stored`` digest; False where rows carry none."""
        if self.digested:
            return stored == row_digest(self.name, *values)
        return self.name == "page" and values[0] == page_digest(values[1])


def rows_of(connection: apsw.Connection, sql: str, values: Row = ()) -> list[Row]:
    """Run a statement to its end and return its rows."""
    return list(connection.execute(sql, values))


def tables(connection: apsw.Connection) -> tuple[Table, ...]:
    """Read the tables of the main database, without SQLite's own."""
    listed = rows_of(connection, "PRAGMA main.table_list")
    plain = [(row[1], bool(row[4])) for row in listed if row[2] == "table"]
    return tuple(
        _table(connection, name, without_rowid)
        for name, without_rowid in sorted(plain)
        if not name.startswith("sqlite_")
    )


def _table(connection: apsw.Connection, name: str, without_rowid: bool) -> Table:
    columns = rows_of(connection, f"PRAGMA main.table_xinfo({name})")
    made = [
        row[1] for row in rows_of(connection, f"PRAGMA main.index_list({name})") if row[3] == "c"
    ]
    keyed = sorted((row[5], row[1]) for row in columns if row[5])
    return Table(
        name=name,
        columns=tuple(row[1] for row in columns if row[6] != _STORED),
        key=tuple(column for _, column in keyed),
        reals=frozenset(row[1] for row in columns if row[2] == "REAL"),
        has_rowid=not without_rowid,
        digested=any(row[6] == _STORED and row[1] == DIGEST for row in columns),
        indexes={
            index: tuple(row[2] for row in rows_of(connection, f"PRAGMA main.index_info({index})"))
            for index in made
        },
    )


def schema(connection: apsw.Connection) -> list[Row]:
    """Return the definitions of the main database, in one order."""
    return rows_of(
        connection, "SELECT type, name, tbl_name, sql FROM main.sqlite_schema ORDER BY type, name"
    )


@cache
def scripts() -> tuple[str, ...]:
    """Return the migrations, in order."""
    folder = files(__package__).joinpath("sql/migrations")
    found = sorted((entry.name, entry) for entry in folder.iterdir())
    return tuple(entry.read_text("utf-8") for name, entry in found if name.endswith(".sql"))


def migrate(connection: apsw.Connection, start: int, end: int) -> None:
    """Bring a database from version ``start`` to ``end``; inside the caller's transaction."""
    for script in scripts()[start:end]:
        rows_of(connection, script)
    rows_of(connection, f"PRAGMA user_version = {end}")


@cache
def expected_schema(version: int) -> list[Row]:
    """Return :func:`schema` as the first ``version`` migrations make it."""
    connection = apsw.Connection(":memory:")
    try:
        add_functions(connection)
        migrate(connection, 0, version)
        return schema(connection)
    finally:
        connection.close()
