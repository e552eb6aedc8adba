"""One sync: what leaves, what is believed, and what happens when it goes wrong."""

from __future__ import annotations

import socket
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn

import numpy as np
import pytest

from exogenesis.core.dial import OPEN, Dial
from exogenesis.core.vectors import unit_rows
from exogenesis.errors import (
    CatalogError,
    ConsentError,
    InputError,
    NetworkError,
    RefusedError,
    RemoteError,
)
from exogenesis.tv import (
    Brain,
    BrainConfig,
    Catalog,
    Profile,
    Response,
    ViewContext,
    ViewingEvent,
)
from exogenesis.wire.fields import digest, signing_pair
from exogenesis.wire.manifest import encode_manifest
from exogenesis.wire.page import decode_page, encode_page
from exogenesis.wire.push import decode_push
from tests.support.constellation import WORKER_PUBLIC, WORKER_SECRET, Constellation
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

CATALOG = small_catalog()


class House:
    """A television, its constellation and the clock of both."""

    def __init__(
        self, *, home: Path | None = None, dial: Dial | None = None, watched: int = 0, seed: int = 1
    ) -> None:
        self.clock = FakeClock(NOW)
        self.constellation = Constellation(CATALOG, opens=NOW)
        self.brain = self.open(home, dial, seed)
        self.watch(*(f"t{row:03}" for row in range(watched)))
        self.brain.consent(True)

    def open(
        self,
        home: Path | None = None,
        dial: Dial | None = None,
        seed: int = 1,
        token: bytes | None = b"t" * 32,
        worker_public: bytes = WORKER_PUBLIC,
    ) -> Brain:
        return open_brain(
            CATALOG,
            clock=self.clock,
            home=home,
            transport=self.constellation,
            worker_public=worker_public,
            token=token,
            dial=dial,
            seed=seed,
        )

    def watch(self, *titles: str, profile: str = "home") -> None:
        self.brain.observe_many(
            ViewingEvent(title_id=title, fraction=1.0, profile=profile) for title in titles
        )

    def to_next_push(self) -> None:
        due_at = self.brain.next_push_at()
        assert due_at is not None
        self.clock.at = max(self.clock.at, due_at)

    def sync_whole_round(self) -> list[str]:
        states: list[str] = [self.brain.sync().state]
        while self.brain.next_push_at() is not None:
            self.to_next_push()
            states.append(self.brain.sync().state)
        return states

    def next_round(self) -> None:
        self.constellation.next_round()
        self.clock.at = self.constellation.manifest.opens


def test_without_consent_nothing_is_asked_and_no_socket_is_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def no_socket(*_: object, **__: object) -> NoReturn:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", no_socket)
    monkeypatch.setattr(socket, "getaddrinfo", no_socket)
    constellation = Constellation(CATALOG, opens=NOW)
    recorded = open_brain(CATALOG, transport=constellation, worker_public=WORKER_PUBLIC)
    real = Brain.open(
        BrainConfig(server_url="https://localhost:1", worker_public=WORKER_PUBLIC),
        catalog=CATALOG,
        clock=FakeClock(),
        rng=np.random.default_rng(0),
        entropy=FakeEntropy(),
    )
    for brain in (recorded, real):
        brain.observe(ViewingEvent(title_id="t001", fraction=1.0))
        brain.recommend()
        result = brain.sync()
        assert (result.state, result.pushed_bytes, result.pulled_bytes) == ("consent_off", 0, 0)
        assert brain.next_push_at() is None
        assert brain.ledger() == []
        brain.close()
    assert constellation.asked == []


def test_a_round_carries_six_pushes_and_every_skill_once() -> None:
    house = House(watched=30)
    assert house.sync_whole_round() == ["pulled"] + ["pushed"] * 6
    told = [report.index for report in house.constellation.opened() if report is not None]
    assert sorted(told) == list(range(30))


@pytest.mark.parametrize("skills", [0, 3, 100])
def test_a_push_has_the_same_size_whatever_was_watched(skills: int) -> None:
    house = House(watched=skills)
    house.sync_whole_round()
    assert [len(push) for push in house.constellation.pushes()] == [981] * 6
    assert sum(report is not None for report in house.constellation.opened()) == min(skills, 40)


