"""The exact index: order, refusals and what it costs in memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest

from exogenesis.core.vectors import Int8s, quantise
from exogenesis.errors import InputError
from exogenesis.tv.agentdb.index import ExactIndex
from exogenesis.tv.agentdb.scan import Scan, SimdScan, choose_scan
from tests.support.television import clustered_content

SCANS = pytest.mark.parametrize("scan", [choose_scan([]), choose_scan()], ids=["numpy", "best"])


def slow_kernel(query: Int8s, codes: Int8s) -> npt.ArrayLike:
    return codes.astype(np.int64) @ query.astype(np.int64)


def index_of(count: int, scan: Scan, *, first: int = 0) -> ExactIndex:
    codes, _ = quantise(clustered_content(count))
    return ExactIndex(np.arange(first, first + count), codes, scan)


@SCANS
def test_rows_of_the_same_cosine_come_in_the_order_of_their_keys(scan: Scan) -> None:
    codes, _ = quantise(np.tile(clustered_content(1), (50, 1)))
    index = ExactIndex(np.arange(50)[::-1], codes, scan)
    assert index.search(codes[0].astype(np.float32), 5).keys.tolist() == [0, 1, 2, 3, 4]


@SCANS
def test_the_mask_is_applied_before_the_cut(scan: Scan) -> None:
    index = index_of(100, scan, first=1000)
    query = clustered_content(100)[0]
    farthest = index.search(query, 100).keys[-7:]
    mask = np.isin(index.keys, farthest)
    assert index.search(query, 50, mask).keys.tolist() == farthest.tolist()


@SCANS
def test_a_query_without_length_has_no_neighbours_to_prefer(scan: Scan) -> None:
    found = index_of(10, scan).search(np.zeros(384, np.float32), 3)
    assert found.cosines.tolist() == [0.0, 0.0, 0.0]


@SCANS
@pytest.mark.parametrize("factor", [1e-30, 1e30])
def test_the_length_of_a_query_does_not_matter(scan: Scan, factor: float) -> None:
    index, query = index_of(40, scan), clustered_content(40)[3]
    plain = index.search(query, 5)
    scaled = index.search(query * np.float32(factor), 5)
    assert scaled.keys.tolist() == plain.keys.tolist()
    assert scaled.cosines == pytest.approx(plain.cosines, abs=1e-6)


@pytest.mark.parametrize("k", [0, -1])
def test_nothing_is_asked_for_and_nothing_is_found(k: int) -> None:
    assert index_of(10, choose_scan([])).search(clustered_content(1)[0], k).keys.tolist() == []


def test_a_query_of_another_shape_is_refused() -> None:
    with pytest.raises(InputError, match="384 values"):
        index_of(10, choose_scan([])).search(np.zeros(12, np.float32), 3)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_a_query_that_is_no_number_is_refused(value: float) -> None:
    query = np.ones(384, np.float32)
    query[7] = value
    with pytest.raises(InputError, match="finite"):
        index_of(10, choose_scan([])).search(query, 3)


def test_a_table_that_is_read_only_is_never_written() -> None:
    codes, _ = quantise(clustered_content(20))
    before = codes.copy()
    codes.flags.writeable = False
    index = ExactIndex(np.arange(20), codes, choose_scan([]))
    index.remove(3)
    index.add(99, -codes[0])
    assert (codes == before).all()
    assert index.search(-codes[0].astype(np.float32), 1).keys.tolist() == [99]
    assert index.codes_of(99).tolist() == (-codes[0]).tolist()


@SCANS
def test_a_search_needs_no_float_copy_of_the_table(scan: Scan) -> None:
    count = 10_000
    codes = np.random.default_rng(0).integers(-127, 128, (count, 384), np.int8)
    query = codes[5].astype(np.float32)
    tracemalloc.start()
    ExactIndex(np.arange(count), codes, scan).search(query, 50)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < codes.nbytes / 2


def test_no_row_is_lost_to_the_coding_of_the_query() -> None:
    count, k = 300, 20
    for seed in range(60):
        rng = np.random.default_rng(seed)
        codes, _ = quantise(rng.normal(size=(count, 384)).astype(np.float32))
        query = rng.normal(size=384).astype(np.float32)
        wide = codes.astype(np.float64)
        cosines = wide @ query / np.linalg.norm(wide, axis=1)
        found = ExactIndex(np.arange(count), codes, SimdScan(slow_kernel)).search(query, k)
        assert found.keys.tolist() == np.argsort(-cosines)[:k].tolist()
