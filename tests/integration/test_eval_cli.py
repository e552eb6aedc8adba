"""``omega eval`` on a small generated MovieLens folder, and on folders that are not right."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from exogenesis.cli.evaluate import evaluate
from exogenesis.errors import CatalogError, InputError

MOVIES = "movieId,title,genres\n"
RATINGS = "userId,movieId,rating,timestamp\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Forty households of two tastes; ten titles of each of two genres."""
    rng = np.random.default_rng(1)
    genres = ("Comedy", "Horror")
    movies = [f"{100 + n},Film {n} (19{70 + n}),{genres[n // 10]}\n" for n in range(20)]
    ratings = []
    for user in range(1, 41):
        own = 100 + 10 * (user % 2) + rng.permutation(10)[:8]
        ratings += [f"{user},{title},5.0,{at}\n" for at, title in enumerate(own)]
        ratings.append(f"{user},{110 - 10 * (user % 2)},2.5,3\n")
    (tmp_path / "movies.csv").write_text(MOVIES + "".join(movies))
    (tmp_path / "ratings.csv").write_text(RATINGS + "".join(ratings))
    return tmp_path


def test_json_holds_the_promised_names_and_repeats(folder: Path) -> None:
    arguments = ["--data", str(folder), "--seeds", "1", "--json"]
    first, second = (CliRunner().invoke(evaluate, arguments) for _ in range(2))
    assert first.exit_code == 0, first.stderr
    assert first.stdout == second.stdout
    report = json.loads(first.stdout)
    assert report["dataset"].items() >= {"households": 40, "titles": 20, "positives": 320}.items()
    assert report["bytes"].keys() == {"push_max", "page_max"}
    models = report["models"]
    rounds = [f"_r{number}" for number in (1, 2, 3, 4)]
    families = ("federated", "federated_capped", "sealed", "sealed_x10")
    expected = {"popularity", "itemknn", "ease", "local_content", "brain"}
    expected |= {family + number for family in families for number in rounds}
    assert models.keys() >= expected
    for model in models.values():
        assert model.keys() >= {"ndcg10", "recall20", "hr10", "coverage10", "ratio_to_ease"}
        assert model["ratio_to_ease"].keys() >= {"value", "low", "high"}
    assert models["ease"]["ratio_to_ease"]["value"] == 1.0
    assert models["brain"]["ndcg10"] > models["popularity"]["ndcg10"]


def test_the_text_names_every_model_and_defines_its_terms(folder: Path) -> None:
    result = CliRunner().invoke(evaluate, ["--data", str(folder), "--quick"])
    assert result.exit_code == 0, result.stderr
    for word in ("federated_r4", "brain", "cold_1", "NDCG@10: denominator", "Evaluating"):
        assert word in result.output


def test_a_malformed_row_is_named(folder: Path) -> None:
    with (folder / "ratings.csv").open("a") as ratings:
        ratings.write("41,100,6.5,1\n")
    result = CliRunner().invoke(evaluate, ["--data", str(folder)])
    assert isinstance(result.exception, CatalogError)
    assert "ratings.csv, line 362: rating must be a number" in str(result.exception)


def test_a_folder_without_ratings_says_so(folder: Path) -> None:
    (folder / "ratings.csv").unlink()
    result = CliRunner().invoke(evaluate, ["--data", str(folder)])
    assert isinstance(result.exception, InputError)
    assert "holds no ratings" in str(result.exception)


def test_a_missing_folder_says_so(tmp_path: Path) -> None:
    result = CliRunner().invoke(evaluate, ["--data", str(tmp_path / "nowhere")])
    assert isinstance(result.exception, InputError)
    assert "nowhere is not a folder" in str(result.exception)


def test_too_few_households_are_told(folder: Path) -> None:
    rows = (folder / "ratings.csv").read_text().splitlines(keepends=True)
    (folder / "ratings.csv").write_text("".join(rows[:10]))
    result = CliRunner().invoke(evaluate, ["--data", str(folder)])
    assert isinstance(result.exception, InputError)
    assert "at least 5 households" in str(result.exception)
