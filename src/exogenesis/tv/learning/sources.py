"""Tiers 5, 9, 11 and 12 as memories: what the fleet, the catalogue and the owner say.

The truth stays where it is: pages, catalogue and policy. These are views to recall from.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from exogenesis.core.vectors import Floats, Indices, Mask
from exogenesis.tv.catalog import UNKNOWN_MINUTES, UNRATED, Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.memory import Memory, MemoryTier, Query
from exogenesis.tv.memory.match import match_words, words_of
from exogenesis.tv.policy import Policy

_FAVOURITES = 10


def _asks_for(query: Query, kinds: Iterable[str]) -> bool:
    """Whether anything without profile and session can answer."""
    return (
        query.profile is None
        and query.session in (None, "")
        and (query.kind is None or query.kind in kinds)
    )


class _TitleView(ABC):
    """A memory for each of many titles, made only for those that a query can return."""

    kind: str

    def __init__(self, catalog: Catalog) -> None:
        self._catalog = catalog

    @abstractmethod
    def _mask(self) -> Mask:
        """``(m,)`` the titles that there is a memory of."""

    @abstractmethod
    def _importance(self) -> Floats:
        """``(m,)`` 0..1."""

    @abstractmethod
    def _memory(self, title: int, now: int) -> Memory: ...

    @cached_property
    def _texts(self) -> list[str]:
        return [f"{title.name} {title.id}".casefold() for title in self._catalog.titles]

    def count(self) -> int:
        """See :meth:`Source.count`."""
        return int(self._mask().sum())

    def rows(self, query: Query, now: int) -> Iterable[Memory]:
        """See :meth:`Source.rows`."""
        if not _asks_for(query, (self.kind,)):
            return []
        mask = self._mask()
        if query.subject is not None:
            titles = self._catalog.indices_of([query.subject])
            return [self._memory(title, now) for title in titles.tolist() if mask[title]]
        return [self._memory(title, now) for title in self._best(query, mask).tolist()]

    def _best(self, query: Query, mask: Mask) -> Indices:
        """The titles that can be among the best; all that match where metadata or time decide."""
        importance = self._importance().astype(np.float64)
        titles = np.flatnonzero(mask & (importance >= query.min_importance))
        match: npt.NDArray[np.float64] = np.ones(len(titles))
        if query.text is not None and (words := words_of(query.text)):
            match = match_words(words, [self._texts[title] for title in titles.tolist()])
            titles, match = titles[match > 0], match[match > 0]
        if query.metadata or query.since is not None or query.until is not None:
            return titles
        order = match * importance[titles]
        if query.vector is not None:
            order = order * (self._catalog.content[titles] @ query.vector.astype(np.float32))
        return titles[np.argsort(-order, kind="stable")[: query.limit]]


class PhysicalSource(_TitleView):
    """Tier 11: when a title may be shown, to whom, and how long it is."""

    kind = "availability"

    def _mask(self) -> Mask:
        return np.ones(len(self._catalog), np.bool_)

    def _importance(self) -> Floats:
        return np.full(len(self._catalog), 0.5, np.float32)

    def _memory(self, title: int, now: int) -> Memory:
        known, columns = self._catalog.titles[title], self._catalog.feasibility
        minutes, age = int(columns.minutes[title]), int(columns.age[title])
        first, end = int(columns.available_from[title]), int(columns.available_until[title])
        return Memory(
            tier=MemoryTier.PHYSICAL,
            kind=self.kind,
            subject=known.id,
            text=known.name,
            metadata={
                "available": first <= now < end,
                "from": known.available_from,
                "until": known.available_until,
                "minutes": None if minutes == UNKNOWN_MINUTES else minutes,
                "age": None if age == UNRATED else age,
            },
            at=0,
        )


class PagesSource(_TitleView):
    """Tier 5: what the fleet has published, until the next round replaces it."""

    kind = "published"

    def __init__(self, catalog: Catalog, collective: Collective) -> None:
        super().__init__(catalog)
        self._collective = collective

    def _mask(self) -> Mask:
        return self._collective.taste.published.published

    def _importance(self) -> Floats:
        counts = np.where(self._mask(), self._collective.taste.published.log_counts, 0.0)
        most = float(counts.max(initial=0.0))
        return np.clip(counts / most if most > 0 else counts, 0.0, 1.0).astype(np.float32)

    def _memory(self, title: int, now: int) -> Memory:
        known, space = self._catalog.titles[title], self._collective.taste.published
        manifest = self._collective.manifest
        return Memory(
            tier=MemoryTier.COLLECTIVE,
            kind=self.kind,
            subject=known.id,
            text=known.name,
            metadata={
                "round": space.round,
                "reports": round(float(np.expm1(space.log_counts[title]))),
            },
            importance=float(self._importance()[title]),
            at=0 if manifest is None else manifest.opens,
        )


class RegionSource:
    """Tier 9: what is watched in each region that the catalogue knows.

    Args:
        catalog: the titles.
        region: that of this television, or None.
    """

    kind = "region"

    def __init__(self, catalog: Catalog, region: str | None) -> None:
        self._catalog = catalog
        self._region = region

    @cached_property
    def _favourites(self) -> Mapping[str, list[str]]:
        """The most watched titles by region."""
        titles = self._catalog.titles
        found = {
            code: sorted(
                (-float(popularity[row]), titles[row].id)
                for row in np.flatnonzero(~np.isnan(popularity))
            )
            for code, popularity in self._catalog.regional.items()
        }
        return {code: [title for _, title in best[:_FAVOURITES]] for code, best in found.items()}

    def count(self) -> int:
        """See :meth:`Source.count`."""
        return len(self._favourites)

    def rows(self, query: Query, now: int) -> Iterable[Memory]:
        """See :meth:`Source.rows`."""
        if not _asks_for(query, (self.kind,)):
            return []
        return [
            Memory(
                tier=MemoryTier.CIVILIZATIONAL,
                kind=self.kind,
                subject=code,
                metadata={"own": code == self._region, "favourites": titles},
                importance=1.0 if code == self._region else 0.5,
                at=0,
            )
            for code, titles in self._favourites.items()
        ]


class PolicySource:
    """Tier 12: profiles with their limits, blocked titles, consent, and whether there is a PIN."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy

    def _all(self) -> list[tuple[str, str, dict[str, Any]]]:
        told: list[tuple[str, str, dict[str, Any]]] = [
            ("consent", "", {"allowed": self._policy.consented}),
            ("pin", "", {"set": self._policy.has_pin}),
        ]
        told += [
            (
                "profile",
                profile.name,
                {
                    "kind": profile.kind,
                    "age_limit": profile.age_limit,
                    "contributes": profile.contributes,
                },
            )
            for profile in self._policy.profiles()
        ]
        return told + [("block", title, {}) for title in self._policy.blocks()]

    def count(self) -> int:
        """See :meth:`Source.count`."""
        return len(self._all())

    def rows(self, query: Query, now: int) -> Iterable[Memory]:
        """See :meth:`Source.rows`."""
        if not _asks_for(query, ("consent", "pin", "profile", "block")):
            return []
        return [
            Memory(
                tier=MemoryTier.OMEGA,
                kind=kind,
                subject=subject,
                metadata=metadata,
                importance=1.0,
                at=0,
            )
            for kind, subject, metadata in self._all()
        ]
