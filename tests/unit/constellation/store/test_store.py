"""The databases of the server through their own doors."""

from __future__ import annotations

import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest

from exogenesis.constellation.store.devices import DAY_S, Devices
from exogenesis.constellation.store.intake import Intake, delete_intake, intake_path
from exogenesis.constellation.store.pool import PoolFolder, bucket_count, bucket_of
from exogenesis.constellation.store.rounds import ClosedRounds, RoundCounts
from exogenesis.errors import RemoteError, StorageError
from exogenesis.wire.enrol import EnrolRequest, device_id
from exogenesis.wire.envelope import ENVELOPE_BYTES
from exogenesis.wire.push import Push, PushHeader, decode_push, encode_push

DAY = 20_000
NOW = DAY * DAY_S + 5


def a_push(seq: int, device: bytes = b"d" * 16, fill: bytes = b"e") -> Push:
    header = PushHeader(device=device, epoch=1, seq=seq, round=1, sent_at=NOW)
    return decode_push(encode_push(header, [fill * ENVELOPE_BYTES] * 7, bytes(32)))


def request(token: bytes, box: bytes = b"b" * 32) -> EnrolRequest:
    return EnrolRequest(token=token, sign_public=b"s" * 32, box_public=box)


@pytest.fixture
def devices(tmp_path: Path) -> Devices:
    return Devices(tmp_path / "devices.db")


def token_of(devices: Devices, now: int = NOW) -> bytes:
    return devices.issue_tokens(1, now=now, valid_s=60, entropy=os.urandom)[0]


# --- database -------------------------------------------------------------------------


def test_every_database_is_durable_at_every_commit(tmp_path: Path) -> None:
    devices = Devices(tmp_path / "devices.db")
    opened = [
        devices._db,
        devices._reader,
        Intake(tmp_path, 1)._db,
        ClosedRounds(tmp_path / "rounds.db")._db,
    ]
    for db in opened:
        assert db.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert db.execute("PRAGMA synchronous").fetchone() == (2,)


# --- devices --------------------------------------------------------------------------


def test_only_the_hash_of_a_token_is_kept(devices: Devices, tmp_path: Path) -> None:
    token = token_of(devices)
    devices.close()
    raw = (tmp_path / "devices.db").read_bytes()
    assert token not in raw
    assert token.hex().encode() not in raw


def test_a_device_is_found_with_its_epoch_and_day(devices: Devices) -> None:
    enrolled = devices.enrol(request(token_of(devices)), now=NOW)
    assert enrolled.id == device_id(b"s" * 32)
    assert (enrolled.epoch, enrolled.last_seen_day) == (1, DAY)
    assert devices.find(enrolled.id) == enrolled
    devices.touch([enrolled.id], DAY + 3)
    assert devices.find(enrolled.id).last_seen_day == DAY + 3


def test_a_token_counts_once_but_its_answer_can_be_repeated(devices: Devices) -> None:
    token = token_of(devices)
    first = devices.enrol(request(token), now=NOW)
    assert devices.enrol(request(token), now=NOW) == first
    with pytest.raises(RemoteError, match="bad_token"):
        devices.enrol(request(token, box=b"c" * 32), now=NOW)
    assert devices.find(first.id) == first


def test_a_token_expires(devices: Devices) -> None:
    token = token_of(devices)
    with pytest.raises(RemoteError, match="bad_token"):
        devices.enrol(request(token), now=NOW + 60)


def test_a_device_that_never_enrolled_is_unknown(devices: Devices) -> None:
    with pytest.raises(RemoteError, match="unknown_device"):
        devices.find(bytes(16))


# --- intake ---------------------------------------------------------------------------


def test_one_transaction_gives_each_push_its_own_outcome(tmp_path: Path) -> None:
    intake = Intake(tmp_path, 1)
    batch = [a_push(1), a_push(1), a_push(1, fill=b"f"), a_push(2), a_push(1, b"x" * 16)]
    assert intake.store(batch) == ["stored", "known", "seq_reused", "stored", "stored"]
    assert intake.devices() == 2
    assert sorted(device for device, _ in intake.pushes()) == [b"d" * 16, b"d" * 16, b"x" * 16]


def test_the_budget_holds_within_a_batch_and_over_batches(tmp_path: Path) -> None:
    intake = Intake(tmp_path, 1)
    assert intake.store([a_push(seq) for seq in range(1, 6)]) == ["stored"] * 5
    assert intake.store([a_push(6), a_push(7), a_push(6)]) == ["stored", "budget_spent", "known"]


