"""What each part of the brain is worth: lives told to a television with the part taken away.

A fleet of invented households has learnt together; its round is broadcast. Then further
households live through their days in front of the real brain: it observes, its loops run, it
syncs once, and from ``warm`` on every choice is preceded by a list. A list is measured by
NDCG@10 against the planted truth of that moment:

- ``first``: the list before the first title of a sitting;
- ``next``: the list after a title has ended;
- ``mood``: the list after two titles of the genre that is unwelcome tonight were skipped;
- ``browse``: the fourth list of somebody who has looked at three and chosen nothing; what stood
  on the first is not wanted tonight;
- ``resume``: whether the first entry of continue-watching is the episode that was expected.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from exogenesis.constellation.catalog.build import build_pack
from exogenesis.constellation.catalog.entry import CatalogEntry, entry, mark
from exogenesis.core.effects import NS_PER_S
from exogenesis.core.ranking import RankerSettings
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Indices
from exogenesis.sim.broadcast import Broadcast
from exogenesis.sim.evaluation.federated import ALL_ANCHORS, replay
from exogenesis.sim.households import Dataset, Household
from exogenesis.sim.life import Decision, Life, LifeSettings, Sitting, Town, make_town
from exogenesis.sim.processes import seeded_entropy
from exogenesis.sim.world import EPOCH_S, WorldSettings
from exogenesis.tv import (
    Brain,
    BrainConfig,
    Catalog,
    LoopType,
    MemoryTier,
    Signal,
    ViewContext,
    ViewingEvent,
)
from exogenesis.wire.fields import digest, signing_pair
from exogenesis.wire.pack import encode_pack

DEPTH = 10
EVALUATIONS = 4
"""Settings tried in one search: enough for the loop to run, and not to spend a life on."""
KINDS = ("first", "next", "mood", "browse", "resume")
_STREAM = 77


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """A brain with something taken away.

    Attributes:
        name: what is gone.
        tiers: tiers that are switched off.
        loops: loops that are switched off.
        ranker: the weights.
    """

    name: str
    tiers: frozenset[MemoryTier] = frozenset()
    loops: frozenset[LoopType] = frozenset()
    ranker: RankerSettings = field(default_factory=RankerSettings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What all variants share: the town, its pack, and what its fleet has learnt."""

    town: Town
    life: LifeSettings
    pack: bytes
    catalog_public: bytes
    space: TasteSpace

    def catalog(self) -> Catalog:
        """The pack as a television loads it."""
        return Catalog.load(self.pack, self.catalog_public)


def prepare(world: WorldSettings, life: LifeSettings, *, seed: int) -> Stage:
    """Invent a town and let its households learn together, four rounds with all anchors."""
    rng = np.random.default_rng(seed)
    town = make_town(world, life, rng)
    pack = build_pack(_entries(town), lineage="invented town")
    public, secret = signing_pair(seeded_entropy(seed, _STREAM)(32))
    homes = [
        _finished(Life(town, life, np.random.default_rng((seed, number))), f"home {number}")
        for number in range(world.households)
    ]
    dataset = Dataset(
        name="invented town",
        households=tuple(homes),
        content=pack.content,
        basis=pack.basis.astype(np.float32),
    )
    *_, last = replay(dataset, ALL_ANCHORS, rng)
    return Stage(
        town=town,
        life=life,
        pack=encode_pack(pack, secret),
        catalog_public=public,
        space=last.space,
    )


def _entries(town: Town) -> list[CatalogEntry]:
    return [
        entry(one.title, [*(mark("person", who) for who in one.people), one.description])
        for one in town.titles
    ]


def _finished(life: Life, name: str) -> Household:
    told = [choice for sitting in life.sittings() for choice in sitting.decisions]
    finished = dict.fromkeys(choice.title for choice in told if choice.fraction >= 0.7)
    nothing = np.empty(0, np.int64)
    return Household(
        name=name,
        history=np.array(list(finished), np.int64),
        seen=np.unique(np.array([choice.title for choice in told], np.int64)),
        relevant=nothing,
    )


class SteppedClock:
    """A clock that a life moves; it is a :data:`exogenesis.core.effects.Clock`."""

    def __init__(self, at_s: int) -> None:
        self.at_s = at_s

    def __call__(self) -> int:
        """Unix time in nanoseconds."""
        return self.at_s * NS_PER_S


