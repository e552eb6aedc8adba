"""Lists: what is on them, in which order, and whether their reasons are true."""

from __future__ import annotations

import numpy as np
import pytest

from exogenesis.core.titles import Title
from exogenesis.errors import InputError
from exogenesis.tv import Brain, Catalog, Profile, ViewContext, ViewingEvent
from tests.support.constellation import WORKER_PUBLIC, Constellation
from tests.support.television import NOW, FakeClock, open_brain, plain_titles, small_catalog

STEADY = ViewContext(explore=False)


def _watched(brain: Brain, *titles: str) -> Brain:
    brain.observe_many(ViewingEvent(title_id=title, fraction=1.0) for title in titles)
    return brain


def _pulled(catalog: Catalog, *, published: int = 100) -> Brain:
    """A television that has pulled a round in which titles of one cluster taste alike."""
    constellation = Constellation(catalog, opens=NOW)
    constellation.next_round(published=published)
    clock = FakeClock(constellation.manifest.opens)
    brain = open_brain(catalog, clock=clock, transport=constellation, worker_public=WORKER_PUBLIC)
    brain.consent(True)
    brain.sync()
    return brain


def test_a_television_that_knows_nothing_shows_the_favourites() -> None:
    listed = open_brain(small_catalog()).recommend(STEADY)
    assert len(listed) == 10
    assert listed[0].title_id == "t000"
    assert {one.reason for one in listed} == {"from the catalogue's favourites"}
    assert {one.kind for one in listed} == {"popularity"}


def test_before_the_first_pull_content_speaks() -> None:
    listed = _watched(open_brain(small_catalog()), "t101", "t105", "t109").recommend(STEADY)
    alike = [one for one in listed if int(one.title_id[1:]) % 4 == 1]
    assert len(alike) >= 7
    assert {one.kind for one in alike} <= {"content", "popularity"}
    assert any(one.cause in ("t101", "t105", "t109") for one in alike)


def test_after_a_pull_the_fleet_speaks() -> None:
    brain = _watched(_pulled(small_catalog()), "t002", "t006", "t010", "t014", "t018")
    listed = brain.recommend(STEADY)
    assert {int(one.title_id[1:]) % 4 for one in listed} == {2}
    assert {one.kind for one in listed} == {"taste"}
    assert all(one.reason.startswith("because you watched Title ") for one in listed)


def test_a_fleet_that_published_next_to_nothing_does_not_silence_the_favourites() -> None:
    catalog = small_catalog()
    young = _pulled(catalog, published=2).recommend(STEADY)
    alone = open_brain(catalog).recommend(STEADY)
    assert [one.title_id for one in young] == [one.title_id for one in alone]
    assert {one.reason for one in young} == {"from the catalogue's favourites"}


def test_a_handful_of_candidates_that_the_fleet_never_named_keeps_its_order() -> None:
    brain = _pulled(small_catalog(), published=2)
    brain.observe_many(
        ViewingEvent(title_id=f"t{row:03}", fraction=0.1) for row in range(len(small_catalog()) - 5)
    )
    listed = brain.recommend(STEADY)
    assert len(listed) == 5
    assert [one.title_id for one in listed] == sorted(one.title_id for one in listed)


def test_with_the_fleet_and_no_past_its_popularity_speaks() -> None:
    listed = _pulled(small_catalog()).recommend(STEADY)
    assert {one.reason for one in listed} == {"popular with other households"}


def test_titles_that_nobody_reported_are_marked_provisional() -> None:
    brain = _watched(_pulled(small_catalog(), published=60), "t002", "t006")
    listed = brain.recommend(ViewContext(limit=100))
    assert all(one.provisional == (int(one.title_id[1:]) >= 60) for one in listed)
    assert {one.provisional for one in listed} == {True, False}


def test_the_last_place_explores_outside_the_best() -> None:
    brain = _watched(open_brain(small_catalog()), "t001", "t005")
    best = {one.title_id for one in brain.recommend(ViewContext(limit=50, explore=False))}
    drawn = [brain.recommend(ViewContext(limit=5)) for _ in range(20)]
    assert all(len(listed) == 5 for listed in drawn)
    assert all(listed[-1].title_id not in best for listed in drawn)
    assert {listed[-1].reason for listed in drawn} == {"something different to try"}
    assert len({listed[-1].title_id for listed in drawn}) > 5
    steady = [one.title_id for one in brain.recommend(ViewContext(limit=4, explore=False))]
    assert [one.title_id for one in drawn[0][:4]] == steady


