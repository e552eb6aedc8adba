"""Quality by round as one picture: the fleet's line, and what it is compared with."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import matplotlib
from matplotlib.figure import Figure

NAMES: Final = ("quality-by-round.png", "quality-by-round.svg")

# Okabe and Ito's colours, told apart with any colour vision; the dashes tell them apart in print.
_FLEET = "#0072B2"
_EASE = "#000000"
_POPULARITY = "#D55E00"
_ALONE = "#009E73"
_LABEL_GAP = 0.05
_GREY = "#555555"


def draw(facts: dict[str, Any], folder: Path) -> list[Path]:
    """Write the picture as PNG and SVG.

    Args:
        facts: what :func:`exogenesis.sim.outcome.run` returned.
        folder: where it goes.

    Returns:
        The two files.
    """
    rounds = facts["settings"]["rounds"]
    models = facts["models"]
    fleet = [models["local_only"]["ndcg10"]]
    fleet += [models[f"federated_r{number}"]["ndcg10"] for number in range(1, rounds + 1)]
    figure = Figure(figsize=(8.0, 4.5), layout="constrained")
    axes = figure.add_subplot()
    top = 1.12 * max(model["ndcg10"] for model in models.values())
    labels = [("the fleet, sealed", fleet[-1], _FLEET)]
    for name, label, colour, dashes in _references(facts):
        value = models[name]["ndcg10"]
        axes.axhline(value, color=colour, linestyle=dashes, linewidth=1.5)
        labels.append((label, value, colour))
    axes.plot(range(rounds + 1), fleet, color=_FLEET, marker="o", linewidth=2.5, clip_on=False)
    heights = spread([value for _, value, _ in labels], _LABEL_GAP * top)
    for (label, value, colour), height in zip(labels, heights, strict=True):
        axes.annotate(
            f"{label}  {value:.3f}",
            (1.02, height),
            xycoords=("axes fraction", "data"),
            color=colour,
            va="center",
            annotation_clip=False,
        )
    axes.set_xlim(0, rounds)
    axes.set_ylim(0, top)
    axes.set_xticks(range(rounds + 1))
    axes.set_xlabel("rounds pulled (0: before the first)")
    axes.set_ylabel("NDCG@10")
    data = facts["dataset"]
    axes.set_title(
        f"{data['televisions']} televisions learn together: {data['name']}",
        loc="left",
    )
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(colors=_GREY)
    paths = [folder / name for name in NAMES]
    with matplotlib.rc_context({"svg.hashsalt": "exogenesis-omega"}):
        figure.savefig(paths[0], dpi=150, metadata={"Software": None})
        figure.savefig(paths[1], metadata={"Date": None})
    return paths


def _references(facts: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """Model, label, colour and dashes of each line that the fleet is compared with.

    Of the two televisions without a fleet the better one is drawn.
    """
    models = facts["models"]
    yield "ease", f"EASE (lambda {facts['settings']['ease_lambda']:g})", _EASE, "--"
    yield "popularity", "popularity", _POPULARITY, "-."
    if models["local_only"]["ndcg10"] >= models["local_popularity"]["ndcg10"]:
        yield "local_only", "own history alone", _ALONE, ":"
    else:
        yield "local_popularity", "own history and popularity", _ALONE, ":"


def spread(values: Sequence[float], gap: float) -> list[float]:
    """Move labels up, as little as is needed, until any two are ``gap`` apart.

    >>> spread([0.5, 0.1, 0.11], 0.05)
    [0.5, 0.1, 0.15000000000000002]
    """
    placed = list(values)
    order = sorted(range(len(placed)), key=placed.__getitem__)
    for below, above in pairwise(order):
        placed[above] = max(placed[above], placed[below] + gap)
    return placed
