"""The split, on households small enough to check by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exogenesis.errors import CatalogError
from exogenesis.sim.evaluation.dataset import (
    Part,
    Rating,
    Ratings,
    cut_points,
    in_columns,
    read_folder,
    split,
)
from exogenesis.sim.households import Household

IDS = [f"t{index}" for index in range(30)]


def _ratings(*rows: tuple[int, int, float, int]) -> Ratings:
    table: list[Rating] = [(user, f"t{title}", stars, at) for user, title, stars, at in rows]
    return in_columns(table, IDS)


def _only(ratings: Ratings, part: Part) -> Household:
    (household,) = split(ratings, part)
    return household


@pytest.mark.parametrize(
    ("positives", "validation", "test"),
    [
        (0, 0, 0),
        (4, 4, 4),  # fewer than five: train only
        (5, 3, 4),  # one each at least
        (10, 7, 8),
        (13, 9, 10),  # .2 x 13 = 2.6 -> 3; .1 x 13 = 1.3 -> 1
        (15, 10, 12),  # .1 x 15 = 1.5 -> 2
        (25, 18, 20),  # .1 x 25 = 2.5 -> 2, halves go to the even number
        (100, 70, 80),
    ],
)
def test_cut_points(positives: int, validation: int, test: int) -> None:
    assert cut_points(positives) == (validation, test)


def test_positives_are_sorted_by_time_and_then_by_index() -> None:
    ratings = _ratings(
        (7, 9, 4.0, 50), (7, 3, 5.0, 50), (7, 8, 4.5, 10), (7, 1, 4.0, 60), (7, 2, 4.0, 40)
    )
    test = _only(ratings, "test")
    assert test.name == "7"
    assert test.history.tolist() == [8, 2, 3, 9]
    assert test.relevant.tolist() == [1]
    validation = _only(ratings, "validation")
    assert validation.history.tolist() == [8, 2, 3]
    assert validation.relevant.tolist() == [9]


def test_low_ratings_are_seen_up_to_the_last_title_that_was_learnt_from() -> None:
    positives = [(1, title, 4.0, 10 * title) for title in range(5)]
    others = [(1, 10, 3.5, 0), (1, 11, 1.0, 30), (1, 12, 3.5, 31), (1, 13, 2.0, 99)]
    ratings = _ratings(*positives, *others)
    assert set(_only(ratings, "test").seen.tolist()) == {0, 1, 2, 3, 10, 11}
    assert set(_only(ratings, "validation").seen.tolist()) == {0, 1, 2, 10}


def test_few_positives_are_train_only() -> None:
    ratings = _ratings(*((1, title, 4.0, title) for title in range(4)), (1, 9, 3.9, 3))
    for part in ("validation", "test"):
        household = _only(ratings, part)
        assert household.history.tolist() == [0, 1, 2, 3]
        assert household.seen.tolist() == [0, 1, 2, 3, 9]
        assert household.relevant.tolist() == []


def test_a_household_without_positives_has_seen_nothing() -> None:
    household = _only(_ratings((1, 3, 2.0, 5)), "test")
    assert (household.history.size, household.seen.size, household.relevant.size) == (0, 0, 0)


def test_households_come_in_ascending_order_whatever_the_order_of_rows() -> None:
    ratings = _ratings((30, 1, 4.0, 1), (4, 1, 4.0, 1), (30, 2, 4.0, 0), (5, 1, 4.0, 1))
    households = split(ratings, "test")
    assert [household.name for household in households] == ["4", "5", "30"]
    assert households[2].history.tolist() == [2, 1]


def test_no_ratings_make_no_households() -> None:
    assert split(_ratings(), "test") == ()


def test_a_stranger_and_a_repetition_are_refused_by_name() -> None:
    with pytest.raises(CatalogError, match="user 3 rated title x, which the catalogue lacks"):
        in_columns([(3, "x", 4.0, 1)], IDS)
    with pytest.raises(CatalogError, match="user 3 rated title t1 twice"):
        in_columns([(3, "t1", 4.0, 1), (3, "t1", 2.0, 5)], IDS)


def test_a_folder_without_ratings_says_so(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n1,Heat (1995),Crime\n")
    with pytest.raises(CatalogError, match="holds no ratings"):
        read_folder(tmp_path)


def test_a_malformed_rating_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n1,Heat (1995),Crime\n")
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,1,4.0,9\n1,1,no,9\n")
    with pytest.raises(CatalogError, match=r"ratings\.csv, line 3: rating must be a number"):
        read_folder(tmp_path)


def test_content_is_what_a_television_reads_from_the_pack(tmp_path: Path) -> None:
    rows = "".join(f"{n},Film {n % 7} about {n % 5} (1995),Crime|Drama\n" for n in range(1, 40))
    (tmp_path / "movies.csv").write_text("movieId,title,genres\n" + rows)
    (tmp_path / "ratings.csv").write_text("userId,movieId,rating,timestamp\n1,1,4.0,9\n")
    dataset = read_folder(tmp_path).dataset("test")
    lengths = np.linalg.norm(dataset.content, axis=1)
    assert dataset.content.shape == (39, 384)
    assert (np.abs(lengths[lengths > 0] - 1) < 0.01).all()
    assert (dataset.basis == dataset.basis.astype(np.float16)).all()
