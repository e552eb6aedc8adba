"""Packs: built, signed, read back, continued, and refused when they are not what they say."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zstandard

from exogenesis.constellation.catalog.build import build_pack, lineage_id
from exogenesis.constellation.catalog.entry import CatalogEntry, entry
from exogenesis.constellation.catalog.folder import read_titles
from exogenesis.constellation.catalog.lsa import ENCODER
from exogenesis.core.limits import PACK_BODY_BYTES_MAX, PACK_BYTES_MAX, TASTE_DIM
from exogenesis.core.titles import Title
from exogenesis.errors import CatalogError, RemoteError
from exogenesis.wire.fields import sign, signing_pair
from exogenesis.wire.pack import DOMAIN, MAGIC, VERSION, check_encoder, decode_pack, encode_pack

PUBLIC, SECRET = signing_pair(bytes(32))
START = MAGIC + bytes((VERSION,))
MOVIELENS = Path(
    os.environ.get("OMEGA_MOVIELENS")
    or Path(__file__).parents[5] / "shared" / "data" / "ml-latest-small"
)


def title(name: str, **fields: object) -> CatalogEntry:
    values: dict[str, object] = {"id": name, "name": name, "genres": ("drama",), **fields}
    return entry(Title(**values))  # type: ignore[arg-type]


def ids(pack_titles: tuple[Title, ...]) -> list[str]:
    return [one.id for one in pack_titles]


def signed(frame: bytes) -> bytes:
    rest = len(frame).to_bytes(4, "little") + frame
    return START + sign(DOMAIN, START + rest, SECRET) + rest


def refusal(raw: bytes) -> str:
    with pytest.raises(RemoteError) as caught:
        decode_pack(raw, PUBLIC)
    return caught.value.code


RAW = encode_pack(
    build_pack([title("Solaris 星", year=1972), title("Ran", age=0)], lineage="main"), SECRET
)


def test_a_pack_survives_the_round_trip() -> None:
    entries = [title("Solaris 星", year=1972, popularity=3.0), title("Ran", age=0, minutes=160)]
    built = build_pack(entries, lineage="main")
    read = decode_pack(encode_pack(built, SECRET), PUBLIC)
    assert read.titles == tuple(one.title for one in entries)
    assert (read.lineage, read.lineage_id) == ("main", lineage_id("main"))
    assert read.encoder == ENCODER
    np.testing.assert_array_equal(read.content_codes, built.content_codes)
    np.testing.assert_array_equal(read.content_scales, built.content_scales)
    np.testing.assert_array_equal(read.basis, built.basis)
    np.testing.assert_allclose(np.linalg.norm(read.content, axis=1), 1.0, atol=0.02)


def test_regions_survive_in_columns() -> None:
    entries = [
        title("a", regions=(("AT", 3.0), ("DE", 7.5))),
        title("b"),
        title("c", regions=(("DE", 1e15),)),
    ]
    read = decode_pack(encode_pack(build_pack(entries, lineage="main"), SECRET), PUBLIC)
    assert read.regions == ("AT", "DE")
    np.testing.assert_array_equal(
        read.regional, np.array([[3, np.nan, np.nan], [7.5, np.nan, 1e15]], np.float32)
    )
    assert [one.regions for one in read.titles] == [()] * 3


def test_titles_are_not_written_with_their_regions() -> None:
    pack = build_pack([title("a")], lineage="main")
    told = replace(pack, titles=(Title(id="a", name="a", regions=(("DE", 1.0),)),))
    with pytest.raises(ValueError, match="in columns"):
        encode_pack(told, SECRET)


def test_the_same_entries_give_the_same_bytes() -> None:
    entries = [title(f"film {n} word{n % 5}") for n in range(50)]
    first, second = (encode_pack(build_pack(entries, lineage="x"), SECRET) for _ in range(2))
    assert first == second


def test_one_title_makes_a_pack() -> None:
    pack = build_pack([title("Ran")], lineage="main")
    assert pack.basis.shape == (1, TASTE_DIM)
    assert decode_pack(encode_pack(pack, SECRET), PUBLIC).titles[0].id == "Ran"


def test_a_continued_lineage_keeps_every_place() -> None:
    first = build_pack([title("a"), title("b"), title("c")], lineage="main")
    second = build_pack(
        [title("d"), title("c", year=2001), title("a")], lineage="main", previous=first
    )
    assert ids(second.titles) == ["a", "b", "c", "d"]
    assert second.titles[1].available_until == 0
    assert second.titles[2].year == 2001
    read = decode_pack(encode_pack(second, SECRET), PUBLIC)
    assert read.titles == second.titles
    third = build_pack([title("b")], lineage="main", previous=read)
    assert ids(third.titles) == ["a", "b", "c", "d"]
    assert [one.available_until for one in third.titles] == [0, None, 0, 0]


def test_another_lineage_is_not_continued() -> None:
    first = build_pack([title("a")], lineage="main")
    with pytest.raises(CatalogError, match="of lineage 'main', not 'other'"):
        build_pack([title("a")], lineage="other", previous=first)


def test_two_encoders_are_never_mixed() -> None:
    first = build_pack([title("a")], lineage="main")
    check_encoder(first, ENCODER)
    other = replace(first, encoder="minilm-384/1")
    with pytest.raises(RemoteError) as caught:
        build_pack([title("a")], lineage="main", previous=other)
    assert caught.value.code == "wrong_encoder"


@pytest.mark.parametrize("lineage", ["", "two\nlines", "x" * 401])
def test_a_lineage_needs_a_name(lineage: str) -> None:
    with pytest.raises(CatalogError, match="name of the lineage"):
        build_pack([title("a")], lineage=lineage)


def test_a_catalogue_needs_a_title() -> None:
    with pytest.raises(CatalogError, match="1 to 16777216 titles"):
        build_pack([], lineage="main")


def test_a_pack_of_another_key_is_refused() -> None:
    with pytest.raises(RemoteError) as caught:
        decode_pack(RAW, signing_pair(bytes([1]) * 32)[0])
    assert caught.value.code == "bad_signature"


@pytest.mark.parametrize("at", [5, 40, 69, len(RAW) // 2, len(RAW) - 1])
def test_a_changed_byte_is_refused(at: int) -> None:
    assert refusal(RAW[:at] + bytes([RAW[at] ^ 1]) + RAW[at + 1 :]) == "bad_signature"


def test_a_cut_pack_is_refused_wherever_it_ends() -> None:
    for length in (0, 4, 60, 69):
        assert refusal(RAW[:length]) == "truncated"
    assert refusal(RAW[:-1]) == "bad_signature"


def test_other_files_and_versions_are_refused() -> None:
    assert refusal(b"PK\3\4" + RAW[4:]) == "bad_magic"
    assert refusal(MAGIC + b"\3" + RAW[5:]) == "bad_version"


def test_an_oversized_pack_is_refused_before_it_is_read() -> None:
    assert refusal(START + bytes(PACK_BYTES_MAX)) == "oversized"


def test_bombs_are_refused_even_under_a_good_signature() -> None:
    # A frame header of zstd: magic, descriptor "8-byte size, one segment", the size.
    huge = b"\x28\xb5\x2f\xfd\xe0" + (PACK_BODY_BYTES_MAX + 1).to_bytes(8, "little")
    assert refusal(signed(huge + b"\x01\x00\x00")) == "oversized"
    zeros = zstandard.ZstdCompressor().compress(bytes(32 << 20))
    assert refusal(signed(zeros)) == "oversized"
    silent = zstandard.ZstdCompressor(write_content_size=False).compress(bytes(1000))
    assert refusal(signed(silent)) == "bad_compression"
    assert refusal(signed(b"no zstd frame")) == "bad_compression"
    whole = zstandard.ZstdCompressor().compress(bytes(1000))
    assert refusal(signed(whole[:-2])) == "bad_compression"


@pytest.mark.skipif(
    not (MOVIELENS / "movies.csv").is_file(),
    reason="MovieLens latest-small is not here; name its folder in OMEGA_MOVIELENS",
)
def test_neighbours_on_movielens_make_sense() -> None:
    pack = build_pack(read_titles(MOVIELENS), lineage="main")
    assert len(pack.titles) == 9742
    content = decode_pack(encode_pack(pack, SECRET), PUBLIC).content
    names = [one.name for one in pack.titles]

    def nearest(name: str) -> set[str]:
        cosines = content @ content[names.index(name)]
        return {names[row] for row in np.argsort(-cosines)[1:11]}

    assert {"Toy Story 2", "Toy Story 3"} <= nearest("Toy Story")
    assert "Star Wars: Episode V - The Empire Strikes Back" in nearest(
        "Star Wars: Episode IV - A New Hope"
    )
