"""One cycle of a loop: what goes in, what it may do while it runs, what comes out.

The work of a loop is a generator. Between two of its steps a list may be asked for, the power may
fail or the owner may erase something, so a step

* takes less than 5 ms;
* ends with the store consistent: a transaction begins and ends within one step;
* writes down with :meth:`Cycle.save` where to go on, in the same transaction as what it has done.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from exogenesis.errors import InputError
from exogenesis.tv.loops.periods import LoopType

Plain = int | float | str | bool | None
Note = Mapping[str, Plain]
"""A message to a loop: a few figures. It is kept across restarts, so it names no title."""

NOTES_MAX = 256
"""A loop that is told more before it runs forgets the oldest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleInput:
    """What a cycle starts from.

    Attributes:
        notes: what events and other loops had to say since the last cycle, oldest first.
    """

    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What a cycle asks of another loop.

    Attributes:
        loop: whom it asks.
        within_s: run no later than so many seconds from now; None leaves it.
        not_before_s: run no earlier than so many seconds from now; None leaves it.
        note: what to tell it.
    """

    loop: LoopType
    within_s: int | None = None
    not_before_s: int | None = None
    note: Note = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class CycleOutput:
    """How a cycle went.

    Attributes:
        loop: whose cycle it was.
        success: whether it came to its end.
        error: what stopped it; empty after a success.
        results: figures by name; those of a failed cycle tell how far it came.
        requests: what it asked of other loops; a failed cycle asks nothing.
        steps: how many steps it took.
        spent_us: time spent in them.
        longest_us: time spent in the longest.
    """

    loop: LoopType
    success: bool
    error: str
    results: Mapping[str, Plain]
    requests: tuple[Request, ...]
    steps: int
    spent_us: int
    longest_us: int


class Cycle:
    """A cycle as its work sees it.

    Attributes:
        loop: whose cycle it is.
        at: when it began, Unix seconds.
        input: what it starts from.
        progress: what an interrupted cycle of this loop saved last; empty when it begins anew.
        results: the work puts its figures here.
    """

    def __init__(
        self,
        loop: LoopType,
        *,
        at: int,
        input: CycleInput,
        progress: Note,
        save: Callable[[Note], None],
    ) -> None:
        self.loop = loop
        self.at = at
        self.input = input
        self.progress = progress
        self.results: dict[str, Plain] = {}
        self.requests: list[Request] = []
        self._save = save

    def save(self, **progress: Plain) -> None:
        """Store where to go on after an interruption, in place of what was saved before.

        Called within a transaction it holds exactly when that does.

        Raises:
            StorageError
        """
        self._save(check_note(progress))
        self.progress = progress

    def ask(
        self,
        loop: LoopType,
        *,
        within_s: int | None = None,
        not_before_s: int | None = None,
        **note: Plain,
    ) -> None:
        """Ask another loop to run sooner or later, or tell it something; holds on success.

        However soon it is asked to run, a quarter of its period, or two days, pass between two of
        its cycles.

        Raises:
            InputError: a loop may not ask itself, and not for a time in the past.
        """
        if loop is self.loop:
            raise InputError(f"the {loop} loop asks itself to run")
        if (within_s or 0) < 0 or (not_before_s or 0) < 0:
            raise InputError(f"the {self.loop} loop asks the {loop} one to run in the past")
        self.requests.append(
            Request(loop=loop, within_s=within_s, not_before_s=not_before_s, note=check_note(note))
        )


def check_note(note: Note) -> Note:
    """Return a note that can be stored.

    Raises:
        InputError: it holds more than plain values.
    """
    for key, value in note.items():
        if not isinstance(value, int | float | str | None):
            raise InputError(f"{key} is no plain value: a note holds numbers and words")
    try:
        json.dumps(note, allow_nan=False)
    except ValueError as error:
        raise InputError(f"a note holds finite numbers: {dict(note)}") from error
    return note


Work = Callable[[Cycle], Iterator[None]]
"""What a loop does: a generator over one cycle; see the rules at the top."""
