"""Forgetting: erases a title, a profile or everything, and says what cannot be called back."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from exogenesis.core.effects import Clock, seconds
from exogenesis.errors import StorageError
from exogenesis.tv.agentdb import LEAST_SUCCESS
from exogenesis.tv.collective import Collective
from exogenesis.tv.ledger import Ledger, LedgerEntry, titles_told
from exogenesis.tv.persistence import Database

_EVERYTHING = (
    "memories",
    "skills",
    "rejections",
    "vectors",
    "causes",
    "outbox",
    "ledger",
    "blocks",
    "profiles",
)
_UNFINISHED = "unfinished_forget"
_FATES = {
    True: "the round is closed, what arrived is merged with reports of other households",
    False: "the round is still open, but what arrived is sealed and cannot be picked out",
    None: "what arrived is sealed, or merged with reports of other households already",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OutOfReach:
    """Reports that left, or may have left, before they were forgotten.

    Attributes:
        round: the round they were sealed for.
        acknowledged: how many the server has; each names one title and no television.
        unanswered: how many were sent and never acknowledged: they may have arrived.
        closed: True when the round is over: what arrived is merged with reports of others. False
            while it is open: it lies sealed in the intake, which this version cannot search.
            None when no round is held that could tell.
    """

    round: int
    acknowledged: int
    unanswered: int
    closed: bool | None

    def __str__(self) -> str:
        """One line for the screen."""
        said = []
        if self.acknowledged:
            said.append(f"{self.acknowledged} report(s) left")
        if self.unanswered:
            said.append(f"{self.unanswered} report(s) may have left")
        return f"Round {self.round}: {' and '.join(said)}; {_FATES[self.closed]}."


@dataclass(frozen=True, slots=True, kw_only=True)
class ForgetReport:
    """What was erased, and what was not.

    Attributes:
        events: viewing events erased.
        skills: started titles erased, skills among them; counted by profile.
        plaintexts: plaintexts erased from the ledger.
        waiting: pushes taken out of the outbox; they will not be sent again.
        traces: whether reports left that may hold a blurred trace of it.
        out_of_reach: the reports about it that left or may have left, by round.
    """

    events: int
    skills: int
    plaintexts: int
    waiting: int
    traces: bool
    out_of_reach: tuple[OutOfReach, ...]

    @property
    def note(self) -> str:
        """What cannot be called back, in words."""
        if self.out_of_reach:
            lines = ["What cannot be called back:", *(f"  {one}" for one in self.out_of_reach)]
            return "\n".join([*lines, "Other reports may hold a blurred trace of it."])
        if self.traces:
            return (
                "This television knows of no report about it that left; other reports may hold a "
                "blurred trace of it."
            )
        return "No report about it had left this television."


class _Told(NamedTuple):
    """What one push told: ``reports`` about what is forgotten, 0 for at most a trace."""

    round: int
    reports: int
    acknowledged: bool


class Forgetter:
    """Erases from the store, and scrubs the file so that nothing can be read from it.

    What had left is remembered, without a title, until the file has been scrubbed: when the disk
    is too full for that, the erasure stands, and the repeated call still reports it.
    """

    def __init__(
        self, *, database: Database, ledger: Ledger, collective: Collective, clock: Clock
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._collective = collective
        self._clock = clock

    @property
    def unfinished(self) -> bool:
        """Whether something was erased, and the file could not be scrubbed yet."""
        return self._database.setting(_UNFINISHED) is not None

    def finish(self) -> ForgetReport:
        """Scrub the file after an erasure that could not, and report what had left."""
        return self._forget(set(), lambda: None, reported=False)

    def title(self, title_id: str) -> ForgetReport:
        """Forget that any profile ever watched a title."""

        def erase() -> None:
            self._database.run("forget_memory_title", title=title_id)
            self._database.run("forget_skill_title", title=title_id)
            self._database.run("forget_rejection_title", title=title_id)

        return self._forget({title_id}, erase)

    def profile(self, name: str, *, contributes: bool, remove: bool) -> ForgetReport:
        """Forget what a profile watched; with ``remove`` the profile too.

        Reports stay that tell about a title which another contributing profile has finished,
        and every report when this one does not contribute: none of them tells about it.
        """

        def erase() -> None:
            self._database.run("forget_memory_profile", profile=name)
            self._database.run("forget_skill_profile", profile=name)
            self._database.run("forget_rejection_profile", profile=name)
            if remove:
                self._database.run("drop_profile", name=name)

        started = self._database.run("list_starts", profile=name) if contributes else []
        return self._forget({title for title, _, _ in started}, erase, reported=contributes)

    def everything(self) -> ForgetReport:
        """Forget all that was watched, learnt, planned and written down; consent goes off.

        The device's keys and its place in the round stay, so that it need not be enrolled anew
        and cannot speak twice in one round.
        """

        def erase() -> None:
            for name in _EVERYTHING:
                self._database.run(f"forget_{name}")
            self._database.run("drop_plan")
            self._database.store_setting("consent", None)
            self._collective.drop()

        told = {title for entry in self._ledger.entries() for title in titles_told(entry)}
        try:
            return self._forget(told, erase)
        finally:
            self._collective.reload()

    def _forget(
        self, titles: set[str], erase: Callable[[], None], *, reported: bool = True
    ) -> ForgetReport:
        """Erase, and with it all that tells about those ``titles`` that may leave no more.

        ``reported`` says whether reports may have been made from what is erased.
        """
        with self._database.transaction():
            events, skills, waiting = self._counts()
            entries = self._ledger.entries()
            erase()
            gone = titles - self._exportable()
            told = self._unfinished()
            if reported:
                told += [_told(entry, gone) for entry in entries if _may_tell(entry)]
            plaintexts = self._withdraw(entries, gone)
            self._database.store_setting(_UNFINISHED, json.dumps(told))
            events_left, skills_left, waiting_left = self._counts()
        self._scrub()
        return ForgetReport(
            events=events - events_left,
            skills=skills - skills_left,
            plaintexts=plaintexts,
            waiting=waiting - waiting_left,
            traces=bool(told),
            out_of_reach=self._out_of_reach(told),
        )

    def _counts(self) -> tuple[int, int, int]:
        ((events, skills, waiting),) = self._database.run("count_history")
        return events, skills, waiting

    def _exportable(self) -> set[str]:
        rows = self._database.run("list_exportable", least=LEAST_SUCCESS)
        return {title for title, *_ in rows}

    def _unfinished(self) -> list[_Told]:
        stored = self._database.setting(_UNFINISHED)
        return [] if stored is None else [_Told(*one) for one in json.loads(stored)]

    def _withdraw(self, entries: list[LedgerEntry], titles: set[str]) -> int:
        """Take ``titles`` out of plan, outbox and ledger; returns how many plaintexts it erased."""
        for title in titles:
            self._database.run("forget_plan_title", title=title)
        for entry in entries:
            if not titles.isdisjoint(titles_told(entry)):
                self._database.run("drop_outbox", ledger=entry.id)
        return sum(self._ledger.erase(entry, titles) for entry in entries)

    def _scrub(self) -> None:
        try:
            self._database.scrub()
            self._database.store_setting(_UNFINISHED, None)
        except StorageError as error:
            raise StorageError(
                "it is erased, but the file could not be rewritten, and traces may be left in it: "
                f"free some space and repeat [{error.code}]",
                code="not_scrubbed",
            ) from error

    def _out_of_reach(self, told: list[_Told]) -> tuple[OutOfReach, ...]:
        rounds = sorted({one.round for one in told if one.reports})
        return tuple(
            OutOfReach(
                round=round_,
                acknowledged=sum(t.reports for t in told if t.round == round_ and t.acknowledged),
                unanswered=sum(t.reports for t in told if t.round == round_ and not t.acknowledged),
                closed=self._is_closed(round_),
            )
            for round_ in rounds
        )

    def _is_closed(self, round_: int) -> bool | None:
        manifest = self._collective.manifest
        if manifest is None:
            return None
        return manifest.round > round_ or seconds(self._clock) >= manifest.closes


def _may_tell(entry: LedgerEntry) -> bool:
    """Whether a push may have arrived that said anything at all."""
    said = any(one["kind"] != "dummy" for one in entry.content.get("envelopes", []))
    return said and entry.may_have_arrived


def _told(entry: LedgerEntry, titles: set[str]) -> _Told:
    assert entry.round is not None, "every push is of a round"
    reports = sum(title in titles for title in titles_told(entry))
    return _Told(entry.round, reports, entry.acknowledged)
