"""One simulated time for the televisions, the server and the worker."""

from __future__ import annotations

from multiprocessing.context import SpawnContext

from exogenesis.core.effects import NS_PER_S


class SharedClock:
    """A clock that only moves when it is told to; it reaches into child processes.

    It is a :data:`exogenesis.core.effects.Clock`: calling it returns Unix time in nanoseconds.
    """

    def __init__(self, context: SpawnContext, start_s: int) -> None:
        self._ns = context.Value("q", start_s * NS_PER_S)

    def __call__(self) -> int:
        """Unix time in nanoseconds."""
        return int(self._ns.value)

    @property
    def seconds(self) -> int:
        """Unix time in whole seconds."""
        return self() // NS_PER_S

    def advance_to(self, at_s: int) -> None:
        """Move on to ``at_s``, Unix seconds; time never goes back."""
        self._ns.value = max(self(), at_s * NS_PER_S)
