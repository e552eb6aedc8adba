"""A SIMD kernel is used only where it computes right."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from exogenesis.core.vectors import Int8s, quantise, unit_rows
from exogenesis.tv.agentdb.scan import (
    Kernel,
    NumpyScan,
    SimdScan,
    choose_scan,
    computes_right,
    numkong_kernels,
)


def right(query: Int8s, codes: Int8s) -> npt.ArrayLike:
    return codes.astype(np.int64) @ query.astype(np.int64)


def off_by_one_in_the_last_row(query: Int8s, codes: Int8s) -> npt.ArrayLike:
    products = np.array(right(query, codes))
    products[-1] += 1
    return products


def overflows(query: Int8s, codes: Int8s) -> npt.ArrayLike:
    return np.array(right(query, codes)).astype(np.int16)


def loses_the_sign(query: Int8s, codes: Int8s) -> npt.ArrayLike:
    return codes.view(np.uint8).astype(np.int64) @ query.astype(np.int64)


def forgets_the_tail(query: Int8s, codes: Int8s) -> npt.ArrayLike:
    return right(query[:376], codes[:, :376])


def drops_a_row(query: Int8s, codes: Int8s) -> npt.ArrayLike:
    return np.array(right(query, codes))[:-1]


def is_not_a_number(query: Int8s, codes: Int8s) -> npt.ArrayLike:
    return np.full(len(codes), np.nan)


def raises(query: Int8s, codes: Int8s) -> npt.ArrayLike:
    raise OSError("no such instruction")


WRONG: list[Kernel] = [
    off_by_one_in_the_last_row,
    overflows,
    loses_the_sign,
    forgets_the_tail,
    drops_a_row,
    is_not_a_number,
    raises,
]


@pytest.mark.parametrize("kernel", WRONG, ids=lambda kernel: kernel.__name__)
def test_a_kernel_that_is_wrong_is_refused(kernel: Kernel) -> None:
    assert not computes_right(kernel)
    assert choose_scan([kernel]).name == "numpy"


def test_the_first_kernel_that_is_right_is_taken() -> None:
    assert choose_scan([raises, right]).name == "simd"


def test_without_a_library_numpy_does_the_work() -> None:
    assert choose_scan([]).name == "numpy"


def test_the_installed_library_computes_right() -> None:
    pytest.importorskip("numkong")
    (kernel,) = numkong_kernels()
    assert computes_right(kernel)


@pytest.mark.parametrize("make", [NumpyScan, lambda: SimdScan(right)], ids=["numpy", "simd"])
@pytest.mark.parametrize("count", [1, 511, 512, 513, 1300])
def test_no_product_is_off_by_more_than_the_bound(
    make: Callable[[], NumpyScan | SimdScan], count: int
) -> None:
    rng = np.random.default_rng(count)
    codes, _ = quantise(rng.normal(size=(count, 384)).astype(np.float32))
    for query in unit_rows(rng.normal(size=(5, 384)).astype(np.float32) ** 3):
        products, bound = make()(query, codes)
        exact = codes.astype(np.float64) @ query.astype(np.float64)
        lengths = np.linalg.norm(codes.astype(np.float64), axis=1)
        assert (np.abs(products - exact) <= bound * lengths).all()
        assert bound < 0.03  # or it would exclude no row


def test_a_query_without_length_has_product_zero() -> None:
    codes = np.ones((3, 384), np.int8)
    products, _ = SimdScan(right)(np.zeros(384, np.float32), codes)
    assert products.tolist() == [0.0, 0.0, 0.0]
