"""The settings of the baselines, chosen on validation and frozen in ``settings.json``.

``benchmarks/choose_settings.py`` writes the file. The television's own settings are the
defaults in :mod:`exogenesis.core`; the file keeps a record of the choice, and a test holds both
together.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the baselines are fitted with.

    Attributes:
        ease_lambda: lambda of EASE.
        itemknn_k: neighbours of a title.
        itemknn_shrink: shrinkage of their similarities.
        local_decay: recency decay of the content baseline.
    """

    ease_lambda: float
    itemknn_k: int
    itemknn_shrink: float
    local_decay: float


def frozen_settings() -> Settings:
    """Read the committed choice."""
    text = resources.files(__package__).joinpath("settings.json").read_text("utf-8")
    return Settings(**json.loads(text)["baselines"])
