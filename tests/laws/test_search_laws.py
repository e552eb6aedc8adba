"""Search against brute force, whatever was stored, erased, evicted and asked for before."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from exogenesis.core.vectors import Floats, Int8s, quantise
from exogenesis.tv.agentdb import AgentDB
from exogenesis.tv.agentdb.index import ExactIndex
from exogenesis.tv.agentdb.scan import Kernel, Scan, choose_scan, numkong_kernels
from exogenesis.tv.agentdb.store import USEFUL_HALF_LIFE_S
from exogenesis.tv.persistence import Database

Doubles = npt.NDArray[np.float64]

CLOSE = 1e-6
"""Cosines are returned as float32."""


def slow_kernel(query: Int8s, codes: Int8s) -> npt.ArrayLike:
    return codes.astype(np.int64) @ query.astype(np.int64)


KERNELS: list[list[Kernel]] = [[], [slow_kernel], numkong_kernels()]
scans = st.sampled_from([choose_scan(kernels) for kernels in KERNELS])


def slow_cosines(codes: Int8s, query: Floats) -> Doubles:
    """Cosine by cosine, in float64; 0 with what has no length."""
    found = np.zeros(len(codes))
    length = math.sqrt(math.fsum(float(x) ** 2 for x in query))
    for row, code in enumerate(codes.astype(np.float64)):
        lengths = length * math.sqrt(float(code @ code))
        if lengths > 0:
            found[row] = float(code @ query.astype(np.float64)) / lengths
    return found


def a_table(rng: np.random.Generator, count: int, depth: int) -> Int8s:
    """Codes with what is hard: rows that are equal, nearly equal, opposite, zero, or lopsided."""
    table = quantise(rng.normal(size=(count, depth)).astype(np.float32))[0]
    for row in range(1, count):
        match rng.integers(6):
            case 0:
                table[row] = table[row - 1]
            case 1:
                table[row] = table[row - 1]
                table[row, rng.integers(depth)] //= 2
            case 2:
                table[row] = -table[row - 1]
            case 3 if rng.random() < 0.2:
                table[row] = 0
            case 4:
                table[row] = 0
                table[row, rng.integers(depth)] = 127
    return table


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(2, 300),
    k=st.integers(0, 310),
    keep=st.sampled_from([None, 1.0, 0.6, 0.3, 0.1, 0.02, 0.0]),
    scan=scans,
)
def test_the_exact_index_finds_what_brute_force_finds(
    seed: int, count: int, k: int, keep: float | None, scan: Scan
) -> None:
    rng = np.random.default_rng(seed)
    codes = a_table(rng, count, 384)
    keys = rng.permutation(1000)[:count]
    query = rng.normal(size=384).astype(np.float32)
    if rng.random() < 0.5:  # next to a row, so that its copies and opposites matter
        query = codes[rng.integers(count)] + np.float32(0.1) * query
    mask = None if keep is None else rng.random(count) < keep
    found = ExactIndex(keys, codes, scan).search(query, k, mask)

    allowed = np.arange(count) if mask is None else np.flatnonzero(mask)
    cosines = slow_cosines(codes, query)
    best = np.sort(cosines[allowed])[::-1][:k]
    row_of = {int(key): row for row, key in enumerate(keys)}
    rows = [row_of[int(key)] for key in found.keys]
    assert len(set(rows)) == len(rows) == min(k, len(allowed))
    assert set(rows) <= set(allowed.tolist())
    assert np.allclose(found.cosines, cosines[rows], rtol=0, atol=CLOSE)
    assert np.allclose(found.cosines, best, rtol=0, atol=CLOSE)
    order = list(zip((-found.cosines).tolist(), found.keys.tolist(), strict=True))
    assert order == sorted(order)


@dataclass
class Kept:
    """What the model knows of a vector."""

    codes: Int8s
    metadata: dict[str, int]
    uses: int
    used_at: int


class VectorsUnderLoad(RuleBasedStateMachine):
    """Stores, erases, evicts, fetches, searches, restarts; the model does the same slowly."""

    @initialize(
        capacity=st.integers(1, 9), scan=st.sampled_from(KERNELS), seed=st.integers(0, 2**32)
    )
    def open(self, capacity: int, scan: list[Kernel], seed: int) -> None:
        self.database = Database.open(None)
        self.capacity, self.scan, self.now = capacity, scan, 1_800_000_000
        self.rng = np.random.default_rng(seed)
        self.model: dict[int, Kept] = {}
        self.db = self.started()

    @rule()
    def restart(self) -> None:
        self.db.flush()
        self.db = self.started()

    def started(self) -> AgentDB:
        return AgentDB(
            self.database,
            np.zeros((1, 384), np.float32),
            now=lambda: self.now,
            capacity=self.capacity,
            kernels=self.scan,
        )

    @rule(days=st.integers(0, 100))
    def wait(self, days: int) -> None:
        self.now += 86_400 * days

    @rule(field=st.integers(0, 2), copy=st.booleans())
    def store(self, field: int, copy: bool) -> None:
        vector = self.rng.normal(size=384).astype(np.float32)
        if copy and self.model:
            vector = next(iter(self.model.values())).codes.astype(np.float32)
        made = self.db.vector_store(vector, {"field": field})
        assert made not in self.model
        if len(self.model) == self.capacity:
            del self.model[min(self.model, key=lambda key: (self.usefulness(key), key))]
        (codes,), _ = quantise(vector[None])
        self.model[made] = Kept(codes, {"field": field}, 0, self.now)

    def usefulness(self, key: int) -> float:
        kept = self.model[key]
        return math.log2(kept.uses + 1) - (self.now - kept.used_at) / USEFUL_HALF_LIFE_S

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from([*self.model, 10**6]))
        assert self.db.vector_delete(key) == (key in self.model)
        self.model.pop(key, None)

    @rule(data=st.data())
    def get(self, data: st.DataObject) -> None:
        key = data.draw(st.sampled_from([*self.model, 10**6]))
        found = self.db.vector_get(key)
        assert (found is not None) == (key in self.model)
        if found is not None:
            self.use(key)
            kept = self.model[key]
            assert found.metadata == kept.metadata
            assert (found.uses, found.used_at) == (kept.uses, kept.used_at)
            (cosine,) = slow_cosines(kept.codes[None], found.embedding)
            assert cosine > 0.999

    def use(self, key: int) -> None:
        self.model[key].uses += 1
        self.model[key].used_at = self.now

    @rule(k=st.integers(0, 12), field=st.none() | st.integers(0, 3))
    def search(self, k: int, field: int | None) -> None:
        query = self.rng.normal(size=384).astype(np.float32)
        found = self.db.vector_search(query, k, None if field is None else {"field": field})
        allowed = [
            key for key, kept in self.model.items() if field in (None, kept.metadata["field"])
        ]
        cosines = {key: slow_cosines(self.model[key].codes[None], query)[0] for key in allowed}
        best = sorted(cosines.values(), reverse=True)[:k]
        assert len(found) == min(k, len(allowed))
        assert len({one.id for one in found}) == len(found)
        for one, cosine in zip(found, best, strict=True):
            assert one.metadata == self.model[one.id].metadata
            assert abs(one.similarity - cosines[one.id]) <= 2e-3  # it was coded twice over
            assert abs(one.similarity - cosine) <= 2e-3
            self.use(one.id)

    @invariant()
    def there_is_never_more_than_there_is_room_for(self) -> None:
        if hasattr(self, "db"):
            stats = self.db.vector_stats()
            assert stats.rows == stats.indexed == len(self.model) <= self.capacity

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()


TestVectorsUnderLoad = VectorsUnderLoad.TestCase
TestVectorsUnderLoad.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
