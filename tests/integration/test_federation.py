"""Rounds from push to page, through a server and a worker with two sets of keys."""

from __future__ import annotations

import itertools
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw
import nacl.bindings
import nacl.exceptions
import pytest

from exogenesis import disk
from exogenesis.constellation import exchange
from exogenesis.constellation.exchange import Public
from exogenesis.constellation.federation import worker as worker_module
from exogenesis.constellation.federation.opening import Opener, open_pool
from exogenesis.constellation.federation.worker import RoundSettings
from exogenesis.constellation.store import pool as pool_module
from exogenesis.constellation.store.pool import PoolFolder
from exogenesis.errors import (
    InputError,
    NetworkError,
    RefusedError,
    RemoteError,
    StorageError,
)
from exogenesis.wire.envelope import ENVELOPE_BYTES
from exogenesis.wire.fields import digest
from exogenesis.wire.page import decode_page
from tests.support.server import (
    CATALOG_PUBLIC,
    ROUND_S,
    SERVER_SECRET,
    WORKER_PUBLIC,
    Rig,
    Television,
    close_order,
    make_pack,
)


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    """A server with round 1 open."""
    rig = Rig(tmp_path)
    with rig.serving():
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
        yield rig


def push_titles(rig: Rig, televisions: list[Television], titles: list[int]) -> None:
    for television in televisions:
        answer = rig.client.push(television.push(rig.manifest(), titles))
        assert answer.json == {"state": "stored"}


def test_the_first_step_publishes_the_pack_and_opens_round_one(rig: Rig) -> None:
    manifest = rig.manifest()
    assert (manifest.round, manifest.basis, manifest.pages, manifest.fleet) == (1, 0, (), 0)
    assert manifest.pack == digest(rig.pack)
    assert manifest.closes - manifest.opens == ROUND_S
    assert (manifest.k, manifest.dial) == (rig.settings.k, rig.settings.dial)


def test_a_round_becomes_pages_in_popularity_order(rig: Rig) -> None:
    televisions = rig.televisions(4)
    push_titles(rig, televisions, [7])
    push_titles(rig, televisions[:3], [5, 9])
    push_titles(rig, televisions[:1], [11])
    rig.now_s += ROUND_S
    result = rig.worker().step(rig.pack, CATALOG_PUBLIC)
    assert (result.closed, result.opened, result.devices) == (1, 2, 4)
    assert (result.envelopes, result.reports, result.titles, result.pages) == (56, 11, 3, 1)
    manifest = rig.manifest()
    assert (manifest.round, manifest.basis, manifest.fleet) == (2, 1, 4)
    raw = rig.client.get("/v1/pages/1/0").body
    assert manifest.pages == (digest(raw),)
    page = decode_page(raw, WORKER_PUBLIC)
    assert page.rows.indices.tolist() == [7, 5, 9]
    push_titles(rig, televisions, [7])


def test_many_titles_fill_pages_of_71(tmp_path: Path) -> None:
    rig = Rig(tmp_path, pack=make_pack(150))
    with rig.serving():
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
        televisions = rig.televisions(8)
        for group, at in itertools.product(range(4), range(6)):
            titles = [42 * group % 150 + 7 * at + i for i in range(7)]
            push_titles(rig, televisions[2 * group : 2 * group + 2], [t % 150 for t in titles])
        result = rig.worker().step(rig.pack, CATALOG_PUBLIC)
    counts = [
        len(decode_page(path.read_bytes(), WORKER_PUBLIC).rows.indices)
        for path in sorted((rig.exchange / "public/pages/1").iterdir())
    ]
    assert result.titles == 150
    assert counts == [71, 71, 8]


