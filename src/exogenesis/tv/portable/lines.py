"""The content of an export: one JSON array a line, each checked before any of it is used."""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

import numpy as np

from exogenesis.core.limits import CONTENT_DIM
from exogenesis.core.titles import ID_LENGTH_MAX
from exogenesis.core.vectors import Floats, dequantise, quantise
from exogenesis.errors import InputError
from exogenesis.tv.memory import Memory, MemoryTier
from exogenesis.tv.policy import HOME, Profile
from exogenesis.tv.portable.sealed import VERSION, bad_export

SETTINGS_KINDS = ("settings", "trial", "rollback")
"""Accepted ranker settings and where they come from: what of tier 7 travels."""

SNAPSHOT = "snapshot"
"""What a profile finished in a quarter or in a stage of its life."""

_COMPUTED = ("fact", "rhythm")
_SNAPSHOT_TITLES_MAX = 20_000
_TIERS = (
    MemoryTier.SEMANTIC,
    MemoryTier.EVOLUTIONARY,
    MemoryTier.ARCHITECTURAL,
    MemoryTier.TEMPORAL,
)
_PROFILES_MAX = 1000
_WHOLE_MAX = (1 << 40) - 1
_SLOTS = {str(hour) for hour in range(168)} | {f"m{month}" for month in range(1, 13)}


class SkillRow(TypedDict):
    """A started title, as the store's columns."""

    profile: str
    title: str
    starts: int
    finishes: int
    last_finished_at: int | None
    finish_order: int | None
    last_at: int
    last_fraction: float
    episode: int | None
    rhythm: dict[str, int]


class RejectionRow(TypedDict):
    """A title that a profile does not want to see."""

    profile: str
    title: str
    at: int


@dataclass(slots=True, kw_only=True)
class Content:
    """What an export holds.

    Attributes:
        lineage: of the catalogue, as hexadecimal digits.
        encoder: which program made the vectors of its memories.
        profiles: who watches.
        skills: started titles.
        rejections: what profiles do not want to see.
        blocks: titles that nobody is shown.
        memories: by the number that they had.
    """

    lineage: str = ""
    encoder: str = ""
    profiles: list[Profile] = field(default_factory=list)
    skills: list[SkillRow] = field(default_factory=list)
    rejections: list[RejectionRow] = field(default_factory=list)
    blocks: list[str] = field(default_factory=list)
    memories: dict[int, Memory] = field(default_factory=dict)

    def titles(self) -> set[str]:
        """Return every title that is named."""
        return {
            *(row["title"] for row in self.skills),
            *(row["title"] for row in self.rejections),
            *self.blocks,
            *(
                title
                for memory in self.memories.values()
                if memory.kind == SNAPSHOT
                for title in memory.metadata["titles"]
            ),
        }


def memory_line(memory: Memory) -> list[Any]:
    """Return the line of a memory of the store; its vector as int8 codes with a scale."""
    vector: list[Any] | None = None
    if memory.vector is not None:
        codes, scales = quantise(memory.vector[None])
        vector = [base64.b64encode(codes.tobytes()).decode("ascii"), float(scales[0])]
    return [
        "memory",
        memory.id,
        int(memory.tier),
        memory.kind,
        memory.subject,
        memory.profile,
        memory.session,
        memory.text,
        dict(memory.metadata),
        vector,
        memory.importance,
        memory.trusted,
        memory.at,
    ]


def is_readable(line: list[Any]) -> bool:
    """Whether the reader of an export takes the line of a memory."""
    try:
        json.dumps(line, ensure_ascii=False, allow_nan=False).encode()
        _memory(line[1:])
    except (InputError, KeyError, RecursionError, TypeError, ValueError):
        return False
    return True


def read_content(raw: bytes) -> Content:
    """Read the lines of an export.

    Raises:
        InputError: ``bad_export``: a line is not what it should be; the message says which.
    """
    content = Content()
    readers: Mapping[str, Callable[[list[Any]], None]] = {
        "profile": lambda row: content.profiles.append(_profile(row)),
        "skill": lambda row: content.skills.append(_skill(row)),
        "rejection": lambda row: content.rejections.append(_rejection(row)),
        "block": lambda row: content.blocks.append(_title(*row)),
        "memory": lambda row: content.memories.update([_memory(row)]),
    }
    for number, line in enumerate(raw.split(b"\n"), start=1):
        try:
            kind, *row = json.loads(line, parse_constant=_refuse)
            if number == 1:
                content.lineage, content.encoder = _head(kind, row)
            else:
                readers[kind](row)
        except (InputError, KeyError, RecursionError, TypeError, ValueError) as error:
            raise bad_export(f"line {number} of the export is not what it should be") from error
    _check_names(content)
    return content


