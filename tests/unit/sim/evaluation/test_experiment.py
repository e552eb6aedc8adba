"""The whole evaluation on the checkerboard: every name, every bar of an obvious answer."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from importlib import resources

import numpy as np
import pytest

from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.provisional import RIDGE, SHRINK, fill_unpublished
from exogenesis.core.ranking import RankerSettings
from exogenesis.core.taste import start_basis, start_space
from exogenesis.core.vectors import Floats, Indices, unit_rows
from exogenesis.errors import InputError
from exogenesis.sim.evaluation.experiment import COLD_EVENTS, Evaluation, evaluate, steps
from exogenesis.sim.evaluation.federated import (
    ALL_ANCHORS,
    MODES,
    Mode,
    replay,
    taste_scorer,
    television_lists,
)
from exogenesis.sim.evaluation.metrics import best_lists, measure
from exogenesis.sim.evaluation.settings import Settings, frozen_settings
from exogenesis.sim.households import Dataset, Household
from tests.unit.sim.evaluation.checkerboard import checkerboard

SETTINGS = Settings(ease_lambda=10.0, itemknn_k=20, itemknn_shrink=1.0, local_decay=1.0)
NAMES = [
    "popularity",
    "itemknn",
    "ease",
    "local_content",
    *(f"{mode}_r{r}" for mode in ("federated", "federated_capped", "sealed", "sealed_x10")
      for r in (1, 2, 3, 4)),
    "brain",
    "cold_1", "cold_3", "cold_5",
]  # fmt: skip


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return evaluate(checkerboard(60), SETTINGS, seeds=2, step=lambda: None)


def _household(name: int, history: Indices, relevant: Indices) -> Household:
    return Household(name=str(name), history=history, seen=history, relevant=relevant)


def _some_content(titles: int, rng: np.random.Generator) -> Floats:
    content = unit_rows(rng.normal(size=(titles, CONTENT_DIM)).astype(np.float32))
    return unit_rows(content - content.mean(axis=0))


def uneven() -> Dataset:
    """Forty households that lean to even or to odd titles; few of them finish the last titles."""
    rng = np.random.default_rng(5)
    content = _some_content(60, rng)
    titles, homes = np.arange(60), []
    for number in range(40):
        chances = np.where((titles + number) % 2, 1.0, 0.3) / (1 + titles // 2)
        own = rng.choice(titles, 16, replace=False, p=chances / chances.sum())
        homes.append(_household(number, own[:12], own[12:]))
    return Dataset(
        name="uneven", households=tuple(homes), content=content, basis=start_basis(content)
    )


def strangers() -> Dataset:
    """Ten households finished the same ten titles, then each one that nobody else knows.

    All want what the nine others finished last. No title of a fold's eight others reaches
    k = 10, and the two of a fold cannot hear of each other's last title.
    """
    content = _some_content(40, np.random.default_rng(3))
    same, last = np.arange(20, 30), np.arange(30, 40)
    homes = tuple(_household(n, np.append(same, last[n]), np.delete(last, n)) for n in range(10))
    return Dataset(name="strangers", households=homes, content=content, basis=start_basis(content))


@pytest.mark.parametrize("name", NAMES)
def test_every_model_finds_the_other_squares(evaluation: Evaluation, name: str) -> None:
    result = evaluation.models[name]
    if name == "popularity":
        assert result.ndcg10 < 0.7
        assert result.ratio.high < 0.8
    else:
        assert result.ndcg10 > 0.95
        assert result.recall20 == pytest.approx(1.0)
        assert result.ratio.low <= result.ratio.value <= result.ratio.high


def test_bytes_are_those_of_real_messages(evaluation: Evaluation) -> None:
    assert evaluation.push_bytes == 981
    assert evaluation.page_bytes == 15 + 71 * 24 + 64  # 24 titles


def test_cold_ratios_are_to_ease_with_the_same_events(evaluation: Evaluation) -> None:
    assert evaluation.models["cold_3"].anchor == "cold_3_ease_same_events"
    assert evaluation.models["brain"].anchor == "ease"


def test_cold_households_are_ranked_by_what_the_other_folds_taught() -> None:
    world = strangers()
    models = evaluate(world, SETTINGS, seeds=1, step=lambda: None).models
    gains = 1 / np.log2(np.arange(2, 11))
    all_but_one = pytest.approx(gains[:8].sum() / gains.sum())
    for events in COLD_EVENTS:
        assert models[f"cold_{events}_popularity"].ndcg10 == all_but_one
        if events > 1:
            assert models[f"cold_{events}_ease_same_events"].ndcg10 == all_but_one
        cold = tuple(replace(home, history=home.history[-events:]) for home in world.households)
        part = replace(world, households=cold)
        untaught = measure(best_lists(taste_scorer(start_space(world.basis)), part), part)
        taste = models[f"cold_{events}_taste"]
        assert taste.ndcg10 == pytest.approx(untaught.ndcg10.mean())
        assert taste.coverage10 == untaught.coverage10


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.name)
def test_the_mean_of_the_later_rounds_leaves_out_the_first(mode: Mode) -> None:
    models = evaluate(uneven(), SETTINGS, seeds=1, step=lambda: None).models
    first, *later = (models[f"{mode.name}_r{number}"].ndcg10 for number in (1, 2, 3, 4))
    assert models[f"{mode.name}_mean_r2_r4"].ndcg10 == pytest.approx(np.mean(later))
    assert np.mean([first, *later]) != pytest.approx(np.mean(later))


def test_the_television_ranks_with_what_it_predicts_for_unpublished_titles() -> None:
    world = uneven()
    found = evaluate(world, SETTINGS, seeds=1, step=lambda: None).models["brain"]
    *_, last = replay(world, ALL_ANCHORS, np.random.default_rng(0))
    assert 10 < last.published < world.titles
    filled, bare = (
        measure(television_lists(world, space, RankerSettings()), world)
        for space in (fill_unpublished(last.space, world.content), last.space)
    )
    assert found.recall20 == pytest.approx(filled.recall20.mean())
    assert found.coverage10 == filled.coverage10
    assert (bare.recall20.mean(), bare.coverage10) != (filled.recall20.mean(), filled.coverage10)


def test_chance_alone_spreads_over_seeds(evaluation: Evaluation) -> None:
    assert evaluation.models["ease"].ratio_sd == 0.0
    assert any(result.ratio_sd > 0.0 for result in evaluation.models.values())


def test_reports_of_a_blurred_dial_are_harder_to_link(evaluation: Evaluation) -> None:
    assert (
        evaluation.linkable["sealed"].among_all < evaluation.linkable["federated_capped"].among_all
    )


def test_equal_seeds_give_equal_results_and_every_step_is_told() -> None:
    told: list[None] = []
    first = evaluate(checkerboard(30), SETTINGS, seeds=1, step=lambda: told.append(None))
    assert len(told) == steps(1)
    assert first == evaluate(checkerboard(30), SETTINGS, seeds=1, step=lambda: None)


def test_too_few_households_are_refused_in_words() -> None:
    world = checkerboard(4)
    with pytest.raises(InputError, match="4 households, 4 of them with titles to be found"):
        evaluate(world, SETTINGS, seeds=1, step=lambda: None)
    homes = tuple(replace(home, relevant=home.relevant[:0]) for home in checkerboard(9).households)
    with pytest.raises(InputError, match="9 households, 0 of them"):
        evaluate(replace(world, households=homes), SETTINGS, seeds=1, step=lambda: None)


def test_too_many_households_are_refused_before_anything_is_computed() -> None:
    world = checkerboard(10)
    crowd = replace(world, households=world.households * 2001)
    with pytest.raises(InputError, match="has 20010 households"):
        evaluate(crowd, SETTINGS, seeds=1, step=lambda: None)


def test_frozen_settings_are_readable() -> None:
    assert frozen_settings().ease_lambda > 0


def test_the_television_uses_what_validation_chose() -> None:
    text = resources.files("exogenesis.sim.evaluation").joinpath("settings.json").read_text()
    used = asdict(RankerSettings()) | {"ridge": RIDGE, "shrink": SHRINK}
    chosen = json.loads(text)["television"]
    assert chosen == {name: used[name] for name in chosen}
