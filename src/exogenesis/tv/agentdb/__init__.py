"""What a television has learnt and can look up: vectors, skills, causes, episodes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exogenesis.core.vectors import Floats, Mask
from exogenesis.errors import InputError
from exogenesis.tv.agentdb.beta import Beta
from exogenesis.tv.agentdb.build import IndexSettings, build_index
from exogenesis.tv.agentdb.causal import CausalCounts, CausalEffect
from exogenesis.tv.agentdb.index import Neighbours, Searchable
from exogenesis.tv.agentdb.reflexion import (
    ReflexionEpisode,
    retrieve_episodes,
    store_episode,
)
from exogenesis.tv.agentdb.scan import Kernel, choose_scan
from exogenesis.tv.agentdb.skills import LEAST_SUCCESS, Skill, SkillMatch, Skills, Started
from exogenesis.tv.agentdb.store import (
    CAPACITY,
    Metadata,
    Predicate,
    StoredVector,
    VectorResult,
    VectorStats,
    VectorStore,
)
from exogenesis.tv.agentdb.table import FloatTable
from exogenesis.tv.memory import CosmicMemory
from exogenesis.tv.persistence import Database

__all__ = [
    "CAPACITY",
    "LEAST_SUCCESS",
    "AgentDB",
    "Beta",
    "CausalEffect",
    "IndexSettings",
    "ReflexionEpisode",
    "Searchable",
    "Skill",
    "SkillMatch",
    "Started",
    "StoredVector",
    "TitleResult",
    "VectorResult",
    "VectorStats",
    "build_index",
    "choose_scan",
]

_NOTHING: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True)
class TitleResult:
    """One title found by :meth:`AgentDB.title_search`: catalogue index and cosine."""

    index: int
    similarity: float


def _no_row(_: str) -> int | None:
    return None


class AgentDB:
    """Skills, vectors, causes and episodes over the store, and the search over the catalogue.

    Args:
        database: the store.
        content: ``(m, 384)`` unit rows of the catalogue, read only, or an index over them whose
            keys are the catalogue indices.
        memory: where episodes are kept; without one there are none.
        now: Unix seconds; without it every time is 0, and vectors are evicted by use alone.
        row_of: catalogue index of a title, or None when the catalogue does not hold it.
        cache: file of a built graph, which holds copies of vectors; None keeps none.
        capacity: vectors kept beside the catalogue's.
        settings: how those are searched.
        kernels: SIMD kernels to try; None takes what is installed.
    """

    def __init__(
        self,
        database: Database,
        content: Floats | Searchable,
        *,
        memory: CosmicMemory | None = None,
        now: Callable[[], int] = lambda: 0,
        row_of: Callable[[str], int | None] = _no_row,
        cache: Path | None = None,
        capacity: int = CAPACITY,
        settings: IndexSettings | None = None,
        kernels: Iterable[Kernel] | None = None,
    ) -> None:
        self._titles: Searchable = (
            FloatTable(content) if isinstance(content, np.ndarray) else content
        )
        self._row_of = row_of
        self._episodes = memory
        self._now = now
        self._skills = Skills(database)
        self._causal = CausalCounts(database, now=now)
        self._vectors = VectorStore(
            database,
            now=now,
            scan=lambda: choose_scan(kernels),
            settings=settings or IndexSettings(),
            cache=cache,
            capacity=capacity,
        )

    # --- vectors ------------------------------------------------------------------------------

    def title_search(
        self, query: Floats, k: int = 50, mask: Mask | None = None
    ) -> list[TitleResult]:
        """Return the ``k`` titles whose content is nearest to ``query`` ``(384,)``.

        Args:
            query: its length does not matter.
            k: how many.
            mask: ``(m,)`` titles that may be returned, by catalogue index; None allows all.

        Raises:
            InputError: the query is not ``(384,)`` finite numbers.
        """
        found = self._titles.search(query, k, mask)
        return [TitleResult(*pair) for pair in _pairs(found)]

    def vector_store(self, embedding: Floats, metadata: Metadata = _NOTHING) -> int:
        """Keep a vector ``(384,)`` and return its number, which is never used again.

        When this returns it is on the disk, and the next search can find it. Where there is no
        room, the vector that was used least and longest ago goes.

        Raises:
            InputError: a wrong shape, a value that is not finite, or metadata that is no JSON.
            DiskFull, StorageError: nothing was stored.
        """
        return self._vectors.store(embedding, metadata)

    def vector_get(self, vector_id: int) -> StoredVector | None:
        """Return a vector, or None when there is none of this number (any more)."""
        return self._vectors.get(vector_id)

    def vector_search(
        self, query: Floats, k: int = 50, where: Predicate | None = None
    ) -> list[VectorResult]:
        """Return the ``min(k, allowed)`` vectors nearest to ``query`` ``(384,)``, best first.

        Args:
            query: its length does not matter.
            k: how many.
            where: values, or functions of a value, by field of the metadata, which all must
                hold; or a function of the whole metadata. Applied before the cut.

        Raises:
            InputError: the query is not ``(384,)`` finite numbers.
        """
        return self._vectors.search(query, k, where)

    def vector_delete(self, vector_id: int) -> bool:
        """Erase a vector; returns whether there was one.

        Raises:
            StorageError: it is still there.
        """
        return self._vectors.delete(vector_id)

    def vector_stats(self) -> VectorStats:
        """Return how many vectors there are, and which index finds them."""
        return self._vectors.stats()

    def tune(self, settings: IndexSettings) -> None:
        """Search vectors in another way from the next search on."""
        self._vectors.tune(settings)

    def compact(self) -> None:
        """Write down what is only counted yet, and build the index anew from the store.

        Raises:
            DiskFull, StorageError: nothing was changed.
        """
        self._vectors.compact()

    def flush(self) -> None:
        """Write down how often vectors were used.

        Raises:
            DiskFull, StorageError: it is written with the next change.
        """
        self._vectors.flush()

    def refresh(self) -> None:
        """Read the store again at the next use; call it after it was changed elsewhere."""
        self._vectors.refresh()

    def drop_cache(self) -> None:
        """Remove the index file, which holds copies of vectors; part of erasing everything.

        Raises:
            StorageError: it could not be removed.
        """
        self._vectors.drop_cache()

    # --- skills -------------------------------------------------------------------------------

    def skill_store(
        self,
        profile: str,
        title_id: str,
        *,
        finished: bool,
        at: int,
        fraction: float = 1.0,
        episode: int | None = None,
        rhythm: Mapping[str, int] = _NOTHING,
    ) -> None:
        """Count one more start, and finish, of a title; see :meth:`Skills.store`."""
        self._skills.store(
            profile,
            title_id,
            finished=finished,
            at=at,
            fraction=fraction,
            episode=episode,
            rhythm=rhythm,
        )

    def skill_update(self, profile: str, title_id: str, *, finished: bool, at: int) -> None:
        """Count one more start, and finish, of a title that was started before.

        Raises:
            InputError: the profile has never started it.
        """
        self._skills.update(profile, title_id, finished=finished, at=at)

    def skill_list(self, profile: str) -> list[Skill]:
        """Return the skills of a profile, the longest finished first."""
        return self._skills.of(profile)

    def skill_search(self, profile: str, query: Floats, k: int = 10) -> list[SkillMatch]:
        """Return the ``k`` skills of a profile whose titles are nearest to ``query`` ``(384,)``.

        Skills whose titles the catalogue no longer holds are left out.

        Raises:
            InputError: the query is not ``(384,)`` finite numbers.
        """
        skills = {self._row_of(skill.name): skill for skill in self.skill_list(profile)}
        mask = np.zeros(len(self._titles.keys), np.bool_)
        mask[[row for row in skills if row is not None]] = True
        found = self._titles.search(query, k, mask)
        return [SkillMatch(skills[row], cosine) for row, cosine in _pairs(found)]

    def started(self, profile: str) -> list[Started]:
        """Return every title that a profile has started, the longest finished first."""
        return self._skills.started(profile)

    # --- episodes -----------------------------------------------------------------------------

    def reflexion_store(self, episode: ReflexionEpisode) -> int:
        """Keep what was tried and how it went, and return its number.

        Raises:
            InputError: a value that cannot be, or an unknown profile.
            DiskFull, StorageError: nothing was stored.
        """
        return store_episode(self._memory(), episode)

    def reflexion_retrieve(
        self,
        similar_to: Floats | None = None,
        *,
        task: str | None = None,
        session: str | None = None,
        success: bool | None = None,
        profile: str | None = None,
        limit: int = 10,
    ) -> list[ReflexionEpisode]:
        """Return the episodes that everything given holds for, the most relevant first.

        Args:
            similar_to: ``(384,)``; relevance is then the cosine by importance by recency.
            task: exactly this task; viewings are of the task ``watch``.
            session: of this session.
            success: what went well, or what did not.
            profile: of this profile.
            limit: how many at most.

        Raises:
            InputError: a vector of a wrong shape, or a limit below 0.
        """
        return retrieve_episodes(
            self._memory(),
            now=self._now(),
            similar_to=similar_to,
            task=task,
            session=session,
            success=success,
            profile=profile,
            limit=limit,
        )

    def _memory(self) -> CosmicMemory:
        if self._episodes is None:
            raise InputError("episodes are kept in the memory, and there is none here")
        return self._episodes

    # --- causes -------------------------------------------------------------------------------

    def causal_record(
        self, cause: str, effect: str, *, treated: bool, hit: bool, count: int = 1
    ) -> None:
        """Count cases in which a cause was there or not, and the effect followed or not.

        Args:
            cause, effect: their names.
            treated: whether the cause was there.
            hit: whether the effect followed.
            count: how many cases.

        Raises:
            InputError: no case, or a name is empty.
        """
        self._causal.record(cause, effect, treated=treated, hit=hit, count=count)

    def causal_effects(self, cause: str) -> list[CausalEffect]:
        """Return what follows ``cause`` more often than without it, the surest first."""
        return self._causal.effects(cause)

    def causal_causes(self, effect: str) -> list[CausalEffect]:
        """Return after what ``effect`` follows more often than without it, the surest first."""
        return self._causal.causes(effect)


def _pairs(found: Neighbours) -> list[tuple[int, float]]:
    return list(zip(found.keys.tolist(), found.cosines.tolist(), strict=True))