def test_kids_and_private_profiles_never_enter_a_push() -> None:
    house = House(watched=5)
    for name in ("mia", "tom"):
        house.brain.add_profile(Profile(name=name, kind="kid", age_limit=6, contributes=False))
    house.brain.add_profile(Profile(name="guest", contributes=False))
    house.watch(*(f"t{row:03}" for row in range(50, 60)), profile="mia")
    house.watch(*(f"t{row:03}" for row in range(3, 63)), profile="tom")
    house.watch(*(f"t{row:03}" for row in range(70, 80)), profile="guest")
    house.sync_whole_round()
    told = [report for report in house.constellation.opened() if report is not None]
    assert sorted(report.index for report in told) == [0, 1, 2, 3, 4]
    assert {report.usage for report in told} == {1}  # the kid's finish is not counted either


def test_a_report_is_made_from_contributing_profiles_alone() -> None:
    """With the dial open, a report is the sum of what may leave, and of nothing else."""
    house = House(watched=3, dial=OPEN)
    house.brain.add_profile(Profile(name="mia", kind="kid", age_limit=6, contributes=False))
    house.watch("t077", "t078", profile="mia")
    house.constellation.announce(replace(house.constellation.manifest, dial=OPEN))
    house.sync_whole_round()
    expected = unit_rows(CATALOG.start.vectors[:3].sum(axis=0, keepdims=True))[0]
    for report in house.constellation.opened():
        if report is not None:
            assert report.vector == pytest.approx(expected, abs=0.01)


def test_what_was_abandoned_does_not_leave() -> None:
    house = House(watched=2)
    house.brain.observe(ViewingEvent(title_id="t050", fraction=0.3))
    house.sync_whole_round()
    assert {r.index for r in house.constellation.opened() if r is not None} == {0, 1}


def test_a_report_says_finished_and_nothing_more() -> None:
    house = House()
    events = [ViewingEvent(title_id="t007", fraction=1.0)] * 8
    house.brain.observe_many([*events, ViewingEvent(title_id="t007", fraction=0.2)])
    assert house.brain.agentdb.skill_list("home")[0].usage_count == 8
    house.sync_whole_round()
    (report,) = [report for report in house.constellation.opened() if report is not None]
    assert (report.index, report.usage, report.success) == (7, 1, 1.0)


def test_a_push_that_is_late_is_dropped_and_not_made_up() -> None:
    house = House(watched=3)
    house.brain.sync()
    first = house.brain.next_push_at()
    assert first is not None
    house.clock.at = first + 901
    assert house.brain.sync().state in ("unchanged", "pushed")
    house.sync_whole_round()
    assert len(house.constellation.pushes()) < 6


def test_a_television_that_was_off_all_day_sends_nothing_of_it() -> None:
    house = House(watched=3)
    house.clock.at = house.constellation.manifest.closes + 901
    assert house.brain.sync().state == "pulled"
    assert house.brain.next_push_at() is None
    assert house.constellation.pushes() == []


def test_a_lost_answer_is_followed_by_the_same_bytes_and_counts_once(tmp_path: Path) -> None:
    house = House(watched=10, home=tmp_path)
    house.brain.sync()
    house.to_next_push()
    house.constellation.lose_next_answer = True
    with pytest.raises(NetworkError):
        house.brain.sync()
    assert house.brain.stats().waiting == 1
    house.brain.close()
    house.brain = house.open(tmp_path, seed=99)  # another run with other dice
    due_at = house.brain.next_push_at()
    assert due_at is not None
    assert due_at <= house.clock.at
    assert house.brain.sync().state == "pushed"
    first, second = house.constellation.pushes()
    assert first == second
    assert len(house.constellation.applied) == 1
    assert [e.outcome for e in house.brain.ledger() if e.kind == "push"] == ["acknowledged"]
    house.brain.close()


def test_what_waits_for_a_closed_round_is_dropped() -> None:
    house = House(watched=10)
    house.brain.sync()
    house.to_next_push()
    house.constellation.lose_next_answer = True
    with pytest.raises(NetworkError):
        house.brain.sync()
    house.next_round()
    assert house.brain.sync().state in ("pulled", "pushed")
    assert house.brain.stats().waiting == 0
    assert house.brain.ledger()[1].outcome == "not acknowledged"


