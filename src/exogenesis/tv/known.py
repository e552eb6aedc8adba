"""What the store says of the household, read once; the last word counts when it cannot be read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import numpy as np

from exogenesis.core.vectors import Indices
from exogenesis.errors import StorageError
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.policy import HOME, Policy, Profile, strictest


def _no_rows() -> Indices:
    return np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Past:
    """Catalogue indices of what a profile has done.

    Attributes:
        finished: its skills, the longest finished first.
        started: everything it began.
        rejected: what it does not want to see.
    """

    finished: Indices = field(default_factory=_no_rows)
    started: Indices = field(default_factory=_no_rows)
    rejected: Indices = field(default_factory=_no_rows)


class Known:
    """Profiles, pasts and blocks of one television.

    Every answer is read once, until :meth:`refresh`. With ``needed=False`` a store that cannot be
    read is no error: the last answer counts, and is not asked for again until then.
    """

    def __init__(self, *, catalog: Catalog, agentdb: AgentDB, policy: Policy) -> None:
        self._catalog = catalog
        self._agentdb = agentdb
        self._policy = policy
        self._profiles: dict[str, Profile] = {}
        self._pasts: dict[str, Past] = {}
        self._blocked = _no_rows()
        self.read_again(needed=False)

    def refresh(self) -> None:
        """Ask the store again; the last answers are kept for when it cannot be read."""
        self._read: set[tuple[str, ...]] = set()
        self._tried: set[tuple[str, ...]] = set()

    def read_again(self, *, needed: bool = True) -> None:
        """Ask the store for everything now, so that it holds when the store fails later.

        Raises:
            StorageError: the store is needed and cannot be read.
        """
        self.refresh()
        self.anybody(needed=needed)
        self.blocked(needed=needed)
        for name in self._profiles:
            self.past(name, needed=needed)

    def forget(self) -> None:
        """Give up what was begun, and ask the store at once; for what was erased.

        The owner's word is kept where the store cannot be read: it only hides.
        """
        self._pasts = {name: Past(rejected=past.rejected) for name, past in self._pasts.items()}
        self.read_again(needed=False)

    def _ask(self, what: tuple[str, ...], read: Callable[[], None], *, needed: bool) -> None:
        if what in self._read or (not needed and what in self._tried):
            return
        try:
            read()
        except StorageError:
            self._tried.add(what)
            if needed:
                raise
        else:
            self._read.add(what)

    def profile(self, name: str, *, needed: bool = True) -> Profile:
        """Return one profile; one that was never read is shown nothing that has an age limit.

        Raises:
            InputError: there is no such profile.
            StorageError: the store is needed and cannot be read.
        """
        self._ask(("profiles",), self._read_profiles, needed=needed)
        if name in self._profiles:
            return self._profiles[name]
        if ("profiles",) in self._read:
            try:
                return self._policy.profile(name)
            except StorageError:
                if needed:
                    raise
        return Profile(name=HOME) if name == HOME else Profile(name=name, age_limit=0)

    def anybody(self, *, needed: bool = True) -> Profile:
        """Return the profile that always exists, with the strictest age limit of all.

        Raises:
            StorageError: the store is needed and cannot be read.
        """
        self._ask(("profiles",), self._read_profiles, needed=needed)
        limits = [profile.age_limit for profile in self._profiles.values()]
        return Profile(name=HOME, age_limit=strictest(limits))

    def past(self, name: str, *, needed: bool = True) -> Past:
        """Return what a profile has done.

        Raises:
            StorageError: the store is needed and cannot be read.
        """
        self._ask(("past", name), partial(self._read_past, name), needed=needed)
        return self._pasts.get(name) or Past()

    def common_past(self, *, needed: bool = True) -> Past:
        """Return what any profile began or does not want, for when nobody knows who watches.

        Raises:
            StorageError: the store is needed and cannot be read.
        """
        pasts = [self.past(name, needed=needed) for name in sorted(self._profiles)]
        return Past(
            started=np.unique(np.concatenate([_no_rows(), *(past.started for past in pasts)])),
            rejected=np.unique(np.concatenate([_no_rows(), *(past.rejected for past in pasts)])),
        )

    def blocked(self, *, needed: bool = True) -> Indices:
        """Return the blocked titles.

        Raises:
            StorageError: the store is needed and cannot be read.
        """
        self._ask(("blocked",), self._read_blocked, needed=needed)
        return self._blocked

    def _read_profiles(self) -> None:
        self._profiles = {profile.name: profile for profile in self._policy.profiles()}
        for gone in self._pasts.keys() - self._profiles.keys():
            del self._pasts[gone]

    def _read_blocked(self) -> None:
        self._blocked = self._catalog.indices_of(self._policy.blocks())

    def _read_past(self, name: str) -> None:
        catalog, started = self._catalog, self._agentdb.started(name)
        rows = catalog.indices_of(one.title_id for one in started)
        if len(rows) < len(started):  # some are of an older catalogue
            started = [one for one in started if one.title_id in catalog]
        self._pasts[name] = Past(
            finished=rows[np.array([one.is_skill for one in started], np.bool_)],
            started=rows,
            rejected=catalog.indices_of(self._policy.rejections(name)),
        )
