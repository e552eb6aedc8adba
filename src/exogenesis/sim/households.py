"""Households with a past and a held-out future: what every evaluation and simulation reads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from exogenesis.core.vectors import Floats, Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Household:
    """One household; every array holds catalogue indices, int64.

    Attributes:
        name: who it is in messages and logs.
        history: titles it finished, all different, oldest first: what models may learn from.
        seen: titles that are no candidates for it any more; contains ``history``.
        relevant: titles it finished later, oldest first, to be found; empty when it is not
            evaluated.
    """

    name: str
    history: Indices
    seen: Indices
    relevant: Indices


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """Households and the catalogue they watch.

    Attributes:
        name: what it is called in tables.
        households: in a fixed order.
        content: ``(m, 384)`` float32 centred unit content vectors, as the pack holds them.
        basis: ``(m, 64)`` float32 start basis of the pack.
    """

    name: str
    households: tuple[Household, ...]
    content: Floats
    basis: Floats

    @property
    def titles(self) -> int:
        """Size m of the catalogue."""
        return len(self.content)

    @property
    def positives(self) -> int:
        """Finished titles in all histories together."""
        return sum(len(household.history) for household in self.households)

    @property
    def evaluated(self) -> tuple[Household, ...]:
        """The households that have something to be found."""
        return tuple(h for h in self.households if len(h.relevant))

    def counts(self) -> Indices:
        """``(m,)``: in how many histories each title stands."""
        named = [household.history for household in self.households]
        return np.bincount(np.concatenate(named or [np.empty(0, np.int64)]), minlength=self.titles)
