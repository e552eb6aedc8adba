"""``omega tv search``, ``similar`` and ``import`` on a home."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from exogenesis.cli.tv import tv
from exogenesis.constellation.catalog.build import build_pack
from exogenesis.constellation.catalog.entry import entry
from exogenesis.core.titles import Title
from exogenesis.errors import ExogenesisError, InputError, UnknownTitle
from exogenesis.wire.pack import encode_pack
from tests.support.television import CATALOG_PUBLIC, CATALOG_SECRET, encoded_pack, plain_titles

TITLES = [
    (Title(id="boat", name="The Boat", year=1981, people=("Ida Lund",)), "submarine ocean sailor"),
    (Title(id="storm", name="Hard Weather", age=16), "ocean sailor fisherman"),
    (Title(id="moon", name="Far Side", genres=("sci-fi",)), "rocket planet orbit"),
    (Title(id="orbit", name="Far Away", genres=("sci-fi",)), "rocket planet astronaut"),
]
CSV = """\
title,fraction,at
The Boat,1,2026-01-31T20:00:00Z
Far Side,.2,2026-02-01
"""


class Shell:
    """Runs ``omega tv`` on one home."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        pack = build_pack([entry(title, [text]) for title, text in TITLES], lineage="test")
        self.init(encode_pack(pack, CATALOG_SECRET))

    def init(self, pack: bytes) -> None:
        path, key = self.folder / "catalog.pack", self.folder / "catalog.pub"
        path.write_bytes(pack)
        key.write_text(CATALOG_PUBLIC.hex())
        self.ok("init", "--pack", str(path), "--catalog-key", str(key))

    def run(self, *words: str) -> Result:
        environment = {"OMEGA_TV_HOME": str(self.folder / "tv")}
        result = CliRunner().invoke(tv, words, env=environment)
        if isinstance(result.exception, ExogenesisError):
            raise result.exception
        return result

    def ok(self, *words: str) -> str:
        result = self.run(*words)
        assert result.exit_code == 0, result.output
        return result.stdout

    def json(self, *words: str) -> Any:
        return json.loads(self.ok(*words, "--json"))

    def file(self, text: str) -> str:
        path = self.folder / "history.csv"
        path.write_text(text, encoding="utf-8")
        return str(path)


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path)


def test_search_by_name_person_and_content(shell: Shell) -> None:
    assert shell.ok("search", "the", "boat").splitlines()[:2] == [
        "  1. The Boat (1981)  [boat]",
        "     by its name",
    ]
    assert "by somebody in it" in shell.ok("search", "ida lund")
    found = shell.json("search", "fisherman", "-n", "1")
    assert [hit["title_id"] for hit in found["hits"]] == ["storm"]
    assert found["by_content"]
    assert found["hits"][0]["why"] == "content"
    assert "nothing was found" in shell.ok("search", "qwertz")


def test_a_pack_without_a_query_table_says_so(shell: Shell) -> None:
    other = shell.folder / "other"
    other.mkdir()
    plain = Shell.__new__(Shell)
    plain.folder = other
    plain.init(encoded_pack(plain_titles(20)))
    result = plain.run("search", "title 7")
    assert "only names were searched" in result.stderr
    assert "Title 7" in result.stdout.splitlines()[0]


def test_what_was_seen_is_found_and_marked(shell: Shell) -> None:
    shell.ok("import", shell.file(CSV))
    assert "by its name, seen" in shell.ok("search", "boat")
    found = shell.json("similar", "Hard Weather", "--limit", "1")
    assert [(hit["title_id"], hit["seen"]) for hit in found["hits"]] == [("boat", True)]


def test_similar(shell: Shell) -> None:
    assert shell.ok("similar", "far side", "-n", "1").splitlines() == [
        "  1. Far Away  [orbit]",
        "     by what it is about",
    ]
    with pytest.raises(UnknownTitle, match="Did you mean"):
        shell.run("similar", "far sied")


def test_a_kid_is_not_shown_what_it_may_not_see(shell: Shell) -> None:
    shell.ok("profile", "add", "mia", "--kid", "--age-limit", "12")
    assert "nothing was found" in shell.ok("search", "hard weather", "--profile", "mia")
    assert shell.json("similar", "boat", "--profile", "mia")["hits"] == []


def test_an_import_counts_and_a_second_one_changes_nothing(shell: Shell) -> None:
    path = shell.file(CSV)
    assert shell.ok("import", path) == ("2 viewings read: 2 stored, 0 there already, 0 left out\n")
    assert shell.json("import", path) == {"read": 2, "stored": 0, "known": 2, "skipped": []}
    assert shell.json("status")["started"] == 2


def test_an_import_for_another_profile(shell: Shell) -> None:
    shell.ok("profile", "add", "ana")
    shell.ok("import", shell.file(CSV), "--profile", "ana")
    assert "seen" in shell.ok("search", "boat", "--profile", "ana")
    assert "seen" not in shell.ok("search", "boat")


def test_wrong_lines_are_named_and_nothing_is_imported(shell: Shell) -> None:
    path = shell.file(CSV + "Nothing,1,2026-02-02\nThe Boat,2,2026-02-02\n")
    with pytest.raises(InputError, match="line 5, fraction: must be a number from 0 to 1"):
        shell.run("import", path, "--skip-unknown")
    assert shell.json("status")["started"] == 0


def test_unknown_titles_are_left_out_on_demand(shell: Shell) -> None:
    path = shell.file(CSV + "Nothing,1,2026-02-02\n")
    with pytest.raises(InputError, match="--skip-unknown"):
        shell.run("import", path)
    told = shell.ok("import", path, "--skip-unknown")
    assert "3 viewings read: 2 stored" in told
    assert "left out: line 4, title: the catalogue holds no 'Nothing'" in told


def test_what_was_imported_changes_the_list_and_can_be_forgotten(shell: Shell) -> None:
    shell.ok("import", shell.file(CSV))
    listed = [one["title_id"] for one in shell.json("recommend", "--no-explore")]
    assert "boat" not in listed
    shell.ok("forget", "boat")
    assert "boat" in [one["title_id"] for one in shell.json("recommend", "--no-explore")]
    assert shell.json("import", shell.file(CSV))["stored"] == 1


def test_an_export_of_a_television_is_known_by_its_first_bytes(shell: Shell) -> None:
    shell.ok("profile", "add", "ana")
    shell.ok("import", shell.file(CSV), "--profile", "ana")
    word, file = shell.folder / "word", shell.folder / "all.omega"
    word.write_text("a long passphrase\n")
    word.chmod(0o600)
    shell.ok("export", str(file), "--passphrase-file", str(word))
    (shell.folder / "new").mkdir()
    new = Shell(shell.folder / "new")
    told = new.json("import", str(file), "--passphrase-file", str(word))
    assert (told["profiles"], told["skills"], told["unknown"]) == (2, 2, 0)
    assert "2 profiles" in new.ok("import", str(file), "--passphrase-file", str(word))
    assert "seen" in new.ok("search", "boat", "--profile", "ana")
    word.write_text("another passphrase\n")
    with pytest.raises(InputError):
        new.run("import", str(file), "--passphrase-file", str(word))


def test_a_file_that_is_not_there_is_named(shell: Shell) -> None:
    with pytest.raises(InputError, match=r"nowhere\.csv cannot be read"):
        shell.run("import", str(shell.folder / "nowhere.csv"))


def test_help_has_examples() -> None:
    for command in ("search", "similar", "import"):
        assert f"Example: omega tv {command}" in CliRunner().invoke(tv, [command, "--help"]).output
