"""Choose every setting of the evaluation and of the ranking, on validation data alone.

    python benchmarks/choose_settings.py [FOLDER]

Baselines: each takes the best value of its grid. The television's ranking: what counts is
NDCG@10 as a ratio to EASE, averaged over real federated spaces after round 4, two seeds each of
all anchors, 40 anchors, and the default dial with ten draws (the nearest to a product of some
size). One setting after the other: of the values within ``NOISE`` of the grid's best, the one
nearest to the value of before is taken, since smaller differences are those of another draw.
The two weights for new televisions are chosen alike on households that nobody learnt from, known
by their last 1, 3 and 5 titles, and the weight of a television without a fleet on its own lists.

Writes ``settings.json``. The ranking's values are the defaults of ``exogenesis.core``, where
they have to be entered by hand; the program says so when they differ.
"""

from __future__ import annotations

import json
import multiprocessing
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from itertools import product
from pathlib import Path
from typing import Any

import click
import numpy as np
from movielens import movielens_folder

from exogenesis.core.provisional import RIDGE, SHRINK, fill_unpublished
from exogenesis.core.ranking import RankerSettings
from exogenesis.core.taste import TasteSpace
from exogenesis.sim.evaluation import baselines, settings
from exogenesis.sim.evaluation.dataset import read_folder
from exogenesis.sim.evaluation.experiment import COLD_EVENTS
from exogenesis.sim.evaluation.federated import (
    ALL_ANCHORS,
    CAPPED,
    SEALED_X10,
    Mode,
    replay,
    television_lists,
)
from exogenesis.sim.evaluation.metrics import Scorer, best_lists, measure
from exogenesis.sim.households import Dataset

NOISE = 0.01
PASSES = 2
FOLDS = 5
SPACES = tuple((mode, seed) for mode in (ALL_ANCHORS, CAPPED, SEALED_X10) for seed in (101, 102))

Values = Mapping[str, Any]

EASE = {"lam": (20.0, 50.0, 100.0, 200.0, 500.0, 1000.0, 2000.0)}
ITEMKNN = {"k": (5, 10, 20, 50, 100, 200), "shrink": (0.0, 3.0, 10.0, 30.0, 100.0)}
LOCAL = {"decay": (1.0, 0.99, 0.98, 0.95, 0.9, 0.8)}
RANKING = {
    "recent_decay": (0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 1.0),
    "full_weight": (0.0, 0.25, 0.5, 1.0, 2.0),
    "content_weight": (0.0, 0.15, 0.3, 0.5, 0.7),
    "content_decay": (0.8, 0.9, 0.95, 0.98, 1.0),
    "ridge": (1.0, 3.0, 10.0, 30.0, 100.0),
    "shrink": (0.0, 0.25, 0.5, 0.75, 1.0),
}
OFFLINE = {"local_popularity_weight": (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)}
NEW = {"popularity_weight": (0.0, 0.15, 0.3, 0.5, 1.0), "popularity_below": (2, 3, 5, 8)}


def exhaustive(fit: Callable[..., Scorer], grid: Mapping[str, Sequence[Any]], data: Dataset) -> Any:
    """The best point of a whole grid."""
    points: list[dict[str, Any]] = [{}]
    for name, values in grid.items():
        points = [{**point, name: value} for point in points for value in values]
    found = [(ndcg(best_lists(fit(data, **point), data), data), point) for point in points]
    for value, point in found:
        click.echo(f"  {fit.__name__} {point}: {value:.4f}")
    return max(found, key=lambda pair: pair[0])[1]


def ndcg(lists: Any, data: Dataset) -> float:
    return float(measure(lists, data).ndcg10.mean())


