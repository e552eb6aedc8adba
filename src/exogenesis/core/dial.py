"""The privacy dial: how blurred a report is before it is sealed."""

from __future__ import annotations

from dataclasses import dataclass

FRACTION_LEAST = 1e-3
NOISE_MOST = 16.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """How much of the history enters one report, and how much noise is added.

    Attributes:
        fraction: chance that another finished title enters a report, in .001..1.
        noise: length of the Gaussian noise relative to the unit report, in 0..16.
    """

    fraction: float = 0.25
    noise: float = 1.0

    def __post_init__(self) -> None:
        if not FRACTION_LEAST <= self.fraction <= 1.0:
            raise ValueError(f"fraction must lie in {FRACTION_LEAST}..1, not {self.fraction}")
        if not 0.0 <= self.noise <= NOISE_MOST:
            raise ValueError(f"noise must lie in 0..{NOISE_MOST:g}, not {self.noise}")

    def tightened(self, other: Dial) -> Dial:
        """Return the stricter of both dials, field by field.

        >>> Dial(fraction=0.5, noise=0.5).tightened(Dial(fraction=0.25, noise=0.1))
        Dial(fraction=0.25, noise=0.5)
        """
        return Dial(fraction=min(self.fraction, other.fraction), noise=max(self.noise, other.noise))


OPEN = Dial(fraction=1.0, noise=0.0)
"""No blur at all: for evaluation, never for a product."""
