"""What happens at the television enters here: viewings, signals of the remote control, lists.

A viewing is on the disk when the call returns. Signals and lists are of the moment: they stay in
memory, cost no write, and are gone with the power.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, get_args

from exogenesis.core.limits import FINISHED_FRACTION
from exogenesis.errors import InputError
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, check_session
from exogenesis.tv.moment import DAY_S, HOUR_S, Moment, Timekeeper
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import HOME, Policy

SignalKind = Literal["skip", "pause", "zap", "dwell"]

AFTER_S = 4 * HOUR_S
"""What ended so long before in the same session is still what was watched before."""

SIGNAL_S = 60
"""A signal of the remote control speaks for so long."""

SESSION_S = DAY_S
"""What was on a list so long ago is no part of this session any more."""

_TIME_MAX = 1 << 40
_DWELL_MAX_S = 3600.0
_IMPORTANCE: Mapping[str, float] = {"skip": 0.4, "pause": 0.2, "zap": 0.1, "dwell": 0.3}
_SHOWN_IMPORTANCE, _CHOSEN_IMPORTANCE = 0.1, 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewingEvent:
    """Somebody watched a title, or part of it.

    Attributes:
        title_id: the operator's identifier.
        fraction: how much of it was watched, 0..1; of a series, of the episode.
        profile: who watched.
        at: Unix seconds; None is now.
        session: names the stretch of watching it belongs to, in up to 64 characters.
        episode: which one of a series, from 1 on; None for a title in one piece.
        hour_known: False when of ``at`` only the day is known; then no habit is learnt from it.
    """

    title_id: str
    fraction: float
    profile: str = HOME
    at: int | None = None
    session: str = ""
    episode: int | None = None
    hour_known: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Somebody pressed a button of the remote control.

    Attributes:
        kind: ``skip`` past a title on a list, ``pause``, ``zap`` away from one that had just
            begun, or ``dwell`` on one. What was skipped or zapped away from counts against it
            in the lists of the next minute; ``pause`` and ``dwell`` are remembered for that
            minute, and change no list.
        title_id: which.
        profile: who watches.
        session: the stretch of watching it belongs to.
        dwell_s: how long a ``dwell`` was, in seconds.
    """

    kind: SignalKind
    title_id: str
    profile: str = HOME
    session: str = ""
    dwell_s: float = 0.0


