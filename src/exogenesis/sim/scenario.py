"""What a fleet is run on: a catalogue pack, households, and what each has watched already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from exogenesis.constellation.catalog import CatalogEntry, read_ratings, read_titles
from exogenesis.constellation.catalog.build import build_pack
from exogenesis.core.titles import Title
from exogenesis.errors import InputError
from exogenesis.sim.evaluation.dataset import in_columns, split
from exogenesis.sim.fleet import Tenant
from exogenesis.sim.households import Dataset, Household
from exogenesis.sim.processes import seeded_entropy
from exogenesis.sim.world import EPOCH_S, WorldSettings, make_world
from exogenesis.tv import ViewingEvent
from exogenesis.wire.fields import signing_pair
from exogenesis.wire.pack import encode_pack

ABANDONED_FRACTION: Final = 0.3
"""How much of a title with a low rating counts as watched."""

_HOUR_S: Final = 3600
_CATALOG_STREAM: Final = 3
_SEED_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Ready to be run.

    Attributes:
        truth: in words, which titles a household is to be shown.
        simulated: in words, what stands for households and viewing.
        dataset: households with what they are to be shown.
        tenants: the same households with their viewing events.
        pack: signed catalogue pack; its popularity is 0, so that nothing of the truth leaks.
        catalog_public: the key that signed it.
        start_s: Unix time at which round 1 opens, after all events.
    """

    truth: str
    simulated: str
    dataset: Dataset
    tenants: tuple[Tenant, ...]
    pack: bytes
    catalog_public: bytes
    start_s: int


def invented(settings: WorldSettings, *, seed: int, folder: Path) -> Scenario:
    """Invent a world; its catalogue is written into ``folder`` and read back from there."""
    world = make_world(settings, np.random.default_rng(seed))
    world.write_catalog(folder)
    entries = read_titles(folder)
    ids = [item.title.id for item in entries]
    events = [
        tuple(
            ViewingEvent(title_id=ids[session.title], fraction=session.fraction, at=session.at)
            for session in resident.sessions
        )
        for resident in world.residents
    ]
    return _scenario(
        entries,
        world.households(),
        events,
        name="invented world",
        truth=f"the {settings.relevant} unseen titles that its planted taste wants most",
        simulated="households, their tastes and what they watched: an invented world",
        seed=seed,
    )


def from_ratings(folder: Path, *, seed: int, televisions: int | None = None) -> Scenario:
    """Read a MovieLens folder and split it as the evaluation does.

    A rating of 4 or more was watched to the end, a lower one abandoned. Of the times only the
    order is kept: the sessions are an hour apart and end where round 1 opens.

    Args:
        folder: with titles and ratings.
        seed: draws which households take part when not all do.
        televisions: how many; None for all.

    Raises:
        CatalogError: there are no titles or no ratings, or a row is malformed.
        InputError: there are fewer households than televisions asked for.
    """
    entries = [
        replace(item, title=replace(item.title, popularity=0.0)) for item in read_titles(folder)
    ]
    titles = [item.title for item in entries]
    households = split(in_columns(read_ratings(folder), [t.id for t in titles]), "test")
    if televisions is not None:
        if not 1 <= televisions <= len(households):
            raise InputError(
                f"{folder} has {len(households)} households, not {televisions}: ask for 1 to "
                f"{len(households)} televisions"
            )
        drawn = np.random.default_rng(seed).permutation(len(households))[:televisions]
        households = tuple(households[row] for row in np.sort(drawn))
    events = [tuple(_events(household, titles)) for household in households]
    return _scenario(
        entries,
        households,
        events,
        name=folder.resolve().name,
        truth="the last 20 % of the titles that it rated 4 or more",
        simulated="viewing: a rating of 4 or more is a finished title, a lower an abandoned one",
        seed=seed,
    )


def _events(household: Household, titles: Sequence[Title]) -> Iterable[ViewingEvent]:
    finished = set(household.history.tolist())
    abandoned = [title for title in household.seen.tolist() if title not in finished]
    order = [(title, ABANDONED_FRACTION) for title in abandoned]
    order += [(title, 1.0) for title in household.history.tolist()]
    for age, (title, fraction) in zip(range(len(order), 0, -1), order, strict=True):
        at = EPOCH_S - age * _HOUR_S
        yield ViewingEvent(title_id=titles[title].id, fraction=fraction, at=at)


def _scenario(
    entries: Sequence[CatalogEntry],
    households: tuple[Household, ...],
    events: Iterable[tuple[ViewingEvent, ...]],
    *,
    name: str,
    truth: str,
    simulated: str,
    seed: int,
) -> Scenario:
    public, secret = signing_pair(seeded_entropy(seed, _CATALOG_STREAM)(_SEED_BYTES))
    pack = build_pack(entries, lineage=name)
    dataset = Dataset(
        name=name,
        households=households,
        content=pack.content,
        basis=pack.basis.astype(np.float32),
    )
    return Scenario(
        truth=truth,
        simulated=simulated,
        dataset=dataset,
        tenants=tuple(
            Tenant(household=household, events=watched)
            for household, watched in zip(households, events, strict=True)
        ),
        pack=encode_pack(pack, secret),
        catalog_public=public,
        start_s=EPOCH_S,
    )
