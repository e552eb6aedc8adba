"""Forgetting leaves no trace on the disk, and says what is out of reach."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exogenesis.core.titles import Title
from exogenesis.errors import DiskFull, InputError, NetworkError, StorageError
from exogenesis.tv import AgentDB, Brain, ForgetReport, Profile, ViewingEvent
from exogenesis.tv.collective import Collective
from exogenesis.tv.forget import Forgetter, Mention
from exogenesis.tv.ledger import Ledger, titles_told
from exogenesis.tv.memory import CosmicMemory, Memory, MemoryTier, Query
from exogenesis.tv.persistence import Database
from exogenesis.tv.policy import PIN_SALT_BYTES, Policy
from tests.support.constellation import WORKER_PUBLIC, Constellation
from tests.support.television import NOW, FakeClock, open_brain, plain_titles, small_catalog

SECRET = "a-title-nobody-should-find"
AWKWARD = 'nœud "7" \\ % secret'
CATALOG = small_catalog(
    [*plain_titles(100), Title(id=SECRET, name="Secret"), Title(id=AWKWARD, name="Awkward")]
)


def _home(tmp_path: Path) -> tuple[Brain, Constellation, FakeClock]:
    clock = FakeClock(NOW)
    constellation = Constellation(CATALOG, opens=NOW)
    brain = open_brain(
        CATALOG, clock=clock, home=tmp_path, transport=constellation, worker_public=WORKER_PUBLIC
    )
    brain.consent(True)
    return brain, constellation, clock


def _watch(brain: Brain, *titles: str, profile: str = "home") -> None:
    brain.observe_many(
        ViewingEvent(title_id=title, fraction=1.0, profile=profile) for title in titles
    )


def _sync_all(brain: Brain, clock: FakeClock) -> None:
    brain.sync()
    while (due_at := brain.next_push_at()) is not None:
        clock.at = max(clock.at, due_at)
        brain.sync()


def _is_on_disk(home: Path, word: str) -> bool:
    spelt = {word, json.dumps(word)[1:-1], json.dumps(word, ensure_ascii=False)[1:-1]}
    content = b"".join(path.read_bytes() for path in home.rglob("*") if path.is_file())
    return any(one.encode() in content for one in spelt)


@pytest.mark.parametrize("how", ["title", "profile", "everything"])
def test_nothing_of_a_forgotten_title_is_left_on_the_disk(tmp_path: Path, how: str) -> None:
    brain, _, clock = _home(tmp_path)
    _watch(brain, SECRET, "t001", "t002")
    _sync_all(brain, clock)
    assert _is_on_disk(tmp_path, SECRET)
    if how == "title":
        report = brain.forget(SECRET)
    elif how == "profile":
        report = brain.forget(profile="home")
    else:
        report = brain.forget(everything=True)
    assert not _is_on_disk(tmp_path, SECRET)
    assert report.events == (1 if how == "title" else 3)
    assert report.plaintexts == (1 if how == "title" else 3)
    brain.close()
    assert not _is_on_disk(tmp_path, SECRET)


def test_the_report_tells_open_from_closed_rounds(tmp_path: Path) -> None:
    brain, constellation, clock = _home(tmp_path)
    _watch(brain, SECRET)
    _sync_all(brain, clock)
    constellation.next_round()
    clock.at = constellation.manifest.opens
    _sync_all(brain, clock)
    report = brain.forget(SECRET)
    assert [(o.round, o.acknowledged, o.closed) for o in report.out_of_reach] == [
        (1, 1, True),
        (2, 1, False),
    ]
    closed, still_open = report.note.splitlines()[1:3]
    assert "Round 1: 1 report(s) left; the round is closed" in closed
    assert "merged with reports of other households" in closed
    assert "Round 2: 1 report(s) left; the round is still open" in still_open
    assert "cannot be picked out" in still_open
    brain.close()


def test_without_a_round_at_hand_nobody_says_that_it_is_closed(tmp_path: Path) -> None:
    brain, _, clock = _home(tmp_path)
    _watch(brain, SECRET)
    _sync_all(brain, clock)
    brain.consent(False)
    report = brain.forget(SECRET)
    assert [o.closed for o in report.out_of_reach] == [None]
    assert "sealed, or merged" in report.note
    brain.close()


def test_what_never_left_can_be_forgotten_for_good(tmp_path: Path) -> None:
    brain, _, clock = _home(tmp_path)
    _sync_all(brain, clock)
    _watch(brain, SECRET)
    assert brain.forget(SECRET).note == "No report about it had left this television."
    brain.close()


def test_a_title_that_no_report_named_may_have_left_a_trace(tmp_path: Path) -> None:
    brain, _, clock = _home(tmp_path)
    _watch(brain, "t001")
    _sync_all(brain, clock)
    _watch(brain, SECRET)
    report = brain.forget(SECRET)
    assert report.out_of_reach == ()
    assert "knows of no report" in report.note
    assert "other reports may hold a blurred trace" in report.note
    brain.close()


def test_a_planned_report_becomes_a_dummy(tmp_path: Path) -> None:
    brain, constellation, clock = _home(tmp_path)
    _watch(brain, SECRET, "t001")
    brain.sync()
    brain.forget(SECRET)
    _sync_all(brain, clock)
    told = [report.index for report in constellation.opened() if report is not None]
    assert told == [1]
    assert len(constellation.pushes()) == 6
    brain.close()


def test_a_waiting_push_is_taken_back(tmp_path: Path) -> None:
    brain, constellation, clock = _home(tmp_path)
    _watch(brain, *(f"t{row:03}" for row in range(40)))
    brain.sync()
    clock.at = brain.next_push_at() or 0
    constellation.lose_next_answer = True
    with pytest.raises(NetworkError):
        brain.sync()
    waiting = brain.ledger()[-1]
    title = next(e["title"] for e in waiting.content["envelopes"] if e["kind"] == "skill")
    report = brain.forget(title)
    assert report.waiting == 1
    assert [(o.acknowledged, o.unanswered) for o in report.out_of_reach] == [(0, 1)]
    assert "1 report(s) may have left" in report.note
    assert brain.stats().waiting == 0
    brain.close()


def test_a_forgotten_title_may_be_recommended_again(tmp_path: Path) -> None:
    brain = open_brain(CATALOG)
    _watch(brain, "t000")
    assert brain.explain("t000").hidden_because is not None
    brain.forget("t000")
    assert brain.explain("t000").hidden_because is None


def test_a_profile_is_forgotten_alone(tmp_path: Path) -> None:
    brain = open_brain(CATALOG)
    brain.add_profile(Profile(name="guest"))
    _watch(brain, "t000", "t001")
    _watch(brain, "t001", "t002", profile="guest")
    report = brain.remove_profile("guest")
    assert (report.events, report.skills) == (2, 2)
    assert [profile.name for profile in brain.profiles()] == ["home"]
    assert [skill.name for skill in brain.agentdb.skill_list("home")] == ["t000", "t001"]


@pytest.mark.parametrize("kind", ["kid", "private"])
def test_a_profile_that_never_contributed_takes_no_report_along(kind: str, tmp_path: Path) -> None:
    brain, constellation, clock = _home(tmp_path)
    kid = kind == "kid"
    limit = 6 if kid else None
    brain.add_profile(
        Profile(name="mia", kind="kid" if kid else "adult", age_limit=limit, contributes=False)
    )
    _watch(brain, *(f"t{row:03}" for row in range(40)))
    brain.sync()
    clock.at = brain.next_push_at() or 0
    brain.sync()
    assert any(report is not None for report in constellation.opened())
    brain.observe(ViewingEvent(title_id="t001", fraction=0.1))  # told, and no skill any more
    _watch(brain, "t001", "t002", SECRET, profile="mia")
    ledger, planned = brain.ledger(), brain.next_push_at()
    report = brain.remove_profile("mia")
    assert (report.events, report.skills, report.plaintexts, report.waiting) == (3, 3, 0, 0)
    assert report.note == "No report about it had left this television."
    assert (brain.ledger(), brain.next_push_at()) == (ledger, planned)
    _sync_all(brain, clock)
    assert 2 in {told.index for told in constellation.opened() if told is not None}
    assert not _is_on_disk(tmp_path, SECRET)
    brain.close()


def test_a_title_that_another_profile_finished_keeps_its_reports(tmp_path: Path) -> None:
    brain, _, clock = _home(tmp_path)
    brain.add_profile(Profile(name="guest"))
    _watch(brain, "t001")
    _watch(brain, "t001", SECRET, profile="guest")
    _sync_all(brain, clock)
    report = brain.remove_profile("guest")
    assert report.plaintexts == 1
    assert [o.acknowledged for o in report.out_of_reach] == [1]
    kept = [title for entry in brain.ledger() for title in titles_told(entry)]
    assert kept == ["t001"]
    brain.close()


class _NoRoom:
    """Makes a store fail to rewrite its file, as a full disk does, until it is told to stop."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.full = True
        scrub = Database.scrub

        def refuse(database: Database) -> None:
            if self.full:
                raise DiskFull("brain.db")
            scrub(database)

        monkeypatch.setattr(Database, "scrub", refuse)


