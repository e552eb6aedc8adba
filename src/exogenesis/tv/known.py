"""What the store says of the household, read once; the last word counts when it cannot be read."""

from __future__ import annotations

from dataclasses import dataclass, field

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

    ``stored=False`` asks for the last answer, without a look into the store.
    """

    def __init__(self, *, catalog: Catalog, agentdb: AgentDB, policy: Policy) -> None:
        self._catalog = catalog
        self._agentdb = agentdb
        self._policy = policy
        self._fresh: set[str | None] = set()
        self.forget()
        try:
            self.blocked()
            for profile in self._read_profiles():
                self.past(profile.name)
        except StorageError:  # what cannot be read now is asked for again
            self.refresh()

    def refresh(self) -> None:
        """Ask the store again; the last answers are kept for when it cannot be read."""
        self._fresh.clear()
        self._with_profiles = False

    def forget(self) -> None:
        """Give up the last answers, too; for what was erased."""
        self.refresh()
        self._profiles: dict[str, Profile] = {}
        self._pasts: dict[str, Past] = {}
        self._blocked = _no_rows()

    def profile(self, name: str, *, stored: bool = True) -> Profile:
        """Return one profile; one that was never read is shown nothing that has an age limit.

        Raises:
            InputError: there is no such profile.
            StorageError: the store cannot be read.
        """
        if stored and not (self._with_profiles and name in self._profiles):
            self._policy.profile(name)
            self._read_profiles()
        if name in self._profiles:
            return self._profiles[name]
        return Profile(name=HOME) if name == HOME else Profile(name=name, age_limit=0)

    def anybody(self, *, stored: bool = True) -> Profile:
        """Return the profile that always exists, with the strictest age limit of all.

        Raises:
            StorageError: the store cannot be read.
        """
        if stored and not self._with_profiles:
            self._read_profiles()
        limits = [profile.age_limit for profile in self._profiles.values()]
        return Profile(name=HOME, age_limit=strictest(limits))

    def _read_profiles(self) -> list[Profile]:
        profiles = self._policy.profiles()
        self._profiles = {profile.name: profile for profile in profiles}
        self._with_profiles = True
        return profiles

    def past(self, name: str, *, stored: bool = True) -> Past:
        """Return what a profile has done.

        Raises:
            StorageError: the store cannot be read.
        """
        if stored and name not in self._fresh:
            started = [s for s in self._agentdb.started(name) if s.title_id in self._catalog]
            rows = self._catalog.indices_of(s.title_id for s in started)
            self._pasts[name] = Past(
                finished=rows[np.array([s.is_skill for s in started], np.bool_)],
                started=rows,
                rejected=self._catalog.indices_of(self._policy.rejections(name)),
            )
            self._fresh.add(name)
        return self._pasts.get(name) or Past()

    def blocked(self, *, stored: bool = True) -> Indices:
        """Return the blocked titles.

        Raises:
            StorageError: the store cannot be read.
        """
        if stored and None not in self._fresh:
            self._blocked = self._catalog.indices_of(self._policy.blocks())
            self._fresh.add(None)
        return self._blocked
