"""``omega catalog`` on real files: keys, packs, and what a failure leaves behind."""

from __future__ import annotations

import json
import os
import resource
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from exogenesis.cli.catalog import catalog
from exogenesis.cli.keyfile import read_key, read_secret, write_secret
from exogenesis.errors import CatalogError, DiskFull, InputError


def omega(*arguments: str | Path) -> Result:
    return CliRunner().invoke(catalog, [str(argument) for argument in arguments])


def failure(*arguments: str | Path) -> Exception:
    error = omega(*arguments).exception
    assert isinstance(error, Exception)
    return error


def write_titles(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    lines = [json.dumps({"id": name, "name": f"film {name}"}) for name in names]
    (folder / "titles.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return folder


@pytest.fixture
def titles(tmp_path: Path) -> Path:
    return write_titles(tmp_path / "titles", "alpha", "beta")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    (tmp_path / "packs").mkdir()
    return tmp_path / "packs" / "catalog.pack"


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in out.parent.iterdir()}


def test_build_makes_a_key_pair_and_a_pack_that_show_reads(titles: Path, out: Path) -> None:
    built = omega("build", "--from", titles, "--out", out)
    assert built.exit_code == 0, built.output
    assert "made the signing key" in built.stderr
    assert set(files(out)) == {"catalog.pack", "catalog.pack.key", "catalog.pack.pub"}
    assert (out.parent / "catalog.pack.key").stat().st_mode & 0o777 == 0o600
    shown = omega("show", out)
    assert shown.stdout == built.stdout
    facts = json.loads(omega("show", out, "--json").stdout)
    assert facts["titles"] == 2
    assert facts["lineage"] == "main"
    assert facts["bytes"] == out.stat().st_size
    assert (facts["words_to_search_by"], facts["series"], facts["regions"]) == (3, 0, 0)


def test_show_counts_series_and_regions(titles: Path, out: Path) -> None:
    lines = [
        '{"id": "a", "name": "Alpha", "episodes": 3, "regions": {"DE": 1, "AT": 2}}',
        '{"id": "b", "name": "Beta", "regions": {"DE": 1}}',
    ]
    (titles / "titles.jsonl").write_text("\n".join(lines))
    facts = json.loads(omega("build", "--from", titles, "--out", out, "--json").stdout)
    assert (facts["words_to_search_by"], facts["series"], facts["regions"]) == (2, 1, 2)


def test_building_again_gives_the_same_bytes(titles: Path, out: Path) -> None:
    omega("build", "--from", titles, "--out", out)
    before = files(out)
    assert omega("build", "--from", titles, "--out", out).exit_code == 0
    assert files(out) == before


def test_building_over_a_pack_continues_it(titles: Path, out: Path) -> None:
    omega("build", "--from", titles, "--out", out, "--lineage", "films")
    write_titles(titles, "gamma", "beta")
    built = omega("build", "--from", titles, "--out", out, "--json")
    facts = json.loads(built.stdout)
    assert (facts["lineage"], facts["titles"], facts["titles_withdrawn"]) == ("films", 3, 1)


def test_previous_names_another_pack_to_continue(titles: Path, out: Path) -> None:
    omega("build", "--from", titles, "--out", out)
    write_titles(titles, "gamma")
    new = out.with_name("new.pack")
    key = out.with_name("catalog.pack.key")
    options = ("--previous", out, "--key", key, "--json")
    facts = json.loads(omega("build", "--from", titles, "--out", new, *options).stdout)
    assert facts["titles"] == 3


def test_a_malformed_title_leaves_nothing(titles: Path, out: Path) -> None:
    (titles / "titles.jsonl").write_text('{"id": "a"}')
    error = failure("build", "--from", titles, "--out", out)
    assert isinstance(error, CatalogError)
    assert "titles.jsonl, line 1: field 'name' is missing" in str(error)
    assert files(out) == {}


def test_a_full_disk_leaves_the_old_pack(titles: Path, out: Path) -> None:
    omega("build", "--from", titles, "--out", out)
    before = files(out)
    write_titles(titles, *(f"title {number}" for number in range(200)))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (256, hard))
    try:
        error = failure("build", "--from", titles, "--out", out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert isinstance(error, DiskFull)
    assert files(out) == before


def test_another_key_or_another_file_is_not_overwritten(titles: Path, out: Path) -> None:
    omega("build", "--from", titles, "--out", out)
    other = out.with_name("other.key")
    write_secret(other, bytes(32))
    before = files(out)
    error = failure("build", "--from", titles, "--out", out, "--key", other)
    assert isinstance(error, CatalogError)
    assert "if another key signed it name that: --key" in str(error)
    absent = out.with_name("absent.key")
    error = failure("build", "--from", titles, "--out", out, "--key", absent)
    assert "name its signing key with --key" in str(error)
    assert files(out) == before
    out.write_text("my notes")
    error = failure("build", "--from", titles, "--out", out)
    assert "begin anew" in str(error)
    assert out.read_text() == "my notes"


def test_a_public_key_of_somebody_else_is_not_overwritten(titles: Path, out: Path) -> None:
    key = out.with_name("mine.key")
    write_secret(key, bytes(32))
    key.with_suffix(".pub").write_text("11" * 32)
    error = failure("build", "--from", titles, "--out", out, "--key", key)
    assert "belongs to another signing key" in str(error)
    assert not out.exists()


def test_show_needs_the_right_public_key(titles: Path, out: Path) -> None:
    omega("build", "--from", titles, "--out", out)
    wrong = out.with_name("wrong.pub")
    wrong.write_text("11" * 32)
    error = failure("show", out, "--catalog-key", wrong)
    assert isinstance(error, CatalogError)
    assert f"{out} cannot be used" in str(error)
    assert "--catalog-key" in str(error)
    out.with_name("catalog.pack.pub").unlink()
    assert "name the public key with --catalog-key" in str(failure("show", out))
    assert "cannot be read" in str(failure("show", out.with_name("no"), "--catalog-key", wrong))


def test_a_damaged_pack_is_named_with_what_to_do(titles: Path, out: Path) -> None:
    omega("build", "--from", titles, "--out", out)
    whole = out.read_bytes()
    for damaged in (whole[:-1] + bytes((whole[-1] ^ 1,)), whole[:50], b""):
        out.write_bytes(damaged)
        before = files(out)
        for arguments in (("show", out), ("build", "--from", titles, "--out", out)):
            error = failure(*arguments)
            assert isinstance(error, CatalogError)
            assert f"{out} cannot be used" in str(error)
            assert "take an intact copy" in str(error)
        assert files(out) == before


@pytest.mark.parametrize("option", ["--out", "--key"])
def test_a_missing_folder_is_named(titles: Path, out: Path, option: str) -> None:
    missing = out.parent / "missing" / "a.file"
    error = failure("build", "--from", titles, "--out", out, option, missing)
    assert isinstance(error, InputError)
    assert f"there is no folder {missing.parent}" in str(error)
    assert files(out) == {}


def test_help_has_examples() -> None:
    for command in ("build", "show"):
        assert f"Example: omega catalog {command}" in omega(command, "--help").stdout


@pytest.mark.parametrize("text", ["", "zz" * 32, "11" * 31, "11" * 33, "é" * 32])
def test_what_is_no_key_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.key"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match="64 hexadecimal digits"):
        read_key(path, 32)


def test_secrets_are_private_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "one.key"
    write_secret(path, os.urandom(32))
    kept = read_secret(path, 32)
    with pytest.raises(InputError, match="never overwritten"):
        write_secret(path, bytes(32))
    assert read_secret(path, 32) == kept
    path.chmod(0o644)
    with pytest.raises(InputError, match="chmod 600"):
        read_secret(path, 32)
