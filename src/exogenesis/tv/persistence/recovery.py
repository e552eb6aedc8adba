"""What was found when a damaged store was opened, and what was saved of it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """The last rescue of this store; kept in the store, so that it can be told later.

    Attributes:
        found: what was wrong, in words.
        damaged: the tables that could not be read through; rows may be missing from them.
        kept: rows taken over from the damaged file.
        dropped: rows that were recognised, and were not as they were written.
        filled: rows taken from a backup, in place of what was lost.
        generation: the number of that backup, or None.
        consent_withdrawn: consent was on, or may have been, and is off now because the owner's
            last word may be among what was lost.
    """

    found: str
    damaged: tuple[str, ...]
    kept: int
    dropped: int
    filled: int
    generation: int | None
    consent_withdrawn: bool

    def __str__(self) -> str:
        """A few sentences for the screen."""
        said = [f"The store was damaged ({self.found}); {self.kept} rows were saved"]
        if self.filled:
            said.append(f", {self.filled} came from backup {self.generation}")
        if self.dropped:
            said.append(f", {self.dropped} were recognised as rotten and left out")
        said.append(".")
        if self.damaged:
            said.append(f" Rows may be missing from: {', '.join(self.damaged)}.")
        if self.consent_withdrawn:
            said.append(" Consent is off: the owner's last word was not certain any more.")
        return "".join(said)

    def to_json(self) -> str:
        """Return it as the store keeps it."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Recovery:
        """Read what :meth:`to_json` wrote."""
        fields = json.loads(text)
        return cls(**{**fields, "damaged": tuple(fields["damaged"])})
