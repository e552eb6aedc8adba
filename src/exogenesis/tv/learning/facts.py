"""Tier 4: what a profile likes and avoids, as Beta counts of genres, people, languages, lengths."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exogenesis.core.ranking import Given
from exogenesis.core.vectors import Floats
from exogenesis.tv.learning.attributes import Attributes, Doubles
from exogenesis.tv.learning.derived import is_number
from exogenesis.tv.learning.evidence import Evidence
from exogenesis.tv.learning.lift import are_facts, beta_counts, lifts, scores
from exogenesis.tv.memory import Memory, MemoryTier

KIND = "fact"
FACTS_MOST = 200
"""A profile has at most so many facts, the surest."""

_TITLE_MOST = 4.0
_NEAR = 0.02


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What is known of an attribute.

    Attributes:
        name: ``genre:thriller``, ``person:...``, ``language:de``, ``length:short``.
        alpha, beta: good evenings with it, and those that speak against it.
        base: the share of titles with it, drawn by popularity.
        lift: how much it speaks for a title; below 0 against it.
    """

    name: str
    alpha: float
    beta: float
    base: float
    lift: float


def computed_facts(
    evidence: Evidence, attributes: Attributes, *, profile: str, now: int
) -> list[Memory]:
    """Return the facts of a profile as memories of tier 4, the surest first."""
    counts = beta_counts(evidence, attributes, now=now)
    known = np.flatnonzero(are_facts(counts, attributes.base))
    sure = np.abs(scores(counts.alpha, counts.beta, attributes.base))
    surest = known[np.argsort(-sure[known], kind="stable")][:FACTS_MOST]
    return [
        Memory(
            tier=MemoryTier.SEMANTIC,
            kind=KIND,
            subject=attributes.names[row],
            profile=profile,
            metadata={
                "alpha": round(float(counts.alpha[row]), 4),
                "beta": round(float(counts.beta[row]), 4),
                "base": float(attributes.base[row]),
            },
            importance=min(1.0, 0.5 + float(sure[row]) / 20.0),
            at=now,
        )
        for row in surest.tolist()
    ]


def is_fact(memory: Memory) -> bool:
    """Whether a stored memory holds what a fact needs."""
    told = memory.metadata
    named = all(is_number(told.get(name), 0.0) for name in ("alpha", "beta", "base"))
    return named and bool(0.0 < told["base"] < 1.0)


def same_fact(held: Mapping[str, Any], new: Mapping[str, Any]) -> bool:
    """Whether a stored fact is within two per cent; time alone moves it so far in ten days."""
    return all(
        is_number(held.get(name), 0.0) and abs(held[name] - new[name]) <= _NEAR * abs(new[name])
        for name in ("alpha", "beta", "base")
    )


def read_facts(memories: Sequence[Memory]) -> list[Fact]:
    """Return stored facts, the largest lift first."""
    columns = [[float(m.metadata[name]) for m in memories] for name in ("alpha", "beta", "base")]
    alpha, beta, base = (np.array(column, np.float64) for column in columns)
    lift = lifts(alpha, beta, base)
    facts = [
        Fact(name=m.subject, alpha=a, beta=b, base=q, lift=float(one))
        for m, a, b, q, one in zip(memories, *columns, lift, strict=True)
    ]
    return sorted(facts, key=lambda fact: -fact.lift)


def fact_term(facts: Sequence[Fact], attributes: Attributes) -> Given | None:
    """Return for each title the sum of the lifts of its attributes, within -4..4.

    None without any fact. What speaks most for a title is named.
    """
    weights = np.zeros(len(attributes))
    for fact in facts:
        row = attributes.position(fact.name)
        if row is not None:
            weights[row] = fact.lift
    if not weights.any():
        return None

    def bounded(lifts: Doubles) -> Floats:
        return np.clip(attributes.spread(lifts), -_TITLE_MOST, _TITLE_MOST)

    def without(fact: str) -> Floats:
        rest = weights.copy()
        rest[attributes.position(fact)] = 0.0
        return bounded(rest)

    return Given(
        values=bounded(weights),
        because=lambda title: attributes.strongest(title, weights),
        without=without,
    )
