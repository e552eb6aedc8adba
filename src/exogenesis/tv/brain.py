"""The brain of one television: everything put together, behind a few doors."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from exogenesis.core.effects import Clock, Entropy
from exogenesis.errors import CatalogError, InputError
from exogenesis.tv.agentdb import LEAST_SUCCESS, AgentDB
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.config import BrainConfig
from exogenesis.tv.explain import Explanation
from exogenesis.tv.forget import ForgetReport, Forgetter
from exogenesis.tv.http import HttpTransport, Transport
from exogenesis.tv.identity import stored_identity
from exogenesis.tv.ledger import Ledger, LedgerEntry
from exogenesis.tv.observe import ViewingEvent, store_events
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import HOME, Policy, Profile
from exogenesis.tv.recommend import Recommendation, Recommender, ViewContext
from exogenesis.tv.sync import Sync, SyncResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """How a television stands.

    Attributes:
        titles: titles of the catalogue.
        profiles: profiles on this television.
        events: viewing events stored.
        started: titles started, counted by profile.
        skills: those of them that are skills.
        consent: whether anything may leave.
        enrolled: whether the server knows this television.
        round: the open round, or None before the first sync.
        basis: the round whose pages are in use; None before the first, 0 is the catalogue.
        pages: pages held.
        waiting: pushes that are not acknowledged yet.
        ledger: entries of the ledger.
        next_push_at: Unix seconds, or None when nothing is planned.
    """

    titles: int
    profiles: int
    events: int
    started: int
    skills: int
    consent: bool
    enrolled: bool
    round: int | None
    basis: int | None
    pages: int
    waiting: int
    ledger: int
    next_push_at: int | None


class Brain:
    """One television: it observes, recommends and, with consent, learns with others.

    Made by :meth:`open`; not to be used by two threads at the same time.

    Attributes:
        agentdb: skills and the search over content vectors.
    """

    def __init__(
        self,
        *,
        config: BrainConfig,
        database: Database,
        catalog: Catalog,
        clock: Clock,
        rng: np.random.Generator,
        entropy: Entropy,
        transport: Transport | None,
    ) -> None:
        self._config = config
        self._database = database
        self._catalog = catalog
        self._clock = clock
        self._transport = transport
        self._policy = Policy(database)
        self._collective = Collective(database, catalog, config.worker_public)
        self._ledger = Ledger(database)
        self.agentdb = AgentDB(database, catalog.content)
        self._recommender = Recommender(
            catalog=catalog,
            agentdb=self.agentdb,
            policy=self._policy,
            collective=self._collective,
            settings=config.ranker,
            clock=clock,
            rng=rng,
        )
        self._sync = Sync(
            config=config,
            database=database,
            catalog=catalog,
            policy=self._policy,
            collective=self._collective,
            ledger=self._ledger,
            clock=clock,
            rng=rng,
            entropy=entropy,
            transport=transport,
        )
        self._forgetter = Forgetter(
            database=database, ledger=self._ledger, collective=self._collective, clock=clock
        )

    @classmethod
    def open(
        cls,
        config: BrainConfig,
        *,
        catalog: Catalog,
        clock: Clock,
        rng: np.random.Generator,
        entropy: Entropy,
        transport: Transport | None = None,
    ) -> Brain:
        """Open a television's store, or make it.

        Args:
            config: where it is kept and whom it trusts.
            catalog: the titles; may be shared by many brains.
            clock: nanoseconds since the epoch.
            rng: source of exploration, of the plan and of the reports' noise.
            entropy: source of keys; must be unpredictable outside of tests.
            transport: the way to the constellation; None uses ``config.server_url``.

        Raises:
            CatalogError: the store was made with another catalogue lineage or encoder.
            InputError: the server's address is not usable.
            StorageError: the store cannot be opened.
        """
        if transport is None and config.server_url is not None:
            transport = HttpTransport(
                config.server_url, timeout_s=config.timeout_s, ca_file=config.ca_file
            )
        database = Database.open(config.storage_path)
        try:
            _bind(database, catalog)
            return cls(
                config=config,
                database=database,
                catalog=catalog,
                clock=clock,
                rng=rng,
                entropy=entropy,
                transport=transport,
            )
        except BaseException:
            database.close()
            raise

    def observe(self, event: ViewingEvent) -> None:
        """Store a viewing event; when this returns, it is on the disk."""
        self.observe_many((event,))

    def observe_many(self, events: Iterable[ViewingEvent]) -> None:
        """Store viewing events, all or nothing.

        Raises:
            UnknownTitle: the catalogue does not hold a title.
            InputError: an unknown profile, or a fraction or time out of range.
            DiskFull: there is no room; nothing was stored.
        """
        store_events(
            events,
            database=self._database,
            agentdb=self.agentdb,
            catalog=self._catalog,
            policy=self._policy,
            clock=self._clock,
        )
        self._recommender.refresh()

    def recommend(self, context: ViewContext | None = None) -> list[Recommendation]:
        """Return what to watch, best first, each with its reason.

        Raises:
            InputError: there is no such profile.
        """
        return self._recommender.recommend(context or ViewContext())

    def explain(self, title_id: str, profile: str = HOME) -> Explanation:
        """Take the score of one title apart.

        Raises:
            UnknownTitle: the catalogue does not hold it.
            InputError: there is no such profile.
        """
        return self._recommender.explain(title_id, profile)

    def sync(self) -> SyncResult:
        """Talk to the constellation once; without consent, not at all.

        Raises:
            InputError: no constellation is configured, or no token to enrol with.
            NetworkError: nobody answered; what waits is sent at the next sync.
            RemoteError: what came is not acceptable; what was in use stays in use.
            RefusedError: the server refused.
        """
        return self._sync.run()

    def fetch_pack(self) -> bytes:
        """Download and check the pack that the constellation uses; open the brain anew with it.

        Raises:
            ConsentError: the owner has not consented.
            CatalogError: it is not signed by the pinned key, or not of this store's lineage and
                encoder.
            InputError: no constellation or no catalogue key is configured.
            NetworkError, RemoteError, RefusedError: as :meth:`sync`.
        """
        if self._config.catalog_public is None:
            raise InputError("no catalogue key is configured: a new pack cannot be checked")
        raw = self._sync.fetch_pack()
        _bind(self._database, Catalog.load(raw, self._config.catalog_public))
        return raw

    def next_push_at(self) -> int | None:
        """When a push is due next, Unix seconds; a time that has passed means now."""
        return self._sync.next_push_at()

    def consent(self, allowed: bool) -> None:
        """Store the owner's decision; off gives up what was planned and what the fleet taught."""
        with self._database.transaction():
            self._policy.set_consent(allowed)
            if not allowed:
                self._sync.withdraw()
        self._collective.reload()

    @property
    def consented(self) -> bool:
        """Whether anything may leave."""
        return self._policy.consented

    def profiles(self) -> list[Profile]:
        """Return the profiles of this television."""
        return self._policy.profiles()

    def add_profile(self, profile: Profile) -> None:
        """Add somebody who watches.

        Raises:
            InputError: the name is taken.
        """
        self._policy.add_profile(profile)

    def remove_profile(self, name: str) -> ForgetReport:
        """Remove a profile with all that it watched.

        Raises:
            InputError: there is no such profile, or it is the one that always exists.
            StorageError: as :meth:`forget`.
        """
        if name == HOME:
            raise InputError(f"the profile {HOME!r} stays; use forget to empty it")
        return self._forget_profile(name, remove=True)

    def block(self, title_id: str) -> None:
        """Never show a title again, to nobody.

        Raises:
            UnknownTitle: the catalogue does not hold it.
        """
        self._set_block(title_id, True)

    def unblock(self, title_id: str) -> None:
        """Allow a title again.

        Raises:
            UnknownTitle: the catalogue does not hold it.
        """
        self._set_block(title_id, False)

    def _set_block(self, title_id: str, blocked: bool) -> None:
        self._catalog.index_of(title_id)
        self._policy.set_block(title_id, blocked)
        self._recommender.refresh()

    def blocks(self) -> list[str]:
        """Return the identifiers of the blocked titles."""
        return self._policy.blocks()

    def ledger(self) -> list[LedgerEntry]:
        """Return everything that left this television, oldest first."""
        return self._ledger.entries()

    def forget(
        self, title_id: str | None = None, *, profile: str | None = None, everything: bool = False
    ) -> ForgetReport:
        """Erase one title, what one profile watched, or everything; a block on it stays.

        Raises:
            InputError: not exactly one of the three is given, or there is no such profile.
            StorageError: ``not_scrubbed``: it is erased, but there is no room to rewrite the
                file; the repeated call does so, and reports what had left.
        """
        if [title_id is not None, profile is not None, everything].count(True) != 1:
            raise InputError("forget needs exactly one of: a title, a profile, everything")
        if profile is not None:
            return self._forget_profile(profile, remove=False)
        try:
            if title_id is not None:
                return self._forgetter.title(title_id)
            return self._forgetter.everything()
        finally:  # what is erased stays erased when the file cannot be scrubbed
            self._recommender.refresh()

    def _forget_profile(self, name: str, *, remove: bool) -> ForgetReport:
        if self._forgetter.unfinished and name not in {one.name for one in self.profiles()}:
            return self._forgetter.finish()  # removed by a call that could not scrub the file
        contributes = self._policy.profile(name).contributes
        try:
            return self._forgetter.profile(name, contributes=contributes, remove=remove)
        finally:
            self._recommender.refresh()

    def stats(self) -> Stats:
        """Return how this television stands."""
        ((events, started, skills, pages, waiting, ledger),) = self._database.run(
            "count_rows", least=LEAST_SUCCESS
        )
        manifest = self._collective.manifest
        return Stats(
            titles=len(self._catalog),
            profiles=len(self.profiles()),
            events=events,
            started=started,
            skills=skills,
            consent=self.consented,
            enrolled=stored_identity(self._database) is not None,
            round=None if manifest is None else manifest.round,
            basis=None if manifest is None else manifest.basis,
            pages=pages,
            waiting=waiting,
            ledger=ledger,
            next_push_at=self.next_push_at(),
        )

    def close(self) -> None:
        """Close the store and the connection."""
        if self._transport is not None:
            self._transport.close()
        self._database.close()


def _bind(database: Database, catalog: Catalog) -> None:
    """Tie a new store to the catalogue's lineage and encoder; refuse another one later."""
    for key, value in (("lineage", catalog.lineage_id.hex()), ("encoder", catalog.encoder)):
        stored = database.setting(key)
        if stored is None:
            database.store_setting(key, value)
        elif stored != value:
            raise CatalogError(
                f"this television's store belongs to the catalogue {key} {stored!r}, the pack is "
                f"of {value!r}: load a pack of the same {key}, or use another home"
            )
