"""Bringing along what was watched elsewhere: a documented file, all of it or nothing.

See ``docs/history.md`` for the form. A viewing that is there already, from an earlier import or
because this television saw it itself, is not counted twice: it is the same when profile, title,
second, fraction and episode are.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from exogenesis.errors import InputError
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.history.records import Problem, read_records
from exogenesis.tv.history.viewings import Reader, Viewing
from exogenesis.tv.persistence import Database
from exogenesis.tv.persistence.database import Value
from exogenesis.tv.policy import HOME, Policy

__all__ = ["History", "ImportReport", "Problem", "Progress", "Viewing"]

_PROBLEMS_SHOWN = 20
_STORED_AT_ONCE = 250

Progress = Callable[[int, int], object]
"""Is told how many viewings are stored, and of how many."""


def _unheard(stored: int, total: int) -> None:
    """Nobody watches the progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a file.

    Attributes:
        read: viewings in the file.
        stored: those that were new.
        known: those that were there already.
        skipped: those of titles that the catalogue does not hold, with the reason.
    """

    read: int
    stored: int
    known: int
    skipped: tuple[Problem, ...]


class History:
    """Imports viewings from files.

    Args:
        database: the store.
        catalog: finds the titles.
        policy: knows who watches here.
        store: stores viewings and what is learnt from them, in the transaction of its caller.
    """

    def __init__(
        self,
        *,
        database: Database,
        catalog: Catalog,
        policy: Policy,
        store: Callable[[Sequence[Viewing]], None],
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._policy = policy
        self._store = store

    def bring(
        self,
        path: Path,
        *,
        profile: str = HOME,
        skip_unknown: bool = False,
        progress: Progress = _unheard,
    ) -> ImportReport:
        """Import a file, the oldest viewing first.

        Args:
            path: CSV, JSON Lines or a JSON list.
            profile: who watched where the file does not say.
            skip_unknown: leaves out titles that the catalogue does not hold.
            progress: told now and then.

        Raises:
            InputError: the file cannot be read, there is no such profile, or lines are wrong:
                the message names them, and nothing was stored.
            DiskFull: there is no room; nothing was stored.
        """
        self._policy.profile(profile)
        names = {known.name for known in self._policy.profiles()}
        reader = Reader(catalog=self._catalog, profiles=names, profile=profile)
        reader.read(read_records(path))
        read = len(reader.viewings) + len(reader.strangers)
        _refuse(path, reader.problems, "nothing was imported: mend these lines")
        if not skip_unknown:
            remedy = "nothing was imported: mend these lines, or leave them out"
            _refuse(path, reader.strangers, f"{remedy} with --skip-unknown")
        with self._database.transaction():
            fresh = self._fresh(sorted(reader.viewings, key=lambda viewing: viewing.at))
            for start in range(0, len(fresh), _STORED_AT_ONCE):
                part = fresh[start : start + _STORED_AT_ONCE]
                self._store([viewing for viewing, _ in part])
                self._database.run_many("history_add", [_row(*one) for one in part])
                progress(start + len(part), len(fresh))
        return ImportReport(
            read=read,
            stored=len(fresh),
            known=len(reader.viewings) - len(fresh),
            skipped=tuple(reader.strangers),
        )

    def _fresh(self, viewings: Sequence[Viewing]) -> list[tuple[Viewing, bytes]]:
        """The viewings that are not there yet, once each, with their keys."""
        taken = set()
        fresh = []
        for viewing in viewings:
            key = _key(viewing)
            named = (viewing.profile, viewing.title_id, key)
            if named not in taken and not self._knows(viewing, key):
                taken.add(named)
                fresh.append((viewing, key))
        return fresh

    def _knows(self, viewing: Viewing, key: bytes) -> bool:
        ((known,),) = self._database.run(
            "history_knows",
            profile=viewing.profile,
            title=viewing.title_id,
            key=key,
            at=viewing.at,
            fraction=viewing.fraction,
            episode=viewing.episode,
        )
        return bool(known)


def _key(viewing: Viewing) -> bytes:
    """8 bytes that stand for time, fraction and episode."""
    told = repr((viewing.at, viewing.fraction, viewing.episode))
    return hashlib.blake2b(told.encode(), digest_size=8).digest()


def _row(viewing: Viewing, key: bytes) -> dict[str, Value]:
    return {"profile": viewing.profile, "title": viewing.title_id, "key": key}


def _refuse(path: Path, problems: Sequence[Problem], remedy: str) -> None:
    if not problems:
        return
    lines = [f"  {problem}" for problem in problems[:_PROBLEMS_SHOWN]]
    if len(problems) > _PROBLEMS_SHOWN:
        lines.append(f"  and {len(problems) - _PROBLEMS_SHOWN} more")
    raise InputError("\n".join([f"{path}: {remedy}", *lines]), code="bad_history")
