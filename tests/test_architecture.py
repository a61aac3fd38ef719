"""The house stands as it was drawn: who may import whom."""

import ast
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def test_import_order() -> None:
    """Every contract of pyproject.toml holds: layers, siblings, what rules and the sandbox may know."""
    # In a process of its own: it turns off the loggers of all other libraries.
    linter = "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"
    done = subprocess.run([sys.executable, "-c", linter], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_no_import_hides_inside_a_function() -> None:
    """If the order ever fights somebody, the design changes; nobody imports inline."""
    assert [place for path in sorted(_sources()) for place in _inline_imports(path)] == []


def test_a_run_carries_no_playground() -> None:
    """What `duologue run` loads knows neither the playground nor the sandbox."""
    look = "import sys, bot.cli; print(*(m for m in sys.modules if m.startswith(('bot.playground', 'bot.sandbox'))))"
    done = subprocess.run([sys.executable, "-c", look], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_no_cancellation_is_lost_in_a_wait() -> None:
    """`asyncio.wait_for` of Python 3.11 swallows one that comes with the result; `asyncio.timeout` does not."""
    calls = [
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in sorted(_sources())
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute) and node.attr == "wait_for"
    ]
    assert calls == []


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
