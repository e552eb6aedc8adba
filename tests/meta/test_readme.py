"""Every figure of the README is the committed result."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()
RESULTS: dict[str, Any] = json.loads((ROOT / "benchmarks/results/whole_loop.json").read_text())
MODELS = RESULTS["evaluation"]["models"]
DEMO: dict[str, Any] = json.loads((ROOT / "benchmarks/results/demo.json").read_text())

ROWS = (
    ("popularity", "popularity"),
    ("a television's own history alone (content)", "local_content"),
    ("and the catalogue's popularity: a television that never syncs", "brain_offline"),
    ("ItemKNN", "itemknn"),
    ("EASE, sees everything", "ease"),
    ("fleet, every skill reported, rounds 2 to 4", "federated_mean_r2_r4"),
    ("and the television's ranking on top", "brain"),
    ("fleet, sealed, the real 610 televisions, rounds 2 to 4", "sealed_mean_r2_r4"),
    ("and the television's ranking on top", "brain_sealed"),
    ("fleet, sealed, ten draws, rounds 2 to 4", "sealed_x10_mean_r2_r4"),
    ("and the television's ranking on top", "brain_sealed_x10"),
)

LIVES: dict[str, Any] = json.loads((ROOT / "benchmarks/results/ablation.json").read_text())
PARTS = (
    ("the whole brain", "whole"),
    ("without the fleet's pages (tier 5)", "tier 5 collective"),
    ("without what was shown and chosen (tier 2)", "tier 2 session"),
    ("without the remote control's signals (tier 1, reflexive loop)", "tier 1 instant"),
    ("without what just ended", "term session_weight"),
    ("without habits of the hour (tier 10)", "tier 10 temporal"),
    ("without facts (tier 4)", "tier 4 semantic"),
    ("without the long-time core (tier 6)", "tier 6 evolutionary"),
    ("without learning (adaptive loop)", "loop adaptive"),
)


def parts_table() -> str:
    """The README's table of parts, made from the results file."""
    kinds = ("first", "next", "mood", "browse")
    lines = [f"| NDCG@10 | {' | '.join(kinds)} |", "|---|---|---|---|---|"]
    found = {row["without"]: row["ndcg10"] for row in LIVES["rows"]}
    for label, name in PARTS:
        values = " | ".join(f"{found[name][kind]:.3f}" for kind in kinds)
        lines.append(f"| {label} | {values} |")
    return "\n".join(lines)


def quality_table() -> str:
    """The README's table, made from the results file."""
    lines = ["| | NDCG@10 | ratio | 95 % interval |", "|---|---|---|---|"]
    for label, name in ROWS:
        model, ratio = MODELS[name], MODELS[name]["ratio_to_ease"]
        lines.append(
            f"| {label} | {model['ndcg10']:.3f} | {ratio['value']:.2f} "
            f"| {ratio['low']:.2f} .. {ratio['high']:.2f} |"
        )
    return "\n".join(lines)


def test_the_quality_table_is_the_committed_result() -> None:
    assert quality_table() in README


def test_the_table_of_parts_is_the_committed_result() -> None:
    assert parts_table() in README
    assert f"{LIVES['lives']} lives of {LIVES['days']} days" in " ".join(README.split())


def test_the_shares_of_linkable_reports_are_the_committed_result() -> None:
    linkable = RESULTS["evaluation"]["linkable"]["sealed"]
    flat = " ".join(README.split())
    assert f"for {linkable['among_all']:.0%}".replace("%", " %") in flat
    assert f"for {linkable['in_bucket']:.0%}".replace("%", " %") in flat
    chances = (linkable["chance_among_all"], linkable["chance_in_bucket"])
    assert "{:.1%} and {:.1%}".format(*chances).replace("%", " %") in flat


def test_the_headline_is_the_committed_result() -> None:
    flat = " ".join(README.split())
    for phrase, name in (
        ("reaches {} of centralised EASE", "federated_mean_r2_r4"),
        ("as shipped it is {} for a fleet of 6,100", "sealed_x10_mean_r2_r4"),
        ("and {} for the 610 televisions", "sealed_mean_r2_r4"),
        ("A television that never syncs is at {}", "brain_offline"),
        ("plain popularity at {}", "popularity"),
    ):
        share = f"{MODELS[name]['ratio_to_ease']['value']:.0%}".replace("%", " %")
        assert phrase.format(share) in flat
    assert abs(MODELS["brain"]["ratio_to_ease"]["value"] - 1.0) < 0.02  # "level with EASE"


def test_the_demo_prints_what_the_readme_shows() -> None:
    for name, model in DEMO["models"].items():
        columns = (model[key] for key in ("ndcg10", "recall20", "hr10", "coverage10"))
        figures = "     ".join(f"{value:.3f}" for value in columns)
        assert figures.split() in [line.split()[-4:] for line in README.splitlines()], name
