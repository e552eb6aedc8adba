"""Every model on one dataset, over several seeds: the whole of ``omega eval``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

import numpy as np

from exogenesis.core.provisional import fill_unpublished
from exogenesis.core.ranking import RankerSettings
from exogenesis.core.taste import TasteSpace
from exogenesis.core.vectors import Indices
from exogenesis.errors import InputError
from exogenesis.sim.evaluation.baselines import (
    fit_ease,
    fit_itemknn,
    fit_local_content,
    fit_popularity,
)
from exogenesis.sim.evaluation.federated import (
    ALL_ANCHORS,
    CAPPED,
    MODES,
    ROUNDS,
    SEALED,
    SEALED_X10,
    Mode,
    replay,
    taste_scorer,
    television_lists,
)
from exogenesis.sim.evaluation.linkability import Linkability, linkability
from exogenesis.sim.evaluation.metrics import (
    DEPTH,
    Doubles,
    Interval,
    Quality,
    Scorer,
    best_lists,
    measure,
    quotient,
    ratio,
)
from exogenesis.sim.evaluation.settings import Settings
from exogenesis.sim.households import Dataset

ANCHOR = "ease"
COLD_EVENTS = (1, 3, 5)
COLD_FOLDS = 5
HOUSEHOLDS_MAX = 20_000
"""Of a dataset: 3 GB for the Gram matrix of EASE."""

BRAINS = {
    ALL_ANCHORS: "brain",
    CAPPED: "brain_capped",
    SEALED: "brain_sealed",
    SEALED_X10: "brain_sealed_x10",
}
_BOOTSTRAP_SEED = 0
_BASELINES = 5

Step = Callable[[], object]
"""Called after each of :func:`steps` steps, for a progress bar."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One model, averaged over the seeds.

    Attributes:
        ndcg10, recall20, hr10, coverage10: means over households and seeds.
        ratio: NDCG@10 against its anchor, with a paired bootstrap interval over households.
        ratio_sd: standard deviation of the ratio over seeds; 0 for one seed and for models
            without chance.
        anchor: name of the model that the ratio is to.
    """

    ndcg10: float
    recall20: float
    hr10: float
    coverage10: float
    ratio: Interval
    ratio_sd: float
    anchor: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """All that was measured.

    Attributes:
        models: by name, in the order they are shown.
        push_bytes: largest push that was built.
        page_bytes: largest page that was built.
        published: titles on the pages of the last round by mode, mean over seeds.
        linkable: by capped mode with one draw, how well reports of the first seed can be linked.
    """

    models: dict[str, Result]
    push_bytes: int
    page_bytes: int
    published: dict[str, float]
    linkable: dict[str, Linkability]


@dataclass(slots=True)
class _Measured:
    """Qualities by model and seed, as they come in."""

    runs: dict[str, list[Quality]] = field(default_factory=dict)
    published: dict[str, list[int]] = field(default_factory=dict)
    linkable: dict[str, Linkability] = field(default_factory=dict)
    push_bytes: int = 0
    page_bytes: int = 0

    def add(self, name: str, lists: Indices, dataset: Dataset) -> Quality:
        quality = measure(lists, dataset)
        self.runs.setdefault(name, []).append(quality)
        return quality

    def over_seeds(self, name: str) -> Doubles:
        mean: Doubles = np.mean([run.ndcg10 for run in self.runs[name]], axis=0)
        return mean


def steps(seeds: int) -> int:
    """How many steps :func:`evaluate` takes."""
    return _BASELINES + seeds * (len(MODES) * (ROUNDS + 1) + COLD_FOLDS)


def evaluate(dataset: Dataset, settings: Settings, *, seeds: int, step: Step) -> Evaluation:
    """Measure every model.

    Args:
        dataset: split for test.
        settings: of the baselines, chosen on validation.
        seeds: how many times whatever draws chance is repeated; seeds 1, 2, ...
        step: progress.

    Raises:
        InputError: there are too few households to evaluate anything, or too many for EASE.
    """
    if len(dataset.households) < COLD_FOLDS or not dataset.evaluated:
        raise InputError(
            f"{dataset.name} has {len(dataset.households)} households, {len(dataset.evaluated)} of "
            f"them with titles to be found; at least {COLD_FOLDS} households are needed, and one "
            "with five ratings of 4 or more"
        )
    if len(dataset.households) > HOUSEHOLDS_MAX:
        raise InputError(
            f"{dataset.name} has {len(dataset.households)} households; EASE is fitted exactly, on "
            f"a table of households x households, and {HOUSEHOLDS_MAX} is the limit: take a sample"
        )
    measured = _Measured()
    for name, lists in _baselines(dataset, settings):
        measured.add(name, lists, dataset)
        step()
    for seed in range(1, seeds + 1):
        for number, mode in enumerate(MODES):
            rng = np.random.default_rng((seed, number))
            _run_mode(dataset, mode, rng, mode is SEALED and seed == 1, measured, step)
        _run_cold(dataset, settings, np.random.default_rng((seed, len(MODES))), measured, step)
    return Evaluation(
        models={name: _result(name, measured) for name in measured.runs},
        push_bytes=measured.push_bytes,
        page_bytes=measured.page_bytes,
        published={name: float(np.mean(runs)) for name, runs in measured.published.items()},
        linkable=measured.linkable,
    )


def _baselines(dataset: Dataset, settings: Settings) -> Iterator[tuple[str, Indices]]:
    yield "popularity", best_lists(fit_popularity(dataset), dataset)
    knn = fit_itemknn(dataset, k=settings.itemknn_k, shrink=settings.itemknn_shrink)
    yield "itemknn", best_lists(knn, dataset)
    yield ANCHOR, best_lists(fit_ease(dataset, lam=settings.ease_lambda), dataset)
    yield (
        "local_content",
        best_lists(fit_local_content(dataset, decay=settings.local_decay), dataset),
    )
    yield "brain_offline", television_lists(dataset, None, RankerSettings())


def _run_mode(
    dataset: Dataset,
    mode: Mode,
    rng: np.random.Generator,
    sealed: bool,
    measured: _Measured,
    step: Step,
) -> None:
    later: list[Quality] = []
    for done in replay(dataset, mode, rng, sealed=sealed):
        lists = best_lists(taste_scorer(done.space), dataset)
        quality = measured.add(f"{mode.name}_r{done.number}", lists, dataset)
        if done.number > 1:
            later.append(quality)
        measured.push_bytes = max(measured.push_bytes, done.push_bytes)
        measured.page_bytes = max(measured.page_bytes, done.page_bytes)
        last = done
        step()
    measured.published.setdefault(mode.name, []).append(last.published)
    if mode.anchors and mode.draws == 1 and mode.name not in measured.linkable:
        measured.linkable[mode.name] = linkability(dataset, last.space, mode, rng)
    measured.runs.setdefault(f"{mode.name}_mean_r2_r{ROUNDS}", []).append(_average(later))
    lists = television_lists(dataset, _as_pulled(last.space, dataset), RankerSettings())
    measured.add(BRAINS[mode], lists, dataset)
    step()


def _as_pulled(space: TasteSpace, dataset: Dataset) -> TasteSpace | None:
    """What a television ranks with; None when no round published anything."""
    return fill_unpublished(space, dataset.content) if space.published.any() else None


def _average(runs: list[Quality]) -> Quality:
    return Quality(
        ndcg10=np.mean([run.ndcg10 for run in runs], axis=0),
        recall20=np.mean([run.recall20 for run in runs], axis=0),
        hr10=np.mean([run.hr10 for run in runs], axis=0),
        coverage10=float(np.mean([run.coverage10 for run in runs])),
    )


def _run_cold(
    dataset: Dataset,
    settings: Settings,
    rng: np.random.Generator,
    measured: _Measured,
    step: Step,
) -> None:
    """Rank for households that nobody learnt from, each known by its last few titles only.

    The households are dealt into five folds. What a fold is ranked with was learnt from the
    other four: four rounds with all anchors, or a baseline. The candidates stay those of the
    full history, so that the figures compare with the other rows.
    """
    households = dataset.households
    fold_of = rng.permutation(len(households)) % COLD_FOLDS
    rows_of = fold_of[[row for row, h in enumerate(households) if len(h.relevant)]]
    lists: dict[str, Indices] = {}
    for fold in range(COLD_FOLDS):
        others = tuple(h for h, f in zip(households, fold_of, strict=True) if f != fold)
        cold = tuple(h for h, f in zip(households, fold_of, strict=True) if f == fold)
        taught = replace(dataset, households=others)
        *_, last = replay(taught, ALL_ANCHORS, rng)
        scorers = {
            "_popularity": fit_popularity(taught),
            "_ease_same_events": fit_ease(taught, lam=settings.ease_lambda),
            "_taste": taste_scorer(last.space),
        }
        for events in COLD_EVENTS:
            part = replace(
                dataset, households=tuple(replace(h, history=h.history[-events:]) for h in cold)
            )
            for name, found in _cold_lists(part, last.space, scorers):
                whole = lists.setdefault(
                    f"cold_{events}{name}", np.zeros((len(rows_of), DEPTH), np.int64)
                )
                whole[rows_of == fold] = found
        step()
    for name, whole in lists.items():
        measured.add(name, whole, dataset)


def _cold_lists(
    part: Dataset, space: TasteSpace, scorers: dict[str, Scorer]
) -> Iterator[tuple[str, Indices]]:
    yield "", television_lists(part, _as_pulled(space, part), RankerSettings())
    for name, scorer in scorers.items():
        yield name, best_lists(scorer, part)


def _result(name: str, measured: _Measured) -> Result:
    anchor = ANCHOR
    if name.startswith("cold_"):
        anchor = f"cold_{name.split('_')[1]}_ease_same_events"
    runs, anchors = measured.runs[name], measured.runs[anchor]
    by_seed = [
        quotient(run.ndcg10.mean(), anchors[min(at, len(anchors) - 1)].ndcg10.mean())
        for at, run in enumerate(runs)
    ]
    return Result(
        ndcg10=float(np.mean([run.ndcg10.mean() for run in runs])),
        recall20=float(np.mean([run.recall20.mean() for run in runs])),
        hr10=float(np.mean([run.hr10.mean() for run in runs])),
        coverage10=float(np.mean([run.coverage10 for run in runs])),
        ratio=ratio(
            measured.over_seeds(name),
            measured.over_seeds(anchor),
            np.random.default_rng(_BOOTSTRAP_SEED),
        ),
        ratio_sd=float(np.std(by_seed, ddof=1)) if len(by_seed) > 1 else 0.0,
        anchor=anchor,
    )