def test_an_intake_is_deleted_with_its_log(tmp_path: Path) -> None:
    intake = Intake(tmp_path, 1)
    intake.store([a_push(1)])
    assert intake_path(tmp_path, 1).exists()
    intake.close()
    delete_intake(tmp_path, 1)
    delete_intake(tmp_path, 1)
    assert list(tmp_path.iterdir()) == []


# --- rounds and pools -----------------------------------------------------------------


def test_a_marked_round_has_no_counts_until_it_is_finished(tmp_path: Path) -> None:
    rounds = ClosedRounds(tmp_path / "rounds.db")
    rounds.mark(3)
    rounds.mark(3)
    assert (rounds.marked(), rounds.counts(3)) == ({3}, None)
    counts = RoundCounts(devices=2, envelopes=14)
    rounds.finish(3, counts)
    rounds.close()
    assert ClosedRounds(tmp_path / "rounds.db").counts(3) == counts


@pytest.mark.parametrize(
    ("devices", "buckets"), [(0, 1), (99, 1), (100, 2), (599, 11), (600, 12), (10**6, 12)]
)
def test_a_bucket_holds_fifty_televisions_or_is_the_only_one(devices: int, buckets: int) -> None:
    assert bucket_count(devices) == buckets


def test_buckets_are_even_and_change_with_the_key() -> None:
    names = [i.to_bytes(16, "big") for i in range(1200)]
    first = [bucket_of(name, b"1" * 32, 12) for name in names]
    second = [bucket_of(name, b"2" * 32, 12) for name in names]
    assert set(first) == set(range(12))
    assert all(60 < count < 140 for count in Counter(first).values())
    same = sum(a == b for a, b in zip(first, second, strict=True))
    assert 50 < same < 150


def test_a_pool_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    pools = PoolFolder(tmp_path)
    rows = [(b"d" * 16, b"e" * 7 * ENVELOPE_BYTES)]
    assert pools.write(1, rows, devices=1, entropy=os.urandom) == 7
    before = pools.path(1).read_bytes()

    def breaks() -> Iterator[tuple[bytes, bytes]]:
        yield rows[0]
        raise StorageError("the intake cannot be read")

    with pytest.raises(StorageError):
        pools.write(1, breaks(), devices=2, entropy=os.urandom)
    assert pools.path(1).read_bytes() == before
    facts = pools.facts(1)
    assert (facts.buckets, facts.devices, facts.envelopes) == (1, 1, 7)
    assert [len(chunk.sealed) for chunk in pools.chunks(1, 3)] == [3, 3, 1]


def test_a_device_is_in_one_bucket_and_rows_lie_by_random_key(tmp_path: Path) -> None:
    pools = PoolFolder(tmp_path)
    pushes = [(i.to_bytes(16, "big"), bytes([i % 256]) * 7 * ENVELOPE_BYTES) for i in range(200)]
    pools.write(1, pushes, devices=200, entropy=os.urandom)
    chunk = next(pools.chunks(1, 2000))
    bucket: dict[bytes, set[int]] = {}
    for sealed, number in zip(chunk.sealed, chunk.buckets.tolist(), strict=True):
        bucket.setdefault(sealed[:1], set()).add(number)
    assert all(len(numbers) == 1 for numbers in bucket.values())
    assert set.union(*bucket.values()) == {0, 1, 2, 3}
    order = [sealed[0] for sealed in chunk.sealed]
    assert order != sorted(order)
    db = apsw.Connection(str(pools.path(1)), flags=apsw.SQLITE_OPEN_READONLY)
    keys = [row[0] for row in db.execute("SELECT key FROM envelope")]
    assert keys == sorted(set(keys))
    assert {len(key) for key in keys} == {16}


@pytest.mark.parametrize(("folder", "file"), [(None, 0o600), (0o770, 0o640), (0o711, 0o600)])
def test_a_pool_is_private_unless_its_folder_is_shared(
    tmp_path: Path, folder: int | None, file: int
) -> None:
    pools = PoolFolder(tmp_path)
    where = pools.path(1).parent
    if folder is not None:
        where.mkdir()
        where.chmod(folder)
    pools.write(1, [], devices=0, entropy=os.urandom)
    assert stat.S_IMODE(where.stat().st_mode) == (folder or 0o700)
    assert stat.S_IMODE(pools.path(1).stat().st_mode) == file


def test_a_missing_pool_is_named_and_deleting_it_is_no_error(tmp_path: Path) -> None:
    pools = PoolFolder(tmp_path)
    with pytest.raises(StorageError, match=r"round-4\.db"):
        pools.facts(4)
    with pytest.raises(StorageError, match=r"round-4\.db"):
        next(pools.chunks(4, 10))
    pools.delete(4)
    assert pools.rounds() == []
