"""The house stands as it was drawn: who may import whom."""

import ast
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).resolve().parents[1]


def test_import_order(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every contract of pyproject.toml holds: layers, siblings, what rules and the sandbox may know."""
    monkeypatch.chdir(ROOT)
    assert lint_imports(no_cache=True) == EXIT_STATUS_SUCCESS


def test_no_import_hides_inside_a_function() -> None:
    """If the order ever fights somebody, the design changes; nobody imports inline."""
    assert [place for path in sorted(_sources()) for place in _inline_imports(path)] == []


def _sources() -> list[Path]:
    return [path for room in ("bot", "handlers", "storage") for path in (ROOT / room).rglob("*.py")]


def _inline_imports(path: Path) -> list[str]:
    functions = (
        node
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    return [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for function in functions
        for node in ast.walk(function)
        if isinstance(node, ast.Import | ast.ImportFrom)
    ]
