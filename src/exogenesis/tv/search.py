"""Searching the catalogue by words, and for what is like a title; seen titles are found as well.

By words: a title's score is how well its name, or that of somebody in it, meets what was typed,
plus the cosine between its content and the words, plus a little for its popularity. Like a title:
the cosine of the contents and, once a round is in use, that of the tastes, both standardised and
added.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from exogenesis.core.effects import Clock, seconds
from exogenesis.core.names import BEGUN, HELD, NEARLY, WHOLE
from exogenesis.core.vectors import Floats, Indices, Mask, standardise, top_k, unit_rows
from exogenesis.errors import InputError
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.policy import HOME, Policy, feasible

LIMIT_MAX = 1000
TYPED_LENGTH_MAX = 200
COSINE_LEAST = 0.15
"""What is less like the words than this is not found by its content alone."""
POPULARITY_WEIGHT = 0.2
"""What the most popular title of the catalogue has before one that nobody chooses."""

_POOL = 10
"""Titles looked at by their content, for each one wanted."""

Why = Literal["name", "person", "content", "taste"]

_NAME_SCORES: Mapping[int, float] = {WHOLE: 3.0, BEGUN: 1.0, HELD: 0.7, NEARLY: 0.5}
_VALUE_NAME_SCORES: Mapping[int, float] = {**_NAME_SCORES, BEGUN: 0.3, HELD: 0.3}
"""When a genre was typed, "war" say, a war film called otherwise is as welcome as "War Room"."""

_PERSON_SCORES: Mapping[int, float] = {WHOLE: 1.2, BEGUN: 0.7, HELD: 0.7, NEARLY: 0.3}


@dataclass(frozen=True, slots=True, kw_only=True)
class Hit:
    """A title that was found.

    Attributes:
        title_id, name, year: the title.
        score: what it was ranked by; those of two searches do not compare.
        why: where the words were met, in the name before the content; of what is like a title,
            which likeness is the greater.
        seen: whether the profile has started it.
    """

    title_id: str
    name: str
    year: int | None
    score: float
    why: Why
    seen: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """The answer to a search.

    Attributes:
        hits: best first.
        by_content: whether contents were compared: not when the pack has no query table or
            knows none of the words, or when nothing is known of the title.
    """

    hits: tuple[Hit, ...]
    by_content: bool


class Finder:
    """Searches the catalogue for the profiles of one television."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        agentdb: AgentDB,
        policy: Policy,
        collective: Collective,
        clock: Clock,
    ) -> None:
        self._catalog = catalog
        self._agentdb = agentdb
        self._policy = policy
        self._collective = collective
        self._clock = clock

    def search(self, typed: str, limit: int = 10, profile: str = HOME) -> Found:
        """Find titles by words: of a name, of a person, or of what they are about.

        Raises:
            InputError: nothing or too much was typed, the limit is out of range, or there is no
                such profile.
        """
        if not typed.strip() or len(typed) > TYPED_LENGTH_MAX:
            raise InputError(f"a search takes 1 to {TYPED_LENGTH_MAX} characters")
        mask = self._allowed(limit, profile)
        query = self._catalog.embed(typed)
        scores = self._named(typed, mask)
        if query is not None:
            for row, (score, why) in scores.items():
                scores[row] = (score + float(self._catalog.content[row] @ query), why)
            for found in self._agentdb.title_search(query, _POOL * limit, mask):
                if found.similarity >= COSINE_LEAST:
                    scores.setdefault(found.index, (found.similarity, "content"))
        popular = POPULARITY_WEIGHT * self._catalog.log_popularity
        popular /= max(1.0, float(self._catalog.log_popularity.max()))
        ranked = [(score + float(popular[row]), row, why) for row, (score, why) in scores.items()]
        best = sorted(ranked, key=lambda one: (-one[0], one[1]))[:limit]
        return Found(
            hits=self._hits(((row, score, why) for score, row, why in best), profile),
            by_content=query is not None,
        )

    def _named(self, typed: str, mask: Mask) -> dict[int, tuple[float, Why]]:
        """Titles by their names and by the people in them: what that is worth, and which it was."""
        people, names = self._catalog.people.find(typed), self._catalog.names.find(typed)
        worth = _VALUE_NAME_SCORES if self._catalog.is_value(typed) else _NAME_SCORES
        scores: dict[int, tuple[float, Why]] = {
            row: (_PERSON_SCORES[how], "person") for row, how in people.items() if mask[row]
        }
        for row, how in names.items():
            if mask[row] and worth[how] > scores.get(row, (0.0,))[0]:
                scores[row] = (worth[how], "name")
        return scores

    def similar(self, title_id: str, limit: int = 10, profile: str = HOME) -> Found:
        """Find what is like a title.

        Raises:
            UnknownTitle: the catalogue does not hold it.
            InputError: the limit is out of range, or there is no such profile.
        """
        title = self._catalog.index_of(title_id)
        mask = self._allowed(limit, profile)
        mask[title] = False
        parts: dict[Why, Floats] = {}
        for why, rows in self._spaces():
            if rows[title].any():
                parts[why] = standardise(rows @ rows[title], mask)
        if not parts:
            return Found(hits=(), by_content=False)
        names, table = list(parts), np.stack(list(parts.values()))
        total: Floats = table.sum(axis=0)
        best: Indices = top_k(total, limit, mask)
        strongest = table[:, best].argmax(axis=0)
        found = zip(best.tolist(), total[best].tolist(), strongest.tolist(), strict=True)
        return Found(
            hits=self._hits(((row, score, names[part]) for row, score, part in found), profile),
            by_content="content" in parts,
        )

    def _spaces(self) -> list[tuple[Why, Floats]]:
        """Unit rows to compare titles by."""
        spaces: list[tuple[Why, Floats]] = [("content", self._catalog.content)]
        taste = self._collective.taste.ranking
        return spaces if taste is None else [*spaces, ("taste", unit_rows(taste.vectors))]

    def _allowed(self, limit: int, profile: str) -> Mask:
        if not 1 <= limit <= LIMIT_MAX:
            raise InputError(f"a list has 1 to {LIMIT_MAX} titles, not {limit}")
        mask = feasible(
            self._catalog.feasibility,
            self._policy.profile(profile),
            now=seconds(self._clock),
            minutes=None,
        )
        mask[self._catalog.indices_of(self._policy.blocks())] = False
        return mask

    def _hits(self, rows: Iterable[tuple[int, float, Why]], profile: str) -> tuple[Hit, ...]:
        seen = {started.title_id for started in self._agentdb.started(profile)}
        return tuple(
            Hit(
                title_id=title.id,
                name=title.name,
                year=title.year,
                score=score,
                why=why,
                seen=title.id in seen,
            )
            for title, score, why in (
                (self._catalog.titles[row], score, why) for row, score, why in rows
            )
        )