@pytest.mark.parametrize("code", ["round_closed", "unknown_round"])
def test_a_push_that_meets_a_closed_round_is_dropped(code: str) -> None:
    house = House(watched=10)
    house.brain.sync()
    house.to_next_push()
    house.constellation.refuse_push = (409, code)
    assert house.brain.sync().state == "dropped"
    house.constellation.refuse_push = None
    assert house.brain.ledger()[1].outcome == f"refused: {code}"
    house.to_next_push()
    house.brain.sync()
    sequence = [decode_push(push).header.seq for push in house.constellation.pushes()]
    assert sequence == [1, 2]


def test_nobody_knows_whether_an_unanswered_push_arrived_before_the_round_closed() -> None:
    house = House(watched=10)
    house.brain.sync()
    house.to_next_push()
    house.constellation.lose_next_answer = True
    with pytest.raises(NetworkError):
        house.brain.sync()
    house.constellation.refuse_push = (409, "round_closed")
    assert house.brain.sync().state == "dropped"
    assert house.brain.ledger()[1].outcome == "not acknowledged"


def test_a_refused_push_is_said_and_does_not_block_the_next() -> None:
    house = House(watched=10)
    house.brain.sync()
    house.to_next_push()
    house.constellation.refuse_push = (429, "budget_spent")
    with pytest.raises(RefusedError) as caught:
        house.brain.sync()
    assert caught.value.code == "budget_spent"
    house.constellation.refuse_push = None
    house.to_next_push()
    assert house.brain.sync().state == "pushed"


def test_a_server_in_trouble_keeps_the_push_waiting() -> None:
    house = House(watched=10)
    house.brain.sync()
    house.to_next_push()
    house.constellation.refuse_push = (503, "busy")
    with pytest.raises(NetworkError, match="503"):
        house.brain.sync()
    house.constellation.refuse_push = None
    assert house.brain.sync().state == "pushed"
    assert len(set(house.constellation.pushes())) == 1


def test_enrolment_needs_a_token_and_happens_once() -> None:
    house = House()
    house.brain.sync()
    house.brain.sync()
    assert [path for _, path, _ in house.constellation.asked].count("/v1/enrol") == 1
    without = open_brain(
        CATALOG, transport=house.constellation, worker_public=WORKER_PUBLIC, token=None
    )
    without.consent(True)
    with pytest.raises(InputError, match="token"):
        without.sync()


def _pushes_said(house: House) -> list[str]:
    return [entry.outcome for entry in house.brain.ledger() if entry.kind == "push"]


def test_a_server_that_lost_its_devices_asks_for_a_new_token(tmp_path: Path) -> None:
    house = House(watched=10, home=tmp_path)
    house.brain.sync()
    house.to_next_push()
    house.brain.sync()
    house.constellation.lose_devices()
    house.to_next_push()
    with pytest.raises(RefusedError, match="new token") as caught:
        house.brain.sync()
    assert caught.value.code == "unknown_device"
    house.brain.close()
    house.brain = house.open(tmp_path, token=b"u" * 32)
    house.to_next_push()
    assert house.brain.sync().state == "pushed"
    assert _pushes_said(house) == ["acknowledged", "refused: unknown_device", "acknowledged"]
    house.brain.sync()
    assert [path for _, path, _ in house.constellation.asked].count("/v1/enrol") == 2
    house.brain.close()


def test_another_token_enrols_anew_and_gives_up_what_waits(tmp_path: Path) -> None:
    house = House(watched=10, home=tmp_path)
    house.brain.sync()
    house.to_next_push()
    house.constellation.refuse_push = (503, "busy")
    with pytest.raises(NetworkError):
        house.brain.sync()
    house.constellation.refuse_push = None
    house.brain.close()
    house.brain = house.open(tmp_path, token=b"u" * 32)
    house.brain.sync()
    assert house.brain.stats().waiting == 0
    assert _pushes_said(house) == ["not acknowledged, given up: enrolled anew"]
    house.to_next_push()
    assert house.brain.sync().state == "pushed"
    header = decode_push(house.constellation.pushes()[-1]).header
    assert (header.epoch, header.seq) == (2, 1)
    house.brain.close()


