"""The graph finds most, never too few, and is exact where a mask keeps little."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from exogenesis.core.vectors import Int8s, quantise
from exogenesis.tv.agentdb.build import IndexSettings, build_index
from exogenesis.tv.agentdb.graph import GraphIndex, recall
from exogenesis.tv.agentdb.index import ExactIndex
from exogenesis.tv.agentdb.scan import choose_scan
from tests.support.television import clustered_content

pytest.importorskip("usearch")

ROWS = 4000
SCAN = choose_scan()


@cache
def codes_of(kind: str) -> Int8s:
    if kind == "clustered":
        return quantise(clustered_content(ROWS, clusters=100))[0]
    rows = np.random.default_rng(0).normal(size=(ROWS, 384)).astype(np.float32)
    return quantise(rows)[0]


def graph_of(codes: Int8s, *, m: int = 32, ef: int = 100) -> GraphIndex:
    keys = np.arange(10, 10 + len(codes))
    return GraphIndex(keys, codes, SCAN, m=m, ef=ef, ef_add=64, scan_rows=0)


@cache
def clustered_graph() -> GraphIndex:
    return graph_of(codes_of("clustered"))


def mean_recall(graph: GraphIndex, codes: Int8s, *, k: int, keep: float = 1.0) -> float:
    rng = np.random.default_rng(1)
    exact = ExactIndex(graph.keys, codes, SCAN)
    shares = []
    for _ in range(20):
        query = codes[rng.integers(len(codes))] + rng.normal(0, 5, 384).astype(np.float32)
        mask = None if keep == 1.0 else rng.random(len(codes)) < keep
        found, best = graph.search(query, k, mask), exact.search(query, k, mask)
        assert len(found.keys) == len(best.keys)
        assert mask is None or np.isin(found.keys, graph.keys[mask]).all()
        shares.append(recall(found.keys.tolist(), best.keys.tolist()))
    return float(np.mean(shares))


@pytest.mark.parametrize("keep", [1.0, 0.95, 0.3, 0.1, 0.02, 0.005])
@pytest.mark.parametrize("k", [5, 50])
def test_most_of_the_best_are_found_whatever_the_mask_keeps(keep: float, k: int) -> None:
    least = 0.99 if keep <= 0.3 or k == 50 else 0.95  # those are scanned
    assert mean_recall(clustered_graph(), codes_of("clustered"), k=k, keep=keep) >= least


def test_a_mask_that_keeps_only_what_is_far_still_gets_its_rows() -> None:
    graph, codes = clustered_graph(), codes_of("clustered")
    order = ExactIndex(graph.keys, codes, SCAN).search(codes[0].astype(np.float32), ROWS).keys
    mask = np.isin(graph.keys, order[500:])
    found = graph.search(codes[0].astype(np.float32), 5, mask)
    assert found.keys.tolist() == order[500:505].tolist()


def test_a_wider_walk_finds_more() -> None:
    codes = codes_of("random")
    narrow = mean_recall(graph_of(codes, m=4, ef=1), codes, k=5)
    wide = mean_recall(graph_of(codes, m=4, ef=400), codes, k=5)
    assert wide > narrow + 0.1


def test_a_saved_graph_is_walked_as_wide_as_is_asked_for() -> None:
    codes = codes_of("random")
    narrow = graph_of(codes, m=4, ef=1)
    wide = GraphIndex(
        narrow.keys, codes, SCAN, m=4, ef=400, ef_add=64, scan_rows=0, saved=narrow.save()
    )
    assert mean_recall(wide, codes, k=5) > mean_recall(narrow, codes, k=5) + 0.1


def test_more_links_make_a_larger_graph() -> None:
    codes = codes_of("clustered")[:300]
    assert len(graph_of(codes, m=32).save()) > 1.2 * len(graph_of(codes, m=4).save())


def test_what_is_added_is_found_and_what_is_removed_is_not() -> None:
    codes = codes_of("clustered")
    graph = graph_of(codes[:3000])
    graph.add(7, codes[3500])
    assert graph.search(codes[3500].astype(np.float32), 1).keys.tolist() == [7]
    graph.remove(7)
    assert 7 not in graph.search(codes[3500].astype(np.float32), 5).keys
    assert len(graph) == 3000


def test_settings_choose_the_index() -> None:
    codes = codes_of("clustered")[:200]
    keys = np.arange(200)
    for settings, name in (
        (IndexSettings(), "exact"),
        (IndexSettings(kind="exact", graph_from=1), "exact"),
        (IndexSettings(kind="hnsw", m=8, ef=50), "hnsw (m 8, ef 50)"),
        (IndexSettings(graph_from=200), "hnsw"),
        (IndexSettings(graph_from=201), "exact"),
    ):
        assert build_index(keys, codes, SCAN, settings).name.startswith(name)
