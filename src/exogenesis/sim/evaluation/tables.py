"""The evaluation as a JSON object, and as the text a person reads."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

from exogenesis.core.provisional import RIDGE, SHRINK
from exogenesis.core.ranking import RankerSettings
from exogenesis.sim.evaluation.dataset import POSITIVE_RATING, Folder
from exogenesis.sim.evaluation.experiment import ANCHOR, Evaluation, Result
from exogenesis.sim.evaluation.settings import Settings

DEFINITIONS = (
    "positive: a rating of 4 or more; the household finished the title",
    "split: by household, positives sorted by (time, catalogue index); test = the last 20 %, "
    "validation = the 10 % before, each at least one; under 5 positives: train only",
    "learnt from: train and validation; settings were chosen on validation alone",
    "content: the catalogue's text and all of tags.csv, also the tags set after a household's cut, "
    "which flatters a television without a fleet: on latest-small local_content is at .027 with "
    "tags and at .015 without, brain_offline at .097 and .094; with a fleet no gain was seen",
    "candidates: the whole catalogue without the household's seen titles (learnt from, or rated "
    "below 4 no later than those); nothing is sampled; equal scores by lower index",
    "NDCG@10: denominator over min(10, |T|); Recall@20: over min(20, |T|); HR@10: any hit in "
    "ten; coverage@10: share of the catalogue in anybody's first ten",
    "ratio: NDCG@10 / NDCG@10 of EASE on the same split; interval: paired bootstrap over "
    "households, 2,000 draws, 95 %; sd: over seeds",
    "federated_rN: the fleet's round N, every finished title reported, no blur (no product mode); "
    "federated_capped_rN: 40 titles a round; sealed_rN: 40 titles, fraction .25, noise 1; "
    "sealed_x10_rN: the same with ten televisions drawn for each household; scored by p_full . E",
    "all reports and pages go through the wire's encoders and decoders; those of sealed, first "
    "seed, also through real envelopes and pushes (a sealed box returns the bytes put in)",
    "brain: the television's ranking on round 4 of federated, with diversity, without "
    "exploration; brain_capped, brain_sealed, brain_sealed_x10: on those; brain_offline: before "
    "any pull, the catalogue's popularity being the counts of what is learnt from",
    "linkable: the report nearest by cosine is of the same household, among all reports and among "
    "those of its bucket, which the worker knows; first seed, the round after the last",
    "cold_K: households that nobody learnt from (five folds), known by their last K titles only, "
    "ranked as brain on round 4 of the others; their ratio is to EASE given the same titles",
)


def report(
    folder: Folder, evaluation: Evaluation, settings: Settings, *, seeds: int
) -> dict[str, Any]:
    """Everything measured as a JSON object; numbers that are not finite become null."""
    dataset = folder.dataset("test")
    return {
        "dataset": {
            "name": dataset.name,
            "households": len(dataset.households),
            "evaluated": len(dataset.evaluated),
            "titles": dataset.titles,
            "ratings": len(folder.ratings.values),
            "positives": int((folder.ratings.values >= POSITIVE_RATING).sum()),
            "learnt_from": dataset.positives,
        },
        "models": {name: _model(result) for name, result in evaluation.models.items()},
        "bytes": {"push_max": evaluation.push_bytes, "page_max": evaluation.page_bytes},
        "published": evaluation.published,
        "linkable": {name: asdict(shares) for name, shares in evaluation.linkable.items()},
        "seeds": seeds,
        "settings": {
            "baselines": asdict(settings),
            "ranker": asdict(RankerSettings()),
            "provisional": {"ridge": RIDGE, "shrink": SHRINK},
        },
        "definitions": list(DEFINITIONS),
    }


def _model(result: Result) -> dict[str, Any]:
    interval = {name: _finite(value) for name, value in asdict(result.ratio).items()}
    return {
        "ndcg10": result.ndcg10,
        "recall20": result.recall20,
        "hr10": result.hr10,
        "coverage10": result.coverage10,
        "ratio_to_ease": interval | {"sd": _finite(result.ratio_sd), "anchor": result.anchor},
    }


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def text(report: dict[str, Any]) -> str:
    """Lay a report out as a table with its definitions below."""
    data = report["dataset"]
    wide = max(map(len, report["models"]))
    lines = [
        f"{data['name']}: {data['households']} households ({data['evaluated']} evaluated), "
        f"{data['titles']} titles, {data['positives']} positives",
        "",
        f"{'model':{wide}}  NDCG@10  Rec@20   HR@10    cov@10   ratio  95 % interval   sd",
    ]
    for name, model in report["models"].items():
        figures = "  ".join(
            f"{model[key]:.4f} " for key in ("ndcg10", "recall20", "hr10", "coverage10")
        )
        ratio = model["ratio_to_ease"]
        low, value, high, spread = (
            "-" if ratio[key] is None else f"{ratio[key]:.3f}"
            for key in ("low", "value", "high", "sd")
        )
        lines.append(f"{name:{wide}}  {figures}  {value:5}  {low:5} .. {high:5}  {spread}")
    size = report["bytes"]
    lines += [
        "",
        f"largest push {size['push_max']} bytes, largest page {size['page_max']} bytes; "
        f"{report['seeds']} seed(s)",
        *(_linkable(name, shares) for name, shares in report["linkable"].items()),
        f"ratio: to {ANCHOR}; cold_*: to EASE given the same titles",
        "",
        *(f"* {definition}" for definition in report["definitions"]),
    ]
    return "\n".join(lines)


def _linkable(name: str, shares: dict[str, float]) -> str:
    return (
        f"linkable, {name}: {shares['among_all']:.3f} of all reports "
        f"(chance {shares['chance_among_all']:.4f}), {shares['in_bucket']:.3f} in the bucket "
        f"(chance {shares['chance_in_bucket']:.4f})"
    )
