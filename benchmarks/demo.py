"""The README's run of ``omega demo``: its table and its picture, from the default seed."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

RESULTS = Path(__file__).with_name("results") / "demo.json"
PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "quality-by-round.svg"
KEPT = ("dataset", "settings", "models", "bytes", "pushes")


def record() -> None:
    """Run the demo as a user would and keep what the README shows of it."""
    omega = Path(sys.executable).with_name("omega")
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            [omega, "demo", "--out", folder, "--json"], check=True, stdout=subprocess.DEVNULL
        )
        facts = json.loads((Path(folder) / "report.json").read_text(encoding="utf-8"))
        kept = {name: facts[name] for name in KEPT}
        RESULTS.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
        PICTURE.write_bytes((Path(folder) / PICTURE.name).read_bytes())
