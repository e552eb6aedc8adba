"""The brain of one television: everything put together, behind a few doors."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exogenesis.core.effects import Clock, Entropy
from exogenesis.errors import CatalogError, InputError
from exogenesis.tv.agentdb import LEAST_SUCCESS
from exogenesis.tv.assembly import Outside, Parts
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.config import BrainConfig
from exogenesis.tv.explain import Explanation
from exogenesis.tv.forget import ForgetReport
from exogenesis.tv.history import ImportReport
from exogenesis.tv.http import HttpTransport, Transport
from exogenesis.tv.identity import stored_identity
from exogenesis.tv.ledger import LedgerEntry
from exogenesis.tv.loops import CycleOutput, LoopStatus, LoopType
from exogenesis.tv.memory import MemoryTier, Query, Recalled
from exogenesis.tv.moment import Timekeeper, utc
from exogenesis.tv.observe import Signal, ViewingEvent
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import HOME, PIN_SALT_BYTES, Profile, loosens, strictest
from exogenesis.tv.portable import Imported
from exogenesis.tv.recommend import Recommendation, ViewContext
from exogenesis.tv.resume import Resume
from exogenesis.tv.runtime import Finding, Mode
from exogenesis.tv.search import Found
from exogenesis.tv.sync import SyncResult
from exogenesis.tv.upkeep import Upkeep


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
        agentdb: vectors, skills, episodes and causes.
        memory: what it remembers, in twelve tiers.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._upkeep = Upkeep(parts)
        self.agentdb = parts.agentdb
        self.memory = parts.memory

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
        timer: Clock | None = None,
        offset_s: Callable[[int], int] = utc,
    ) -> Brain:
        """Open a television's store, or make it.

        Args:
            config: where it is kept and whom it trusts.
            catalog: the titles; may be shared by many brains.
            clock: nanoseconds since the epoch.
            rng: source of exploration, of the plan and of the reports' noise.
            entropy: source of keys; must be unpredictable outside of tests.
            transport: the way to the constellation; None uses ``config.server_url``.
            timer: nanoseconds that only grow, for durations; None takes the clock.
            offset_s: local time less UTC at a Unix time, in seconds; UTC by default.

        Raises:
            CatalogError: the store was made with another catalogue lineage or encoder.
            InputError: the server's address is not usable.
            StorageError: the store cannot be opened.
        """
        database = Database.open(config.storage_path)
        try:
            timekeeper = Timekeeper(database, clock, offset_s)
            if transport is None and config.server_url is not None:
                transport = HttpTransport(
                    config.server_url,
                    timeout_s=config.timeout_s,
                    ca_file=config.ca_file,
                    dated=lambda: timekeeper.now().trusted,
                )
            _bind(database, catalog)
            outside = Outside(
                clock=clock, timer=timer or clock, rng=rng, entropy=entropy, transport=transport
            )
            return cls(
                Parts(
                    config=config,
                    database=database,
                    catalog=catalog,
                    timekeeper=timekeeper,
                    outside=outside,
                )
            )
        except BaseException:
            database.close()
            raise

    # --- what happens at the television -------------------------------------------------------

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
        taken = list(events)
        self._upkeep.store(lambda: self._parts.observer.observe(taken))
        self._parts.refresh()
        self._upkeep.watched(len(taken))

    def signal(self, signal: Signal) -> None:
        """Take a button of the remote control: the next list follows it, for a minute.

        Raises:
            UnknownTitle: the catalogue does not hold the title.
            InputError: an unknown kind or profile, or a dwell time that cannot be.
        """
        self._upkeep.signalled(signal)

    def end_session(self) -> None:
        """The television goes quiet: what was watched is learnt from now, at the next tick."""
        self._upkeep.session_ended()

    def not_interested(self, title_id: str, profile: str = HOME, *, undo: bool = False) -> None:
        """Keep a title off a profile's lists; it never leaves this television.

        Raises:
            UnknownTitle: the catalogue does not hold it.
            InputError: there is no such profile.
        """
        parts = self._parts
        parts.catalog.index_of(title_id)
        parts.policy.profile(profile)
        parts.policy.set_rejection(profile, title_id, not undo, parts.now())
        self._told()

    def rejections(self, profile: str = HOME) -> list[str]:
        """Return the titles that a profile does not want to see.

        Raises:
            InputError: there is no such profile.
        """
        policy = self._parts.policy
        return policy.rejections(policy.profile(profile).name)

    def import_history(
        self,
        path: Path,
        *,
        profile: str = HOME,
        skip_unknown: bool = False,
        progress: Callable[[int, int], object] = lambda stored, total: None,
    ) -> ImportReport:
        """Bring along what was watched elsewhere; importing a file again changes nothing.

        Args:
            path: CSV, JSON Lines or a JSON list, see ``docs/history.md``.
            profile: who watched where the file does not say.
            skip_unknown: leaves out titles that the catalogue does not hold.
            progress: told how many viewings are stored, and of how many.

        Raises:
            InputError: the file cannot be read, there is no such profile, or lines are wrong:
                the message names them, and nothing was stored.
            DiskFull: there is no room; nothing was stored.
        """
        report = self._parts.history.bring(
            path, profile=profile, skip_unknown=skip_unknown, progress=progress
        )
        self._parts.refresh()
        self._upkeep.session_ended()
        return report

    def export(self, passphrase: str) -> bytes:
        """Return all that was learnt, encrypted; see ``docs/export.md``.

        Raises:
            InputError: the passphrase is too short.
        """
        return self._parts.portable.export(passphrase, self._parts.outside.entropy)

    def import_export(self, raw: bytes, passphrase: str) -> Imported:
        """Take what another television has learnt, all or nothing; twice is once.

        Raises:
            InputError: it is no export, or damaged, or the passphrase is wrong: nothing changes.
            DiskFull: there is no room; nothing was stored.
        """
        taken = self._parts.portable.take(raw, passphrase)
        self._upkeep.use_settings()
        self._parts.learning.refresh()
        self._told()
        return taken

    # --- what it shows ------------------------------------------------------------------------

    def recommend(self, context: ViewContext | None = None) -> list[Recommendation]:
        """Return what to watch, best first, each with its reason.

        Raises:
            InputError: there is no such profile.
        """
        return self._upkeep.recommend(context or ViewContext())

    def explain(
        self,
        title_id: str,
        profile: str | None = HOME,
        *,
        session: str = "",
        just_ended: str | None = None,
    ) -> Explanation:
        """Take the score of one title apart, as it stands in a session.

        Raises:
            UnknownTitle: the catalogue does not hold it.
            InputError: there is no such profile.
        """
        return self._parts.recommender.explain(
            title_id, profile, session=session, just_ended=just_ended
        )

    def continue_watching(self, profile: str = HOME, limit: int = 10) -> list[Resume]:
        """Return what to go on with: titles left in the middle, and next episodes.

        Raises:
            InputError: there is no such profile, or the limit is out of range.
        """
        return self._parts.resumer.continue_watching(profile, limit)

    def search(self, words: str, *, limit: int = 10, profile: str = HOME) -> Found:
        """Find titles by words of a name, of a person, or of what they are about.

        Raises:
            InputError: nothing or too much was typed, the limit is out of range, or there is no
                such profile.
        """
        return self._parts.finder.search(words, limit, profile)

    def similar(self, title_id: str, *, limit: int = 10, profile: str = HOME) -> Found:
        """Find the titles that are most like one.

        Raises:
            UnknownTitle: the catalogue does not hold it.
            InputError: the limit is out of range, or there is no such profile.
        """
        return self._parts.finder.similar(title_id, limit, profile)

    def recall(
        self, query: Query, tiers: Iterable[MemoryTier] = tuple(MemoryTier)
    ) -> list[Recalled]:
        """Return what the television remembers, the most relevant first.

        Raises:
            InputError: a limit below 0, or a vector or metadata that cannot be compared.
        """
        return self.memory.recall(query, tiers, now=self._parts.now())

    # --- the constellation --------------------------------------------------------------------

    def sync(self, *, insist: bool = False) -> SyncResult:
        """Talk to the constellation once; without consent, not at all.

        Args:
            insist: a person asks for it: try even if it has failed again and again.

        Raises:
            BreakerOpen: it has failed again and again, and is left alone for a while.
            InputError: no constellation is configured, or no token to enrol with.
            NetworkError: nobody answered; what waits is sent at the next sync.
            RemoteError: what came is not acceptable; what was in use stays in use.
            RefusedError: the server refused.
        """
        return self._upkeep.sync(insist=insist)

    def fetch_pack(self) -> bytes:
        """Download and check the pack that the constellation uses; open the brain anew with it.

        Raises:
            ConsentError: the owner has not consented.
            CatalogError: it is not signed by the pinned key, or not of this store's lineage and
                encoder.
            InputError: no constellation or no catalogue key is configured.
            NetworkError, RemoteError, RefusedError: as :meth:`sync`.
        """
        public = self._parts.config.catalog_public
        if public is None:
            raise InputError("no catalogue key is configured: a new pack cannot be checked")
        raw = self._parts.sync.fetch_pack()
        _bind(self._parts.database, Catalog.load(raw, public))
        return raw

    def next_push_at(self) -> int | None:
        """When a push is due next, Unix seconds; a time that has passed means now."""
        return self._parts.sync.next_push_at()

    def ledger(self) -> list[LedgerEntry]:
        """Return everything that left this television, oldest first."""
        return self._parts.ledger.entries()

    # --- the owner's word ---------------------------------------------------------------------

    def consent(self, allowed: bool, *, pin: str | None = None) -> None:
        """Store the owner's decision; off gives up what was planned and what the fleet taught.

        Raises:
            InputError: a PIN is set, and this is not it.
        """
        self._check_pin(pin)
        self._parts.database.insist(lambda: self._decide(allowed))
        self._parts.collective.reload()
        self._parts.refresh()

    def _decide(self, allowed: bool) -> None:
        with self._parts.database.transaction():
            self._parts.policy.set_consent(allowed)
            if not allowed:
                self._parts.sync.withdraw()

    @property
    def consented(self) -> bool:
        """Whether anything may leave."""
        return self._parts.policy.consented

    def set_pin(self, new: str | None, *, pin: str | None = None) -> None:
        """Set the owner's PIN, change it, or take it away with None.

        Raises:
            InputError: it has not 4 to 12 digits, or ``pin`` is not the one in force.
        """
        salt = self._parts.outside.entropy(PIN_SALT_BYTES)
        self._parts.policy.set_pin(new, pin=pin, now=self._parts.now(), salt=salt)

    def _check_pin(self, pin: str | None) -> None:
        self._parts.policy.check_pin(pin, self._parts.now())

    def _told(self) -> None:
        """The owner's word was stored: it holds from now on, with the store or without it."""
        self._parts.refresh()
        self._parts.recommender.read_again()

    def profiles(self) -> list[Profile]:
        """Return the profiles of this television."""
        return self._parts.policy.profiles()

    def add_profile(self, profile: Profile, *, pin: str | None = None) -> None:
        """Add somebody who watches; one who may see more than the strictest profile needs the PIN.

        Raises:
            InputError: the name is taken, or a PIN is set, and this is not it.
        """
        if loosens(strictest(one.age_limit for one in self.profiles()), profile.age_limit):
            self._check_pin(pin)
        self._parts.policy.add_profile(profile)
        self._told()

    def set_age_limit(self, profile: str, age_limit: int | None, *, pin: str | None = None) -> None:
        """Change for which age a profile is shown titles; to loosen it needs the PIN.

        Raises:
            InputError: there is no such profile, it cannot have this limit, or the PIN is wrong.
        """
        if loosens(self._parts.policy.profile(profile).age_limit, age_limit):
            self._check_pin(pin)
        self._parts.policy.set_age_limit(profile, age_limit)
        self._told()

    def remove_profile(self, name: str, *, pin: str | None = None) -> ForgetReport:
        """Remove a profile with all that it watched; one with an age limit needs the PIN.

        Raises:
            InputError: there is no such profile, it is the one that always exists, or a PIN is
                set, and this is not it.
            StorageError: as :meth:`forget`.
        """
        if name == HOME:
            raise InputError(f"the profile {HOME!r} stays; use forget to empty it")
        if any(one.name == name and one.age_limit is not None for one in self.profiles()):
            self._check_pin(pin)
        return self._forget_profile(name, remove=True)

    def block(self, title_id: str) -> None:
        """Never show a title again, to nobody.

        Raises:
            UnknownTitle: the catalogue does not hold it.
        """
        self._set_block(title_id, True)

    def unblock(self, title_id: str, *, pin: str | None = None) -> None:
        """Allow a title again.

        Raises:
            UnknownTitle: the catalogue does not hold it.
            InputError: a PIN is set, and this is not it.
        """
        self._check_pin(pin)
        self._set_block(title_id, False)

    def _set_block(self, title_id: str, blocked: bool) -> None:
        self._parts.catalog.index_of(title_id)
        self._parts.policy.set_block(title_id, blocked)
        self._told()

    def blocks(self) -> list[str]:
        """Return the identifiers of the blocked titles."""
        return self._parts.policy.blocks()

    def forget(
        self,
        title_id: str | None = None,
        *,
        profile: str | None = None,
        everything: bool = False,
        pin: str | None = None,
    ) -> ForgetReport:
        """Erase one title, what one profile watched, or everything; a block on it stays.

        Everything is also what the owner said, so that this needs the PIN.

        Raises:
            InputError: not exactly one of the three is given, there is no such profile, or the
                PIN is needed, and this is not it.
            StorageError: ``not_scrubbed``: it is erased, but there is no room to rewrite the
                file; the repeated call does so, and reports what had left.
        """
        if [title_id is not None, profile is not None, everything].count(True) != 1:
            raise InputError("forget needs exactly one of: a title, a profile, everything")
        if everything:
            self._check_pin(pin)
        if profile is not None:
            return self._forget_profile(profile, remove=False)
        forgetter = self._parts.forgetter
        try:
            return forgetter.everything() if title_id is None else forgetter.title(title_id)
        finally:  # what is erased stays erased when the file cannot be scrubbed
            self._erased()

    def _forget_profile(self, name: str, *, remove: bool) -> ForgetReport:
        forgetter = self._parts.forgetter
        if forgetter.unfinished and name not in {one.name for one in self.profiles()}:
            return forgetter.finish()  # removed by a call that could not scrub the file
        contributes = self._parts.policy.profile(name).contributes
        try:
            return forgetter.profile(name, contributes=contributes, remove=remove)
        finally:
            self._erased()

    def _erased(self) -> None:
        self._parts.refresh(erased=True)
        self._upkeep.erased()

    # --- what it does by itself ---------------------------------------------------------------

    def tick(self, budget_ms: float = 5.0, *, busy: bool = False) -> list[CycleOutput]:
        """Go on with what the television does by itself; call it whenever there is time.

        Args:
            budget_ms: time to spend. Work is done in steps of a few milliseconds, and at least
                one is done when anything is due.
            busy: something is played: slow work waits.

        Returns:
            The cycles that ended.
        """
        return self._upkeep.tick(budget_ms, busy=busy)

    def loops(self) -> list[LoopStatus]:
        """Return how each of the seven loops stands."""
        return self._upkeep.loops()

    def run_loop(self, loop: LoopType) -> CycleOutput:
        """Run one cycle of a loop to its end, due or not.

        Raises:
            InputError: the loop is switched off.
        """
        return self._upkeep.run_loop(loop)

    def next_due(self) -> int | None:
        """When a loop is due next, Unix seconds; None: when something happens."""
        return self._upkeep.next_due()

    def doctor(self, *, free_bytes: int | None = None) -> list[Finding]:
        """Look at every part; returns how each is, and what to do about it.

        Args:
            free_bytes: room on the disk, or None where nobody can say.
        """
        return self._upkeep.examine(free_bytes=free_bytes)

    @property
    def mode(self) -> Mode:
        """How much of the brain makes the next list."""
        return self._upkeep.runtime.mode

    # --- how it stands ------------------------------------------------------------------------

    def stats(self) -> Stats:
        """Return how this television stands."""
        parts = self._parts
        ((events, started, skills, pages, waiting, ledger),) = parts.database.run(
            "count_rows", least=LEAST_SUCCESS
        )
        manifest = parts.collective.manifest
        return Stats(
            titles=len(parts.catalog),
            profiles=len(self.profiles()),
            events=events,
            started=started,
            skills=skills,
            consent=self.consented,
            enrolled=stored_identity(parts.database) is not None,
            round=None if manifest is None else manifest.round,
            basis=None if manifest is None else manifest.basis,
            pages=pages,
            waiting=waiting,
            ledger=ledger,
            next_push_at=self.next_push_at(),
        )

    @property
    def store_bytes(self) -> int:
        """Size of the store, its free pages included."""
        ((size_bytes,),) = self._parts.database.run("cycle_store_bytes")
        return int(size_bytes)

    def fingerprint(self) -> bytes:
        """Return 16 bytes that stand for every row of the store; equal stores have equal ones."""
        return self._parts.database.fingerprint()

    def close(self) -> None:
        """Close the store and the connection."""
        transport = self._parts.outside.transport
        if transport is not None:
            transport.close()
        try:
            self._upkeep.close()
        finally:
            self._parts.close()


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
