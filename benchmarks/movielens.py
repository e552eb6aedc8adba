"""Where the real ratings are, which this repository does not hold."""

from __future__ import annotations

import os
from pathlib import Path

from exogenesis.errors import InputError

_BESIDE = Path(__file__).resolve().parents[2] / "shared" / "data" / "ml-latest-small"


def movielens_folder() -> Path:
    """The folder that OMEGA_MOVIELENS names, or ../shared/data/ml-latest-small.

    Raises:
        InputError: there is no such folder.
    """
    folder = Path(os.environ.get("OMEGA_MOVIELENS", _BESIDE))
    if not folder.is_dir():
        raise InputError(
            "no MovieLens data: set OMEGA_MOVIELENS to the folder of ml-latest-small "
            "(the one with ratings.csv), or put it at ../shared/data/ml-latest-small"
        )
    return folder
