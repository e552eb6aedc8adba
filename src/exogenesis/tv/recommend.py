"""A list of titles leaves here, each with the true reason why it is on it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np

from exogenesis.core.effects import Clock, seconds
from exogenesis.core.ranking import RankerSettings, Scores, diversify
from exogenesis.core.vectors import Indices, Mask, top_k
from exogenesis.errors import InputError, RemoteError, StorageError
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.explain import (
    CAUSES_SHOWN,
    Cause,
    Explanation,
    Kind,
    Reason,
    parts,
    reasons,
    sentence,
)
from exogenesis.tv.known import Known, Past
from exogenesis.tv.memory import check_session
from exogenesis.tv.moment import Moment
from exogenesis.tv.policy import HOME, Policy
from exogenesis.tv.runtime import Mode
from exogenesis.tv.scoring import Asked, Scorer
from exogenesis.tv.senses import Senses
from exogenesis.tv.slate import Scored

LIMIT_MAX = 1000
_MODES = (Mode.FULL, Mode.REDUCED, Mode.POPULAR)

_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewContext:
    """Who asks, and for what.

    Attributes:
        profile: who watches; None is whoever is there.
        limit: how many titles, 1..1000.
        minutes: hides longer titles; None hides nothing.
        explore: whether the last place goes to something different.
        session: names the stretch of watching, in up to 64 printable characters; what is shown in
            it tires.
        just_ended: the title that has just ended in it.
    """

    profile: str | None = HOME
    limit: int = 10
    minutes: int | None = None
    explore: bool = True
    session: str = ""
    just_ended: str | None = None

    def __post_init__(self) -> None:
        """Check the numbers and the name of the session.

        Raises:
            InputError: one is out of range, or not printable.
        """
        if not 1 <= self.limit <= LIMIT_MAX:
            raise InputError(f"a list has 1 to {LIMIT_MAX} titles, not {self.limit}")
        if self.minutes is not None and self.minutes < 1:
            raise InputError(f"minutes must be at least 1, not {self.minutes}")
        check_session(self.session)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One title of a list.

    Attributes:
        title_id, name: the title.
        score: what it was ranked by; lists of two profiles do not compare.
        reason: one sentence for the screen.
        cause: the watched title that the reason names, or None.
        also: further watched titles that are the cause only together with it.
        kind: the summand of the score that weighs most.
        provisional: the fleet has published nothing on it yet; its taste is predicted.
        mode: how much of the brain has made the list.
        drawn_from: number of titles that the exploring place was drawn from, each as likely as
            the others; None on every other place.
    """

    title_id: str
    name: str
    score: float
    reason: str
    cause: str | None
    kind: Kind
    provisional: bool
    also: tuple[str, ...] = ()
    mode: Mode = Mode.FULL
    drawn_from: int | None = None