class Observer:
    """Checks what is reported, and stores it with its context.

    Args:
        database: whose transaction holds a viewing and all that is learnt from it at once.
        agentdb: counts starts and finishes.
        memory: keeps what happened.
        catalog: knows which titles and episodes there are.
        policy: knows who watches here.
        timekeeper: says when it is.
    """

    def __init__(
        self,
        *,
        database: Database,
        agentdb: AgentDB,
        memory: CosmicMemory,
        catalog: Catalog,
        policy: Policy,
        timekeeper: Timekeeper,
    ) -> None:
        self._database = database
        self._agentdb = agentdb
        self._memory = memory
        self._catalog = catalog
        self._policy = policy
        self._timekeeper = timekeeper

    def observe(self, events: Iterable[ViewingEvent]) -> None:
        """Store viewings and what is learnt from them, all or nothing, and on the disk.

        Raises:
            UnknownTitle: the catalogue does not hold a title.
            InputError: an unknown profile, or a fraction, time, session or episode that cannot
                be.
            DiskFull: there is no room.
        """
        taken = list(events)
        self._check_all(taken)
        with self._database.transaction():
            self._store_all(taken)

    def take(self, events: Iterable[ViewingEvent]) -> None:
        """Do what :meth:`observe` does, in the transaction of the caller.

        Raises:
            UnknownTitle, InputError, DiskFull: as :meth:`observe`.
        """
        taken = list(events)
        self._check_all(taken)
        self._store_all(taken)

    def signal(self, signal: Signal) -> None:
        """Take a signal of the remote control: it counts for a minute, and is never written.

        Raises:
            UnknownTitle: the catalogue does not hold the title.
            InputError: an unknown kind or profile, or a dwell time that cannot be.
        """
        self.check_signal(signal)
        dwell = {"dwell_s": signal.dwell_s} if signal.kind == "dwell" else {}
        self._remember(
            MemoryTier.INSTANT,
            signal.kind,
            signal.title_id,
            signal.profile,
            signal.session,
            self._timekeeper.now(),
            importance=_IMPORTANCE[signal.kind],
            metadata=dwell,
        )

    def check_signal(self, signal: Signal) -> None:
        """Refuse what :meth:`signal` would refuse, and store nothing.

        Raises:
            UnknownTitle, InputError: as :meth:`signal`.
        """
        if signal.kind not in get_args(SignalKind):
            kinds = ", ".join(get_args(SignalKind))
            raise InputError(f"a signal is one of {kinds}, not {signal.kind!r}")
        if not (math.isfinite(signal.dwell_s) and 0.0 <= signal.dwell_s <= _DWELL_MAX_S):
            raise InputError(
                f"a dwell time lies in 0..{_DWELL_MAX_S:.0f} seconds, not {signal.dwell_s}"
            )
        self._catalog.index_of(signal.title_id)
        self._check_profiles([signal.profile])
        check_session(signal.session)

    def shown(self, title_ids: Iterable[str], *, profile: str = HOME, session: str = "") -> None:
        """Take note that titles were put in front of somebody; never written.

        Raises:
            UnknownTitle: the catalogue does not hold one.
            InputError: an unknown profile, or a session with too long a name.
        """
        listed = list(title_ids)
        for title_id in listed:
            self._catalog.index_of(title_id)
        self._check_profiles([profile])
        check_session(session)
        now = self._timekeeper.now()
        for place, title_id in enumerate(listed, start=1):
            self._remember(
                MemoryTier.SESSION,
                "shown",
                title_id,
                profile,
                session,
                now,
                importance=_SHOWN_IMPORTANCE,
                metadata={"place": place},
            )

    def chosen(self, title_id: str, *, profile: str = HOME, session: str = "") -> None:
        """Take note that a title was chosen, before anybody has watched it; never written.

        Raises:
            UnknownTitle, InputError: as :meth:`shown`.
        """
        self._catalog.index_of(title_id)
        self._check_profiles([profile])
        check_session(session)
        self._choose(title_id, profile, session, self._timekeeper.now())

    def unchosen(self, profile: str, session: str) -> dict[str, int]:
        """Return how often each title was shown in a session and not chosen."""
        since = self._timekeeper.now().at - SESSION_S
        rows = self._database.run("observe_unchosen", profile=profile, session=session, since=since)
        return dict(rows)

    def skipped(self, profile: str, now: int) -> list[str]:
        """Return what a profile skipped or zapped away from in the minute before ``now``.

        The oldest comes first, and each as often as it was skipped; ``now`` is in Unix seconds.
        """
        rows = self._database.run("observe_skipped", profile=profile, since=now - SIGNAL_S)
        return [title for (title,) in rows]

    def _check_all(self, events: list[ViewingEvent]) -> None:
        self._check_profiles(event.profile for event in events)
        for event in events:
            self._check(event)

    def _store_all(self, events: list[ViewingEvent]) -> None:
        now = self._timekeeper.now()
        for event in events:
            moment = now if event.at is None else self._timekeeper.moment(event.at)
            known = event.hour_known
            self._store(event, moment if known else replace(moment, hour_of_week=None))
        self._timekeeper.keep()

    def _store(self, event: ViewingEvent, moment: Moment) -> None:
        finished = event.fraction >= FINISHED_FRACTION
        listed = self._is_listed(event, moment)
        self._memory.store(
            Memory(
                tier=MemoryTier.EPISODIC,
                kind="viewing",
                subject=event.title_id,
                profile=event.profile,
                session=event.session,
                metadata={
                    "task": "watch",
                    "fraction": event.fraction,
                    "reward": event.fraction,
                    "success": finished,
                    "episode": event.episode,
                    "slot": moment.hour_of_week,
                    "after": self._before(event, moment),
                    "listed": listed,
                },
                importance=float(event.fraction),
                trusted=moment.trusted,
                at=moment.at,
            )
        )
        self._agentdb.skill_store(
            event.profile,
            event.title_id,
            finished=finished,
            at=moment.at,
            fraction=event.fraction,
            episode=event.episode,
            rhythm=rhythm_of(moment) if finished else {},
        )
        if listed:
            self._choose(event.title_id, event.profile, event.session, moment)

    def _before(self, event: ViewingEvent, moment: Moment) -> str | None:
        """What the profile watched just before, in the same session."""
        rows = self._database.run(
            "last_viewing",
            since=moment.at - AFTER_S,
            until=moment.at,
            session=event.session,
            profile=event.profile,
        )
        return rows[0][0] if rows else None

    def _is_listed(self, event: ViewingEvent, moment: Moment) -> bool:
        """Whether the title was on a list of this session; history was not."""
        now = self._timekeeper.now().at
        if now - moment.at > SESSION_S:
            return False
        ((listed,),) = self._database.run(
            "observe_was_shown",
            title=event.title_id,
            session=event.session,
            since=now - SESSION_S,
        )
        return bool(listed)

    def _choose(self, title_id: str, profile: str, session: str, moment: Moment) -> None:
        self._remember(
            MemoryTier.SESSION,
            "chosen",
            title_id,
            profile,
            session,
            moment,
            importance=_CHOSEN_IMPORTANCE,
            metadata={},
        )

    def _remember(
        self,
        tier: MemoryTier,
        kind: str,
        title_id: str,
        profile: str,
        session: str,
        moment: Moment,
        *,
        importance: float,
        metadata: Mapping[str, float],
    ) -> None:
        self._memory.store(
            Memory(
                tier=tier,
                kind=kind,
                subject=title_id,
                profile=profile,
                session=session,
                metadata=metadata,
                importance=importance,
                trusted=moment.trusted,
                at=moment.at,
            )
        )

    def _check_profiles(self, names: Iterable[str]) -> None:
        known = {profile.name for profile in self._policy.profiles()}
        for name in names:
            if name not in known:
                self._policy.profile(name)

    def _check(self, event: ViewingEvent) -> None:
        title = self._catalog.titles[self._catalog.index_of(event.title_id)]
        check_session(event.session)
        if not 0.0 <= event.fraction <= 1.0:
            raise InputError(
                f"the watched fraction of {event.title_id!r} must lie in 0..1, not {event.fraction}"
            )
        if event.at is not None and event.at < 0:
            raise InputError(
                f"the time of {event.title_id!r} lies before 1970, which is not accepted"
            )
        if event.at is not None and event.at >= _TIME_MAX:
            raise InputError(f"the time of {event.title_id!r} is no Unix time: {event.at}")
        if event.episode is not None and event.episode < 1:
            raise InputError(f"episodes count from 1, not {event.episode}")
        if event.episode is not None and event.episode > (title.episodes or event.episode):
            raise InputError(
                f"{event.title_id!r} has {title.episodes} episodes, there is no {event.episode}"
            )


def rhythm_of(moment: Moment) -> dict[str, int]:
    """What a finish at ``moment`` adds to the counts by hour of the week and by month."""
    if moment.hour_of_week is None:
        return {}
    return {str(moment.hour_of_week): 1, f"m{moment.month}": 1}