def one_by_one(
    start: dict[str, Any], grid: Mapping[str, Sequence[Any]], worth: Callable[[Values], float]
) -> dict[str, Any]:
    """Move one setting after the other, no further than the differences are more than noise."""
    chosen = dict(start)
    for _ in range(PASSES):
        before = dict(chosen)
        for name, options in grid.items():
            tried = [worth({**chosen, name: option}) for option in options]
            pairs = zip(options, tried, strict=True)
            click.echo(f"  {name}: " + ", ".join(f"{o}: {value:.4f}" for o, value in pairs))
            good = [at for at, value in enumerate(tried) if value >= max(tried) - NOISE]
            held = options.index(chosen[name])
            chosen[name] = options[min(good, key=lambda at: abs(at - held))]
        if chosen == before:
            break
    click.echo(f"  {start} is worth {worth(start):.4f}")
    click.echo(f"  {chosen} is worth {worth(chosen):.4f}")
    return chosen


def last_space(data: Dataset, which: tuple[Mode, int]) -> TasteSpace:
    mode, seed = which
    *_, last = replay(data, mode, np.random.default_rng(seed))
    return last.space


def ranking(values: Values) -> RankerSettings:
    own = {name: value for name, value in values.items() if name not in ("ridge", "shrink")}
    return RankerSettings(**own)


def filled(space: TasteSpace, data: Dataset, values: Values) -> TasteSpace:
    return fill_unpublished(space, data.content, ridge=values["ridge"], shrink=values["shrink"])


def television(data: Dataset, values: Values, space: TasteSpace) -> float:
    return ndcg(television_lists(data, filled(space, data, values), ranking(values)), data)


@dataclass(frozen=True, slots=True, kw_only=True)
class Cold:
    """Households that nobody learnt from, and the space that the others learnt."""

    data: Dataset
    space: TasteSpace


def cold_fold(data: Dataset, fold: int) -> Cold:
    homes = data.households
    others = tuple(home for at, home in enumerate(homes) if at % FOLDS != fold)
    space = last_space(replace(data, households=others), (ALL_ANCHORS, fold))
    return Cold(data=replace(data, households=homes[fold::FOLDS]), space=space)


def cold_television(values: Values, case: tuple[Cold, int]) -> float:
    cold, events = case
    known = tuple(replace(h, history=h.history[-events:]) for h in cold.data.households)
    return television(replace(cold.data, households=known), values, cold.space)


@click.command()
@click.argument("folder", required=False, type=click.Path(path_type=Path))
def main(folder: Path | None) -> None:
    """Choose on FOLDER (default: where OMEGA_MOVIELENS points) and write settings.json."""
    data = read_folder(folder or movielens_folder()).dataset("validation")
    ease = exhaustive(baselines.fit_ease, EASE, data)
    knn = exhaustive(baselines.fit_itemknn, ITEMKNN, data)
    local = exhaustive(baselines.fit_local_content, LOCAL, data)
    anchor = ndcg(best_lists(baselines.fit_ease(data, **ease), data), data)
    now = asdict(RankerSettings()) | {"ridge": RIDGE, "shrink": SHRINK}
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        spaces = pool.map(partial(last_space, data), SPACES)

        def worth(values: Values) -> float:
            return float(np.mean(pool.map(partial(television, data, values), spaces))) / anchor

        def worth_offline(values: Values) -> float:
            return ndcg(television_lists(data, None, ranking(values)), data) / anchor

        cases = list(product(pool.map(partial(cold_fold, data), range(FOLDS)), COLD_EVENTS))

        def worth_cold(values: Values) -> float:
            return float(np.mean(pool.map(partial(cold_television, values), cases))) / anchor

        chosen = one_by_one(now, RANKING, worth)
        chosen = one_by_one(chosen, NEW, worth_cold)
        chosen = one_by_one(chosen, OFFLINE, worth_offline)
    kept = {
        "baselines": {
            "ease_lambda": ease["lam"],
            "itemknn_k": knn["k"],
            "itemknn_shrink": knn["shrink"],
            "local_decay": local["decay"],
        },
        "television": chosen,
    }
    path = Path(settings.__file__).with_name("settings.json")
    path.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    click.echo(f"wrote {path}")
    for name, value in chosen.items():
        if value != now[name]:
            click.echo(f"enter in exogenesis.core: {name} = {value}, not {now[name]}")


if __name__ == "__main__":
    main()