def test_a_list_without_exploration_is_the_same_again() -> None:
    brain = _watched(open_brain(small_catalog()), "t001", "t005")
    assert brain.recommend(STEADY) == brain.recommend(STEADY)


def test_a_blocked_title_is_gone_until_it_is_allowed_again() -> None:
    brain = open_brain(small_catalog())
    brain.block("t000")
    assert brain.recommend(STEADY)[0].title_id == "t001"
    assert brain.explain("t000").hidden_because == "it is blocked"
    brain.unblock("t000")
    assert brain.recommend(STEADY)[0].title_id == "t000"


def test_a_title_comes_and_goes_with_its_window() -> None:
    catalog = small_catalog(
        [Title(id="w", name="W", available_from=NOW, available_until=NOW + 10), *plain_titles(20)]
    )
    clock = FakeClock(NOW - 1)
    brain = open_brain(catalog, clock=clock)

    def shown() -> bool:
        return "w" in {one.title_id for one in brain.recommend(ViewContext(limit=30))}

    assert not shown()
    assert brain.explain("w").hidden_because == "it is not available now"
    clock.at = NOW
    assert shown()
    clock.at = NOW + 10
    assert not shown()


def test_kids_see_no_unrated_title() -> None:
    titles = [
        Title(id="u", name="U"),
        Title(id="k", name="K", age=6),
        Title(id="a", name="A", age=7),
    ]
    brain = open_brain(small_catalog(titles))
    brain.add_profile(Profile(name="kid", kind="kid", age_limit=6, contributes=False))
    assert [one.title_id for one in brain.recommend(ViewContext(profile="kid"))] == ["k"]
    assert brain.explain("a", "kid").hidden_because == "the age limit is 6"
    assert len(brain.recommend()) == 3


def test_a_title_of_unknown_length_does_not_fit_an_evening() -> None:
    titles = [
        Title(id="u", name="U"),
        Title(id="s", name="S", minutes=90),
        Title(id="l", name="L", minutes=91),
    ]
    listed = open_brain(small_catalog(titles)).recommend(ViewContext(minutes=90))
    assert [one.title_id for one in listed] == ["s"]


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"limit": 1001}, {"minutes": 0}])
def test_a_context_out_of_range_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(InputError):
        ViewContext(**wrong)  # type: ignore[arg-type]


def test_an_unknown_profile_gets_no_list() -> None:
    with pytest.raises(InputError, match="no profile 'x'"):
        open_brain(small_catalog()).recommend(ViewContext(profile="x"))


@pytest.mark.parametrize("pulled", [False, True])
def test_an_explanation_adds_up_to_the_score(pulled: bool) -> None:
    catalog = small_catalog()
    brain = _pulled(catalog) if pulled else open_brain(catalog)
    _watched(brain, "t002", "t006", "t011")
    for one in brain.recommend(STEADY):
        told = brain.explain(one.title_id)
        assert sum(told.parts.values()) == pytest.approx(told.score, abs=1e-4)
        assert sum(c.contribution for c in told.causes) == pytest.approx(
            told.parts.get("taste", 0.0) + told.parts["content"], abs=1e-3
        )
        assert (told.reason, told.score, told.hidden_because) == (one.reason, one.score, None)
        assert told.parts[told.kind] == max(told.parts.values())
        if one.cause is not None:
            assert one.cause in {cause.title_id for cause in told.causes}


def test_without_the_named_cause_the_score_falls() -> None:
    """By ablation: the same television that never watched the titles the reason names.

    They are blocked there, so that both choose from the same titles.
    """
    catalog = small_catalog()
    named = 0
    for seed in range(16):
        rng = np.random.default_rng(seed)
        watched = [f"t{row:03}" for row in rng.permutation(120)[: rng.integers(1, 12)]]
        with_all = _watched(_pulled(catalog) if seed % 2 else open_brain(catalog), *watched)
        for one in with_all.recommend(STEADY):
            if one.cause is None:
                continue
            gone = {one.cause, *one.also}
            assert gone <= set(watched)
            without = [title for title in watched if title not in gone]
            other = _watched(_pulled(catalog) if seed % 2 else open_brain(catalog), *without)
            for title in gone:
                other.block(title)
            named += 1
            assert other.explain(one.title_id).score < one.score
    assert named >= 100