class Viewer:
    """One household in front of its television."""

    def __init__(self, stage: Stage, variant: Variant, number: int, *, warm: float = 0.5) -> None:
        self._stage = stage
        self._warm = warm
        self._life = Life(stage.town, stage.life, np.random.default_rng((_STREAM, number)))
        self.clock = SteppedClock(EPOCH_S)
        catalog = stage.catalog()
        broadcast = Broadcast(
            stage.space,
            lineage=catalog.lineage_id,
            pack=digest(stage.pack),
            opens=EPOCH_S,
            entropy=seeded_entropy(number, _STREAM),
        )
        self.brain = Brain.open(
            BrainConfig(
                worker_public=broadcast.worker_public,
                enrol_token=bytes(32),
                ranker=variant.ranker,
                evaluations=EVALUATIONS,
                tiers_off=variant.tiers,
                loops_off=variant.loops,
            ),
            catalog=catalog,
            clock=self.clock,
            rng=np.random.default_rng(number),
            entropy=seeded_entropy(number, _STREAM + 1),
            transport=broadcast,
        )
        self._ids = [title.id for title in catalog.titles]
        self._rows = {title_id: row for row, title_id in enumerate(self._ids)}
        self._genres = stage.town.planted.genres

    def live(self) -> dict[str, list[float]]:
        """Live through all days; returns the measured lists by kind."""
        told: dict[str, list[float]] = {kind: [] for kind in KINDS}
        self.brain.consent(True)
        self.brain.sync()
        begins = EPOCH_S + int(self._warm * self._stage.life.days) * 86_400
        for number, sitting in enumerate(self._life.sittings()):
            session = f"sitting {number}"
            self._pass_time(sitting.decisions[0].at)
            if sitting.decisions[0].at >= begins:
                self._measure_first(sitting, session, told)
            for place, choice in enumerate(sitting.decisions):
                self._pass_time(choice.at)
                if place and choice.at >= begins:
                    told["next"].append(self._ndcg(choice, session))
                self._watch(choice, session)
        self.brain.close()
        return told

    def watch_all(self, day: Callable[[], object]) -> int:
        """Live through all days without measuring a list; returns the number of viewings."""
        self.brain.consent(True)
        self.brain.sync()
        today, viewings = EPOCH_S, 0
        for number, sitting in enumerate(self._life.sittings()):
            for choice in sitting.decisions:
                self._pass_time(choice.at)
                self._watch(choice, f"sitting {number}")
                viewings += 1
            while today <= self.clock.at_s:
                today += 86_400
                day()
        return viewings

    def _pass_time(self, at: int) -> None:
        """Let the loops run at the hours at which they are due, up to ``at``."""
        while True:
            due = self.brain.next_due()
            if due is None or due > at:
                break
            self.clock.at_s = max(self.clock.at_s, due)
            self.brain.tick(budget_ms=1000.0)
        self.clock.at_s = max(self.clock.at_s, at)

    def _measure_first(self, sitting: Sitting, session: str, told: dict[str, list[float]]) -> None:
        choice = sitting.decisions[0]
        if choice.expected:
            resumed = self.brain.continue_watching(limit=1)
            hit = bool(resumed) and resumed[0].title_id == self._ids[choice.title]
            told["resume"].append(float(hit))
        if sitting.unwelcome is not None:
            for row in np.flatnonzero(self._genres == sitting.unwelcome)[:2]:
                self.brain.signal(Signal(kind="skip", title_id=self._ids[row], session=session))
            told["mood"].append(self._ndcg(choice, session))
            return
        shown = self._list(session)
        told["first"].append(ndcg(shown, choice.wanted))
        for _ in range(2):
            self._list(session)
        left = choice.wanted[~np.isin(choice.wanted, shown)]
        told["browse"].append(ndcg(self._list(session), left))

    def _list(self, session: str, just_ended: str | None = None) -> Indices:
        context = ViewContext(limit=DEPTH, explore=False, session=session, just_ended=just_ended)
        return np.array([self._rows[r.title_id] for r in self.brain.recommend(context)], np.int64)

    def _ndcg(self, choice: Decision, session: str) -> float:
        ended = None if choice.just_ended is None else self._ids[choice.just_ended]
        return ndcg(self._list(session, ended), choice.wanted)

    def _watch(self, choice: Decision, session: str) -> None:
        self.brain.observe(
            ViewingEvent(
                title_id=self._ids[choice.title],
                fraction=choice.fraction,
                at=choice.at,
                session=session,
                episode=choice.episode,
            )
        )


def ndcg(shown: Indices, wanted: Indices) -> float:
    """NDCG@10 of a list: gain 1 for each wanted title, discounted by log2(place + 1)."""
    gains = np.isin(shown[:DEPTH], wanted) / np.log2(np.arange(2, len(shown[:DEPTH]) + 2))
    best = (1.0 / np.log2(np.arange(2, min(DEPTH, len(wanted)) + 2))).sum()
    return float(gains.sum() / best) if best > 0 else 0.0


def variants(defaults: RankerSettings, terms: Sequence[str]) -> list[Variant]:
    """The whole brain first, then one without each ranking term, tier and loop.

    Args:
        defaults: the weights of the whole brain.
        terms: names of the weights in ``RankerSettings``; each is set to 0 in turn.
    """
    whole = Variant(name="whole", ranker=defaults)
    found = [whole]
    for term in terms:
        without: dict[str, Any] = {term: 0.0}
        found.append(Variant(name=f"term {term}", ranker=replace(defaults, **without)))
    found += [
        Variant(name=f"tier {tier.value} {tier.name.lower()}", tiers=frozenset({tier}))
        for tier in MemoryTier
        if tier < MemoryTier.PHYSICAL  # the last two guard what is shown, and are never off
    ]
    found += [Variant(name=f"loop {loop}", loops=frozenset({loop})) for loop in LoopType]
    return found


def means(told: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Mean of each kind; a kind that was never measured is left out."""
    return {kind: float(np.mean(values)) for kind, values in told.items() if values}
