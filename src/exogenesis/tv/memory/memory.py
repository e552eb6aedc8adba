"""One memory, a question about memories, and an answer."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.vectors import Floats
from exogenesis.errors import InputError
from exogenesis.tv.memory.tiers import MemoryTier

NAME_LENGTH_MAX = 200
SESSION_LENGTH_MAX = 64
TEXT_LENGTH_MAX = 10_000
METADATA_BYTES_MAX = 1 << 18
TIME_MAX = 1 << 40

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NOTHING = re.compile(r"\x00")
_HALF = re.compile(r"[\ud800-\udfff]")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Memory:
    """Something that the television remembers.

    Attributes:
        tier: how long, and what for.
        kind: what sort of thing: ``viewing``, ``fact``, ``measure`` ...
        subject: what it is about: a title, a genre, a part of the device.
        profile: whose it is; None belongs to nobody in particular.
        session: the stretch of watching it belongs to.
        text: what words find it by, beside the subject.
        metadata: values by name, as JSON can hold them.
        vector: ``(384,)``, kept as int8 codes; None takes that of the title it is about.
        importance: 0..1.
        trusted: whether the clock was believed at the time.
        at: when it happened, Unix seconds.
        id: set by the store; negative in the two fleeting tiers.
        accesses: how often it was recalled.
        accessed_at: when last, or None before the first time.
    """

    tier: MemoryTier
    kind: str
    at: int
    subject: str = ""
    profile: str | None = None
    session: str = ""
    text: str = ""
    metadata: Mapping[str, Any] = field(default_factory=dict)
    vector: Floats | None = None
    importance: float = 0.5
    trusted: bool = True
    id: int | None = None
    accesses: int = 0
    accessed_at: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Query:
    """What is asked for; everything that is given must hold.

    Attributes:
        text: words; at least one must occur in the text or the subject, in any case.
        vector: ``(384,)``; memories without a vector are left out.
        metadata: pairs that must all be equal; None matches what is absent.
        min_importance: least importance.
        kind: exactly this kind.
        subject: exactly this subject.
        profile: exactly this profile.
        session: exactly this session.
        since: first second.
        until: first second that is too late.
        limit: how many at most; the others are dropped after everything else was applied.
    """

    text: str | None = None
    vector: Floats | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    min_importance: float = 0.0
    kind: str | None = None
    subject: str | None = None
    profile: str | None = None
    session: str | None = None
    since: int | None = None
    until: int | None = None
    limit: int = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Recalled:
    """A memory that answers a query, and how well: from 0 on, larger is better."""

    memory: Memory
    relevance: float


def check_session(session: str) -> None:
    """Refuse what cannot name a stretch of watching.

    Raises:
        InputError: more than 64 characters, or one that is not printable.
    """
    if len(session) > SESSION_LENGTH_MAX or not session.isprintable():
        raise InputError(
            f"a session's name has at most {SESSION_LENGTH_MAX} characters, all printable"
        )


def check_vector(vector: Floats, what: str) -> None:
    """Refuse what is no content vector.

    Raises:
        InputError: a wrong shape, or a value that is not finite.
    """
    if np.shape(vector) != (CONTENT_DIM,) or not np.isfinite(vector).all():
        raise InputError(f"{what} must be {CONTENT_DIM} finite numbers")


def metadata_text(metadata: Mapping[str, Any]) -> str:
    """Return ``metadata`` as JSON.

    Raises:
        InputError: it holds what JSON cannot, or too much.
    """
    if not all(isinstance(name, str) for name in metadata):
        raise InputError("the names in metadata must be texts")
    try:
        written = json.dumps(dict(metadata), allow_nan=False)
        if "\\ud" in written:  # a pair of surrogates, or half of one, which no file can hold
            json.dumps(dict(metadata), ensure_ascii=False).encode()
    except (TypeError, ValueError) as error:
        raise InputError(f"metadata must be values that JSON can hold: {error}") from error
    if len(written) > METADATA_BYTES_MAX:
        raise InputError(f"metadata must be at most {METADATA_BYTES_MAX} bytes as JSON")
    return written


def check_values(importance: float, at: int) -> None:
    """Refuse an importance or a time that cannot be.

    Raises:
        InputError: naming the field.
    """
    if not (math.isfinite(importance) and 0.0 <= importance <= 1.0):
        raise InputError(f"the importance of a memory lies in 0..1, not {importance}")
    if not 0 <= at < TIME_MAX:
        raise InputError(f"the time of a memory is a Unix time in seconds, not {at}")


def _check_letters(name: str, text: str, refused: re.Pattern[str]) -> None:
    """Refuse a text that no file can hold, or that holds what is ``refused``."""
    if refused.search(text):
        raise InputError(f"the {name} of a memory holds no control characters")
    if not text.isascii() and _HALF.search(text):
        raise InputError(f"the {name} of a memory holds half of a pair of surrogates")


def check_memory(memory: Memory) -> None:
    """Refuse a memory that cannot be stored.

    Raises:
        InputError: naming the field.
    """
    if memory.id is not None or memory.accesses:
        raise InputError("a memory that is in the store already cannot be stored again")
    if not 1 <= len(memory.kind) <= NAME_LENGTH_MAX:
        raise InputError(f"the kind of a memory has 1 to {NAME_LENGTH_MAX} characters")
    for name, longest in (
        ("subject", NAME_LENGTH_MAX),
        ("session", NAME_LENGTH_MAX),
        ("text", TEXT_LENGTH_MAX),
    ):
        if len(getattr(memory, name)) > longest:
            raise InputError(f"the {name} of a memory has at most {longest} characters")
    for name in ("kind", "subject", "session", "profile"):
        _check_letters(name, getattr(memory, name) or "", _CONTROL)
    _check_letters("text", memory.text, _NOTHING)
    check_values(memory.importance, memory.at)
    if memory.vector is not None:
        check_vector(memory.vector, "the vector of a memory")
