"""Forgetting leaves no trace on the disk, and says what is out of reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from exogenesis.core.titles import Title
from exogenesis.errors import DiskFull, InputError, NetworkError, StorageError
from exogenesis.tv import Brain, ForgetReport, Profile, ViewingEvent
from exogenesis.tv.ledger import titles_told
from exogenesis.tv.persistence import Database
from tests.support.constellation import WORKER_PUBLIC, Constellation
from tests.support.television import NOW, FakeClock, open_brain, plain_titles, small_catalog

SECRET = "a-title-nobody-should-find"
CATALOG = small_catalog([*plain_titles(100), Title(id=SECRET, name="Secret")])


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
    return any(word.encode() in path.read_bytes() for path in home.rglob("*") if path.is_file())


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
    _watch(brain, SECRET)
    _sync_all(brain, clock)
    brain.forget(everything=True)
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