def test_more_titles_than_a_round_can_publish_are_not_cut_off_silently(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    televisions = rig.televisions(3)
    push_titles(rig, televisions, [1])
    push_titles(rig, televisions[:2], [2, 3])
    monkeypatch.setattr(worker_module, "PAGES_MAX", 1)
    monkeypatch.setattr(worker_module, "PAGE_ROWS_MAX", 2)
    before = rig.manifest()
    with pytest.raises(InputError, match=r"3 titles reached k = 2, .* at most 2: .* higher k"):
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
    assert rig.manifest().round_public == before.round_public
    rig.settings = RoundSettings(length_s=ROUND_S, k=3)
    assert rig.worker().step(rig.pack, CATALOG_PUBLIC).titles == 1


def test_a_round_stays_open_until_its_time_is_up(rig: Rig) -> None:
    rig.now_s += ROUND_S - 61
    before = rig.stored()
    with pytest.raises(InputError, match=r"round 1 is open for another 0 h 2 min: .* --now"):
        rig.worker().step(rig.pack, CATALOG_PUBLIC, early=False)
    assert rig.stored() == before
    rig.now_s += 61
    assert rig.worker().step(rig.pack, CATALOG_PUBLIC, early=False).closed == 1


def test_what_a_crash_left_of_a_round_is_gone_at_the_next_call(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The crash comes between the new manifest and the deletion of the old round."""
    half_made = rig.worker_home / ".round-1.key.4711.part"
    half_made.write_text("a secret under a second name")

    def stops(worker: worker_module.Worker, round: int) -> None:
        raise Crash

    with monkeypatch.context() as patch, suppress(Crash):
        patch.setattr(worker_module.Worker, "_delete_round", stops)
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
    assert (rig.worker_home / "round-1.key").exists()
    with pytest.raises(InputError, match="round 2 is open"):
        rig.worker().step(rig.pack, CATALOG_PUBLIC, early=False)
    assert {path.name for path in rig.worker_home.iterdir()} == {"lock", "round-2.key"}
    assert not list((rig.exchange / "pool").glob("round-1*"))


def test_a_round_that_says_nothing_keeps_the_pages_of_before(rig: Rig) -> None:
    televisions = rig.televisions(2)
    push_titles(rig, televisions, [1])
    rig.worker().step(rig.pack, CATALOG_PUBLIC)
    spoken = rig.manifest()
    push_titles(rig, televisions[:1], [2])
    result = rig.worker().step(rig.pack, CATALOG_PUBLIC)
    silent = rig.manifest()
    assert (result.titles, silent.round, silent.basis) == (0, 3, 1)
    assert (silent.pages, silent.fleet) == (spoken.pages, spoken.fleet)
    assert silent.sigma.tolist() == spoken.sigma.tolist()
    assert rig.client.get("/v1/pages/1/0").status == 200


def test_pages_of_rounds_long_gone_are_deleted(rig: Rig) -> None:
    televisions = rig.televisions(2)
    for _ in range(3):
        push_titles(rig, televisions, [1])
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
    assert sorted(p.name for p in (rig.exchange / "public/pages").iterdir()) == ["2", "3"]


def test_equal_ciphertexts_count_once(rig: Rig) -> None:
    push_titles(rig, rig.televisions(1), [1])
    rig.client.request("POST", "/v1/close", close_order(1))
    db = apsw.Connection(str(PoolFolder(rig.exchange).path(1)))
    copy = "INSERT INTO envelope SELECT randomblob(16), bucket, sealed FROM envelope"
    db.execute(copy)
    db.close()
    result = rig.worker().step(rig.pack, CATALOG_PUBLIC)
    assert (result.envelopes, result.reports, result.titles) == (14, 1, 0)


def test_opening_in_two_processes_gives_the_same_reports(rig: Rig) -> None:
    push_titles(rig, rig.televisions(3), [1, 2])
    manifest = rig.manifest()
    secret = bytes.fromhex((rig.worker_home / "round-1.key").read_text())
    rig.client.request("POST", "/v1/close", close_order(1))
    opener = Opener(
        public=manifest.round_public,
        secret=secret,
        lineage=manifest.lineage,
        round=1,
        titles=40,
        buckets=1,
    )
    pools = PoolFolder(rig.exchange)
    alone = open_pool(pools.chunks(1, 100), opener)
    together = open_pool(pools.chunks(1, 4), opener, processes=2)
    assert alone.indices.tolist() == together.indices.tolist()
    assert alone.codes.tolist() == together.codes.tolist()
    assert sorted(alone.indices.tolist()) == [1, 1, 1, 2, 2, 2]


# --- who knows what -------------------------------------------------------------------


def held_by(rig: Rig) -> set[bytes]:
    """Every value of 32 bytes or more in a file or a database row of the server, cut to 32."""
    (rig.home / "enrol.key").write_text(SERVER_SECRET.hex())
    values = {bytes.fromhex(path.read_text()) for path in rig.home.glob("*.key")}
    for rows in rig.stored().values():
        values |= {value for row in rows for value in row if isinstance(value, bytes)}
    values.add((rig.exchange / "public" / "manifest").read_bytes()[73:105])
    return {value[:32] for value in values if len(value) >= 32}


def opens(envelope: bytes, public: bytes, secret: bytes) -> bool:
    try:
        nacl.bindings.crypto_box_seal_open(envelope, public, secret)
    except nacl.exceptions.CryptoError:
        return False
    return True


def test_nothing_the_server_holds_opens_an_envelope(rig: Rig) -> None:
    push_titles(rig, rig.televisions(2), [1])
    public = rig.manifest().round_public
    secret = bytes.fromhex((rig.worker_home / "round-1.key").read_text())
    held = held_by(rig)
    assert len(held) > 4
    assert all(
        secret not in path.read_bytes() and secret.hex().encode() not in path.read_bytes()
        for folder in (rig.home, rig.exchange)
        for path in folder.rglob("*")
        if path.is_file()
    )
    for chunk in _closed(rig).chunks(1, 100):
        for sealed in chunk.sealed:
            assert opens(sealed, public, secret)
            assert not any(opens(sealed, public, key) for key in held)


def _closed(rig: Rig) -> PoolFolder:
    assert rig.client.request("POST", "/v1/close", close_order(1)).status == 200
    return PoolFolder(rig.exchange)


def test_nothing_the_worker_can_read_names_a_device(rig: Rig) -> None:
    televisions = rig.televisions(60)
    push_titles(rig, televisions, [1])
    in_the_intake = (rig.home / "intake-1.db").read_bytes() + (
        rig.home / "intake-1.db-wal"
    ).read_bytes()
    assert all(television.device in in_the_intake for television in televisions)
    _closed(rig)
    readable = b"".join(
        path.read_bytes()
        for folder in (rig.exchange, rig.worker_home)
        for path in folder.rglob("*")
        if path.is_file()
    )
    for television in televisions:
        assert television.device not in readable
        assert television.device.hex().encode() not in readable.lower()
    assert not list(rig.home.glob("intake-*"))


def test_a_pool_holds_bucket_and_envelope_in_random_order(rig: Rig) -> None:
    televisions = rig.televisions(2)
    pushed = []
    for television in televisions:
        raw = television.push(rig.manifest(), [1])
        rig.client.push(raw)
        pushed += [raw[at : at + ENVELOPE_BYTES] for at in range(46, 949, ENVELOPE_BYTES)]
    pools = _closed(rig)
    read = [sealed for chunk in pools.chunks(1, 5) for sealed in chunk.sealed]
    assert sorted(read) == sorted(pushed)
    assert read != pushed
    db = apsw.Connection(str(pools.path(1)), flags=apsw.SQLITE_OPEN_READONLY)
    columns = {
        table: [row[1] for row in db.execute(f"PRAGMA table_info({table})")]
        for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
    }
    assert columns == {
        "meta": ["round", "buckets", "devices"],
        "envelope": ["key", "bucket", "sealed"],
    }


def test_secrets_are_for_their_owner_and_gone_after_the_round(rig: Rig) -> None:
    mode = (rig.worker_home / "round-1.key").stat().st_mode
    assert stat.S_IMODE(mode) == 0o600
    assert stat.S_IMODE(rig.worker_home.stat().st_mode) == 0o700
    assert stat.S_IMODE(rig.home.stat().st_mode) == 0o700
    rig.worker().step(rig.pack, CATALOG_PUBLIC)
    assert [path.name for path in rig.worker_home.glob("*.key")] == ["round-2.key"]
    assert PoolFolder(rig.exchange).rounds() == []


# --- crashes --------------------------------------------------------------------------


class Crash(BaseException):
    """The machine stops here."""


def crash_at(step: int, after: bool, patch: pytest.MonkeyPatch) -> list[int]:
    """Let every durable step happen but the ``step``-th, before or after which all ends."""
    taken: list[int] = []

    def crashing(work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kw: Any) -> Any:
            taken.append(1)
            if len(taken) == step and not after:
                raise Crash
            result = work(*args, **kw)
            if len(taken) == step:
                raise Crash
            return result

        return run

    patch.setattr(exchange, "replace_file", crashing(disk.replace_file))
    patch.setattr(worker_module, "remove", crashing(disk.remove))
    patch.setattr(worker_module, "keep_secret", crashing(disk.keep_secret))
    patch.setattr(PoolFolder, "delete", crashing(PoolFolder.delete))
    patch.setattr(worker_module.Worker, "_order_close", crashing(worker_module.Worker._order_close))
    return taken


@pytest.mark.parametrize("after", [False, True])
def test_a_worker_that_crashes_at_any_step_opens_one_next_round(rig: Rig, after: bool) -> None:
    """One round after the other, each with a crash one step later than the one before."""
    televisions = rig.televisions(3)
    published: dict[int, set[bytes]] = {}

    def note() -> None:
        published.setdefault(rig.manifest().round, set()).add(
            Public(rig.exchange).manifest_path.read_bytes()
        )

    note()
    for step in itertools.count(1):
        round_ = rig.manifest().round
        push_titles(rig, televisions, [1, 2])
        rig.now_s += 60
        with pytest.MonkeyPatch.context() as patch:
            taken = crash_at(step, after, patch)
            with suppress(Crash):
                rig.worker().step(rig.pack, CATALOG_PUBLIC)
        note()
        rig.now_s += 60
        if rig.manifest().round == round_:
            assert rig.client.get(f"/v1/pages/{round_}/0").status == 404
            result = rig.worker().step(rig.pack, CATALOG_PUBLIC)
            assert (result.closed, result.devices, result.titles) == (round_, 3, 2)
        note()
        assert rig.manifest().round == round_ + 1
        assert rig.manifest().basis == round_
        page = rig.client.get(f"/v1/pages/{round_}/0").body
        assert rig.manifest().pages == (digest(page),)
        if len(taken) < step:
            break
    assert step > 6
    assert all(len(manifests) == 1 for manifests in published.values())
    rig.worker().step(rig.pack, CATALOG_PUBLIC)
    assert len(list(rig.worker_home.glob("round-*.key"))) == 1
    assert PoolFolder(rig.exchange).rounds() == []


@pytest.mark.parametrize("step", ["pool", "finish", "delete"])
def test_a_server_that_crashes_while_closing_loses_nothing(tmp_path: Path, step: str) -> None:
    from exogenesis.constellation import inbox
    from exogenesis.constellation.store.rounds import ClosedRounds

    rig = Rig(tmp_path)
    with rig.serving():
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
        televisions = rig.televisions(3)
        push_titles(rig, televisions, [1])

        def fails(*args: Any, **kw: Any) -> Any:
            raise StorageError("the machine stops here")

        with pytest.MonkeyPatch.context() as patch:
            match step:
                case "pool":
                    patch.setattr(pool_module, "adopt", fails)
                case "finish":
                    patch.setattr(ClosedRounds, "finish", fails)
                case _:
                    patch.setattr(inbox, "delete_intake", fails)
            with pytest.raises(RefusedError):
                rig.worker().step(rig.pack, CATALOG_PUBLIC)
    with rig.serving():
        late = rig.client.push(televisions[0].push(rig.manifest(), [2]))
        assert late.code == "round_closed"
        result = rig.worker().step(rig.pack, CATALOG_PUBLIC)
    assert (result.devices, result.envelopes, result.reports) == (3, 21, 3)
    assert not list(rig.home.glob("intake-*"))


# --- refusals -------------------------------------------------------------------------


def test_a_server_that_does_not_answer_changes_nothing(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    with rig.serving():
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
    before = rig.manifest()
    with pytest.raises(NetworkError):
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
    assert rig.manifest().round_public == before.round_public


def test_a_pack_of_another_lineage_is_refused(rig: Rig) -> None:
    with pytest.raises(InputError, match="lineage"):
        rig.worker().step(make_pack(lineage=b"else"), CATALOG_PUBLIC)
    assert rig.manifest().round == 1


def test_a_pack_that_moves_titles_is_refused(rig: Rig) -> None:
    for other in (make_pack(first="x"), make_pack(39)):
        with pytest.raises(InputError, match="appended"):
            rig.worker().step(other, CATALOG_PUBLIC)
    assert rig.manifest().round == 1


def test_a_pack_with_appended_titles_comes_with_the_next_round(rig: Rig) -> None:
    longer = make_pack(50)
    rig.worker().step(longer, CATALOG_PUBLIC)
    assert rig.manifest().pack == digest(longer)
    assert rig.client.get(f"/v1/packs/{digest(longer).hex()}").body == longer


def test_a_lost_round_secret_is_named(rig: Rig) -> None:
    (rig.worker_home / "round-1.key").write_text(os.urandom(32).hex())
    with pytest.raises(StorageError, match="secret of round 1"):
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
    assert rig.manifest().round == 1


def test_two_workers_do_not_share_a_home(rig: Rig) -> None:
    lock = disk.FolderLock(rig.worker_home, "worker")
    with pytest.raises(StorageError, match="another worker"):
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
    lock.release()


@pytest.mark.parametrize("wrong", [{"length_s": 0}, {"k": 0}, {"k": 1 << 16}, {"processes": 0}])
def test_settings_that_no_manifest_can_say_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=next(iter(wrong))):
        RoundSettings(**wrong)


def test_a_damaged_pool_is_reported(rig: Rig) -> None:
    rig.client.request("POST", "/v1/close", close_order(1))
    PoolFolder(rig.exchange).path(1).write_bytes(b"no database")
    with pytest.raises((StorageError, RemoteError)):
        rig.worker().step(rig.pack, CATALOG_PUBLIC)
    assert rig.manifest().round == 1
