"""The published figures of what draws no chance, on latest-small, where the data is at hand."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from exogenesis.core.ranking import RankerSettings
from exogenesis.sim.evaluation.baselines import fit_ease, fit_local_content, fit_popularity
from exogenesis.sim.evaluation.dataset import read_folder
from exogenesis.sim.evaluation.federated import television_lists
from exogenesis.sim.evaluation.metrics import best_lists, measure
from exogenesis.sim.evaluation.settings import frozen_settings
from exogenesis.sim.evaluation.tables import DEFINITIONS

_BESIDE = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "ml-latest-small"


pytestmark = pytest.mark.slow


@pytest.fixture
def folder() -> Path:
    found = Path(os.environ.get("OMEGA_MOVIELENS", _BESIDE))
    if not (found / "ratings.csv").is_file():
        pytest.skip("no MovieLens latest-small: set OMEGA_MOVIELENS to its folder")
    return found


def test_popularity_and_ease_on_latest_small(folder: Path) -> None:
    data = read_folder(folder).dataset("test")
    assert (len(data.households), len(data.evaluated), data.titles) == (610, 603, 9742)
    assert data.positives == 38_876
    popularity = measure(best_lists(fit_popularity(data), data), data)
    assert popularity.ndcg10.mean() == pytest.approx(0.0761, abs=0.001)
    ease = measure(best_lists(fit_ease(data, lam=frozen_settings().ease_lambda), data), data)
    assert ease.ndcg10.mean() == pytest.approx(0.1362, abs=0.001)


def test_what_tags_add_is_what_the_definitions_say(folder: Path, tmp_path: Path) -> None:
    for name in ("movies.csv", "ratings.csv"):
        shutil.copy(folder / name, tmp_path)
    (said,) = (line for line in DEFINITIONS if "tags.csv" in line)
    for data in (read_folder(source).dataset("test") for source in (folder, tmp_path)):
        content = fit_local_content(data, decay=frozen_settings().local_decay)
        for lists in (best_lists(content, data), television_lists(data, None, RankerSettings())):
            figure = measure(lists, data).ndcg10.mean()
            assert f"{figure:.3f}".removeprefix("0") in said
