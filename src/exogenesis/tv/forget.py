"""Forgetting: erases a title, a profile or everything, and says what cannot be called back."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from exogenesis.core.effects import Clock, seconds
from exogenesis.errors import StorageError
from exogenesis.tv.agentdb import LEAST_SUCCESS, AgentDB
from exogenesis.tv.collective import Collective
from exogenesis.tv.ledger import Ledger, LedgerEntry, titles_told
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy

_EVERYTHING = (
    "skills",
    "rejections",
    "vectors",
    "causes",
    "loops",
    "outbox",
    "ledger",
    "blocks",
    "profiles",
)
_UNFINISHED = "unfinished_forget"
_WORD_LEAST = 4
_NAMED_BY_US = ("fact", "rhythm", "snapshot", "settings", "trial", "rollback", "measure")
"""Kinds of memory whose subject is a genre, a quarter or a part, and never holds a title within."""

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
        rejections: "not interested" taken back; it had never left this television.
        vectors: vectors of the television's own that named it.
        causes: counts of what follows what that named it.
        plaintexts: plaintexts erased from the ledger.
        waiting: pushes taken out of the outbox; they will not be sent again.
        traces: whether reports left that may hold a blurred trace of it.
        out_of_reach: the reports about it that left or may have left, by round.
    """

    events: int
    skills: int
    rejections: int
    vectors: int
    causes: int
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


class Mention:
    """Finds a title where it is named among other things: in texts, and in values of JSON.

    An identifier of four characters and more is also found within a text, as a word of its own;
    a shorter one is too likely to be something else there.

    Attributes:
        word: the title's identifier.
    """

    def __init__(self, word: str) -> None:
        self.word = word
        self._pattern = (
            re.compile(rf"(?<!\w){re.escape(word)}(?!\w)") if len(word) >= _WORD_LEAST else None
        )

    @property
    def needles(self) -> dict[str, str]:
        """What to look for in the store: as it is, and in the two ways that JSON writes it."""
        return {
            "word": self.word,
            "plain": json.dumps(self.word, ensure_ascii=False)[1:-1],
            "escaped": json.dumps(self.word)[1:-1],
        }

    def is_in(self, value: Any) -> bool:
        """Whether a value of JSON names the title anywhere."""
        return bool(self.taken_out_of(value) != value)

    def taken_out_of(self, value: Any) -> Any:
        """Return a value of JSON without the title: where it stood alone, None stands.

        It goes from the keys of an object and from the items of a list.
        """
        if isinstance(value, str):
            if value == self.word:
                return None
            return value if self._pattern is None else self._pattern.sub("", value)
        if isinstance(value, dict):
            return {
                key: self.taken_out_of(held)
                for key, held in value.items()
                if self.taken_out_of(key) == key
            }
        if isinstance(value, list):
            return [self.taken_out_of(held) for held in value if held != self.word]
        return value


class _Told(NamedTuple):
    """What one push told: ``reports`` about what is forgotten, 0 for at most a trace."""

    round: int
    reports: int
    acknowledged: bool


class _Counts(NamedTuple):
    """What there is to be erased, by table."""

    events: int
    skills: int
    rejections: int
    vectors: int
    causes: int
    waiting: int


Relearn = Callable[[str | None, list[str]], None]
"""Derives anew what follows from skills: the title that was forgotten, or None when it was more,
and the profiles that lost something. Called inside the transaction that erases."""


def _nothing(title_id: str | None, profiles: list[str]) -> None:
    """Nothing is derived from skills."""


