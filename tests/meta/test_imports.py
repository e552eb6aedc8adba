"""What the television loads: nothing of the data centre, the laboratory or the simulator."""

from __future__ import annotations

import json
import subprocess
import sys

NEVER_ON_A_TELEVISION = {
    "asyncpg",
    "exogenesis.constellation",
    "exogenesis.sim",
    "matplotlib",
    "pandas",
    "psycopg",
    "scipy",
    "sklearn",
    "starlette",
    "torch",
    "uvicorn",
}
NOT_BY_THE_ROOT = NEVER_ON_A_TELEVISION | {"click", "exogenesis.cli"}

# Modules in memory after `import exogenesis` beside its own; those of numpy are included.
ROOT_MODULES_MAX = 320

EVERY_MODULE_OF_THE_TELEVISION = """
import importlib, pkgutil
import exogenesis.tv

def fail(name):
    raise

for module in pkgutil.walk_packages(exogenesis.tv.__path__, "exogenesis.tv.", fail):
    if not module.name.endswith(".__main__"):
        importlib.import_module(module.name)
"""


def _loaded_by(program: str) -> set[str]:
    """The names in ``sys.modules`` of a new interpreter that has run a program."""
    report = "\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))\n"
    done = subprocess.run(
        [sys.executable, "-c", program + report],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    names: list[str] = json.loads(done.stdout.splitlines()[-1])
    return set(names)


def test_the_television_loads_nothing_of_the_other_side() -> None:
    loaded = _loaded_by(EVERY_MODULE_OF_THE_TELEVISION)
    assert "exogenesis.tv" in loaded
    assert loaded & NEVER_ON_A_TELEVISION == set()


def test_the_root_package_is_light() -> None:
    loaded = _loaded_by("import exogenesis")
    assert loaded & NOT_BY_THE_ROOT == set()
    others = [name for name in loaded if name.partition(".")[0] != "exogenesis"]
    assert len(others) <= ROOT_MODULES_MAX