def _check_names(content: Content) -> None:
    """Refuse an export that names profiles it does not hold.

    Raises:
        InputError: ``bad_export``.
    """
    names = [profile.name for profile in content.profiles]
    used = {
        *(row["profile"] for row in content.skills),
        *(row["profile"] for row in content.rejections),
        *(one.profile for one in content.memories.values() if one.profile is not None),
    }
    if len(set(names)) != len(names) or len(names) > _PROFILES_MAX or not used <= set(names):
        raise bad_export("the profiles of the export do not fit what it holds of them")
    if HOME not in names:
        raise bad_export(f"the export holds no profile {HOME!r}")


def _head(kind: str, row: list[Any]) -> tuple[str, str]:
    version, lineage, encoder = row
    if (kind, version) != ("export", VERSION):
        raise ValueError(kind)
    return _text(lineage, 64), _text(encoder, 64)


def _profile(row: list[Any]) -> Profile:
    name, kind, age_limit, contributes = row
    return Profile(
        name=_text(name, 64),
        kind=kind,
        age_limit=_maybe(age_limit),
        contributes=_flag(contributes),
    )


def _skill(row: list[Any]) -> SkillRow:
    profile, title, starts, finishes, finished_at, order, at, fraction, episode, rhythm = row
    if not 0 <= finishes <= _whole(starts, least=1) or (finishes > 0) != (finished_at is not None):
        raise ValueError(finishes)
    if not isinstance(rhythm, dict) or not rhythm.keys() <= _SLOTS:
        raise ValueError(rhythm)
    return SkillRow(
        profile=_text(profile, 64),
        title=_title(title),
        starts=starts,
        finishes=_whole(finishes),
        last_finished_at=_maybe(finished_at),
        finish_order=_maybe(order),
        last_at=_whole(at),
        last_fraction=_share(fraction),
        episode=None if episode is None else _whole(episode, least=1),
        rhythm={slot: _whole(count) for slot, count in rhythm.items()},
    )


def _rejection(row: list[Any]) -> RejectionRow:
    profile, title, at = row
    return RejectionRow(profile=_text(profile, 64), title=_title(title), at=_whole(at))


def _memory(row: list[Any]) -> tuple[int, Memory]:
    number, tier, kind, subject, profile, session, text, metadata, vector, *rest = row
    importance, trusted, at = rest
    if tier not in _TIERS or not isinstance(metadata, dict):
        raise ValueError(tier)
    if tier == MemoryTier.ARCHITECTURAL:
        _check_settings(kind, metadata)
    elif kind in _COMPUTED or (kind == SNAPSHOT and tier != MemoryTier.EVOLUTIONARY):
        raise ValueError(kind)
    elif kind == SNAPSHOT:
        _check_snapshot(profile, metadata)
    return _whole(number), Memory(
        tier=MemoryTier(tier),
        kind=_text(kind, 200),
        subject=_text(subject, 200, least=0),
        profile=None if profile is None else _text(profile, 64),
        session=_text(session, 200, least=0),
        text=_text(text, 10_000, least=0),
        metadata=metadata,
        vector=None if vector is None else _vector(*vector),
        importance=_share(importance),
        trusted=_flag(trusted),
        at=_whole(at),
    )


def _check_settings(kind: str, metadata: dict[str, Any]) -> None:
    if kind not in SETTINGS_KINDS:
        raise ValueError(kind)
    for name in ("parent", "of"):
        _maybe(metadata.get(name))


def _check_snapshot(profile: str | None, metadata: dict[str, Any]) -> None:
    titles = metadata["titles"]
    if profile is None or metadata.keys() != {"titles"} or not isinstance(titles, dict):
        raise ValueError(profile)
    if len(titles) > _SNAPSHOT_TITLES_MAX:
        raise ValueError(len(titles))
    for title, weight in titles.items():
        _title(title)
        if type(weight) not in (int, float) or not 0 <= weight <= _WHOLE_MAX:
            raise ValueError(weight)


def _vector(codes: str, scale: float) -> Floats:
    row = np.frombuffer(base64.b64decode(codes, validate=True), np.int8)
    if row.shape != (CONTENT_DIM,) or not 0.0 <= scale <= float(np.finfo(np.float16).max):
        raise ValueError(scale)
    vector: Floats = dequantise(row[None], np.array([scale], np.float16))[0]
    return vector


def _refuse(word: str) -> None:
    raise ValueError(word)


def _title(title: Any) -> str:
    return _text(title, ID_LENGTH_MAX)


def _text(value: Any, most: int, *, least: int = 1) -> str:
    if not isinstance(value, str) or not least <= len(value) <= most or "\0" in value:
        raise ValueError(value)
    value.encode()  # no half of a pair of surrogates
    return value


def _whole(value: Any, *, least: int = 0) -> int:
    if type(value) is not int or not least <= value <= _WHOLE_MAX:
        raise ValueError(value)
    return value


def _maybe(value: Any) -> int | None:
    return None if value is None else _whole(value)


def _share(value: Any) -> float:
    if type(value) not in (int, float) or not (math.isfinite(value) and 0 <= value <= 1):
        raise ValueError(value)
    return float(value)


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError(value)
    return value
