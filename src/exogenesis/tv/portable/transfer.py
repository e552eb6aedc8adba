"""What a television has learnt, into an encrypted file and out of one.

Device keys, consent, PIN, plan and ledger are not in it: another television has its own.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from exogenesis.core.effects import Entropy
from exogenesis.errors import InputError
from exogenesis.tv.catalog import Catalog
from exogenesis.tv.learning.snapshots import STAGE, is_snapshot
from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, Writer
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy, Profile, strictest
from exogenesis.tv.portable.lines import (
    SNAPSHOT,
    Content,
    SkillRow,
    is_readable,
    memory_line,
    read_content,
)
from exogenesis.tv.portable.sealed import VERSION, seal, unseal


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What a file held.

    Attributes:
        profiles: profiles in it.
        skills: started titles in it, counted by profile.
        memories: memories that were stored; what was there already is not counted.
        rejections: titles that a profile does not want to see.
        blocks: blocked titles.
        unknown: titles in it that this catalogue does not hold (yet); they are kept.
    """

    profiles: int
    skills: int
    memories: int
    rejections: int
    blocks: int
    unknown: int


class Portable:
    """Writes what was learnt into a file, and takes what is in one.

    Args:
        database: the store.
        catalog: whose lineage the file belongs to.
        memory: whose lasting tiers travel.
        relearn: computes anew what follows from the skills of a profile; called within the
            transaction of an import, for every profile of the file.
    """

    def __init__(
        self,
        *,
        database: Database,
        catalog: Catalog,
        memory: CosmicMemory,
        relearn: Callable[[str], None],
    ) -> None:
        self._database = database
        self._catalog = catalog
        self._memory = memory
        self._policy = Policy(database)
        self._relearn = relearn

    def export(self, passphrase: str, entropy: Entropy) -> bytes:
        """Return the file.

        Raises:
            InputError: as :func:`seal`.
            StorageError: the store cannot be read.
        """
        lines = [json.dumps(line, ensure_ascii=False, allow_nan=False) for line in self._lines()]
        return seal("\n".join(lines).encode(), passphrase, entropy)

    def take(self, raw: bytes, passphrase: str) -> Imported:
        """Merge a file into the store, all or nothing; a second time changes nothing.

        Where both know something, the greater count, the later time and the stricter limit hold.

        Raises:
            InputError: ``bad_export`` as :func:`unseal`, or it does not hold what it should;
                ``wrong_lineage``: it is of a television with other titles.
            DiskFull, StorageError: nothing was stored.
        """
        content = read_content(unseal(raw, passphrase))
        if content.lineage != self._catalog.lineage_id.hex():
            raise InputError(
                "the export is of a television with another operator's catalogue: "
                "its titles mean nothing here; nothing was changed",
                code="wrong_lineage",
            )
        with self._database.transaction():
            for profile in content.profiles:
                self._set_profile(profile)
            for skill in content.skills:
                self._merge_skill(skill)
            for rejection in content.rejections:
                self._database.run(
                    "portable_merge_rejection",
                    profile=rejection["profile"],
                    title=rejection["title"],
                    at=rejection["at"],
                )
            for title in content.blocks:
                self._policy.set_block(title, True)
            stored = self._merge_memories(content)
            for profile in content.profiles:
                self._relearn(profile.name)
        return Imported(
            profiles=len(content.profiles),
            skills=len(content.skills),
            memories=stored,
            rejections=len(content.rejections),
            blocks=len(content.blocks),
            unknown=sum(title not in self._catalog for title in content.titles()),
        )

    def _lines(self) -> Iterator[list[Any]]:
        yield ["export", VERSION, self._catalog.lineage_id.hex(), self._catalog.encoder]
        for one in self._policy.profiles():
            yield ["profile", one.name, one.kind, one.age_limit, one.contributes]
        for *row, rhythm in self._database.run("portable_list_skills"):
            yield ["skill", *row, json.loads(rhythm)]
        for rejected in self._database.run("portable_list_rejections"):
            yield ["rejection", *rejected]
        for title in self._policy.blocks():
            yield ["block", title]
        for (number,) in self._database.run("portable_list_memories"):
            memory = self._memory.get(number)
            if memory is not None and is_readable(line := memory_line(memory)):
                yield line

    def _set_profile(self, new: Profile) -> None:
        """Store a profile; of two with one name the stricter limits hold."""
        own = {profile.name: profile for profile in self._policy.profiles()}.get(new.name, new)
        kid = "kid" in (own.kind, new.kind)
        self._database.run(
            "portable_set_profile",
            name=new.name,
            kind="kid" if kid else "adult",
            age_limit=strictest((own.age_limit, new.age_limit)),
            contributes=int(own.contributes and new.contributes and not kid),
        )

    def _merge_skill(self, new: SkillRow) -> None:
        rhythm = new["rhythm"]
        held = self._database.run("get_skill_rhythm", profile=new["profile"], title=new["title"])
        if held:
            own: dict[str, int] = json.loads(held[0][0])
            rhythm = {slot: max(own.get(slot, 0), rhythm.get(slot, 0)) for slot in {*own, *rhythm}}
        written = json.dumps(rhythm, sort_keys=True)
        values: dict[str, Any] = {**new, "rhythm": written}
        self._database.run("portable_merge_skill", **values)

    def _merge_memories(self, content: Content) -> int:
        """Store what is not there yet; a lineage only where there is none. Returns how many."""
        own_lineage = bool(self._database.run("portable_has_lineage"))
        numbers: dict[int, int] = {}
        stored = 0
        for old, memory in sorted(content.memories.items()):
            if memory.vector is not None and content.encoder != self._catalog.encoder:
                memory = replace(memory, vector=None)  # a direction of another space
            if memory.tier is MemoryTier.ARCHITECTURAL:
                if own_lineage:
                    continue
                memory = replace(memory, metadata=_renumbered(memory.metadata, numbers))
            elif self._merge_snapshot(memory) if memory.kind == SNAPSHOT else self._knows(memory):
                continue
            numbers[old] = self._memory.store(memory, writer=Writer.LOOP)
            stored += 1
        return stored

    def _merge_snapshot(self, new: Memory) -> bool:
        """Add titles to a snapshot that is here already; False when there is none."""
        for number, subject in self._database.run("portable_list_snapshots", profile=new.profile):
            own = self._memory.get(number)
            first, _, last = subject.partition(STAGE)
            if own is None or not is_snapshot(own):
                continue
            if subject == new.subject:
                titles = {**new.metadata["titles"], **own.metadata["titles"]}
                self._memory.revise(
                    number,
                    metadata={**own.metadata, "titles": titles},
                    importance=own.importance,
                    at=max(own.at, new.at),
                )
                return True
            if last and first <= new.subject <= last:
                return True  # a stage of life has taken this quarter in
        return False

    def _knows(self, memory: Memory) -> bool:
        return bool(
            self._database.run(
                "portable_knows_memory",
                tier=int(memory.tier),
                kind=memory.kind,
                subject=memory.subject,
                profile=memory.profile,
                session=memory.session,
                text=memory.text,
                at=memory.at,
                metadata=json.dumps(dict(memory.metadata)),
            )
        )


def _renumbered(metadata: Mapping[str, Any], numbers: Mapping[int, int]) -> dict[str, Any]:
    """Let what names other rows of its lineage name them by their new numbers."""
    return {
        name: numbers.get(held) if name in ("parent", "of") else held
        for name, held in metadata.items()
    }