@pytest.mark.parametrize("how", ["title", "profile", "removal", "everything"])
def test_a_disk_too_full_to_scrub_is_said_and_the_repetition_reports_the_same(
    how: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain, _, clock = _home(tmp_path)
    brain.add_profile(Profile(name="ann"))
    _watch(brain, SECRET, profile="ann")
    _sync_all(brain, clock)

    def forget() -> ForgetReport:
        match how:
            case "title":
                return brain.forget(SECRET)
            case "profile":
                return brain.forget(profile="ann")
            case "removal":
                return brain.remove_profile("ann")
        return brain.forget(everything=True)

    room = _NoRoom(monkeypatch)
    with pytest.raises(StorageError, match="it is erased") as caught:
        forget()
    assert caught.value.code == "not_scrubbed"
    assert "free some space and repeat" in str(caught.value)
    assert brain.stats().events == 0
    assert brain.explain(SECRET).hidden_because is None  # the list knows, too
    with pytest.raises(StorageError):
        forget()
    room.full = False
    report = forget()
    assert [o.acknowledged for o in report.out_of_reach] == [1]
    assert not _is_on_disk(tmp_path, SECRET)
    assert brain.forget("t050").out_of_reach == ()  # said once
    brain.close()


def test_a_profile_that_never_was_cannot_be_removed_after_a_finished_scrub(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    brain, _, _ = _home(tmp_path)
    brain.add_profile(Profile(name="ann"))
    room = _NoRoom(monkeypatch)
    with pytest.raises(StorageError):
        brain.remove_profile("ann")
    room.full = False
    assert brain.remove_profile("ann").events == 0
    with pytest.raises(InputError, match="no profile"):
        brain.remove_profile("ann")
    brain.close()


def test_forgetting_everything_also_ends_consent_and_keeps_the_identity(tmp_path: Path) -> None:
    brain, _, clock = _home(tmp_path)
    brain.add_profile(Profile(name="guest"))
    brain.block("t005")
    brain._parts.policy.set_pin("2468", pin=None, now=NOW, salt=bytes(PIN_SALT_BYTES))
    _watch(brain, SECRET)
    _sync_all(brain, clock)
    brain.forget(everything=True, pin="2468")
    assert not brain._parts.policy.has_pin
    stats = brain.stats()
    assert (stats.events, stats.started, stats.ledger, stats.profiles) == (0, 0, 0, 1)
    assert brain.blocks() == []
    assert not brain.consented
    assert stats.enrolled
    brain.close()


@pytest.mark.parametrize("call", [{}, {"profile": "home", "everything": True}])
def test_forget_needs_one_thing_to_forget(call: dict[str, object]) -> None:
    with pytest.raises(InputError, match="exactly one"):
        open_brain(CATALOG).forget(**call)  # type: ignore[arg-type]


def test_home_cannot_be_removed() -> None:
    with pytest.raises(InputError, match="stays"):
        open_brain(CATALOG).remove_profile("home")


def test_an_unknown_profile_cannot_be_forgotten() -> None:
    with pytest.raises(InputError, match="no profile"):
        open_brain(CATALOG).forget(profile="nobody")


def _mentioned_everywhere(brain: Brain, memory: CosmicMemory, title: str) -> None:
    """Name a title wherever a loop, a reader or the household may have written it."""
    database = brain._parts.database
    for profile in brain.profiles():
        brain._parts.policy.set_rejection(profile.name, title, True, NOW)
    for tier in MemoryTier:
        told: dict[str, Any] = {
            "titles": {title: 0.5, "t001": 0.5},
            "after": title,
            "seen": ["t001", title],
            "deep": [{"because": {"of": title}}],
            "said": f"it was {title}, they say",
        }
        if tier is not MemoryTier.OMEGA:
            memory._table.add(
                Memory(
                    tier=tier,
                    kind="note",
                    subject="snapshot",
                    text=f"about {title}!",
                    metadata=told,
                    at=NOW,
                )
            )
        memory._table.add(Memory(tier=tier, kind="note", subject=title, at=NOW))
    vector: dict[str, Any] = {"codes": bytes(384), "scale": 1.0, "now": NOW}
    for metadata in ({"title": title}, {"like": {"titles": [title]}}, {"title": "t001"}):
        database.run("agentdb_add_vector", metadata=json.dumps(metadata), **vector)
    for cause, effect in ((title, "x"), ("y", f"watched:{title}"), ("y", "x")):
        database.run(
            "agentdb_add_causal",
            cause=cause,
            effect=effect,
            treated=1,
            treated_hits=1,
            untreated=0,
            untreated_hits=0,
            now=NOW,
        )
    blank: dict[str, Any] = {
        "due_at": NOW,
        "last_at": None,
        "runs": 1,
        "failures": 1,
        "attempts": 0,
        "spent_us": 1,
        "longest_us": 1,
    }
    for name, error, progress, notes in (
        ("adaptive", f"no title {title!r}, or {title}", {}, {}),
        ("deliberative", "", {"next": title}, {}),
        ("evolutionary", "", {}, {"of": [title]}),
        ("reactive", "", {"next": "t001"}, {}),
    ):
        database.run(
            "set_loop",
            name=name,
            error=error,
            progress=json.dumps(progress),
            notes=json.dumps(notes, ensure_ascii=False),
            **blank,
        )


def _fleeting(brain: Brain) -> str:
    rows = brain._parts.database.run("memory_of_tiers", tiers="[1, 2]")
    ids = json.dumps([number for (number,) in rows])
    return str(brain._parts.database.run("memory_rows", ids=ids))


@pytest.mark.parametrize("title", [SECRET, AWKWARD])
@pytest.mark.parametrize("how", ["title", "everything"])
def test_nothing_is_left_wherever_a_title_was_named(tmp_path: Path, title: str, how: str) -> None:
    brain, constellation, clock = _home(tmp_path)
    memory = CosmicMemory(brain._parts.database)
    brain.add_profile(Profile(name="ann"))
    _watch(brain, title, "t001")
    _watch(brain, title, profile="ann")
    brain.recommend()
    brain.sync()
    _mentioned_everywhere(brain, memory, title)
    brain._parts.database.run("add_block", title="t005")
    assert _is_on_disk(tmp_path, title)
    assert title[:4] in _fleeting(brain)
    owners = len(memory.recall(Query(subject=title), (MemoryTier.OMEGA,), now=NOW))
    report = brain.forget(title) if how == "title" else brain.forget(everything=True)
    assert owners == 1
    assert (report.rejections, report.skills) == (2, 2 if how == "title" else 3)
    assert report.vectors == (2 if how == "title" else 3)
    assert report.causes == (2 if how == "title" else 3)
    if how == "title":  # the owner's word about it stays, as a block does
        (kept,) = memory.recall(Query(subject=title), now=NOW)
        assert kept.memory.tier is MemoryTier.OMEGA
        assert memory.delete(kept.memory.id or 0)
        brain._parts.database.scrub()
        (snapshot,) = memory.recall(Query(subject="snapshot"), (MemoryTier.EVOLUTIONARY,), now=NOW)
        assert snapshot.memory.metadata == {
            "titles": {"t001": 0.5},
            "after": None,
            "seen": ["t001"],
            "deep": [{"because": {"of": None}}],
            "said": snapshot.memory.metadata["said"],
        }
        assert brain._parts.database.run("get_loop_progress", name="reactive") == [
            ('{"next": "t001"}',)
        ]
    assert not _is_on_disk(tmp_path, title)
    assert title[:4] not in _fleeting(brain)
    if how == "title":
        _sync_all(brain, clock)
        told = [report.index for report in constellation.opened() if report is not None]
        assert told == [1]
    brain.close()
    assert not _is_on_disk(tmp_path, title)


def test_what_a_profile_rejected_and_stored_is_erased_with_it(tmp_path: Path) -> None:
    brain, _, _ = _home(tmp_path)
    brain.add_profile(Profile(name="ann"))
    _watch(brain, "t001", profile="ann")
    brain._parts.policy.set_rejection("ann", SECRET, True, NOW)
    brain._parts.policy.set_rejection("home", "t002", True, NOW)
    vector: dict[str, Any] = {"codes": bytes(384), "scale": 1.0, "now": NOW}
    for profile in ("ann", "home"):
        metadata = json.dumps({"profile": profile, "note": f"of-{profile}-alone"})
        brain._parts.database.run("agentdb_add_vector", metadata=metadata, **vector)
    report = brain.remove_profile("ann")
    assert (report.rejections, report.vectors, report.events) == (1, 1, 1)
    assert not _is_on_disk(tmp_path, SECRET)
    assert not _is_on_disk(tmp_path, "of-ann-alone")
    assert _is_on_disk(tmp_path, "of-home-alone")
    assert brain._parts.policy.rejections("home") == ["t002"]
    brain.close()


def test_what_was_derived_is_gone_and_learnt_anew_before_the_file_is_scrubbed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = Database.open(tmp_path)
    memory = CosmicMemory(database)
    order: list[Any] = []
    scrub = Database.scrub

    def watched(database: Database) -> None:
        order.append("scrub")
        scrub(database)

    def relearn(title_id: str | None, profiles: list[str]) -> None:
        order.append((title_id, profiles, memory.recall(Query(subject="genre:odd"), now=NOW)))

    monkeypatch.setattr(Database, "scrub", watched)
    for kind, tier in (("fact", MemoryTier.SEMANTIC), ("rhythm", MemoryTier.TEMPORAL)):
        memory._table.add(Memory(tier=tier, kind=kind, profile="home", subject="genre:odd", at=NOW))
    forgetter = Forgetter(
        database=database,
        ledger=Ledger(database),
        collective=Collective(database, CATALOG, WORKER_PUBLIC),
        clock=FakeClock(NOW),
        memory=memory,
        agentdb=AgentDB(database, CATALOG.content),
        relearn=relearn,
    )
    Policy(database).add_profile(Profile(name="ann"))
    forgetter.title("t001")
    assert order == [("t001", ["ann", "home"], []), "scrub"]
    assert not _is_on_disk(tmp_path, "genre:odd")
    forgetter.profile("ann", contributes=True, remove=True)
    assert order[2:] == [(None, ["home"], []), "scrub"]
    database.close()


def test_an_index_holds_no_vector_that_was_forgotten(tmp_path: Path) -> None:
    database = Database.open(tmp_path)
    agentdb = AgentDB(database, CATALOG.content)
    forgetter = Forgetter(
        database=database,
        ledger=Ledger(database),
        collective=Collective(database, CATALOG, WORKER_PUBLIC),
        clock=FakeClock(NOW),
        agentdb=agentdb,
    )
    agentdb.vector_store(CATALOG.content[0], {"title": SECRET})
    kept = agentdb.vector_store(CATALOG.content[1], {"title": "t001"})
    assert len(agentdb.vector_search(CATALOG.content[0])) == 2
    assert forgetter.title(SECRET).vectors == 1
    assert [one.id for one in agentdb.vector_search(CATALOG.content[0])] == [kept]
    database.close()


def test_a_short_identifier_is_erased_where_it_stands_alone_and_nowhere_else() -> None:
    mention = Mention("7")
    told = {"after": "7", "seen": ["7", "17"], "7": 1, "said": "at 7 o'clock", "n": 7}
    assert mention.taken_out_of(told) == {
        "after": None,
        "seen": ["17"],
        "said": "at 7 o'clock",
        "n": 7,
    }


def test_an_identifier_is_erased_from_subjects_and_sessions_but_not_from_the_names_of_facts(
    tmp_path: Path,
) -> None:
    brain = open_brain(CATALOG, home=tmp_path)
    for tier in (MemoryTier.SESSION, MemoryTier.SEMANTIC):
        for subject, session in ((f"about {SECRET} and more", ""), ("", SECRET)):
            brain.memory.store(
                Memory(tier=tier, kind="note", subject=subject, session=session, at=NOW)
            )
    number = brain.memory.store(
        Memory(tier=MemoryTier.EVOLUTIONARY, kind="snapshot", subject=f"of:{SECRET}", at=NOW)
    )
    brain.forget(SECRET)
    found = brain.memory.recall(Query(kind="note"), now=NOW)
    assert {(one.memory.subject, one.memory.session) for one in found} == {
        ("about  and more", ""),
        ("", ""),
    }
    kept = brain.memory.get(number)
    assert kept is not None
    assert kept.subject == f"of:{SECRET}"
    brain.memory.delete(number)
    brain.close()


def test_what_a_profile_told_before_it_stopped_contributing_goes_with_it() -> None:
    brain = open_brain(CATALOG)
    brain.add_profile(Profile(name="bob"))
    _watch(brain, "t007", profile="bob")
    ledger = brain._parts.ledger
    envelopes = [{"kind": "skill", "title": "t007", "body": "00"}]
    entry = ledger.add("push", b"x", {"envelopes": envelopes}, at=NOW, round=1)
    ledger.settle(entry, "acknowledged")
    brain._parts.database.run(
        "portable_set_profile", name="bob", kind="kid", age_limit=6, contributes=0
    )
    report = brain.remove_profile("bob")
    assert report.plaintexts == 1
    assert [one.acknowledged for one in report.out_of_reach] == [1]
    assert ledger.entries()[0].content == {"envelopes": [{"kind": "erased"}]}


def test_an_identifier_within_a_longer_one_is_not_mistaken() -> None:
    mention = Mention("t001")
    told = {"t0010": 1, "said": "t001, not t0010 or at001"}
    assert mention.taken_out_of(told) == {"t0010": 1, "said": ", not t0010 or at001"}


_JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.sampled_from([SECRET, "t001", ""])),
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.dictionaries(st.sampled_from([SECRET, "t001", "a"]), inner, max_size=3),
    ),
    max_leaves=12,
)


@given(_JSON)
def test_a_title_is_found_and_taken_out_wherever_json_holds_it(value: Any) -> None:
    mention = Mention(SECRET)
    kept = mention.taken_out_of(value)
    assert SECRET not in json.dumps(kept)
    assert mention.is_in(value) == (SECRET in json.dumps(value))
    assert not mention.is_in(kept)
