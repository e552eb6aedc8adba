"""The documents name only what exists: files, functions, commands, links."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from exogenesis.cli.main import omega

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTS = sorted(
    path
    for folder in (".", "docs", "docs/decisions", "spec")
    for path in (ROOT / folder).glob("*.md")
)
STEP = re.compile(r"`(src/[\w/.]+\.py)(?::([\w.]+))?`")
LINK = re.compile(r"\[[^\]]+\]\((?!https?:|#)([^)#\s]+)")


def _names(path: Path) -> set[str]:
    found = set()
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            found.add(node.name)
        if isinstance(node, ast.ClassDef):
            members = (
                m for m in node.body if isinstance(m, ast.FunctionDef | ast.AsyncFunctionDef)
            )
            found |= {f"{node.name}.{member.name}" for member in members}
    return found


def test_every_step_of_a_viewing_event_names_code_that_exists() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    steps = STEP.findall(text)
    assert len({file for file, name in steps if name}) >= 10
    missing = [
        f"{file}:{name}"
        for file, name in steps
        if not (ROOT / file).is_file() or (name and name not in _names(ROOT / file))
    ]
    assert not missing
    assert len(re.findall(r"^\d+\. \*\*", text, re.MULTILINE)) == 10


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(document: Path) -> None:
    targets = LINK.findall(document.read_text())
    assert [t for t in targets if not (document.parent / t).exists()] == []


def test_every_decision_is_listed() -> None:
    folder = ROOT / "docs" / "decisions"
    listed = set(LINK.findall((folder / "README.md").read_text()))
    assert listed == {path.name for path in folder.glob("[0-9]*.md")}


def test_the_page_of_commands_is_what_help_says() -> None:
    check = [sys.executable, str(ROOT / "docs" / "commands.py"), "--check"]
    assert subprocess.run(check, check=False).returncode == 0, "run `make docs`"


def test_the_ten_minutes_show_every_command() -> None:
    text = (ROOT / "docs" / "ten-minutes.md").read_text()
    assert [name for name in omega.commands if f"omega {name}" not in text] == []
