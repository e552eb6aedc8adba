"""Loading a pack, and finding titles in it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from exogenesis.core.titles import Title
from exogenesis.errors import CatalogError, InputError, UnknownTitle
from exogenesis.tv import Catalog
from exogenesis.wire.fields import signing_pair
from tests.support.television import (
    CATALOG_PUBLIC,
    encoded_pack,
    open_brain,
    plain_titles,
    small_catalog,
)


def test_a_pack_of_another_key_is_refused() -> None:
    other, _ = signing_pair(bytes(32))
    with pytest.raises(CatalogError) as caught:
        Catalog.load(encoded_pack(plain_titles(3)), other)
    assert caught.value.code == "bad_signature"


def test_a_pack_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogError, match=r"no\.pack"):
        Catalog.load(tmp_path / "no.pack", CATALOG_PUBLIC)


def test_a_file_and_its_bytes_are_the_same_catalogue(tmp_path: Path) -> None:
    raw = encoded_pack(plain_titles(5))
    (tmp_path / "pack").write_bytes(raw)
    one, other = Catalog.load(tmp_path / "pack", CATALOG_PUBLIC), Catalog.load(raw, CATALOG_PUBLIC)
    assert one.titles == other.titles
    assert one.digest == other.digest
    assert np.array_equal(one.content, other.content)


def test_content_rows_have_length_one() -> None:
    assert np.linalg.norm(small_catalog().content, axis=1) == pytest.approx(1.0, abs=1e-5)


def test_a_title_is_found_by_id_and_by_name() -> None:
    catalog = small_catalog([Title(id="a", name="Heat"), Title(id="b", name="Up")])
    assert catalog.find("b").id == "b"
    assert catalog.find("heat").id == "a"


def test_a_name_that_two_titles_share_is_no_answer() -> None:
    catalog = small_catalog([Title(id="a", name="Heat", year=1995), Title(id="b", name="Heat")])
    with pytest.raises(InputError, match=r"a \(1995\), b \(no year\)"):
        catalog.find("Heat")
    assert catalog.find("heat (1995)").id == "a"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("Haet (1995)", "Heat (1995)"), ("haet", "Heat"), ("Movie-0O1", "movie-001")],
)
def test_an_unknown_title_comes_with_a_suggestion(typed: str, meant: str) -> None:
    catalog = small_catalog([Title(id="movie-001", name="Heat", year=1995)])
    with pytest.raises(UnknownTitle, match="Did you mean") as caught:
        catalog.find(typed)
    assert meant in str(caught.value)


def test_a_title_like_no_other_has_no_suggestion() -> None:
    with pytest.raises(UnknownTitle) as caught:
        small_catalog().index_of("qqqqqqqqqq")
    assert "mean" not in str(caught.value)


@pytest.mark.parametrize("change", [{"lineage_id": b"else"}, {"encoder": "minilm"}])
def test_a_store_refuses_another_lineage_or_encoder(
    tmp_path: Path, change: dict[str, bytes]
) -> None:
    open_brain(small_catalog(), home=tmp_path).close()
    raw = encoded_pack(plain_titles(120), **change)  # type: ignore[arg-type]
    with pytest.raises(CatalogError, match="another home"):
        open_brain(Catalog.load(raw, CATALOG_PUBLIC), home=tmp_path)
    open_brain(small_catalog(), home=tmp_path).close()  # the store is unharmed


def test_the_popularity_in_a_region_is_its_own_and_its_share_where_it_says_nothing() -> None:
    titles = [
        Title(id="a", name="A", popularity=1000.0, regions=(("AT", 5.0), ("DE", 300.0))),
        Title(id="b", name="B", popularity=100.0, regions=(("DE", 30.0),)),
        Title(id="c", name="C", popularity=500.0),
    ]
    catalog = small_catalog(titles)
    assert catalog.regions == ("AT", "DE")
    assert np.expm1(catalog.log_popularity_in("DE")) == pytest.approx([300, 30, 150], rel=1e-5)
    assert np.expm1(catalog.log_popularity_in("AT")) == pytest.approx([5, 0.5, 2.5], rel=1e-5)
    for nowhere in (None, "FR"):
        assert np.expm1(catalog.log_popularity_in(nowhere)) == pytest.approx([1000, 100, 500])


def test_a_region_of_titles_without_popularity_keeps_its_figures() -> None:
    catalog = small_catalog(
        [Title(id="a", name="A", regions=(("DE", 7.0),)), Title(id="b", name="B", popularity=3.0)]
    )
    assert np.expm1(catalog.log_popularity_in("DE")) == pytest.approx([7, 3], rel=1e-5)
