"""The settings that may be improved: named, bounded, and laid out in the unit cube."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from exogenesis.errors import InputError

Value = float | int | str
Point = Mapping[str, Value]
Cube = npt.NDArray[np.float64]
"""``(d,)`` in 0..1, one coordinate a setting."""


class Scale(StrEnum):
    """How a setting is spread over 0..1."""

    LINEAR = "linear"
    LOG = "log"
    INTEGER = "integer"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """One setting and its bounds.

    Attributes:
        name: unique in its space.
        scale: how it is spread; an integer is spread linearly, each value equally wide.
        low, high: bounds, both allowed; of no meaning for a choice.
        choices: the values of a choice, at least one.
    """

    name: str
    scale: Scale = Scale.LINEAR
    low: float = 0.0
    high: float = 1.0
    choices: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Check the bounds.

        Raises:
            InputError: they are no bounds, or a choice has no values.
        """
        if self.scale is Scale.CHOICE:
            if not self.choices:
                raise InputError(f"the choice {self.name!r} has no values")
        elif not (math.isfinite(self.low) and math.isfinite(self.high) and self.low < self.high):
            raise InputError(f"{self.name!r} needs finite bounds, the lower one first")
        elif self.scale is Scale.LOG and self.low <= 0.0:
            raise InputError(f"{self.name!r} is spread by logarithm: its lower bound is above 0")

    def allows(self, value: object) -> bool:
        """Whether ``value`` is of the right type and within the bounds."""
        if self.scale is Scale.CHOICE:
            return value in self.choices
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        whole = self.scale is not Scale.INTEGER or isinstance(value, int)
        return whole and math.isfinite(value) and self.low <= value <= self.high

    def encode(self, value: Value) -> float:
        """Return the place of an allowed value in 0..1; of steps, the middle."""
        if self.scale is Scale.CHOICE:
            return (self.choices.index(str(value)) + 0.5) / len(self.choices)
        number = float(value)
        if self.scale is Scale.LOG:
            return math.log(number / self.low) / math.log(self.high / self.low)
        if self.scale is Scale.INTEGER:
            return (number - self.low + 0.5) / (self.high - self.low + 1.0)
        return (number - self.low) / (self.high - self.low)

    def decode(self, place: float) -> Value:
        """Return the value at ``place``; places outside 0..1 are moved to the edge."""
        place = min(1.0, max(0.0, place))
        if self.scale is Scale.CHOICE:
            return self.choices[min(int(place * len(self.choices)), len(self.choices) - 1)]
        if self.scale is Scale.INTEGER:
            steps = int(self.high - self.low) + 1
            return int(self.low) + min(int(place * steps), steps - 1)
        if self.scale is Scale.LOG:
            number = self.low * math.exp(place * math.log(self.high / self.low))
        else:
            number = self.low + place * (self.high - self.low)
        return min(self.high, max(self.low, number))


class Space:
    """Settings in a fixed order."""

    def __init__(self, settings: Iterable[Setting]) -> None:
        self.settings = tuple(settings)
        if len({setting.name for setting in self.settings}) != len(self.settings):
            raise InputError("two settings of one space share a name")

    def __len__(self) -> int:
        return len(self.settings)

    def part(self, names: Iterable[str]) -> Space:
        """Return the space of the settings of these names alone."""
        wanted = set(names)
        return Space(setting for setting in self.settings if setting.name in wanted)

    def point(self, values: Mapping[str, object]) -> Point:
        """Check ``values`` and freeze them.

        Raises:
            InputError: a setting is missing, unknown, of another type or out of bounds.
        """
        names = {setting.name for setting in self.settings}
        if values.keys() != names:
            differing = ", ".join(sorted(values.keys() ^ names))
            raise InputError(f"these settings are missing or unknown: {differing}")
        checked: dict[str, Value] = {}
        for setting in self.settings:
            value = values[setting.name]
            if not setting.allows(value) or not isinstance(value, int | float | str):
                raise InputError(f"the setting {setting.name!r} must not be {value!r}")
            checked[setting.name] = value
        return MappingProxyType(checked)

    def clamp(self, values: Mapping[str, object], default: Point) -> Point:
        """Move ``values`` into the bounds; what is missing or no number is taken from ``default``.

        Unknown names are left out, so that settings of another release can be read.
        """
        moved: dict[str, Value] = {}
        for setting in self.settings:
            value = values.get(setting.name)
            number = isinstance(value, int | float) and not isinstance(value, bool)
            if setting.allows(value) and isinstance(value, int | float | str):
                moved[setting.name] = value
            elif number and setting.scale is not Scale.CHOICE and math.isfinite(float(str(value))):
                near = min(setting.high, max(setting.low, float(str(value))))
                moved[setting.name] = round(near) if setting.scale is Scale.INTEGER else near
            else:
                moved[setting.name] = default[setting.name]
        return MappingProxyType(moved)

    def encode(self, point: Point) -> Cube:
        """Return the place ``(d,)`` of a point in the unit cube."""
        return np.array([setting.encode(point[setting.name]) for setting in self.settings])

    def decode(self, place: Cube) -> Point:
        """Return the point at ``place`` ``(d,)``; places outside are moved to the edge."""
        pairs = zip(self.settings, place.tolist(), strict=True)
        return MappingProxyType({setting.name: setting.decode(at) for setting, at in pairs})
