"""What a television is told once, by its firmware or by its owner."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from exogenesis.core.dial import Dial
from exogenesis.core.ranking import RankerSettings
from exogenesis.errors import InputError

_KEY_BYTES = 32
_GUARDS = (11, 12)


@dataclass(frozen=True, slots=True, kw_only=True)
class BrainConfig:
    """Settings of one television; the keys are pinned here and never learnt from a server.

    Attributes:
        storage_path: the home folder, made with mode 0700; None keeps everything in memory.
        server_url: ``https://host[:port]`` of the constellation; None stays local.
        worker_public: 32-byte Ed25519 key that signs manifests and pages.
        catalog_public: 32-byte Ed25519 key that signs catalogue packs.
        enrol_token: 32-byte one-time token for the first sync; another one enrols anew.
        ranker: weights of the ranking.
        dial: this television's own floor; a server may only ask for more blur.
        ca_file: certificates to trust instead of the system's.
        timeout_s: longest wait for one answer, in seconds.
        region: whose favourites a new television shows, as the catalogue names regions.
        index: how AgentDB searches vectors of its own; ``auto`` takes a graph when they are many.
        hnsw_m: connections of a node of the graph index.
        hnsw_ef: candidates that the graph index keeps while it searches.
        max_patterns: vectors that AgentDB holds at most.
        evaluations: settings of the ranking that are tried in one search for better ones.
        tiers_off: numbers of the memory tiers that take no part, of 1 to 10.
        loops_off: names of the loops that do not run.
    """

    storage_path: Path | None = None
    server_url: str | None = None
    worker_public: bytes | None = None
    catalog_public: bytes | None = None
    enrol_token: bytes | None = None
    ranker: RankerSettings = field(default_factory=RankerSettings)
    dial: Dial = field(default_factory=Dial)
    ca_file: Path | None = None
    timeout_s: float = 10.0
    region: str | None = None
    index: Literal["auto", "exact", "hnsw"] = "auto"
    hnsw_m: int = 32
    hnsw_ef: int = 100
    max_patterns: int = 10_000
    evaluations: int = 120
    tiers_off: frozenset[int] = frozenset()
    loops_off: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Refuse keys and tokens of the wrong length, and a brain without its guards.

        Raises:
            InputError: naming the field.
        """
        if not self.tiers_off.isdisjoint(_GUARDS):
            raise InputError("tiers 11 and 12 guard what is shown and sent: they are never off")
        for name in ("worker_public", "catalog_public", "enrol_token"):
            value = getattr(self, name)
            if value is not None and len(value) != _KEY_BYTES:
                raise InputError(f"{name} must have {_KEY_BYTES} bytes, not {len(value)}")
