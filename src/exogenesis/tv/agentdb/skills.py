"""Skills: what a household finishes, learnt from viewing events and merged by title."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from exogenesis.core.limits import FINISHED_FRACTION
from exogenesis.errors import InputError
from exogenesis.tv.agentdb.beta import Beta
from exogenesis.tv.persistence import Database

LEAST_SUCCESS = FINISHED_FRACTION
"""A title below this rate is seen, but no skill."""

_NOTHING: Mapping[str, int] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Skill:
    """A title that is finished at a rate of at least 0.7.

    Attributes:
        name: the title's identifier.
        usage_count: times finished.
        success_rate: times finished by times started, 0.7..1.
        last_finished_at: Unix seconds.
        starts: times started.
    """

    name: str
    usage_count: int
    success_rate: float
    last_finished_at: int
    starts: int

    @property
    def posterior(self) -> Beta:
        """What is known of the rate: Beta(finishes + 1, abandoned + 1)."""
        return Beta(self.usage_count + 1, self.starts - self.usage_count + 1)


class Started(NamedTuple):
    """A title that a profile has started, and whether it is a skill."""

    title_id: str
    is_skill: bool


@dataclass(frozen=True, slots=True)
class SkillMatch:
    """A skill, and the cosine of its title's content to what was searched for."""

    skill: Skill
    similarity: float


def skill_of(row: tuple[str, int, int, int]) -> Skill:
    """Read a row of the store: title, starts, finishes, time of the last finish."""
    title, starts, finishes, last_finished_at = row
    return Skill(
        name=title,
        usage_count=finishes,
        success_rate=finishes / starts,
        last_finished_at=last_finished_at,
        starts=starts,
    )


class Skills:
    """The table ``skill``; every call belongs to the transaction of its caller, if there is one."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def store(
        self,
        profile: str,
        title_id: str,
        *,
        finished: bool,
        at: int,
        fraction: float,
        episode: int | None = None,
        rhythm: Mapping[str, int] = _NOTHING,
    ) -> None:
        """Count one more start, and finish, of a title; merged by profile and title.

        Args:
            profile: who watched.
            title_id: what.
            finished: whether to its end, or nearly.
            at: Unix seconds.
            fraction: how much of it was watched, 0..1.
            episode: of a series, from 1 on.
            rhythm: what to add to the title's counts by hour of the week and month,
                ``{"116": 1, "m12": 1}``.
        """
        rows = self._database.run("get_skill_rhythm", profile=profile, title=title_id)
        counts: dict[str, int] = json.loads(rows[0][0]) if rows else {}
        for name, count in rhythm.items():
            counts[name] = counts.get(name, 0) + count
        self._database.run(
            "store_skill",
            profile=profile,
            title=title_id,
            finished=int(finished),
            at=at,
            fraction=fraction,
            episode=episode,
            rhythm=json.dumps(counts, sort_keys=True),
        )

    def update(self, profile: str, title_id: str, *, finished: bool, at: int) -> None:
        """Count one more start, and finish, of a title that the profile has started before.

        Raises:
            InputError: it has not.
        """
        if not self._database.run("get_skill_rhythm", profile=profile, title=title_id):
            raise InputError(f"the profile {profile!r} has never started {title_id!r}")
        self.store(profile, title_id, finished=finished, at=at, fraction=float(finished))

    def of(self, profile: str) -> list[Skill]:
        """Return the skills of a profile, the longest finished first."""
        rows = self._database.run("list_skills", profile=profile, least=LEAST_SUCCESS)
        return [skill_of(row) for row in rows]

    def started(self, profile: str) -> list[Started]:
        """Return every title that a profile has started, the longest finished first."""
        return [
            Started(title, finishes > 0 and finishes >= LEAST_SUCCESS * starts - 1e-9)
            for title, starts, finishes in self._database.run("list_starts", profile=profile)
        ]
