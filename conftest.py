"""Runs the Python examples of the documents."""

from __future__ import annotations

from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from typing import Any

from sybil import Sybil
from sybil.parsers.markdown import PythonCodeBlockParser

from exogenesis.constellation.catalog.build import build_pack
from exogenesis.constellation.catalog.entry import entry
from exogenesis.core.titles import Title
from exogenesis.wire.fields import signing_pair
from exogenesis.wire.pack import encode_pack

TITLES = {
    "blue-harbour": ("Blue Harbour", "drama"),
    "red-harbour": ("Red Harbour", "drama"),
    "night-train": ("Night Train", "thriller"),
    "long-winter": ("Long Winter", "documentary"),
}


def _a_television(namespace: dict[str, Any]) -> None:
    """What a maker's firmware brings: a pack, the key that signed it, and a folder."""
    entries = [
        entry(Title(id=id_, name=name, genres=(genre,))) for id_, (name, genre) in TITLES.items()
    ]
    public, secret = signing_pair(bytes(32))
    namespace["catalog_public"] = public
    namespace["pack"] = encode_pack(build_pack(entries, lineage="example"), secret)
    namespace["home"] = Path(mkdtemp(prefix="omega-example-"))


def _gone(namespace: dict[str, Any]) -> None:
    rmtree(namespace["home"])


pytest_collect_file = Sybil(
    parsers=[PythonCodeBlockParser()],
    patterns=["*.md"],
    setup=_a_television,
    teardown=_gone,
).pytest()
