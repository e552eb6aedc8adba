"""Keeps the ledger small: of what left more than a year ago, what it said stays, not its bytes.

An old entry still says when it left, how it ended, and which titles it told about, which is what
forgetting has to know. The sealed bytes and the vectors in them are dropped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from exogenesis.tv.loops.periods import YEAR_S
from exogenesis.tv.persistence import Database

KEPT_WHOLE_S = YEAR_S
SHORTENED = "shortened"
"""Kind of an envelope of which only the title is left."""

_ENTRIES_AT_ONCE = 20


def shorten_ledger(database: Database, now: int) -> Iterator[int]:
    """Shorten what is more than a year old, a few entries a step; yields how many."""
    while rows := database.run(
        "cycle_old_ledger", before=now - KEPT_WHOLE_S, limit=_ENTRIES_AT_ONCE
    ):
        with database.transaction():
            for number, content in rows:
                shorter = json.dumps(_shortened(json.loads(content)))
                database.run("cycle_shorten_ledger", id=number, content=shorter)
        yield len(rows)


def _shortened(content: dict[str, Any]) -> dict[str, Any]:
    envelopes = [
        {"kind": SHORTENED, "title": one["title"]}
        if one["kind"] == "skill"
        else {"kind": one["kind"]}
        for one in content.get("envelopes", [])
    ]
    return {"envelopes": envelopes}
