"""A memory as a row of the store."""

from __future__ import annotations

import json

import numpy as np

from exogenesis.core.vectors import Floats, dequantise, quantise
from exogenesis.tv.memory.memory import Memory, metadata_text
from exogenesis.tv.memory.tiers import MemoryTier
from exogenesis.tv.persistence.database import Row, Value


def values_of(memory: Memory) -> dict[str, Value]:
    """Return what the statements ``add_memory`` and ``memory_add_fleeting`` ask for.

    Raises:
        InputError: metadata that JSON cannot hold.
    """
    codes: bytes | None = None
    scale: float | None = None
    if memory.vector is not None:
        rows, scales = quantise(np.asarray(memory.vector, np.float32)[None])
        codes, scale = rows.tobytes(), float(scales[0])
    return {
        "tier": int(memory.tier),
        "kind": memory.kind,
        "profile": memory.profile,
        "subject": memory.subject,
        "session": memory.session,
        "text": memory.text,
        "metadata": metadata_text(memory.metadata),
        "codes": codes,
        "scale": scale,
        "importance": float(memory.importance),
        "trusted": int(memory.trusted),
        "at": memory.at,
    }


def _vector(codes: bytes | None, scale: float | None) -> Floats | None:
    if codes is None or scale is None:
        return None
    row: Floats = dequantise(np.frombuffer(codes, np.int8)[None], np.array([scale], np.float16))[0]
    return row


def memory_of(row: Row, touched: tuple[int, int] = (0, 0)) -> Memory:
    """Read a row of ``memory_rows``; ``touched`` is how often it was recalled since, and when."""
    (
        number,
        tier,
        kind,
        profile,
        subject,
        session,
        text,
        metadata,
        codes,
        scale,
        importance,
        trusted,
        created_at,
        accessed_at,
        stored_accesses,
    ) = row
    accesses = stored_accesses + touched[0]
    return Memory(
        id=number,
        tier=MemoryTier(tier),
        kind=kind,
        profile=profile,
        subject=subject,
        session=session,
        text=text,
        metadata=json.loads(metadata),
        vector=_vector(codes, scale),
        importance=importance,
        trusted=bool(trusted),
        at=created_at,
        accesses=accesses,
        accessed_at=max(accessed_at, touched[1]) if accesses else None,
    )