class Forgetter:
    """Erases from the store, and scrubs the file so that nothing can be read from it.

    What had left is remembered, without a title, until the file has been scrubbed: when the disk
    is too full for that, the erasure stands, and the repeated call still reports it.

    Args:
        database: the store.
        ledger: what left.
        collective: what the fleet said.
        clock: the time, to tell an open round from a closed one.
        memory: whose rows go with what they are about.
        agentdb: told when vectors were erased, so that no index holds them.
        relearn: learns anew from what is left.
    """

    def __init__(
        self,
        *,
        database: Database,
        ledger: Ledger,
        collective: Collective,
        clock: Clock,
        memory: CosmicMemory | None = None,
        agentdb: AgentDB | None = None,
        relearn: Relearn = _nothing,
    ) -> None:
        self._database = database
        self._ledger = ledger
        self._collective = collective
        self._clock = clock
        self._policy = Policy(database)
        self._memory = CosmicMemory(database) if memory is None else memory
        self._agentdb = agentdb
        self._relearn = relearn

    @property
    def unfinished(self) -> bool:
        """Whether something was erased, and the file could not be scrubbed yet."""
        return self._database.setting(_UNFINISHED) is not None

    def finish(self) -> ForgetReport:
        """Scrub the file after an erasure that could not, and report what had left."""
        return self._forget(set(), lambda: None, reported=False)

    def title(self, title_id: str) -> ForgetReport:
        """Forget that any profile ever watched a title; what was learnt from it is learnt anew."""

        def erase() -> None:
            self._memory.forget_subject(title_id)
            self._database.run("forget_skill_title", title=title_id)
            self._database.run("forget_rejection_title", title=title_id)
            self._learn_anew(title_id)
            self._erase_mentions(Mention(title_id))

        return self._forget({title_id}, erase)

    def profile(self, name: str, *, contributes: bool, remove: bool) -> ForgetReport:
        """Forget what a profile watched and rejected; with ``remove`` the profile too.

        Reports stay that tell about a title which another contributing profile has finished;
        those about its other titles go, for it may have contributed before. When it does not
        contribute now and none of them was told, no report holds a trace of it. Counts of what
        follows what do not say whose they are: they all go when it has watched anything.
        """
        started = self._database.run("list_starts", profile=name)

        def erase() -> None:
            self._memory.forget_profile(name)
            self._database.run("forget_skill_profile", profile=name)
            self._database.run("forget_rejection_profile", profile=name)
            self._erase_vectors(lambda metadata: metadata.get("profile") == name, name)
            if started:
                self._database.run("forget_causes")
                self._database.run("forget_loops")
            if remove:
                self._database.run("drop_profile", name=name)
            self._learn_anew(None)

        return self._forget({title for title, *_ in started}, erase, reported=contributes)

    def everything(self) -> ForgetReport:
        """Forget all that was watched, learnt, planned, allowed and written down.

        Consent goes off, and the PIN goes with what it kept.

        The device's keys and its place in the round stay, so that it need not be enrolled anew
        and cannot speak twice in one round.
        """

        def erase() -> None:
            self._memory.erase()
            for name in _EVERYTHING:
                self._database.run(f"forget_{name}")
            self._database.run("drop_plan")
            self._database.store_setting("consent", None)
            self._policy.drop_pin()
            self._learn_anew(None)
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

        ``reported`` says whether reports may hold a trace of what is erased, though none names it.
        """
        self._database.drop_copies()
        before, left, plaintexts, told = self._database.insist(
            lambda: self._erase_all(titles, erase, reported)
        )
        self._scrub()
        gone_rows = _Counts(*(had - has for had, has in zip(before, left, strict=True)))
        return ForgetReport(
            events=gone_rows.events,
            skills=gone_rows.skills,
            rejections=gone_rows.rejections,
            vectors=gone_rows.vectors,
            causes=gone_rows.causes,
            plaintexts=plaintexts,
            waiting=gone_rows.waiting,
            traces=bool(told),
            out_of_reach=self._out_of_reach(told),
        )

    def _erase_all(
        self, titles: set[str], erase: Callable[[], None], reported: bool
    ) -> tuple[_Counts, _Counts, int, list[_Told]]:
        """One transaction: counts before and after, plaintexts erased, and what had left."""
        with self._database.transaction():
            before = self._counts()
            entries = self._ledger.entries()
            erase()
            gone = titles - self._exportable()
            told = self._unfinished()
            left = [_told(entry, gone) for entry in entries if _may_tell(entry)]
            if reported or any(one.reports for one in left):
                told += left
            plaintexts = self._withdraw(entries, gone)
            self._database.store_setting(_UNFINISHED, json.dumps(told))
            return before, self._counts(), plaintexts, told

    def _counts(self) -> _Counts:
        (counted,) = self._database.run("count_history")
        return _Counts(*counted)

    def _learn_anew(self, title_id: str | None) -> None:
        names = [profile.name for profile in self._policy.profiles()]
        for name in names:
            self._database.run("forget_derived", profile=name)
        self._relearn(title_id, names)

    def _erase_mentions(self, mention: Mention) -> None:
        """Take a title out of all that names it among other things."""
        for table in ("memories", "fleeting"):
            one = "memory" if table == "memories" else "fleeting"
            found = self._database.run(f"forget_find_{table}", **mention.needles)
            for id_, kind, subject, session, text, raw in found:
                held = [subject, session, text, json.loads(raw)]
                left = [mention.taken_out_of(value) for value in held]
                if kind in _NAMED_BY_US:
                    left[0] = subject
                if left != held:
                    self._database.run(
                        f"forget_rewrite_{one}",
                        id=id_,
                        subject=left[0] or "",
                        session=left[1] or "",
                        text=left[2] or "",
                        metadata=json.dumps(left[3]),
                    )
        self._erase_vectors(mention.is_in, mention.word)
        for cause, effect in self._database.run("forget_find_causes", word=mention.word):
            if mention.is_in([cause, effect]):
                self._database.run("forget_cause", cause=cause, effect=effect)
        for name, error, progress, notes in self._database.run("forget_list_loops"):
            if mention.is_in([error, json.loads(progress), json.loads(notes)]):
                self._database.run("forget_loop", name=name)

    def _erase_vectors(self, told: Callable[[dict[str, Any]], bool], word: str) -> None:
        needles = Mention(word).needles
        del needles["word"]
        for id_, raw in self._database.run("forget_find_vectors", **needles):
            if told(json.loads(raw)):
                self._database.run("forget_vector", id=id_)

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
            if self._agentdb is not None:
                self._agentdb.refresh()
                self._agentdb.drop_cache()
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
