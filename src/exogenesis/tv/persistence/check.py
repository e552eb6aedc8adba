"""Looks for damage: the structure as SQLite sees it, and every row against its digest."""

from __future__ import annotations

from collections.abc import Generator

import apsw

from exogenesis.tv.persistence.layout import Row, Table, rows_of, tables

SLICE_ROWS = 500
"""Rows checked in one slice: about 3 ms."""


def damage(connection: apsw.Connection) -> list[str]:
    """Check a whole database at once; returns what is wrong, in words.

    Raises:
        apsw.Error: it is so damaged that it cannot be read through.
    """
    structure = rows_of(connection, "PRAGMA integrity_check")
    found = [said for (said,) in structure if said != "ok"]
    for table in tables(connection):
        ((rotten,),) = rows_of(
            connection, f"SELECT count(*) FROM main.{table.name} WHERE NOT {table.sound}"
        )
        if rotten:
            found.append(_words(rotten, table))
    return found


def damage_in_slices(connection: apsw.Connection) -> Generator[None, None, list[str]]:
    """Look for damage a short step at a time; the database may be used between.

    Every row is read in the order of its key and looked up in every index, and every index has as
    many entries as there are rows. What no row needs, like the list of free pages, is left to
    :func:`damage`.

    Returns:
        What is wrong, as the generator's value.

    Raises:
        apsw.Error: it is so damaged that it cannot be read through.
    """
    found: list[str] = []
    for table in tables(connection):
        rotten = strayed = 0
        last: Row | None = None
        while rows := _slice(connection, table, last):
            *last_key, _, _ = rows[-1]
            last = tuple(last_key)
            rotten += sum(not sound for *_, sound, _ in rows)
            strayed += sum(not listed for *_, listed in rows)
            yield
        if rotten:
            found.append(_words(rotten, table))
        if strayed or not _indexes_agree(connection, table):
            found.append(f"an index of {table.name} does not agree with its rows")
        yield
    return found


def _slice(connection: apsw.Connection, table: Table, after: Row | None) -> list[Row]:
    """The next rows by key: their keys, whether each is sound, whether each index has it."""
    key = ", ".join(table.key)
    where = "" if after is None else f"WHERE ({key}) > ({', '.join('?' * len(after))})"
    listed = " AND ".join(_is_listed(table, index) for index in table.indexes) or "1"
    return rows_of(
        connection,
        f"SELECT {key}, {table.sound}, {listed} FROM main.{table.name} AS own {where} "
        f"ORDER BY {key} LIMIT {SLICE_ROWS}",
        after or (),
    )


def _is_listed(table: Table, index: str) -> str:
    same = " AND ".join(f"other.{c} IS own.{c}" for c in (*table.indexes[index], *table.key))
    return (
        f"EXISTS (SELECT 1 FROM main.{table.name} AS other INDEXED BY {index} WHERE {same} LIMIT 1)"
    )


def _indexes_agree(connection: apsw.Connection, table: Table) -> bool:
    """Whether every index has as many entries as the table has rows."""
    counts = {
        rows_of(connection, f"SELECT count(*) FROM main.{table.name} {how}")[0][0]
        for how in ("NOT INDEXED", *(f"INDEXED BY {index}" for index in table.indexes))
    }
    return len(counts) == 1


def _words(rotten: int, table: Table) -> str:
    return f"{rotten} row(s) of {table.name} are not as they were written"
