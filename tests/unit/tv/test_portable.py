from __future__ import annotations

import json
import struct
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exogenesis.core.vectors import unit_rows
from exogenesis.errors import InputError
from exogenesis.tv import Catalog, Profile, ViewContext, ViewingEvent
from exogenesis.tv.learning import Learning
from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, Query, Writer
from exogenesis.tv.metasona.accept import Interval
from exogenesis.tv.metasona.lineage import Lineage
from exogenesis.tv.metasona.television import RANKER_SPACE
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import Policy
from exogenesis.tv.portable import Portable, is_export
from exogenesis.tv.portable.sealed import (
    CONTENT_BYTES_MAX,
    FILE_BYTES_MAX,
    MAGIC,
    MEMORY_KIB_MAX,
    PASSES_MAX,
    seal,
    unseal,
)
from tests.support.television import (
    CATALOG_PUBLIC,
    NOW,
    FakeClock,
    FakeEntropy,
    encoded_pack,
    open_brain,
    plain_titles,
    small_catalog,
)

PASSPHRASE = "a long way to the harbour"
DAY_S = 86_400
HEADER = struct.Struct("<8sHHII16s16s")


class Television:
    """A store with what a household has learnt in it, and the doors to it."""

    def __init__(self, catalog: Catalog | None = None, *, relearn: bool = True) -> None:
        self.catalog = small_catalog() if catalog is None else catalog
        self.database = Database.open(None)
        self.memory = CosmicMemory(self.database)
        self.policy = Policy(self.database)
        self.learning = Learning(self.database, self.memory, self.catalog)
        self.portable = Portable(
            database=self.database,
            catalog=self.catalog,
            memory=self.memory,
            relearn=self.relearn if relearn else lambda profile: None,
        )
        self.lineage = Lineage(
            self.database,
            self.memory,
            RANKER_SPACE,
            RANKER_SPACE.decode(np.full(len(RANKER_SPACE), 0.5)),
        )

    def relearn(self, profile: str) -> None:
        self.learning.rebuild_at_once(profile, NOW)

    def watch(
        self, title: str, *, profile: str = "home", at: int = NOW, finished: bool = True
    ) -> None:
        values: dict[str, Any] = {
            "profile": profile,
            "title": title,
            "finished": int(finished),
            "at": at,
            "fraction": 1.0 if finished else 0.2,
            "episode": 3,
            "rhythm": json.dumps({"20": 2, "m12": 1}),
        }
        self.database.run("store_skill", **values)

    def held(self) -> dict[str, list[Any]]:
        """Everything that travels, as the store has it."""
        return {
            "profiles": [
                (one.name, one.kind, one.age_limit, one.contributes)
                for one in self.policy.profiles()
            ],
            "skills": self.database.run("portable_list_skills"),
            "rejections": self.database.run("portable_list_rejections"),
            "blocks": self.policy.blocks(),
            "memories": [
                (
                    one.tier,
                    one.kind,
                    one.subject,
                    one.profile,
                    one.text,
                    {name: at for name, at in one.metadata.items() if name not in ("of", "parent")},
                    one.at,
                )
                for one in map(
                    self.memory.get,
                    [number for (number,) in self.database.run("portable_list_memories")],
                )
                if one is not None
            ],
        }

    def export(self) -> bytes:
        return self.portable.export(PASSPHRASE, FakeEntropy(7))