def test_a_token_of_before_brings_the_epoch_of_now_and_counts_on(tmp_path: Path) -> None:
    house = House(watched=10, home=tmp_path)
    house.sync_whole_round()
    for token in (b"u" * 32, b"t" * 32):
        house.brain.close()
        house.next_round()
        house.brain = house.open(tmp_path, token=token)
        house.sync_whole_round()
    headers = [decode_push(push).header for push in house.constellation.pushes()]
    assert [(h.epoch, h.seq) for h in headers[::6]] == [(1, 1), (2, 1), (2, 7)]
    house.brain.close()


def test_what_waits_is_sent_when_the_same_epoch_and_key_come_back(tmp_path: Path) -> None:
    house = House(watched=10, home=tmp_path)
    house.brain.sync()
    house.brain.close()
    house.brain = house.open(tmp_path, token=b"u" * 32)
    house.brain.sync()
    house.to_next_push()
    house.constellation.lose_next_answer = True
    with pytest.raises(NetworkError):
        house.brain.sync()
    house.brain.close()
    house.brain = house.open(tmp_path)  # the token of before: answered with the epoch of now
    assert house.brain.sync().state == "pushed"
    assert len(house.constellation.applied) == 1
    house.brain.close()


def test_an_enrolled_television_needs_no_token(tmp_path: Path) -> None:
    house = House(watched=10, home=tmp_path)
    house.brain.sync()
    house.brain.close()
    house.brain = house.open(tmp_path, token=None)
    house.to_next_push()
    assert house.brain.sync().state == "pushed"
    house.brain.close()


def test_a_token_of_somebody_else_is_refused_and_the_identity_stays(tmp_path: Path) -> None:
    house = House(watched=10, home=tmp_path)
    house.brain.sync()
    other = house.open(token=b"u" * 32, seed=2)
    other.consent(True)
    other.sync()
    house.brain.close()
    house.brain = house.open(tmp_path, token=b"u" * 32)
    with pytest.raises(RefusedError) as caught:
        house.brain.sync()
    assert caught.value.code == "bad_token"
    assert "ask the operator for a new token" in str(caught.value)
    assert str(caught.value).count("[bad_token]") == 1
    assert house.brain.ledger()[-1].outcome == "refused: bad_token"
    house.brain.close()
    house.brain = house.open(tmp_path)
    house.to_next_push()
    assert house.brain.sync().state == "pushed"
    house.brain.close()


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (400, "refused", RefusedError),
        (403, "blocked_by_policy", RefusedError),
        (408, "too_slow", RefusedError),
        (403, "no code of ours", NetworkError),
    ],
)
def test_a_refusal_that_is_not_final_keeps_the_push(
    status: int, code: str, error: type[Exception]
) -> None:
    house = House(watched=10)
    house.brain.sync()
    house.to_next_push()
    house.constellation.refuse_push = (status, code)
    with pytest.raises(error):
        house.brain.sync()
    assert (house.brain.stats().waiting, _pushes_said(house)) == (1, ["not acknowledged"])
    house.constellation.refuse_push = None
    assert house.brain.sync().state == "pushed"
    assert len(set(house.constellation.pushes())) == 1


def test_another_worker_key_starts_anew(tmp_path: Path) -> None:
    """Its rounds count from 1, whatever number the worker of before had reached."""
    house = House(watched=10, home=tmp_path)
    for _ in range(3):
        house.next_round()
    house.brain.sync()
    house.to_next_push()
    house.constellation.lose_next_answer = True
    with pytest.raises(NetworkError):
        house.brain.sync()
    assert house.brain.stats().round == 4
    house.brain.close()
    public, secret = signing_pair(b"n" * 32)
    house.constellation = Constellation(CATALOG, opens=house.clock.at, worker_secret=secret)
    house.brain = house.open(tmp_path, worker_public=public, token=b"u" * 32)
    assert house.sync_whole_round() == ["pulled"] + ["pushed"] * 6
    assert house.brain.stats().round == 1
    house.next_round()
    house.brain.sync()
    _older_round(house)
    with pytest.raises(RemoteError) as caught:
        house.brain.sync()
    assert caught.value.code == "old_round"  # and under one key, rounds only grow
    house.brain.close()


