"""Every file fits in a head, every function on a screen."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LONGEST_FILE, LONGEST_FUNCTION = 300, 60
"""Lines; a function's docstring does not count."""
ROOMS = ("acqkit", "plugins", "benchmarks", "examples", "tests")
Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> list[Path]:
    return sorted(path for room in ROOMS for path in (ROOT / room).rglob("*.py"))


def functions(source: str) -> Iterator[Function]:
    return (node for node in ast.walk(ast.parse(source)) if isinstance(node, Function))


def lines_of(function: Function) -> int:
    """Lines of a function without its docstring."""
    last = function.end_lineno or function.lineno
    first = function.body[0]
    docstring = 0
    if ast.get_docstring(function) is not None:
        docstring = (first.end_lineno or first.lineno) - first.lineno + 1
    return last - function.lineno + 1 - docstring


@pytest.mark.parametrize("path", sources(), ids=lambda path: str(path.relative_to(ROOT)))
def test_files_and_functions_are_short(path: Path) -> None:
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= LONGEST_FILE, "split it by what it speaks of"
    long = [f.name for f in functions(source) if lines_of(f) > LONGEST_FUNCTION]
    assert not long, f"{long} have more than {LONGEST_FUNCTION} lines without their docstrings"


def test_a_function_is_measured_without_its_docstring() -> None:
    source = 'def f() -> None:\n    """One.\n\n    Two.\n    """\n    g()\n    h()\n'
    assert [lines_of(f) for f in functions(source)] == [3]
