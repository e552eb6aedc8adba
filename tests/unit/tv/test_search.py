"""Searching: by name, by person, by what it is about; and what is like a title."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from exogenesis.constellation.catalog.build import build_pack
from exogenesis.constellation.catalog.entry import entry
from exogenesis.constellation.catalog.folder import read_titles
from exogenesis.core.taste import start_space
from exogenesis.core.titles import Title
from exogenesis.core.words import words
from exogenesis.errors import InputError, UnknownTitle
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.collective import Collective
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy, Profile
from exogenesis.tv.search import Finder, Found
from exogenesis.wire.pack import encode_pack
from tests.support.television import CATALOG_PUBLIC, CATALOG_SECRET, NOW, FakeClock

MOVIELENS = Path(
    os.environ.get("OMEGA_MOVIELENS")
    or Path(__file__).parents[4] / "shared" / "data" / "ml-latest-small"
)
SEA, SPACE = "submarine ocean storm sailor harbour", "rocket planet orbit astronaut moon"
TITLES = [
    (Title(id="boat", name="The Boat", year=1981, genres=("war",), people=("Ida Lund",)), SEA),
    (Title(id="storm", name="Hard Weather", genres=("drama",)), SEA + " fisherman"),
    (Title(id="moon", name="Far Side", genres=("sci-fi",), age=6, popularity=50.0), SPACE),
    (Title(id="orbit", name="Far Away", genres=("sci-fi",), people=("Ida Lundgren",)), SPACE),
    (Title(id="room", name="War Room", genres=("documentary",)), "politics election votes"),
    (Title(id="votes", name="The Count", genres=("documentary",)), "politics election ballot"),
    (Title(id="gone", name="Far Gone", available_until=NOW), SPACE),
]


def catalog_of(titles: Sequence[tuple[Title, str]] = TITLES, *, query: bool = True) -> Catalog:
    pack = build_pack([entry(title, [text]) for title, text in titles], lineage="test")
    pack = pack if query else replace(pack, query=b"")
    return Catalog.load(encode_pack(pack, CATALOG_SECRET), CATALOG_PUBLIC)


CATALOG = catalog_of()


class Bench:
    """A finder with everything that it asks."""

    def __init__(self, catalog: Catalog = CATALOG, collective: Any = None) -> None:
        self.database = Database.open(None)
        self.policy = Policy(self.database)
        self.agentdb = AgentDB(self.database, catalog.content)
        self.finder = Finder(
            catalog=catalog,
            agentdb=self.agentdb,
            policy=self.policy,
            collective=collective or Collective(self.database, catalog, None),
            clock=FakeClock(),
        )


def ids(found: Found) -> list[str]:
    return [hit.title_id for hit in found.hits]


@pytest.mark.parametrize(
    ("typed", "first", "why"),
    [
        ("the boat", "boat", "name"),
        ("BOAT", "boat", "name"),
        ("boat 1981", "boat", "name"),
        ("weather hard", "storm", "name"),
        ("weathre", "storm", "name"),
        ("Ida Lund", "boat", "person"),
        ("lundgren", "orbit", "person"),
        ("fisherman", "storm", "content"),
        ("sci-fi", "moon", "content"),
        ("war", "boat", "content"),
    ],
)
def test_what_is_found_first(typed: str, first: str, why: str) -> None:
    hit = Bench().finder.search(typed).hits[0]
    assert (hit.title_id, hit.why) == (first, why)
    assert (hit.name, hit.year) == (CATALOG.titles[CATALOG.index_of(first)].name, hit.year)


def test_a_name_begun_finds_all_that_begin_so_the_popular_one_first() -> None:
    found = Bench().finder.search("fa")
    assert ids(found) == ["moon", "orbit"]
    assert not found.by_content


def test_words_of_the_text_find_titles_whose_names_do_not_hold_them() -> None:
    found = Bench().finder.search("ocean sailor")
    assert found.by_content
    assert set(ids(found)[:2]) == {"boat", "storm"}
    assert not {"moon", "orbit", "room"} & set(ids(found))


def test_scores_fall_and_the_limit_holds() -> None:
    bench = Bench()
    every = bench.finder.search("ocean rocket").hits
    scores = [hit.score for hit in every]
    assert len(scores) > 2
    assert scores == sorted(scores, reverse=True)
    assert bench.finder.search("ocean rocket", 2).hits == every[:2]


def test_without_a_query_table_names_are_found_and_nothing_else() -> None:
    finder = Bench(catalog_of(query=False)).finder
    found = finder.search("boat")
    assert (ids(found), found.by_content) == (["boat"], False)
    assert ids(finder.search("fisherman")) == []


def test_unknown_words_find_nothing() -> None:
    found = Bench().finder.search("qwertz")
    assert (found.hits, found.by_content) == ((), False)


def test_blocked_unavailable_and_over_age_titles_are_not_found() -> None:
    bench = Bench()
    bench.policy.set_block("orbit", True)
    bench.policy.add_profile(Profile(name="mia", kind="kid", age_limit=6, contributes=False))
    for typed in ("rocket", "far", "lundgren"):
        assert "gone" not in ids(bench.finder.search(typed))
        assert "orbit" not in ids(bench.finder.search(typed))
    assert ids(bench.finder.search("rocket ocean", 10, "mia")) == ["moon"]
    assert ids(bench.finder.similar("moon", 10, "mia")) == []
    assert "orbit" not in ids(bench.finder.similar("moon"))
    assert "gone" not in ids(bench.finder.similar("moon"))


def test_seen_titles_are_found_and_marked_for_the_profile_that_saw_them() -> None:
    bench = Bench()
    bench.policy.add_profile(Profile(name="ana"))
    bench.agentdb.skill_store("ana", "boat", finished=False, at=NOW)
    for profile, seen in (("ana", True), ("home", False)):
        (hit,) = [h for h in bench.finder.search("boat", 10, profile).hits if h.title_id == "boat"]
        assert hit.seen is seen
        (hit,) = [h for h in bench.finder.similar("storm", 1, profile).hits]
        assert (hit.title_id, hit.seen) == ("boat", seen)


@pytest.mark.parametrize(("title", "twin"), [("boat", "storm"), ("moon", "orbit")])
def test_what_is_like_a_title_without_a_round(title: str, twin: str) -> None:
    found = Bench().finder.similar(title, 3)
    assert ids(found)[0] == twin
    assert title not in ids(found)
    assert found.hits[0].why == "content"


def test_the_fleets_taste_joins_in_once_a_round_is_in_use() -> None:
    space = start_space(np.eye(len(TITLES), 64, dtype=np.float32))
    space.vectors[CATALOG.index_of("room")] = space.vectors[CATALOG.index_of("boat")]
    taste = SimpleNamespace(taste=SimpleNamespace(ranking=space))
    hits = Bench(collective=taste).finder.similar("boat", 2).hits
    assert {(hit.title_id, hit.why) for hit in hits} == {("storm", "content"), ("room", "taste")}


def test_a_title_of_which_nothing_is_known_is_like_nothing() -> None:
    titles = [*TITLES, (Title(id="blank", name="?"), "")]
    found = Bench(catalog_of(titles)).finder.similar("blank")
    assert (found.hits, found.by_content) == ((), False)


@pytest.mark.parametrize("typed", ["", "  \t", "x" * 201])
def test_what_cannot_be_searched_for_is_refused(typed: str) -> None:
    with pytest.raises(InputError, match="1 to 200 characters"):
        Bench().finder.search(typed)


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_limit_out_of_range_is_refused(limit: int) -> None:
    finder = Bench().finder
    for search in (finder.search, finder.similar):
        with pytest.raises(InputError, match="1 to 1000 titles"):
            search("boat", limit)


def test_strangers_are_refused() -> None:
    finder = Bench().finder
    with pytest.raises(InputError, match="no profile"):
        finder.search("boat", 10, "nobody")
    with pytest.raises(UnknownTitle):
        finder.similar("nothing")


@pytest.fixture(scope="module")
def movielens() -> tuple[Catalog, list[str]]:
    if not (MOVIELENS / "movies.csv").is_file():
        pytest.skip("MovieLens latest-small is not here; name its folder in OMEGA_MOVIELENS")
    entries = read_titles(MOVIELENS)
    raw = encode_pack(build_pack(entries, lineage="main"), CATALOG_SECRET)
    return Catalog.load(raw, CATALOG_PUBLIC), [one.text for one in entries]


def test_on_movielens_the_text_of_a_title_leads_to_the_title(
    movielens: tuple[Catalog, list[str]],
) -> None:
    catalog, texts = movielens
    table = catalog.query_table
    assert table is not None
    ranks = []
    for row in range(0, len(texts), 20):
        query = table.embed(words(texts[row]))
        if query is not None:
            cosines = catalog.content @ query
            ranks.append(int((cosines > cosines[row] + 1e-5).sum()))
    assert len(ranks) > 450
    assert np.mean(np.array(ranks) == 0) > 0.97
    assert max(ranks) < 10


def test_on_movielens_a_genre_finds_titles_of_the_genre(
    movielens: tuple[Catalog, list[str]],
) -> None:
    catalog, _ = movielens
    finder = Bench(catalog).finder
    for genre in sorted({genre for title in catalog.titles for genre in title.genres}):
        found = finder.search(genre)
        genres = [catalog.titles[catalog.index_of(hit.title_id)].genres for hit in found.hits]
        assert sum(genre in each for each in genres) >= 9, genre


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("jurassic prak", "Jurassic Park"),
        ("third man", "The Third Man"),
        ("disney", "The Lion King"),
        ("matrix", "The Matrix"),
        ("AMELIE", "Amelie (Fabuleux destin d'Amélie Poulain, Le)"),
    ],
)
def test_on_movielens_well_known_words(
    movielens: tuple[Catalog, list[str]], typed: str, expected: str
) -> None:
    assert Bench(movielens[0]).finder.search(typed).hits[0].name == expected