def lived() -> Television:
    """A television with something of everything in it."""
    one = Television()
    one.policy.add_profile(Profile(name="ida", kind="kid", age_limit=6, contributes=False))
    one.policy.add_profile(Profile(name="ben", contributes=False))
    one.policy.add_profile(Profile(name="zoe"))
    for place in range(12):
        one.watch(f"t{4 * place:03}", at=NOW - 90 * DAY_S + 20 * DAY_S * (place // 3))
    for place in range(6):
        one.watch(f"t{4 * place + 1:03}", profile="ida", at=NOW - place)
    one.watch("t099", finished=False)
    one.policy.set_block("t110", True)
    one.policy.set_rejection("ben", "t111", True, NOW)
    one.relearn("home")
    one.relearn("ida")
    one.memory.store(
        Memory(
            tier=MemoryTier.SEMANTIC,
            kind="note",
            profile="home",
            text="Ö: likes harbours",
            metadata={"of": ["t000", 0.5, None]},
            vector=unit_rows(np.arange(384, dtype=np.float32)[None])[0],
            importance=0.7,
            at=NOW,
        )
    )
    gain = Interval(gain=0.1, low=0.05, high=0.2, cases=40, level=0.025)
    for share in (0.4, 0.6):
        point = RANKER_SPACE.decode(np.full(len(RANKER_SPACE), share))
        one.lineage.record(point, gain, accepted=True, now=NOW)
    newest = one.lineage.newest()
    assert newest is not None
    one.lineage.roll_back(newest, "it lost", now=NOW)
    return one


LIVED = lived()
RAW = LIVED.export()


def rewritten(change: Callable[[list[list[Any]]], object]) -> bytes:
    """The export with its lines changed, sealed under the same passphrase."""
    lines = [json.loads(line) for line in unseal(RAW, PASSPHRASE).split(b"\n")]
    change(lines)
    return seal("\n".join(map(json.dumps, lines)).encode(), PASSPHRASE, FakeEntropy(8))


def test_an_empty_television_holds_afterwards_what_the_other_one_held() -> None:
    new = Television()
    done = new.portable.take(RAW, PASSPHRASE)
    assert new.held() == LIVED.held()
    assert (done.profiles, done.skills, done.rejections, done.blocks) == (4, 19, 1, 1)
    assert done.unknown == 0
    assert done.memories == len(LIVED.held()["memories"]) >= 6


def test_facts_and_habits_are_computed_from_the_skills_that_came() -> None:
    new = Television()
    new.portable.take(RAW, PASSPHRASE)
    for tier, kind in ((MemoryTier.SEMANTIC, "fact"), (MemoryTier.TEMPORAL, "rhythm")):
        query = Query(kind=kind, limit=1000)
        told = [
            [
                (one.memory.profile, one.memory.subject, one.memory.metadata)
                for one in television.memory.recall(query, (tier,), now=NOW)
            ]
            for television in (LIVED, new)
        ]
        assert sorted(told[0], key=str) == sorted(told[1], key=str)
    assert told[0]


def test_the_settings_in_use_and_their_lineage_come_along_with_new_numbers() -> None:
    new = Television()
    new.memory.store(Memory(tier=MemoryTier.SUBSTRATE, kind="measure", at=NOW), writer=Writer.LOOP)
    new.portable.take(RAW, PASSPHRASE)
    assert new.lineage.active() == LIVED.lineage.active() != new.lineage.prior
    first, second, gone = new.lineage.ancestors()
    assert (second.parent, gone.of, gone.parent) == (first.id, second.id, first.id)
    assert new.lineage.tries().count == 2


def test_a_lineage_that_is_there_already_is_kept() -> None:
    new = Television()
    point = RANKER_SPACE.decode(np.full(len(RANKER_SPACE), 0.9))
    gain = Interval(gain=0.1, low=0.05, high=0.2, cases=40, level=0.025)
    new.lineage.record(point, gain, accepted=True, now=1)
    new.portable.take(RAW, PASSPHRASE)
    assert new.lineage.active() == point
    assert len(new.lineage.ancestors()) == 1


def test_a_vector_comes_along_only_into_the_same_space() -> None:
    other = Catalog.load(encoded_pack(plain_titles(120), encoder="minilm-1"), CATALOG_PUBLIC)
    for catalog, kept in ((small_catalog(), True), (other, False)):
        new = Television(catalog)
        new.portable.take(RAW, PASSPHRASE)
        (note,) = new.memory.recall(Query(kind="note"), (MemoryTier.SEMANTIC,), now=NOW)
        assert (note.memory.vector is not None) is kept
        if note.memory.vector is not None:
            expected = unit_rows(np.arange(384, dtype=np.float32)[None])[0]
            assert float(note.memory.vector @ expected) > 0.999


def test_importing_twice_does_not_double() -> None:
    new = Television()
    new.portable.take(RAW, PASSPHRASE)
    once = new.held()
    again = new.portable.take(RAW, PASSPHRASE)
    assert new.held() == once
    assert again.memories == 0
    home = Television()
    home.portable.take(RAW, PASSPHRASE)
    assert home.portable.take(home.export(), PASSPHRASE).memories == 0
    assert home.held() == once


def test_merging_keeps_the_greater_count_the_later_time_and_both_halves() -> None:
    new = Television()
    new.memory.store(Memory(tier=MemoryTier.SEMANTIC, kind="note", at=NOW))
    new.watch("t200", at=NOW - 7)
    new.watch("t008", at=NOW + 5)
    for _ in range(3):
        new.watch("t000", at=NOW - 1000 * DAY_S)
    new.watch("t004", at=NOW + 50, finished=False)
    new.portable.take(RAW, PASSPHRASE)
    rows = {(row[0], row[1]): row[2:] for row in new.database.run("portable_list_skills")}
    assert ("home", "t200") in rows
    starts, finishes, finished_at, order, *_, rhythm = rows["home", "t000"]
    assert (starts, finishes, finished_at, order) == (3, 3, NOW - 90 * DAY_S, 0)
    assert rows["home", "t008"][2:4] == (NOW + 5, 1)
    assert json.loads(rhythm) == {"20": 2, "m12": 1}
    starts, finishes, finished_at, _, last_at, fraction, *_ = rows["home", "t004"]
    assert (starts, finishes, finished_at) == (1, 1, NOW - 90 * DAY_S)
    assert (last_at, fraction) == (NOW + 50, 0.2)


def test_snapshots_of_one_quarter_are_united_and_a_stage_of_life_is_not_undone() -> None:
    def snapshots(one: Television) -> dict[str, set[str]]:
        found = one.memory.recall(
            Query(kind="snapshot", profile="home", limit=99), (MemoryTier.EVOLUTIONARY,), now=NOW
        )
        return {one.memory.subject: set(one.memory.metadata["titles"]) for one in found}

    there = snapshots(LIVED)
    name = min(there)
    new = Television(relearn=False)
    for subject, title in ((name, "t050"), ("2000Q1-2001Q1", "t051")):
        new.memory.store(
            Memory(
                tier=MemoryTier.EVOLUTIONARY,
                kind="snapshot",
                subject=subject,
                profile="home",
                metadata={"titles": {title: 1.0}},
                at=NOW,
            )
        )
    new.portable.take(RAW, PASSPHRASE)
    assert snapshots(new) == {**there, name: there[name] | {"t050"}, "2000Q1-2001Q1": {"t051"}}
    old = Television(relearn=False)
    old.memory.store(
        Memory(
            tier=MemoryTier.EVOLUTIONARY,
            kind="snapshot",
            subject="2000Q1-2099Q1",
            profile="home",
            metadata={"titles": {"t051": 1.0}},
            at=NOW,
        )
    )
    old.portable.take(RAW, PASSPHRASE)
    assert snapshots(old) == {"2000Q1-2099Q1": {"t051"}}


def test_the_stricter_limits_hold() -> None:
    new = Television()
    new.policy.add_profile(Profile(name="ida", age_limit=16))
    new.policy.add_profile(Profile(name="ben", kind="kid", age_limit=3, contributes=False))
    new.policy.add_profile(Profile(name="zoe", contributes=False))
    new.policy.set_block("t112", True)
    new.portable.take(RAW, PASSPHRASE)
    profiles = {one.name: one for one in new.policy.profiles()}
    assert profiles["ida"] == Profile(name="ida", kind="kid", age_limit=6, contributes=False)
    assert profiles["ben"] == Profile(name="ben", kind="kid", age_limit=3, contributes=False)
    assert not profiles["zoe"].contributes
    assert profiles["home"].contributes
    assert new.policy.blocks() == ["t110", "t112"]


def test_keys_consent_and_the_pin_do_not_travel() -> None:
    one = lived()
    one.policy.set_consent(True)
    one.policy.set_pin("4711", pin=None, now=NOW, salt=bytes(16))
    for key in ("sign_seed", "box_secret", "push_key", "device"):
        one.database.store_setting(key, b"the secret key of a device......"[:32])
    raw = one.export()
    plain = unseal(raw, PASSPHRASE)
    assert b"secret key" not in raw + plain
    assert plain == unseal(RAW, PASSPHRASE)
    new = Television()
    new.portable.take(raw, PASSPHRASE)
    assert not new.policy.consented
    assert not new.policy.has_pin
    assert new.database.setting("sign_seed") is None


def test_titles_that_the_catalogue_lacks_are_counted_and_kept() -> None:
    small = small_catalog(plain_titles(40))
    new = Television(small)
    done = new.portable.take(RAW, PASSPHRASE)
    assert done.unknown == len({"t040", "t044", "t099", "t110", "t111"})
    assert new.held()["skills"] == LIVED.held()["skills"]


def test_another_operators_catalogue_is_refused() -> None:
    other = Catalog.load(encoded_pack(plain_titles(120), lineage_id=b"othr"), CATALOG_PUBLIC)
    new = Television(other)
    before = new.held()
    with pytest.raises(InputError, match="another operator") as caught:
        new.portable.take(RAW, PASSPHRASE)
    assert caught.value.code == "wrong_lineage"
    assert new.held() == before


@pytest.fixture(scope="module")
def untouched() -> Television:
    return Television()


def refused(television: Television, raw: bytes, passphrase: str = PASSPHRASE) -> InputError:
    """Take a file that must be refused, and see that nothing has changed."""
    before = television.held()
    with pytest.raises(InputError) as caught:
        television.portable.take(raw, passphrase)
    assert television.held() == before
    return caught.value


def test_a_wrong_passphrase_changes_nothing(untouched: Television) -> None:
    for wrong in (PASSPHRASE + " ", PASSPHRASE.upper(), "something else"):
        error = refused(untouched, RAW, wrong)
        assert error.code == "bad_export"
        assert "passphrase" in error.message
    for wrong in ("short", "x" * 2000, "", "half a \ud800 letter"):
        assert refused(untouched, RAW, wrong).code == "bad_passphrase"


def test_a_passphrase_is_the_same_however_its_letters_are_composed() -> None:
    raw = LIVED.portable.export("Gr\u00fc\u00dfe vom Hafen", FakeEntropy(1))
    assert unseal(raw, "Gru\u0308\u00dfe vom Hafen") == unseal(RAW, PASSPHRASE)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(RAW) - 1), st.integers(0, 7))