def test_a_television_without_a_constellation_says_so() -> None:
    brain = open_brain(CATALOG)
    brain.consent(True)
    with pytest.raises(InputError, match="constellation"):
        brain.sync()


def test_another_worker_than_the_pinned_one_is_named_as_what_it_may_be() -> None:
    house = House()
    _wrong_signature(house)
    with pytest.raises(RemoteError, match=r"is --worker-key the key .* \[bad_signature\]$"):
        house.brain.sync()


class _Elsewhere(Constellation):
    """A server of another kind: the same page to whatever is asked."""

    status = 200

    def request(self, method: str, path: str, body: bytes = b"", *, limit: int) -> Response:
        return Response(self.status, b"<html>welcome</html>")


@pytest.mark.parametrize(
    ("status", "error"),
    [(200, RemoteError), (302, NetworkError), (404, NetworkError), (501, NetworkError)],
)
def test_a_server_that_is_no_constellation_is_asked_after(
    status: int, error: type[Exception]
) -> None:
    house = House()
    elsewhere = _Elsewhere(CATALOG, opens=NOW)
    elsewhere.status = status
    brain = open_brain(CATALOG, transport=elsewhere, worker_public=WORKER_PUBLIC)
    brain.consent(True)
    with pytest.raises(error, match=r"is this a constellation\?"):
        brain.sync()
    assert house.brain.sync().state == "pulled"


def test_a_refusal_says_its_code_once() -> None:
    house = House()
    house.next_round()
    del house.constellation.pages["/v1/pages/1/0"]
    with pytest.raises(RefusedError) as caught:
        house.brain.sync()
    assert str(caught.value).count("not_found") == 1


def _wrong_signature(house: House) -> None:
    _, other = signing_pair(bytes(32))
    house.constellation.raw_manifest = encode_manifest(house.constellation.manifest, other)


def _older_round(house: House) -> None:
    house.constellation.announce(replace(house.constellation.manifest, round=1, basis=0, pages=()))


def _expired(house: House) -> None:
    house.clock.at = house.constellation.manifest.expires


def _other_lineage(house: House) -> None:
    house.constellation.announce(replace(house.constellation.manifest, lineage=b"else"))


def _cut_short(house: House) -> None:
    house.constellation.raw_manifest = house.constellation.raw_manifest[:-1]


@pytest.mark.parametrize(
    ("spoil", "code"),
    [
        (_wrong_signature, "bad_signature"),
        (_older_round, "old_round"),
        (_expired, "expired"),
        (_other_lineage, "wrong_lineage"),
        (_cut_short, "truncated"),
    ],
)
def test_a_manifest_that_is_not_acceptable_changes_nothing(spoil: object, code: str) -> None:
    house = House(watched=5)
    house.brain.sync()
    house.next_round()
    house.brain.sync()
    context = ViewContext(explore=False)
    before = (house.brain.recommend(context), house.brain.stats(), house.brain.ledger())
    assert callable(spoil)
    at = house.clock.at
    spoil(house)
    with pytest.raises(RemoteError) as caught:
        house.brain.sync()
    assert caught.value.code == code
    house.clock.at = at
    assert (house.brain.recommend(context), house.brain.stats(), house.brain.ledger()) == before


def _other_byte(raw: bytes) -> bytes:
    return raw[:30] + bytes((raw[30] ^ 1,)) + raw[31:]


@pytest.mark.parametrize("held_before", [False, True])
def test_a_page_that_is_not_the_named_one_leaves_the_old_round_in_use(held_before: bool) -> None:
    house = House(watched=5)
    if held_before:
        house.next_round()
    house.brain.sync()
    context = ViewContext(explore=False)
    before, stats = house.brain.recommend(context), house.brain.stats()
    house.next_round()
    path = f"/v1/pages/{house.constellation.manifest.basis}/1"
    good = house.constellation.pages[path]
    house.constellation.pages[path] = _other_byte(good)
    with pytest.raises(RemoteError) as caught:
        house.brain.sync()
    assert caught.value.code == "bad_digest"
    assert house.brain.recommend(context) == before
    assert house.brain.stats().round == stats.round
    house.constellation.pages[path] = good
    assert house.brain.sync().pages == 1  # the good page of the first try is kept
    assert house.brain.stats().basis == house.constellation.manifest.basis


