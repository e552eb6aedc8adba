"""rounds.db: which rounds are closed, so that a restart does not open one again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from exogenesis.constellation.store.database import open_database
from exogenesis.sqlite import database_errors, statements, transaction

_SQL = statements(__package__, "rounds.sql")


@dataclass(frozen=True, slots=True, kw_only=True)
class RoundCounts:
    """How many televisions pushed into a closed round, and how many envelopes."""

    devices: int
    envelopes: int


class ClosedRounds:
    """The closed rounds; it belongs to one thread at a time."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._db = open_database(path, _SQL["schema"])

    def close(self) -> None:
        """Close the database."""
        self._db.close()

    def marked(self) -> set[int]:
        """Rounds that take no push any more, finished or not."""
        with database_errors(self._path):
            return {row[0] for row in self._db.execute(_SQL["marked"])}

    def mark(self, round: int) -> None:
        """From now on ``round`` takes no push."""
        with transaction(self._db, self._path):
            self._db.execute(_SQL["mark"], (round,))

    def finish(self, round: int, counts: RoundCounts) -> None:
        """The pool of ``round`` is complete."""
        with transaction(self._db, self._path):
            self._db.execute(_SQL["finish"], (round, counts.devices, counts.envelopes))

    def counts(self, round: int) -> RoundCounts | None:
        """The counts of a finished round, else None."""
        with database_errors(self._path):
            row = self._db.execute(_SQL["find"], (round,)).fetchone()
        return None if row is None else RoundCounts(devices=row[0], envelopes=row[1])
