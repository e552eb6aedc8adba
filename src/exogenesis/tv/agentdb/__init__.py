"""What the household has learnt: skills, and the search over content vectors."""

from __future__ import annotations

from dataclasses import dataclass

from exogenesis.core.vectors import Floats, Mask
from exogenesis.tv.agentdb.skills import LEAST_SUCCESS, Skill, skill_of
from exogenesis.tv.agentdb.vectors import nearest
from exogenesis.tv.persistence import Database

__all__ = ["LEAST_SUCCESS", "AgentDB", "Skill", "Started", "VectorResult", "nearest"]


@dataclass(frozen=True, slots=True)
class VectorResult:
    """One row found by :meth:`AgentDB.vector_search`: catalogue index and cosine."""

    index: int
    similarity: float


@dataclass(frozen=True, slots=True)
class Started:
    """A title that a profile has started, and whether it is a skill."""

    title_id: str
    is_skill: bool


class AgentDB:
    """Skills of the household over the store, and the vectors of the catalogue.

    Args:
        database: the store.
        content: ``(m, 384)`` unit rows, read only.
    """

    def __init__(self, database: Database, content: Floats) -> None:
        self._database = database
        self._content = content

    def vector_search(
        self, query: Floats, k: int = 50, mask: Mask | None = None
    ) -> list[VectorResult]:
        """Return the ``k`` titles whose content is nearest to ``query`` ``(384,)``."""
        rows, cosines = nearest(self._content, query, k, mask)
        return [VectorResult(int(row), float(c)) for row, c in zip(rows, cosines, strict=True)]

    def skill_store(
        self, profile: str, title_id: str, *, finished: bool, at: int, fraction: float = 1.0
    ) -> None:
        """Count one more start, and finish, of a title; merged by profile and title."""
        self._database.run(
            "store_skill",
            profile=profile,
            title=title_id,
            finished=int(finished),
            at=at,
            fraction=fraction,
            episode=None,
            rhythm="{}",
        )

    def skill_list(self, profile: str) -> list[Skill]:
        """Return the skills of a profile, the longest finished first."""
        return [
            skill_of(row)
            for row in self._database.run("list_skills", profile=profile, least=LEAST_SUCCESS)
        ]

    def started(self, profile: str) -> list[Started]:
        """Return every title that a profile has started, the longest finished first."""
        rows = self._database.run("list_starts", profile=profile)
        return [
            Started(title, finishes > 0 and finishes >= LEAST_SUCCESS * starts - 1e-9)
            for title, starts, finishes in rows
        ]