def test_a_page_that_another_key_signed_is_refused_though_the_manifest_names_it() -> None:
    house = House()
    house.constellation.next_round(published=10)
    path = "/v1/pages/1/0"
    raw = _other_byte(house.constellation.pages[path])
    house.constellation.pages[path] = raw
    house.constellation.announce(replace(house.constellation.manifest, pages=(digest(raw),)))
    house.clock.at = house.constellation.manifest.opens
    with pytest.raises(RemoteError) as caught:
        house.brain.sync()
    assert caught.value.code == "bad_signature"
    assert house.brain.stats().pages == 0


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"round": 2}, "wrong_round"),
        ({"number": 1}, "wrong_round"),
        ({"lineage": b"else"}, "wrong_lineage"),
    ],
)
def test_a_signed_and_named_page_of_elsewhere_is_refused(wrong: dict[str, Any], code: str) -> None:
    house = House()
    house.constellation.next_round(published=10)
    path = "/v1/pages/1/0"
    page = replace(decode_page(house.constellation.pages[path], WORKER_PUBLIC), **wrong)
    raw = encode_page(page, WORKER_SECRET)
    house.constellation.pages[path] = raw
    house.constellation.announce(replace(house.constellation.manifest, pages=(digest(raw),)))
    house.clock.at = house.constellation.manifest.opens
    with pytest.raises(RemoteError) as caught:
        house.brain.sync()
    assert caught.value.code == code
    assert house.brain.stats().pages == 0
    assert house.brain.stats().round is None


def test_the_first_round_ever_serves_page_by_page() -> None:
    house = House(watched=5)
    house.next_round()
    first = "/v1/pages/1/1"
    missing = house.constellation.pages.pop(first)
    with pytest.raises(RefusedError):
        house.brain.sync()
    listed = house.brain.recommend(ViewContext(limit=100))
    assert {int(one.title_id[1:]) < 71 for one in listed if not one.provisional} == {True}
    assert house.brain.next_push_at() is None  # reports wait for the whole basis
    house.constellation.pages[first] = missing
    assert house.brain.sync().pages == 1


def test_pages_that_are_held_are_not_fetched_again() -> None:
    house = House()
    house.next_round()
    assert house.brain.sync().pages == 2
    again = replace(house.constellation.manifest, round=3)
    house.constellation.announce(again)
    assert house.brain.sync().pages == 0
    assert house.brain.stats().round == 3


def test_a_new_pack_is_announced_and_nothing_else_happens() -> None:
    house = House(watched=5)
    house.constellation.announce(replace(house.constellation.manifest, pack=bytes(32)))
    assert house.brain.sync().state == "new_pack"
    assert house.brain.stats().round is None


def _offer(house: House, raw: bytes) -> None:
    house.constellation.pages[f"/v1/packs/{digest(raw).hex()}"] = raw
    house.constellation.announce(replace(house.constellation.manifest, pack=digest(raw)))


def test_a_new_pack_of_the_lineage_is_fetched_and_used(tmp_path: Path) -> None:
    house = House(watched=5, home=tmp_path)
    raw = encoded_pack(plain_titles(130))
    _offer(house, raw)
    assert house.brain.sync().state == "new_pack"
    assert house.brain.fetch_pack() == raw
    house.brain.close()
    grown = open_brain(
        Catalog.load(raw, CATALOG_PUBLIC),
        clock=house.clock,
        home=tmp_path,
        transport=house.constellation,
        worker_public=WORKER_PUBLIC,
    )
    assert grown.sync().state == "pulled"
    assert (grown.stats().titles, grown.stats().skills) == (130, 5)
    grown.close()


def test_a_pack_that_does_not_belong_here_is_refused() -> None:
    house = House()
    _offer(house, encoded_pack(plain_titles(9), encoder="minilm"))
    with pytest.raises(CatalogError, match="minilm"):
        house.brain.fetch_pack()
    path = f"/v1/packs/{house.constellation.manifest.pack.hex()}"
    house.constellation.pages[path] += b"more"
    with pytest.raises(RemoteError) as caught:
        house.brain.fetch_pack()
    assert caught.value.code == "bad_digest"
    house.brain.consent(False)
    with pytest.raises(ConsentError):
        house.brain.fetch_pack()


