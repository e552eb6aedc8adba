"""The ledger: everything that left this television, byte for byte, and what it said.

The television cannot open its own envelopes, so the plaintext is written down beside them; it
is erased together with the history it tells about.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Literal

from exogenesis.tv.persistence import Database

EntryKind = Literal["enrol", "push"]
WAITING = "not acknowledged"
ACKNOWLEDGED = "acknowledged"
GIVEN_UP = "not acknowledged, given up: enrolled anew"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One message.

    Attributes:
        id: counts the entries.
        at: when it was made ready to leave, Unix seconds.
        kind: ``enrol`` or ``push``.
        round: the round of a push.
        sent: the bytes; sealed where the message is sealed.
        content: what they say, as plain values; for a push, ``envelopes`` lists the seven
            plaintexts, each ``dummy``, ``skill`` or ``erased``.
        outcome: ``acknowledged``; ``not acknowledged`` (it may have arrived), with the reason
            where it was given up; or ``refused: <code>``.
    """

    id: int
    at: int
    kind: EntryKind
    round: int | None
    sent: bytes
    content: dict[str, Any]
    outcome: str

    @property
    def acknowledged(self) -> bool:
        """Whether it has certainly arrived."""
        return self.outcome == ACKNOWLEDGED

    @property
    def may_have_arrived(self) -> bool:
        """Whether the other side may hold it; not after a refusal."""
        return self.outcome in (ACKNOWLEDGED, WAITING, GIVEN_UP)


class Ledger:
    """The ledger over the store."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add(
        self, kind: EntryKind, sent: bytes, content: dict[str, Any], *, at: int, round: int | None
    ) -> int:
        """Write down what is about to leave; returns the entry's id."""
        ((entry,),) = self._database.run(
            "add_ledger",
            at=at,
            kind=kind,
            round=round,
            sent=sent,
            content=json.dumps(content),
            outcome=WAITING,
        )
        return int(entry)

    def settle(self, entry: int, outcome: str) -> None:
        """Write down how it ended."""
        self._database.run("settle_ledger", id=entry, outcome=outcome)

    def give_up_waiting(self) -> None:
        """Write down that no push of the outbox will be sent again, for it was enrolled anew."""
        self._database.run("settle_outbox", outcome=GIVEN_UP)

    def entries(self) -> list[LedgerEntry]:
        """Return everything that left, oldest first."""
        return [
            LedgerEntry(
                id=id_,
                at=at,
                kind=kind,
                round=round_,
                sent=sent,
                content=json.loads(content),
                outcome=outcome,
            )
            for id_, at, kind, round_, sent, content, outcome in self._database.run("list_ledger")
        ]

    def erase(self, entry: LedgerEntry, titles: set[str]) -> int:
        """Erase the plaintexts of a push that tell about ``titles``; returns how many."""
        envelopes = entry.content.get("envelopes", [])
        kept = [{"kind": "erased"} if _tells(one, titles) else one for one in envelopes]
        erased = sum(_tells(one, titles) for one in envelopes)
        if erased:
            self._database.run(
                "rewrite_ledger", id=entry.id, content=json.dumps({"envelopes": kept})
            )
        return erased


def _tells(envelope: dict[str, Any], titles: set[str]) -> bool:
    return envelope.get("title") in titles


def titles_told(entry: LedgerEntry) -> list[str]:
    """The titles that the envelopes of an entry tell about, one for each envelope."""
    envelopes = entry.content.get("envelopes", [])
    return [envelope["title"] for envelope in envelopes if "title" in envelope]
