"""The settings of a television as a space, and its own ranking as the judge of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, fields, replace

import numpy as np

from exogenesis.core.ranking import NOTHING, Evening, RankerSettings, diversify, score_titles
from exogenesis.core.tables import Table
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Indices
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.metasona.replay import Case, Judge, rank_of, utility
from exogenesis.tv.metasona.space import Point, Scale, Setting, Space
from exogenesis.tv.policy import Profile, feasible

_RANKER = (
    Setting(name="recent_decay", low=0.4, high=1.0),
    Setting(name="full_weight", low=0.0, high=2.0),
    Setting(name="content_weight", low=0.0, high=2.0),
    Setting(name="content_decay", low=0.6, high=1.0),
    Setting(name="popularity_weight", low=0.0, high=2.0),
    Setting(name="popularity_below", scale=Scale.INTEGER, low=0, high=40),
    Setting(name="local_popularity_weight", low=0.0, high=4.0),
    Setting(name="diversity", low=0.0, high=0.5),
    Setting(name="pool", scale=Scale.INTEGER, low=20, high=100),
    Setting(name="session_weight", low=0.0, high=1.5),
    Setting(name="core_weight", low=0.0, high=1.5),
    Setting(name="fact_weight", low=0.0, high=2.0),
    Setting(name="rhythm_weight", low=0.0, high=2.0),
    Setting(name="fatigue_weight", low=0.0, high=3.0),
    Setting(name="instant_weight", low=0.0, high=3.0),
    Setting(name="region_share", low=0.0, high=1.0),
    Setting(name="region_evidence", scale=Scale.LOG, low=1.0, high=100.0),
)

RANKER_SPACE = Space(_RANKER)
"""Every weight, half-life and count of the ranking, with its bounds."""

WITH_FLEET = ("recent_decay", "full_weight", "content_weight", "content_decay", "diversity")
"""What a replay can tell apart once the fleet has taught something."""

WITHOUT_FLEET = ("content_decay", "local_popularity_weight", "diversity")
"""What it can tell apart before."""


WITH_FACTS, WITH_CORE = ("fact_weight",), ("core_weight",)
"""What it can tell apart besides, where facts and the core of the taste take part."""


def point_of(settings: RankerSettings) -> Point:
    """Return the ranker's settings as a point of :data:`RANKER_SPACE`, moved into its bounds."""
    return RANKER_SPACE.clamp(
        asdict(settings), RANKER_SPACE.decode(np.full(len(RANKER_SPACE), 0.5))
    )


def settings_of(point: Point, base: RankerSettings) -> RankerSettings:
    """Return ``base`` with the values that ``point`` has for it."""
    names = {one.name for one in fields(RankerSettings)}
    values = {name: value for name, value in point.items() if name in names}
    return replace(base, **values)  # type: ignore[arg-type]


def ranking_judge(
    *,
    catalog: Catalog,
    profiles: Mapping[str, Profile],
    blocked: Indices,
    space: TasteSpace | None,
    taste: Table | None,
    base: RankerSettings,
    evening_of: Callable[[Case], Evening] = lambda case: NOTHING,
) -> Judge:
    """Return the judge that ranks as this television does, diversity included.

    Args:
        catalog: the titles.
        profiles: by name; a case of another profile is ranked without an age limit.
        blocked: titles that nobody is shown.
        space: what the fleet taught, or None.
        taste: the table of its vectors, where it is kept.
        base: the ranker's settings where a point says nothing.
        evening_of: what else was known at a case; it must not look beyond it.
    """

    def judge(point: Point, case: Case) -> float:
        settings = settings_of(point, base)
        profile = profiles.get(case.profile, Profile(name=case.profile))
        mask = feasible(catalog.feasibility, profile, now=case.at, minutes=None)
        mask[case.seen] = False
        mask[blocked] = False
        mask[case.title] = True
        scores = score_titles(
            case.history,
            space=space,
            content=catalog.content_table,
            taste=taste,
            log_popularity=catalog.log_popularity,
            candidates=mask,
            settings=settings,
            evening=evening_of(case),
        )
        rank = rank_of(scores.total, case.title, mask)
        if rank <= settings.pool and settings.diversity > 0.0:
            listed = diversify(scores.total, catalog.content, mask, settings.pool, settings)
            at = np.flatnonzero(listed == case.title)
            rank = float(at[0]) + 1.0 if len(at) else rank
        return utility(rank, int(mask.sum()))

    return judge
