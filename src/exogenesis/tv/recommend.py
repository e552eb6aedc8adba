"""A list of titles leaves here, each with the true reason why it is on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exogenesis.core.effects import Clock, seconds
from exogenesis.core.ranking import RankerSettings, Scores, diversify, score_titles
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Indices, Mask, top_k
from exogenesis.errors import InputError
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.explain import (
    Cause,
    Explanation,
    Kind,
    Reason,
    parts,
    reasons,
    sentence,
)
from exogenesis.tv.policy import HOME, Policy, Profile, feasible

LIMIT_MAX = 1000
_CAUSES_SHOWN = 5
_KNOWN_SHARE = 10
"""One candidate in so many must be published, or the ranker's pool full, to follow the fleet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewContext:
    """Who asks, and for what.

    Attributes:
        profile: who watches.
        limit: how many titles, 1..1000.
        minutes: hides longer titles; None hides nothing.
        explore: whether the last place goes to something different.
    """

    profile: str = HOME
    limit: int = 10
    minutes: int | None = None
    explore: bool = True

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            InputError: one is out of range.
        """
        if not 1 <= self.limit <= LIMIT_MAX:
            raise InputError(f"a list has 1 to {LIMIT_MAX} titles, not {self.limit}")
        if self.minutes is not None and self.minutes < 1:
            raise InputError(f"minutes must be at least 1, not {self.minutes}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One title of a list.

    Attributes:
        title_id, name: the title.
        score: what it was ranked by; lists of two profiles do not compare.
        reason: one sentence for the screen.
        cause: the finished title that the reason names, or None.
        kind: the summand of the score that weighs most.
        provisional: the fleet has published nothing on it yet; its taste is predicted.
    """

    title_id: str
    name: str
    score: float
    reason: str
    cause: str | None
    kind: Kind
    provisional: bool


@dataclass(frozen=True, slots=True)
class _Past:
    """Catalogue indices of what a profile has finished (oldest first), and has started."""

    finished: Indices
    started: Indices


class Recommender:
    """Ranks the catalogue for the profiles of one television.

    Holds each profile's past until :meth:`refresh`, so that a list costs no query per title.
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
    ) -> None:
        self._catalog = catalog
        self._agentdb = agentdb
        self._policy = policy
        self._collective = collective
        self._settings = settings
        self._clock = clock
        self._rng = rng
        self.refresh()

    def refresh(self) -> None:
        """Forget what was read from the store; call it after the store was changed."""
        self._pasts: dict[str, _Past] = {}
        self._profiles: dict[str, Profile] = {}
        self._blocked: Indices | None = None

    def recommend(self, context: ViewContext) -> list[Recommendation]:
        """Return the best feasible titles for ``context``, best first.

        Raises:
            InputError: there is no such profile.
        """
        mask = self._candidates(context)
        space = self._space(mask)
        scores = self._scores(context.profile, space, mask)
        explored = self._explored(scores, mask, context)
        count = context.limit - len(explored)
        chosen = diversify(scores.total, self._catalog.content, mask, count, self._settings)
        listed = [
            self._recommendation(int(title), scores, reason, space)
            for title, reason in zip(chosen, reasons(scores, chosen), strict=True)
        ]
        different = Reason("exploration", None)
        return listed + [
            self._recommendation(title, scores, different, space) for title in explored
        ]

    def explain(self, title_id: str, profile: str) -> Explanation:
        """Take the score of one title apart.

        Raises:
            UnknownTitle: the catalogue does not hold it.
            InputError: there is no such profile.
        """
        title = self._catalog.index_of(title_id)
        context = ViewContext(profile=profile)
        mask = self._candidates(context)
        space = self._space(mask)
        scores = self._scores(profile, space, mask)
        (reason,) = reasons(scores, np.array([title]))
        adds = scores.causes(np.array([title]))[:, 0]
        strongest = np.argsort(-adds, kind="stable")[:_CAUSES_SHOWN]
        shown = self._recommendation(title, scores, reason, space)
        return Explanation(
            title_id=title_id,
            name=shown.name,
            hidden_because=self._hidden_because(title, profile, mask),
            score=shown.score,
            reason=shown.reason,
            kind=shown.kind,
            parts={str(kind): value for kind, value in parts(scores, title).items()},
            causes=tuple(
                self._cause(int(scores.history[row]), float(adds[row])) for row in strongest
            ),
            provisional=shown.provisional,
        )

    def _cause(self, title: int, contribution: float) -> Cause:
        known = self._catalog.titles[title]
        return Cause(title_id=known.id, name=known.name, contribution=contribution)

    def _space(self, candidates: Mask) -> TasteSpace | None:
        """What the fleet taught, once it says enough about what may be shown.

        A fleet that has published next to nothing would silence the catalogue's own popularity
        and put nothing in its place.
        """
        space = self._collective.taste.ranking
        if space is None:
            return None
        least = max(1, min(self._settings.pool, int(candidates.sum()) // _KNOWN_SHARE))
        return space if int((space.published & candidates).sum()) >= least else None

    def _scores(self, profile: str, space: TasteSpace | None, mask: Mask) -> Scores:
        return score_titles(
            self._past(profile).finished,
            space=space,
            content=self._catalog.content,
            log_popularity=self._catalog.log_popularity,
            candidates=mask,
            settings=self._settings,
        )

    def _candidates(self, context: ViewContext) -> Mask:
        mask = feasible(
            self._catalog.feasibility,
            self._profile(context.profile),
            now=seconds(self._clock),
            minutes=context.minutes,
        )
        mask[self._past(context.profile).started] = False
        mask[self._blocks()] = False
        return mask

    def _hidden_because(self, title: int, profile: str, candidates: Mask) -> str | None:
        if title in self._blocks():
            return "it is blocked"
        if title in self._past(profile).started:
            return "it was watched already, or begun"
        if not candidates[title]:
            limit = self._profile(profile).age_limit
            columns, now = self._catalog.feasibility, seconds(self._clock)
            available = columns.available_from[title] <= now < columns.available_until[title]
            return "it is not available now" if not available else f"the age limit is {limit}"
        return None

    def _explored(self, scores: Scores, mask: Mask, context: ViewContext) -> list[int]:
        """Draw one feasible title from outside the best; a list of one has no room for it."""
        if not context.explore or context.limit < 2:
            return []
        rest = mask.copy()
        rest[top_k(scores.total, max(self._settings.pool, context.limit), mask)] = False
        outside = np.flatnonzero(rest)
        return [int(self._rng.choice(outside))] if len(outside) else []

    def _recommendation(
        self, title: int, scores: Scores, reason: Reason, space: TasteSpace | None
    ) -> Recommendation:
        known = self._catalog.titles[title]
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
        )

    def _profile(self, name: str) -> Profile:
        if name not in self._profiles:
            self._profiles[name] = self._policy.profile(name)
        return self._profiles[name]

    def _past(self, profile: str) -> _Past:
        if profile not in self._pasts:
            started = self._agentdb.started(profile)
            self._pasts[profile] = _Past(
                finished=self._catalog.indices_of(s.title_id for s in started if s.is_skill),
                started=self._catalog.indices_of(s.title_id for s in started),
            )
        return self._pasts[profile]

    def _blocks(self) -> Indices:
        if self._blocked is None:
            self._blocked = self._catalog.indices_of(self._policy.blocks())
        return self._blocked
