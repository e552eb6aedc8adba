"""What the catalogue, the fleet and the owner say, recalled like everything else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exogenesis.core.taste import TasteSpace
from exogenesis.core.titles import Title
from exogenesis.core.vectors import Floats
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.learning.sources import PagesSource, PhysicalSource, PolicySource, RegionSource
from exogenesis.tv.memory import CosmicMemory, MemoryTier, Query, Source
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy, Profile
from exogenesis.tv.taste import Taste
from tests.support.learning import NOW, genre_titles
from tests.support.television import small_catalog

TITLES = [
    *genre_titles(50),
    Title(id="late", name="Später Film", available_from=NOW + 9, age=16, minutes=95),
    Title(id="home", name="Heimat", regions=(("AT", 5.0), ("DE", 90.0))),
    Title(id="berg", name="Berge", regions=(("AT", 50.0),), available_until=NOW),
]


@pytest.fixture(scope="module")
def catalog() -> Catalog:
    return small_catalog(TITLES)


def _memory(catalog: Catalog, tier: MemoryTier, source: Source) -> CosmicMemory:
    def vector_of(subject: str) -> Floats | None:
        return catalog.content[catalog.index_of(subject)] if subject in catalog else None

    return CosmicMemory(Database.open(None), vector_of=vector_of, sources={tier: source})


def _subjects(memory: CosmicMemory, query: Query) -> list[str]:
    return [one.memory.subject for one in memory.recall(query, now=NOW)]


def test_availability_is_recalled_in_every_form(catalog: Catalog) -> None:
    memory = _memory(catalog, MemoryTier.PHYSICAL, PhysicalSource(catalog))
    assert memory.count(MemoryTier.PHYSICAL) == 53
    (late,) = memory.recall(Query(text="SPÄTER"), now=NOW)
    assert late.memory.metadata == {
        "available": False,
        "from": NOW + 9,
        "until": None,
        "minutes": 95,
        "age": 16,
    }
    assert _subjects(memory, Query(metadata={"available": False})) == ["late", "berg"]
    assert memory.recall(Query(subject="late"), now=NOW + 9)[0].memory.metadata["available"]
    assert _subjects(memory, Query(vector=catalog.content[7], limit=1)) == ["t007"]
    assert len(_subjects(memory, Query(limit=7))) == 7
    for query in (Query(kind="region"), Query(profile="home"), Query(min_importance=0.6)):
        assert _subjects(memory, query) == []
    assert _subjects(memory, Query(subject="none")) == []


@pytest.mark.parametrize("metadata", [{}, {"minutes": 90}])
def test_what_is_left_out_early_would_not_have_been_recalled(
    catalog: Catalog, metadata: dict[str, int]
) -> None:
    source = PhysicalSource(catalog)
    memory = _memory(catalog, MemoryTier.PHYSICAL, source)
    for text in (None, "title 1", "film title"):
        for vector in (None, catalog.content[3]):
            few = Query(text=text, vector=vector, metadata=metadata, limit=5)
            all_ = Query(text=text, vector=vector, metadata=metadata, limit=999)
            found = memory.recall(few, now=NOW)
            expected = memory.recall(all_, now=NOW)[:5]
            nearly = pytest.approx([e.relevance for e in expected], rel=1e-5)
            assert [f.relevance for f in found] == nearly
            assert [f.memory.subject for f in found] == [e.memory.subject for e in expected]


def test_regions_and_their_favourites(catalog: Catalog) -> None:
    memory = _memory(catalog, MemoryTier.CIVILIZATIONAL, RegionSource(catalog, "AT"))
    found = memory.recall(Query(), now=NOW)
    assert [(one.memory.subject, one.memory.metadata["favourites"]) for one in found] == [
        ("AT", ["berg", "home"]),
        ("DE", ["home"]),
    ]
    assert _subjects(memory, Query(metadata={"own": True})) == ["AT"]
    assert memory.count(MemoryTier.CIVILIZATIONAL) == 2


def test_published_titles_until_they_are_dropped(catalog: Catalog) -> None:
    collective = Collective(Database.open(None), catalog, None)
    memory = _memory(catalog, MemoryTier.COLLECTIVE, PagesSource(catalog, collective))
    assert memory.count(MemoryTier.COLLECTIVE) == 0
    assert _subjects(memory, Query()) == []
    published = np.zeros(len(catalog), np.bool_)
    published[[4, 9]] = True
    weights = np.ones(len(catalog), np.float32)
    weights[[4, 9]] = 11.0**-0.25, 101.0**-0.25
    space = TasteSpace(
        round=3,
        sigma=catalog.start.sigma,
        vectors=catalog.start.vectors,
        weights=weights,
        published=published,
    )
    collective._taste = Taste(published=space, ranking=None, basis=space.vectors)
    found = memory.recall(Query(), now=NOW)
    assert [(one.memory.subject, one.memory.metadata) for one in found] == [
        ("t009", {"round": 3, "reports": 100}),
        ("t004", {"round": 3, "reports": 10}),
    ]
    assert _subjects(memory, Query(text="title 4")) == ["t004", "t009"]
    collective.reload()
    assert memory.count(MemoryTier.COLLECTIVE) == 0


def test_the_owners_word(tmp_path: Path, catalog: Catalog) -> None:
    database = Database.open(tmp_path)
    policy = Policy(database)
    memory = _memory(catalog, MemoryTier.OMEGA, PolicySource(policy))
    assert memory.recall(Query(kind="consent"), now=NOW)[0].memory.metadata == {"allowed": False}
    policy.set_consent(True)
    policy.set_block("t003", True)
    policy.add_profile(Profile(name="mia", kind="kid", age_limit=6, contributes=False))
    assert memory.recall(Query(kind="consent"), now=NOW)[0].memory.metadata == {"allowed": True}
    assert _subjects(memory, Query(kind="block")) == ["t003"]
    assert _subjects(memory, Query(metadata={"age_limit": 6, "contributes": False})) == ["mia"]
    assert memory.count(MemoryTier.OMEGA) == 5
    assert _subjects(memory, Query(kind="viewing")) == []
    database.close()