class Recommender:
    """Ranks the catalogue for the profiles of one television.

    Holds what it read from the store, and the last scored lists, until :meth:`refresh`.
    """

    def __init__(
        self,
        *,
        catalog: Catalog,
        agentdb: AgentDB,
        policy: Policy,
        collective: Collective,
        settings: RankerSettings,
        clock: Clock,
        rng: np.random.Generator,
        region: str | None = None,
        senses: Senses | None = None,
    ) -> None:
        self._catalog = catalog
        self._clock = clock
        self._rng = rng
        self._senses = senses or Senses()
        self._known = Known(catalog=catalog, agentdb=agentdb, policy=policy)
        self._scorer = Scorer(
            catalog=catalog,
            collective=collective,
            known=self._known,
            senses=self._senses,
            settings=settings,
            region=region,
        )

    def refresh(self, *, erased: bool = False) -> None:
        """Forget what was read from the store; call it after the store was changed.

        Args:
            erased: whether it must not be remembered for a time without the store either; the
                store is read again at once.
        """
        self._scorer.refresh(erased=erased)
        if erased:
            self._known.forget()
        else:
            self._known.refresh()

    def read_again(self) -> None:
        """Read the household at once; call it when the owner's word was stored.

        Raises:
            StorageError: it cannot be read.
        """
        self._scorer.refresh()
        self._known.read_again()

    def use(self, settings: RankerSettings) -> None:
        """Rank by these weights from now on."""
        self._scorer.use(settings)

    def prepare(self, context: ViewContext) -> None:
        """Make the list for ``context`` in advance, so that it is only served.

        Raises:
            UnknownTitle, InputError: as :meth:`recommend`.
        """
        self._answer(context, lambda asked: self._best(asked, context))

    def recommend(self, context: ViewContext) -> list[Recommendation]:
        """Return the best feasible titles for ``context``, best first.

        A list is made in the mode that the brain is in; where the store or the fleet's pages
        fail, in the next lower one. The last one needs the catalogue alone.

        Raises:
            UnknownTitle: the catalogue does not hold what has just ended.
            InputError: there is no such profile.
        """
        asked, listed = self._answer(context, lambda asked: self._listed(asked, context))
        if context.session and asked.stored:
            with suppress(StorageError):  # a list is not held back because it cannot be noted
                shown = [one.title_id for one in listed]
                self._senses.report(asked.viewer.name, context.session, shown)
        return listed

    def explain(
        self,
        title_id: str,
        profile: str | None,
        *,
        session: str = "",
        just_ended: str | None = None,
    ) -> Explanation:
        """Take the score of one title apart.

        Raises:
            UnknownTitle: the catalogue does not hold it.
            InputError: there is no such profile.
        """
        title = self._catalog.index_of(title_id)
        context = ViewContext(profile=profile, session=session, just_ended=just_ended)
        _, told = self._answer(context, lambda asked: self._explained(asked, title))
        return told

    def _answer(
        self, context: ViewContext, make: Callable[[Asked], _Answer]
    ) -> tuple[Asked, _Answer]:
        """Make something in the highest mode in which it can be made."""
        for mode in _MODES[_MODES.index(self._senses.mode()) :]:
            try:
                asked = self._ask(context, mode)
                return asked, make(asked)
            except (RemoteError, StorageError):
                if mode is Mode.POPULAR:
                    raise
        raise AssertionError("popularity alone needs nothing that can fail")

    def _ask(self, context: ViewContext, mode: Mode) -> Asked:
        stored = mode is not Mode.POPULAR
        told = self._senses.moment
        moment = Moment(at=seconds(self._clock)) if told is None else told()
        past: Past | None = None
        if context.profile is not None:
            viewer = self._known.profile(context.profile, needed=stored)
        elif self._senses.who is not None and stored:
            viewer = self._senses.who(moment, context.session)
        else:
            viewer = self._known.anybody(needed=stored)
            past = self._known.common_past(needed=stored)
        ended = context.just_ended
        return Asked(
            viewer=viewer,
            past=past or self._known.past(viewer.name, needed=stored),
            moment=moment,
            session=context.session,
            ended=None if ended is None else self._catalog.index_of(ended),
            minutes=context.minutes,
            mode=mode,
        )

    def _listed(self, asked: Asked, context: ViewContext) -> list[Recommendation]:
        scored, scores, best = self._best(asked, context)
        listed = [self._told(title, scores, reason, scored, asked.mode) for title, reason in best]
        outside = self._outside(scored, scores, context)
        if len(outside):
            title = int(self._rng.choice(outside))
            drawn = self._told(title, scores, Reason("exploration"), scored, asked.mode)
            listed.append(replace(drawn, drawn_from=len(outside)))
        return listed

    def _best(
        self, asked: Asked, context: ViewContext
    ) -> tuple[Scored, Scores, list[tuple[int, Reason]]]:
        """Choose the titles of all places but the exploring one, each with its reason."""
        scored = self._scorer.scored(asked)
        scores = self._scorer.tired(asked, scored)
        places = context.limit - bool(len(self._outside(scored, scores, context)))
        kept = scored.best if scores is scored.scores else {}
        if places not in kept:
            settings = self._scorer.settings
            if asked.mode is Mode.FULL:
                content = self._catalog.content
                rows = diversify(scores.total, content, scored.mask, places, settings)
            else:
                rows = top_k(scores.total, places, scored.mask)
            kept[places] = list(zip(rows.tolist(), reasons(scores, rows), strict=True))
        return scored, scores, kept[places]

    def _outside(self, scored: Scored, scores: Scores, context: ViewContext) -> Indices:
        """What exploration draws from: feasible, and not of the best; nothing for a list of one."""
        if not context.explore or context.limit < 2:
            return np.zeros(0, np.int64)
        size = max(self._scorer.settings.pool, context.limit)
        kept = scored.outside if scores is scored.scores else {}
        if size not in kept:
            rest = scored.mask.copy()
            rest[top_k(scores.total, size, scored.mask)] = False
            kept[size] = np.flatnonzero(rest)
        return kept[size]

    def _explained(self, asked: Asked, title: int) -> Explanation:
        scored = self._scorer.scored(asked)
        scores = self._scorer.tired(asked, scored)
        titles = np.array([title])
        (reason,) = reasons(scores, titles)
        past = scores.past
        adds = scores.causes(titles)[:, 0]
        strongest = np.argsort(-adds, kind="stable")[:CAUSES_SHOWN]
        shown = self._told(title, scores, reason, scored, asked.mode)
        return Explanation(
            title_id=shown.title_id,
            name=shown.name,
            hidden_because=self._hidden_because(title, asked, scored.mask),
            score=shown.score,
            reason=shown.reason,
            kind=shown.kind,
            parts=parts(scores, title),
            causes=tuple(self._cause(int(past[row]), float(adds[row])) for row in strongest),
            provisional=shown.provisional,
        )

    def _cause(self, title: int, contribution: float) -> Cause:
        known = self._catalog.titles[title]
        return Cause(title_id=known.id, name=known.name, contribution=contribution)

    def _hidden_because(self, title: int, asked: Asked, candidates: Mask) -> str | None:
        if title in self._known.blocked(needed=asked.stored):
            return "it is blocked"
        if title in asked.past.rejected:
            return "you said that you are not interested"
        if title in asked.past.started:
            return "it was watched already, or begun"
        if not candidates[title]:
            columns, now = self._catalog.feasibility, asked.moment.at
            available = columns.available_from[title] <= now < columns.available_until[title]
            limit = asked.viewer.age_limit
            return f"the age limit is {limit}" if available else "it is not available now"
        return None

    def _told(
        self, title: int, scores: Scores, reason: Reason, scored: Scored, mode: Mode
    ) -> Recommendation:
        known, space = self._catalog.titles[title], scored.space
        cause = None if reason.cause is None else self._catalog.titles[reason.cause]
        name = "" if cause is None else cause.name
        return Recommendation(
            title_id=known.id,
            name=known.name,
            score=float(scores.total[title]),
            reason=sentence(reason, name, from_fleet=space is not None),
            cause=None if cause is None else cause.id,
            kind=reason.kind,
            provisional=space is not None and not bool(space.published[title]),
            also=tuple(self._catalog.titles[row].id for row in reason.also),
            mode=mode,
        )
