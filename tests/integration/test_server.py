"""The server over HTTP: what it takes, what it refuses, and that a refusal stores nothing."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from exogenesis.constellation.routes import bodies
from exogenesis.errors import StorageError
from exogenesis.wire.enrol import EnrolRequest, device_id, encode_request
from exogenesis.wire.fields import digest, signing_pair
from tests.support.server import (
    CATALOG_PUBLIC,
    ROUND_S,
    START_S,
    Client,
    Rig,
    Television,
    close_order,
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rig]:
    rig = Rig(tmp_path_factory.mktemp("shared"))
    with rig.serving():
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
        yield rig


@pytest.fixture
def rig(shared: Rig) -> Rig:
    """A server with round 1 open, which the tests share: they may not close the round."""
    shared.now_s = START_S
    return shared


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Rig]:
    """A server with round 1 open, of this test alone."""
    rig = Rig(tmp_path)
    with rig.serving():
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
        yield rig


def test_a_push_is_stored_once_and_known_afterwards(rig: Rig) -> None:
    television = rig.television()
    raw = television.push(rig.manifest(), [3])
    assert rig.client.push(raw).json == {"state": "stored"}
    before = rig.stored()
    assert rig.client.push(raw).json == {"state": "known"}
    assert rig.stored() == before


Break = Callable[[Rig, Television], bytes]


def _patched(raw: bytes, at: int, value: bytes) -> bytes:
    return raw[:at] + value + raw[at + len(value) :]


def _of_nobody(rig: Rig, television: Television) -> bytes:
    stranger = Television(99, device=bytes(16), epoch=1, key=bytes(32))
    return stranger.push(rig.manifest())


def _of_another_epoch(rig: Rig, television: Television) -> bytes:
    television.epoch += 1
    return television.push(rig.manifest())


REFUSED_PUSHES: dict[str, tuple[int, str, Break]] = {
    "empty": (400, "truncated", lambda rig, tv: b""),
    "cut short": (400, "truncated", lambda rig, tv: tv.push(rig.manifest())[:-1]),
    "one byte more": (413, "oversized", lambda rig, tv: tv.push(rig.manifest()) + b"\0"),
    "a megabyte": (413, "oversized", lambda rig, tv: bytes(1 << 20)),
    "magic": (400, "bad_magic", lambda rig, tv: _patched(tv.push(rig.manifest()), 0, b"EXOZ")),
    "version": (400, "bad_version", lambda rig, tv: _patched(tv.push(rig.manifest()), 4, b"\2")),
    "count": (400, "bad_count", lambda rig, tv: _patched(tv.push(rig.manifest()), 5, b"\6")),
    "an envelope": (401, "bad_mac", lambda rig, tv: _patched(tv.push(rig.manifest()), 99, b"??")),
    "another key": (401, "bad_mac", lambda rig, tv: tv.push(rig.manifest(), key=b"k" * 32)),
    "epoch": (
        401,
        "bad_mac",
        lambda rig, tv: _patched(tv.push(rig.manifest()), 22, struct.pack("<I", 7)),
    ),
    "another epoch under the right key": (401, "bad_mac", _of_another_epoch),
    "nobody": (403, "unknown_device", _of_nobody),
    "next round": (409, "unknown_round", lambda rig, tv: tv.push(rig.manifest(), round=2)),
}


@pytest.mark.parametrize("what", REFUSED_PUSHES)
def test_a_bad_push_is_refused_and_stores_nothing(rig: Rig, what: str) -> None:
    status, code, broken = REFUSED_PUSHES[what]
    television = rig.television()
    raw = broken(rig, television)
    before = rig.stored()
    answer = rig.client.push(raw)
    assert (answer.status, answer.code) == (status, code)
    assert f"[{code}]" not in answer.json["message"]  # the reader adds it, once
    assert rig.stored() == before


def test_a_body_without_declared_length_is_cut_off(rig: Rig) -> None:
    answer = rig.client.push(iter([bytes(700), bytes(700)]))
    assert (answer.status, answer.code) == (413, "oversized")


@pytest.mark.parametrize("shift_s", [-1, ROUND_S + 1])
def test_a_push_outside_the_round_s_time_is_refused(rig: Rig, shift_s: int) -> None:
    television = rig.television()
    raw = television.push(rig.manifest())
    before = rig.stored()
    rig.now_s += shift_s
    answer = rig.client.push(raw)
    assert (answer.status, answer.code) == (409, "round_closed")
    assert rig.stored() == before


def test_other_bytes_under_a_used_number_are_refused(rig: Rig) -> None:
    television = rig.television()
    assert rig.client.push(television.push(rig.manifest())).status == 200
    before = rig.stored()
    answer = rig.client.push(television.push(rig.manifest(), seq=1))
    assert (answer.status, answer.code) == (409, "seq_reused")
    assert rig.stored() == before


def test_a_device_has_six_pushes_a_round(rig: Rig) -> None:
    television = rig.television()
    pushes = [television.push(rig.manifest()) for _ in range(7)]
    answers = [rig.client.push(raw).status for raw in pushes[:6]]
    assert answers == [200] * 6
    before = rig.stored()
    answer = rig.client.push(pushes[6])
    assert (answer.status, answer.code) == (429, "budget_spent")
    assert rig.client.push(pushes[0]).json == {"state": "known"}
    assert rig.stored() == before


def test_when_too_many_wait_the_next_is_told_to_come_back(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    with rig.serving(waiting_max=0):
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
        television = rig.television()
        answer = rig.client.push(television.push(rig.manifest()))
    assert (answer.status, answer.code) == (503, "busy")
    assert int(answer.headers["retry-after"]) > 0


def test_enrolment_gives_the_id_of_the_device_key_and_the_first_epoch(rig: Rig) -> None:
    television = rig.television()
    public, _ = signing_pair(television.secret("sign"))
    assert television.device == device_id(public)
    assert television.epoch == 1


def test_a_lost_answer_to_an_enrolment_can_be_asked_for_again(rig: Rig) -> None:
    (token,) = rig.tokens(1)
    television = rig.stranger()
    first = rig.client.request("POST", "/v1/enrol", television.enrolment(token))
    again = rig.client.request("POST", "/v1/enrol", television.enrolment(token))
    assert first.status == again.status == 200
    assert first.body == again.body


def test_enrolling_again_starts_a_new_epoch(rig: Rig) -> None:
    television = rig.stranger()
    for token in rig.tokens(2):
        television.enrol(rig.client, token)
    assert television.epoch == 2
    assert rig.client.push(television.push(rig.manifest())).status == 200


def _spent(rig: Rig) -> bytes:
    (token,) = rig.tokens(1)
    rig.stranger().enrol(rig.client, token)
    return rig.stranger().enrolment(token)


def _expired(rig: Rig) -> bytes:
    (token,) = rig.tokens(1)
    rig.now_s += ROUND_S
    return rig.stranger().enrolment(token)


def _low_order(rig: Rig) -> bytes:
    (token,) = rig.tokens(1)
    public, secret = signing_pair(bytes(32))
    request = EnrolRequest(token=token, sign_public=public, box_public=bytes(32))
    return encode_request(request, secret)


def _flipped(raw: bytes) -> bytes:
    """The same bytes with one bit of the last one turned."""
    return raw[:-1] + bytes([raw[-1] ^ 1])


REFUSED_ENROLMENTS: dict[str, tuple[int, str, Callable[[Rig], bytes]]] = {
    "unknown token": (403, "bad_token", lambda rig: rig.stranger().enrolment(b"t" * 32)),
    "spent token": (403, "bad_token", _spent),
    "expired token": (403, "bad_token", _expired),
    "signature": (
        400,
        "bad_signature",
        lambda rig: _flipped(rig.stranger().enrolment(rig.tokens(1)[0])),
    ),
    "cut short": (400, "truncated", lambda rig: rig.stranger().enrolment(b"t" * 32)[:-1]),
    "too long": (413, "oversized", lambda rig: rig.stranger().enrolment(b"t" * 32) + b"\0"),
    "magic": (400, "bad_magic", lambda rig: bytes(165)),
    "key of low order": (400, "bad_key", _low_order),
}


@pytest.mark.parametrize("what", REFUSED_ENROLMENTS)
def test_a_bad_enrolment_is_refused_and_stores_nothing(rig: Rig, what: str) -> None:
    status, code, make = REFUSED_ENROLMENTS[what]
    raw = make(rig)
    before = rig.stored()
    answer = rig.client.request("POST", "/v1/enrol", raw)
    assert (answer.status, answer.code) == (status, code)
    assert rig.stored() == before


def test_the_close_order_hands_the_round_over(own: Rig) -> None:
    televisions = own.televisions(3)
    for television in televisions:
        raw = television.push(own.manifest(), [1])
        assert own.client.push(raw).status == 200
    answer = own.client.request("POST", "/v1/close", close_order(1))
    assert answer.json == {"devices": 3, "envelopes": 21}
    assert not list(own.home.glob("intake-*"))
    before = own.stored()
    assert own.client.request("POST", "/v1/close", close_order(1)).json == answer.json
    late = own.client.push(televisions[0].push(own.manifest()))
    assert (late.status, late.code) == (409, "round_closed")
    assert own.stored() == before


def test_a_closed_round_stays_closed_after_a_restart(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    with rig.serving():
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
        television = rig.television()
        counts = rig.client.request("POST", "/v1/close", close_order(1)).json
    with rig.serving():
        answer = rig.client.push(television.push(rig.manifest()))
        assert (answer.status, answer.code) == (409, "round_closed")
        assert rig.client.request("POST", "/v1/close", close_order(1)).json == counts


@pytest.mark.parametrize(
    ("order", "status", "code"),
    [
        (close_order(1, signing_pair(b"x" * 32)[1]), 400, "bad_signature"),
        (close_order(1)[:-1], 400, "truncated"),
        (close_order(1) + b"\0", 413, "oversized"),
        (bytes(81), 400, "bad_magic"),
        (close_order(2), 409, "unknown_round"),
    ],
)
def test_a_bad_close_order_is_refused(rig: Rig, order: bytes, status: int, code: str) -> None:
    before = rig.stored()
    answer = rig.client.request("POST", "/v1/close", order)
    assert (answer.status, answer.code) == (status, code)
    assert rig.stored() == before


def test_pushes_that_race_the_close_are_in_the_pool_or_refused(own: Rig) -> None:
    televisions = own.televisions(24)
    raws = [tv.push(own.manifest(), [1]) for tv in televisions for _ in range(3)]
    acknowledged: list[int] = []
    refused: list[str] = []
    under_way = threading.Event()

    def push_some(mine: list[bytes]) -> None:
        for raw in mine:
            answer = own.client.push(raw)
            if answer.status == 200:
                acknowledged.append(1)
                if len(acknowledged) >= 10:
                    under_way.set()
            else:
                refused.append(answer.code)

    threads = [threading.Thread(target=push_some, args=(raws[i::6],)) for i in range(6)]
    for thread in threads:
        thread.start()
    assert under_way.wait(20)
    counts = own.client.request("POST", "/v1/close", close_order(1)).json
    for thread in threads:
        thread.join()
    assert counts["envelopes"] == 7 * len(acknowledged)
    assert set(refused) <= {"round_closed"}
    assert len(acknowledged) + len(refused) == len(raws)


def test_the_signed_files_are_served_with_their_caching_rules(own: Rig) -> None:
    for television in own.televisions(2):
        raw = television.push(own.manifest(), [1, 2])
        assert own.client.push(raw).status == 200
    assert own.client.get("/v1/pages/1/0").status == 404
    assert own.worker().step(own.pack, CATALOG_PUBLIC).titles == 2
    manifest = own.client.get("/v1/manifest")
    page = own.client.get("/v1/pages/1/0")
    pack = own.client.get(f"/v1/packs/{digest(own.pack).hex()}")
    assert digest(page.body) == own.manifest().pages[0]
    assert pack.body == own.pack
    assert "immutable" in page.headers["cache-control"]
    assert "immutable" in pack.headers["cache-control"]
    tag = manifest.headers["etag"]
    again = own.client.request("GET", "/v1/manifest", headers={"If-None-Match": tag})
    assert (again.status, again.body) == (304, b"")
    assert own.client.get("/v1/health").json == {"status": "ok", "round": 2}


@pytest.mark.parametrize(
    "path",
    [
        "/v1/pages/1/0",
        "/v1/pages/0/0",
        "/v1/pages/1/4096",
        "/v1/pages/1/99999999999999999999999999",
        "/v1/pages/-1/0",
        "/v1/pages/1/01",
        "/v1/pages/../manifest",
        "/v1/pages/1/..%2f..%2fmanifest",
        "/v1/pages/..%2f..%2f..%2f..%2fserver/devices.db",
        "/v1/packs/" + "0" * 64,
        "/v1/packs/..%2f..%2fmanifest",
        "/v1/packs/" + "0" * 63,
        "/v1/packs/%00",
        "/../server/devices.db",
        "/",
    ],
)
def test_what_is_not_there_is_not_found(rig: Rig, path: str) -> None:
    answer = rig.client.get(path)
    assert (answer.status, answer.code) == (404, "not_found")


def test_a_wrong_method_is_named(rig: Rig) -> None:
    answer = rig.client.get("/v1/push")
    assert (answer.status, answer.code) == (405, "bad_method")


def test_before_the_first_round_there_is_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    with rig.serving():
        assert rig.client.get("/v1/manifest").code == "not_found"
        assert rig.client.get("/v1/health").json == {"status": "ok", "round": 0}


def test_a_manifest_that_the_pinned_worker_did_not_sign_is_not_used(rig: Rig) -> None:
    path = rig.exchange / "public" / "manifest"
    good = path.read_bytes()
    assert rig.client.get("/v1/manifest").body == good
    path.write_bytes(good[:-1] + bytes([good[-1] ^ 1]))
    assert rig.client.get("/v1/manifest").body == good
    path.write_bytes(good)


def test_two_servers_do_not_share_a_home(rig: Rig) -> None:
    with pytest.raises(StorageError, match="another server"), Rig(rig.root).serving():
        pass


def test_a_client_that_hangs_up_harms_nobody(rig: Rig, capfd: pytest.CaptureFixture[str]) -> None:
    with socket.create_connection(("127.0.0.1", rig.client.port)) as half:
        half.sendall(b"POST /v1/push HTTP/1.1\r\nHost: x\r\nContent-Length: 981\r\n\r\nEXOP")
    assert Client(rig.client.port).request("GET", "/v1/health").status == 200
    assert "Traceback" not in capfd.readouterr().err


def test_a_body_that_does_not_come_is_not_waited_for(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "BODY_TIMEOUT_S", 0.01)
    with socket.create_connection(("127.0.0.1", rig.client.port), timeout=20) as half:
        half.sendall(b"POST /v1/push HTTP/1.1\r\nHost: x\r\nContent-Length: 981\r\n\r\nEXOP")
        assert half.recv(12) == b"HTTP/1.1 408"
