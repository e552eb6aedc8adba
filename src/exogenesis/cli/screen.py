"""What ``omega tv`` puts on the screen: lines of at most 80 columns where the text is ours."""

from __future__ import annotations

import textwrap
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

from exogenesis.tv import LedgerEntry, Stats
from exogenesis.wire.skill import decode_skill

_COLUMNS = 79

CONSENT_SCREEN = """\
Learn together with other households?

What leaves this television
  Six times a round, at random moments, a sealed message of {push_bytes} bytes: always
  the same size, whether or not anybody watched anything. Among its seven
  envelopes some hold one title each that an adult profile here has finished,
  and a blurred picture of the taste around it; the others are empty.

What does not leave
  When, how often or how far somebody watched, who watched, what was abandoned,
  blocks, lists, and anything from a kid's profile.
  Profiles that do not contribute: {silent}.

Who sees what
  The server sees that this television is on and cannot open an envelope. The
  worker opens envelopes shuffled with those of others and does not see from
  which television they come. A title is published only when enough reports
  name it. This holds as long as the server and the worker, which different
  people should run, do not work together.

What was sent can be read in full with `omega tv ledger`. You can stop at any
time with `omega tv consent off`; what left before cannot be called back.
"""

SYNC_STATES = {
    "consent_off": "consent is off: nothing was asked and nothing was sent",
    "new_pack": "the constellation has just taken another catalogue pack: sync again",
    "unchanged": "nothing new, and no push was due",
    "pulled": "a new round is in use",
    "pushed": "a push was sent and acknowledged",
    "dropped": "a push came too late, its round is over",
}


def folded(line: str) -> str:
    """Fold a line at the end of a screen, its rest indented further than its beginning."""
    indent = " " * (len(line) - len(line.lstrip()) + 2)
    return textwrap.fill(
        line,
        _COLUMNS,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _local_time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).astimezone().strftime("%Y-%m-%d %H:%M:%S %Z")


def push_time(at: int | None) -> str:
    """When the next push leaves, in local time; it waits when the time has passed."""
    if at is None:
        return "not planned"
    return "due now" if at <= time.time() else _local_time(at)


def entry_lines(entry: LedgerEntry, names: Mapping[str, str], *, with_bytes: bool) -> Iterator[str]:
    """What left at one time, and what it said; ``names`` by title id."""
    round_ = "" if entry.round is None else f" for round {entry.round}"
    size = f"{len(entry.sent)} bytes" if entry.sent else "bytes dropped after a year"
    yield folded(
        f"#{entry.id} {_local_time(entry.at)}  {entry.kind}{round_}, {size}, {entry.outcome}"
    )
    if "says" in entry.content:
        yield f"    {entry.content['says']}"
    for number, envelope in enumerate(entry.content.get("envelopes", []), start=1):
        yield folded(f"    {number}. {_envelope_text(envelope, names)}")
    if with_bytes:
        yield f"    {entry.sent.hex()}"


def _envelope_text(envelope: Mapping[str, str], names: Mapping[str, str]) -> str:
    if envelope["kind"] == "shortened":
        title = envelope["title"]
        return f"{names.get(title, title)} [{title}]; its vector was dropped after a year"
    if envelope["kind"] != "skill":
        return "empty" if envelope["kind"] == "dummy" else "erased with the history it told about"
    said = decode_skill(bytes.fromhex(envelope["body"]))
    if said is None:
        return "empty"
    title = envelope["title"]
    codes = " ".join(map(str, said.codes))
    return (
        f"{names.get(title, title)} [{title}], finished {said.usage} time(s) at rate "
        f"{said.success:.2f}, vector {said.scale:.3g} x ({codes})"
    )


def in_words(stats: Stats) -> dict[str, str | int]:
    """How a television stands, each figure under plain words."""
    return {
        "titles in the catalogue": stats.titles,
        "profiles": stats.profiles,
        "viewings stored": stats.events,
        "titles begun, by profile": stats.started,
        "of these, mostly finished": stats.skills,
        "consent": "on" if stats.consent else "off",
        "known to a server": "yes" if stats.enrolled else "no",
        "open round": stats.round or "none yet",
        "tastes come from": f"round {stats.basis}" if stats.basis else "the catalogue alone",
        "pages held": stats.pages,
        "pushes not acknowledged": stats.waiting,
        "entries of the ledger": stats.ledger,
        "next push": push_time(stats.next_push_at),
    }
