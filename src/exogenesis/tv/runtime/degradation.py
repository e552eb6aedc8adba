"""What stands on what, and in which mode a list is made while something fails."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from exogenesis.tv.runtime.mode import Mode

MODES = tuple(Mode)
"""From everything to the catalogue alone."""


class Component(StrEnum):
    """A part of the brain that can fail while the others go on."""

    STORE = "store"
    VECTORS = "vectors"
    FLEET = "fleet"
    SYNC = "sync"


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """How a component stands to the others.

    Attributes:
        needs: components without which it cannot work either.
        without: the highest mode in which a list can be made while it does not work.
    """

    without: Mode
    needs: tuple[Component, ...] = ()


PARTS: Mapping[Component, Part] = {
    Component.STORE: Part(without=Mode.POPULAR),
    Component.VECTORS: Part(without=Mode.REDUCED),
    Component.FLEET: Part(without=Mode.REDUCED, needs=(Component.STORE,)),
    Component.SYNC: Part(without=Mode.FULL, needs=(Component.STORE,)),
}


class Degradation:
    """Computes the mode from what works.

    Nothing is stored here: what failed comes back by itself, with all that stands on it, when it
    works again.

    Args:
        works: whether a component by itself works now.
        parts: how the components stand to each other, without circles.
    """

    def __init__(
        self, works: Callable[[Component], bool], parts: Mapping[Component, Part] = PARTS
    ) -> None:
        self._works = works
        self._parts = parts

    def is_usable(self, component: Component) -> bool:
        """Whether a component works, and all that it needs."""
        needs = self._parts[component].needs
        return self._works(component) and all(self.is_usable(one) for one in needs)

    @property
    def unusable(self) -> tuple[Component, ...]:
        """The components that do not work now, or stand on one that does not."""
        return tuple(one for one in self._parts if not self.is_usable(one))

    @property
    def mode(self) -> Mode:
        """The highest mode in which a list can be made now."""
        return lowest(*(self._parts[one].without for one in self.unusable))


def lowest(*modes: Mode) -> Mode:
    """Return the lowest of some modes; of none, the highest that there is."""
    return max(modes, key=MODES.index, default=Mode.FULL)