def test_any_flipped_bit_is_noticed(place: int, bit: int) -> None:
    raw = bytearray(RAW)
    raw[place] ^= 1 << bit
    with pytest.raises(InputError) as caught:
        unseal(bytes(raw), PASSPHRASE)
    assert caught.value.code == "bad_export"


@settings(max_examples=40, deadline=None)
@given(st.integers(0, len(RAW) - 1))
def test_a_file_that_was_cut_or_lengthened_is_refused(length: int) -> None:
    for raw in (RAW[:length], RAW + RAW[:length] + b"\0"):
        with pytest.raises(InputError) as caught:
            unseal(raw, PASSPHRASE)
        assert caught.value.code == "bad_export"


def test_pieces_cannot_change_places() -> None:
    piece, tag = 64 << 10, 16
    content = bytes(2 * piece) + b"end"
    raw = seal(content, PASSPHRASE, FakeEntropy(2))
    assert unseal(raw, PASSPHRASE) == content
    head, size = raw[: HEADER.size], piece + tag
    body = [raw[HEADER.size + at * size :][:size] for at in range(3)]
    for order in ((1, 0, 2), (0, 0, 2), (1, 1, 2)):
        with pytest.raises(InputError, match="changed"):
            unseal(head + b"".join(body[at] for at in order), PASSPHRASE)