@pytest.mark.parametrize(
    ("asked", "own", "noisy"),
    [
        (Dial(fraction=1.0, noise=0.0), Dial(fraction=1.0, noise=0.0), False),
        (Dial(fraction=1.0, noise=0.0), Dial(fraction=1.0, noise=4.0), True),
        (Dial(fraction=1.0, noise=4.0), Dial(fraction=1.0, noise=0.0), True),
    ],
)
def test_the_stricter_dial_counts(asked: Dial, own: Dial, noisy: bool) -> None:
    house = House(watched=30, dial=own)
    house.constellation.announce(replace(house.constellation.manifest, dial=asked))
    house.sync_whole_round()
    lengths = [np.linalg.norm(r.vector) for r in house.constellation.opened() if r is not None]
    assert (min(lengths) > 2.0) if noisy else (max(lengths) < 1.1)


def test_consent_that_is_withdrawn_takes_plan_outbox_and_the_fleet_along() -> None:
    house = House(watched=10)
    house.next_round()
    house.brain.sync()
    house.to_next_push()
    house.constellation.lose_next_answer = True
    with pytest.raises(NetworkError):
        house.brain.sync()
    house.brain.consent(False)
    stats = house.brain.stats()
    assert (stats.waiting, stats.pages, stats.round) == (0, 0, None)
    asked = len(house.constellation.asked)
    assert house.brain.sync().state == "consent_off"
    assert len(house.constellation.asked) == asked
    house.brain.consent(True)
    house.brain.sync()
    assert house.brain.next_push_at() is None  # it has had its say in this round


def test_the_ledger_holds_the_bytes_that_left_and_what_they_said() -> None:
    house = House(watched=10)
    house.sync_whole_round()
    entries = [entry for entry in house.brain.ledger() if entry.kind == "push"]
    assert [entry.sent for entry in entries] == house.constellation.pushes()
    said = [
        envelope["title"]
        for entry in entries
        for envelope in entry.content["envelopes"]
        if envelope["kind"] == "skill"
    ]
    opened = [r.index for r in house.constellation.opened() if r is not None]
    assert [CATALOG.index_of(title) for title in said] == opened


def test_a_page_beyond_the_catalogue_is_refused() -> None:
    clock = FakeClock(NOW)
    small = Catalog.load(encoded_pack(plain_titles(50)), CATALOG_PUBLIC)
    constellation = Constellation(small, opens=NOW)
    constellation.next_round(published=60)
    clock.at = constellation.manifest.opens
    brain = open_brain(small, clock=clock, transport=constellation, worker_public=WORKER_PUBLIC)
    brain.consent(True)
    with pytest.raises(RemoteError) as caught:
        brain.sync()
    assert caught.value.code == "bad_value"
    assert brain.recommend()


def _say_twice(house: House) -> None:
    """Let the second page of the round name the titles of the first one."""
    constellation = house.constellation
    basis = constellation.manifest.basis
    first, second = (f"/v1/pages/{basis}/{number}" for number in (0, 1))
    page = decode_page(constellation.pages[first], WORKER_PUBLIC)
    raw = encode_page(replace(page, number=1), WORKER_SECRET)
    constellation.pages[second] = raw
    digests = (constellation.manifest.pages[0], digest(raw))
    constellation.announce(replace(constellation.manifest, pages=digests))


@pytest.mark.parametrize("held_before", [False, True])
def test_pages_that_name_one_title_twice_leave_the_old_round_in_use(held_before: bool) -> None:
    house = House(watched=5)
    if held_before:
        house.next_round()
        house.brain.sync()
    context = ViewContext(explore=False)
    before, stats = house.brain.recommend(context), house.brain.stats()
    house.next_round()
    _say_twice(house)
    for _ in range(2):
        with pytest.raises(RemoteError) as caught:
            house.brain.sync()
        assert caught.value.code == "bad_value"
        assert house.brain.recommend(context) == before
        assert (house.brain.stats().round, house.brain.stats().basis) == (stats.round, stats.basis)
    house.next_round()  # and the worker's next round is taken
    assert house.brain.sync().state == "pulled"
    assert house.brain.stats().pages == 2
