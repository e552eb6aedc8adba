"""The repository holds its own rules of form: short functions, short modules, no strangers."""

from __future__ import annotations

import ast
import io
import re
import shutil
import subprocess
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SRC = ROOT / "src"

FUNCTION_LINES_MAX = 60
MODULE_LINES_MAX = 400

# "exogenesis.module:Class.function" or "exogenesis.module" -> why it may be longer.
EXCEPTIONS: dict[str, str] = {}

# In two halves, so that this file does not name what it forbids.
REGISTRY_HOSTS = (
    "py" + "pi.org",
    "files.python" + "hosted.org",
    "npm" + "js.org",
    "npm" + "js.com",
    "crates" + ".io",
    "proxy.golang" + ".org",
    "conda.anaconda" + ".org",
)
BUILD_FOLDERS = ("/" + "home/", "/" + "root/", "/" + "Users/")

UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|NotImplementedError)\b")

Function = ast.FunctionDef | ast.AsyncFunctionDef


def _modules() -> list[Path]:
    return sorted(SRC.rglob("*.py"))


def _name(path: Path) -> str:
    parts = path.relative_to(SRC).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _is_literal(node: ast.expr) -> bool:
    """Whether an expression is data: constants, containers of data, rows like ``Tier("x", 3)``."""
    match node:
        case ast.Constant() | ast.Name():
            return True
        case ast.Attribute(value=value) | ast.Starred(value=value):
            return _is_literal(value)
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return all(map(_is_literal, items))
        case ast.Dict(keys=keys, values=values):
            return all(key is None or _is_literal(key) for key in keys) and all(
                map(_is_literal, values)
            )
        case ast.UnaryOp(operand=operand):
            return _is_literal(operand)
        case ast.BinOp(left=left, right=right):
            return _is_literal(left) and _is_literal(right)
        case ast.Call(func=ast.Name() | ast.Attribute() as function, args=args, keywords=keywords):
            values = [*args, *(keyword.value for keyword in keywords)]
            return _is_literal(function) and all(map(_is_literal, values))
        case _:
            return False


def _lines(node: ast.AST) -> set[int]:
    assert isinstance(node, ast.stmt)
    return set(range(node.lineno, (node.end_lineno or node.lineno) + 1))


def _code_lines(source: str, tree: ast.Module) -> set[int]:
    """The numbers of the lines that hold code; docstrings and data tables do not count."""
    silent = {
        tokenize.COMMENT,
        tokenize.NL,
        tokenize.NEWLINE,
        tokenize.INDENT,
        tokenize.DEDENT,
        tokenize.ENDMARKER,
    }
    lines: set[int] = set()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type not in silent:
            lines.update(range(token.start[0], token.end[0] + 1))
    for node in ast.walk(tree):
        match node:
            case ast.Expr(value=ast.Constant(value=str())):
                lines -= _lines(node)
    for statement in tree.body:
        match statement:
            case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
                if _is_literal(value):
                    lines -= _lines(statement)
    return lines


def _functions(tree: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function]]:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            name = f"{prefix}{node.name}"
            if not isinstance(node, ast.ClassDef):
                yield name, node
            yield from _functions(node, f"{name}.")
        else:
            yield from _functions(node, prefix)


def _too_long() -> dict[str, int]:
    """Name and code lines of everything in ``src`` that is over its limit."""
    found: dict[str, int] = {}
    for path in _modules():
        source = path.read_text(encoding="utf-8")
        tree = ast.parse(source)
        code = _code_lines(source, tree)
        if len(code) > MODULE_LINES_MAX:
            found[_name(path)] = len(code)
        for name, function in _functions(tree):
            count = len(code & _lines(function))
            if count > FUNCTION_LINES_MAX:
                found[f"{_name(path)}:{name}"] = count
    return found


def _repository_files() -> list[Path]:
    """What git tracks or would track; empty where there is no git or no repository."""
    git = shutil.which("git")
    if git is None or not (ROOT / ".git").exists():
        return []
    command = [git, "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout
    paths = (ROOT / name.decode() for name in listing.split(b"\0") if name)
    return sorted(path for path in set(paths) if path.is_file() and not path.is_symlink())


def _foreign_places() -> re.Pattern[str]:
    folders = list(BUILD_FOLDERS)
    if len(ROOT.parts) > 2:
        folders.append(f"{ROOT.as_posix()}/")
        folders.append(f"{ROOT.parent.as_posix()}/")
    hosts = "|".join(map(re.escape, REGISTRY_HOSTS))
    paths = "|".join(map(re.escape, folders))
    # A folder counts only at the start of an absolute path, not in the middle of an address.
    return re.compile(rf"(?:{hosts})|(?<![\w.~}}-])(?:{paths})")


def test_functions_and_modules_are_short() -> None:
    too_long = {name: n for name, n in _too_long().items() if name not in EXCEPTIONS}
    assert too_long == {}, (
        f"functions hold {FUNCTION_LINES_MAX} and modules {MODULE_LINES_MAX} lines of code; "
        "split where each half has a name"
    )


def test_every_exception_is_still_needed_and_has_a_reason() -> None:
    assert EXCEPTIONS.keys() <= _too_long().keys()
    assert all(reason.strip() for reason in EXCEPTIONS.values())


def test_nothing_in_src_is_unfinished() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in sorted(SRC.rglob("*"))
        if path.is_file() and path.suffix != ".pyc"
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1)
        if UNFINISHED.search(line)
    ]
    assert not found, "\n".join(found)


def test_no_file_names_a_registry_host_or_a_build_machine() -> None:
    files = _repository_files()
    if not files:
        pytest.skip("this is no git repository, or git is not installed")
    pattern = _foreign_places()
    found = [
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in files
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), start=1)
        if (match := pattern.search(line))
    ]
    assert not found, "\n".join(found)


def test_code_lines_leave_out_docstrings_comments_and_tables() -> None:
    source = '''"""Module."""
import math

TABLE = (
    ("a", 1),
    ("b", -2.0),
)
"""What the table says."""


def area(r: float) -> float:
    """The area.

    Longer text.
    """
    # why

    return (
        math.pi * r**2
    )
'''
    assert _code_lines(source, ast.parse(source)) == {2, 11, 18, 19, 20}