@pytest.mark.parametrize("size", [0, 1, (64 << 10) - 1, 64 << 10, (64 << 10) + 1])
def test_every_size_comes_back(size: int) -> None:
    content = bytes(range(256)) * (size // 256 + 1)
    raw = seal(content[:size], PASSPHRASE, FakeEntropy(3))
    assert unseal(raw, PASSPHRASE) == content[:size]
    assert is_export(raw[:8])


def with_header(**changes: int) -> bytes:
    names = ("magic", "version", "passes", "memory_kib", "size", "salt", "nonce")
    fields = dict(zip(names, HEADER.unpack_from(RAW), strict=True)) | changes
    return HEADER.pack(*fields.values()) + RAW[HEADER.size :]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"version": 2}, "version 2"),
        ({"passes": 0}, "time or memory"),
        ({"passes": PASSES_MAX + 1}, "time or memory"),
        ({"memory_kib": 7}, "time or memory"),
        ({"memory_kib": MEMORY_KIB_MAX + 1}, "time or memory"),
        ({"memory_kib": (1 << 32) - 1}, "time or memory"),
        ({"size": CONTENT_BYTES_MAX + 1}, "limit"),
        ({"size": 10}, "cut short"),
    ],
)
def test_sizes_and_costs_are_bounded_before_anything_is_computed(
    changes: dict[str, int], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_key(*_: object) -> bytes:
        raise AssertionError("a key is computed")

    monkeypatch.setattr("nacl.bindings.crypto_pwhash_alg", no_key)
    with pytest.raises(InputError, match=said):
        unseal(with_header(**changes), PASSPHRASE)


def test_what_is_no_export_is_told_apart_by_its_first_bytes() -> None:
    assert is_export(RAW[:8])
    assert RAW.startswith(MAGIC)
    for other in (b"", b"omega", b'[{"title', b"title,at", b"OMEGA-TV"):
        assert not is_export(other)
        with pytest.raises(InputError, match="no export"):
            unseal(other + bytes(100), PASSPHRASE)


def test_a_promoted_memory_travels_and_what_no_reader_takes_stays_at_home() -> None:
    one, other = Television(), Television()
    tiers = (MemoryTier.SEMANTIC, MemoryTier.EVOLUTIONARY)
    for tier in tiers:
        for kind in ("note", "snapshot"):
            one.memory.store(Memory(tier=tier, kind=kind, subject=f"{kind} {tier}", at=NOW))
    assert other.portable.take(one.export(), PASSPHRASE).memories == 2
    found = [held.memory.subject for held in other.memory.recall(Query(), tiers, now=NOW)]
    assert sorted(found) == ["note 4", "note 6"]
    assert one.portable.take(one.export(), PASSPHRASE).memories == 0


def test_a_memory_that_was_promoted_since_is_not_stored_again() -> None:
    one, other = Television(), Television()
    for held, tier in ((one, MemoryTier.SEMANTIC), (other, MemoryTier.EVOLUTIONARY)):
        held.memory.store(Memory(tier=tier, kind="note", subject="x", at=NOW))
    assert other.portable.take(one.export(), PASSPHRASE).memories == 0


def test_too_much_is_not_exported() -> None:
    with pytest.raises(InputError, match="more to export"):
        seal(bytes(CONTENT_BYTES_MAX + 1), PASSPHRASE, FakeEntropy())
    assert FILE_BYTES_MAX < CONTENT_BYTES_MAX + 8192


def test_two_exports_share_no_key_and_no_nonce() -> None:
    entropy = FakeEntropy(5)
    one, two = (LIVED.portable.export(PASSPHRASE, entropy) for _ in range(2))
    assert one[20:52] != two[20:52]
    assert one[52:] != two[52:]
    assert unseal(one, PASSPHRASE) == unseal(two, PASSPHRASE)


def line_of(lines: list[list[Any]], kind: str) -> list[Any]:
    return next(line for line in lines if line[0] == kind)


def settings_line(lines: list[list[Any]]) -> list[Any]:
    return next(line for line in lines if line[0] == "memory" and line[3] == "settings")


def snapshot_line(lines: list[list[Any]]) -> list[Any]:
    return next(line for line in lines if line[0] == "memory" and line[3] == "snapshot")


WRONG: dict[str, Callable[[list[list[Any]]], object]] = {
    "no head": lambda lines: lines.pop(0),
    "a head of another kind": lambda lines: lines[0].__setitem__(0, "history"),
    "another version": lambda lines: lines[0].__setitem__(1, 2),
    "no home": lambda lines: lines.remove(
        next(line for line in lines if line[:2] == ["profile", "home"])
    ),
    "a profile twice": lambda lines: lines.append(["profile", "ben", "adult", None, True]),
    "a kid that contributes": lambda lines: lines.append(["profile", "mia", "kid", 6, True]),
    "a profile of no kind": lambda lines: lines.append(["profile", "mia", "cat", 6, False]),
    "a skill of nobody": lambda lines: line_of(lines, "skill").__setitem__(1, "nobody"),
    "a rejection of nobody": lambda lines: line_of(lines, "rejection").__setitem__(1, "nobody"),
    "more finishes than starts": lambda lines: line_of(lines, "skill").__setitem__(4, 9),
    "no starts": lambda lines: line_of(lines, "skill").__setitem__(3, 0),
    "a finish without a time": lambda lines: line_of(lines, "skill").__setitem__(5, None),
    "a time beyond all": lambda lines: line_of(lines, "skill").__setitem__(7, 1 << 50),
    "a count that is a word": lambda lines: line_of(lines, "skill").__setitem__(3, "two"),
    "a fraction above 1": lambda lines: line_of(lines, "skill").__setitem__(8, 1.5),
    "a fraction that is none": lambda lines: line_of(lines, "skill").__setitem__(8, float("nan")),
    "episode 0": lambda lines: line_of(lines, "skill").__setitem__(9, 0),
    "hour 168": lambda lines: line_of(lines, "skill").__setitem__(10, {"168": 1}),
    "a rhythm that is none": lambda lines: line_of(lines, "skill").__setitem__(10, [1]),
    "a title without a name": lambda lines: line_of(lines, "block").__setitem__(1, ""),
    "a title that is too long": lambda lines: line_of(lines, "block").__setitem__(1, "t" * 65),
    "a title with half a letter": lambda lines: line_of(lines, "block").__setitem__(1, "\ud800"),
    "a line too short": lambda lines: line_of(lines, "skill").pop(),
    "a line of no kind": lambda lines: lines.append(["ledger", 1]),
    "a line that is no list": lambda lines: lines.append({"block": 1}),  # type: ignore[arg-type]
    "the owner's word": lambda lines: line_of(lines, "memory").__setitem__(2, 12),
    "a viewing": lambda lines: line_of(lines, "memory").__setitem__(2, 3),
    "a fact": lambda lines: line_of(lines, "memory").__setitem__(3, "fact"),
    "an importance above 1": lambda lines: line_of(lines, "memory").__setitem__(10, 2),
    "a vector that is too short": lambda lines: line_of(lines, "memory").__setitem__(
        9, ["AAAA", 1.0]
    ),
    "a parent that is no number": lambda lines: settings_line(lines)[8].__setitem__("parent", [1]),
    "a snapshot without titles": lambda lines: snapshot_line(lines).__setitem__(8, {}),
    "a snapshot of nobody": lambda lines: snapshot_line(lines).__setitem__(5, None),
    "a title that weighs a word": lambda lines: snapshot_line(lines)[8]["titles"].__setitem__(
        "t000", "much"
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_content_that_is_not_what_it_should_be_changes_nothing(
    name: str, untouched: Television
) -> None:
    error = refused(untouched, rewritten(WRONG[name]))
    assert error.code == "bad_export"


def test_an_import_that_fails_in_its_middle_changes_nothing(untouched: Television) -> None:
    def lost(profile: str) -> None:
        raise InputError(profile)

    broken = Portable(
        database=untouched.database,
        catalog=untouched.catalog,
        memory=untouched.memory,
        relearn=lost,
    )
    before = untouched.held()
    with pytest.raises(InputError):
        broken.take(RAW, PASSPHRASE)
    assert untouched.held() == before


def travelled(old: Path, new: Path, catalog: Catalog) -> None:
    """Give the store in ``new`` what that in ``old`` has learnt."""
    raw = b""
    for home in (old, new):
        database = Database.open(home)
        memory = CosmicMemory(database)
        learning = Learning(database, memory, catalog)
        portable = Portable(
            database=database,
            catalog=catalog,
            memory=memory,
            relearn=partial(learning.rebuild_at_once, now=NOW),
        )
        if home is old:
            for profile in Policy(database).profiles():
                learning.rebuild_at_once(profile.name, NOW)
            raw = portable.export(PASSPHRASE, FakeEntropy(9))
        else:
            portable.take(raw, PASSPHRASE)
        database.close()


def listed(home: Path, catalog: Catalog, profile: str) -> list[str]:
    brain = open_brain(catalog, clock=FakeClock(NOW), home=home)
    shown = brain.recommend(ViewContext(profile=profile, limit=10, explore=False))
    brain.close()
    return [one.title_id for one in shown]


def test_a_new_television_recommends_the_same_as_the_old_one(tmp_path: Path) -> None:
    catalog = small_catalog()
    old, new = tmp_path / "old", tmp_path / "new"
    brain = open_brain(catalog, clock=FakeClock(NOW), home=old)
    brain.add_profile(Profile(name="ben"))
    rng = np.random.default_rng(4)
    for profile in ("home", "ben"):
        for offset, row in enumerate(rng.choice(120, 30, replace=False).tolist()):
            event = ViewingEvent(
                title_id=f"t{row:03}",
                fraction=1.0 if rng.random() < 0.8 else 0.2,
                profile=profile,
                at=NOW - 1000 + offset // 4,
            )
            brain.observe(event)
    brain.close()
    open_brain(catalog, clock=FakeClock(NOW), home=new).close()
    untaught = listed(new, catalog, "home")
    travelled(old, new, catalog)
    for profile in ("home", "ben"):
        assert listed(new, catalog, profile) == listed(old, catalog, profile) != untaught
