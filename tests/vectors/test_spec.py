"""The specification says what the code does: layouts, sizes and the worked example."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from exogenesis.core import limits
from exogenesis.wire import close, enrol, envelope, manifest, page, push, skill
from tests.vectors import generate

SPEC = (Path(__file__).resolve().parents[2] / "spec" / "wire-v1.md").read_text(encoding="utf-8")
SECTIONS = {
    part.partition("\n")[0]: part for part in re.split(r"^## \d+ · ", SPEC, flags=re.MULTILINE)
}


@pytest.mark.parametrize(
    ("title", "size"),
    [
        ("Envelope body, 81 bytes", skill.SKILL_BYTES),
        ("Envelope, 129 bytes", envelope.ENVELOPE_BYTES),
        ("Push, 981 bytes", push.PUSH_BYTES),
        ("Close order, 81 bytes", close.CLOSE_BYTES),
    ],
)
def test_a_layout_has_no_gaps_and_ends_at_its_size(title: str, size: int) -> None:
    at = 0
    for offset, length in re.findall(r"^\| (\d+) \| (\d+) \|", SECTIONS[title], re.MULTILINE):
        assert int(offset) == at
        at += int(length)
    assert at == size
    assert f"{size} bytes" in title


def test_layouts_of_open_length_have_no_gaps() -> None:
    fixed = {
        "Page, 79 + 71 n bytes, at most 5,120": 15,
        "Manifest, 441 + 32 p bytes": 377,
    }
    for title, end in fixed.items():
        at = 0
        for offset, length in re.findall(r"^\| (\d+) \| (\d+) \|", SECTIONS[title], re.MULTILINE):
            assert int(offset) == at
            at += int(length)
        assert at == end
    row = 3 + 2 + 2 + limits.TASTE_DIM
    assert 15 + row + 64 == page.PAGE_BYTES_LEAST == 79 + 71
    assert 79 + 71 * limits.PAGE_ROWS_MAX == limits.PAGE_BYTES_MAX == 5120
    assert manifest.MANIFEST_BYTES_LEAST == 441
    assert manifest.MANIFEST_BYTES_MAX == 441 + 32 * limits.PAGES_MAX == 131_513


def test_both_halves_of_enrolment_have_no_gaps() -> None:
    rows = re.findall(r"^\| (\d+) \| (\d+) \|", SECTIONS["Enrolment"], re.MULTILINE)
    sizes, at = [], 0
    for offset, length in rows:
        if int(offset) == 0 and at:
            sizes.append(at)
            at = 0
        assert int(offset) == at
        at += int(length)
    assert [*sizes, at] == [enrol.REQUEST_BYTES, enrol.ANSWER_BYTES] == [165, 89]


def test_the_worked_example_is_the_first_vector() -> None:
    (block,) = re.findall(r"```\n(.*?)```", SECTIONS["Envelope body, 81 bytes"], re.DOTALL)
    hexes = re.findall(r"^((?:[0-9a-f]{2})+)(?:\s|$)", block, re.MULTILINE)
    assert bytes.fromhex("".join(hexes)) == generate.VECTORS["skill_anchored"].raw


def test_every_code_of_the_vectors_is_in_the_specification() -> None:
    codes = {made.code for made in generate.VECTORS.values()} - {""}
    assert {code for code in codes if f"`{code}`" not in SPEC} == set()
