"""The project's own files, as the laws read them."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PRODUCT = ("api", "bot", "storage")
OURS = (*PRODUCT, "benchmarks", "docs", "tests")
# made by others, or by programs
FOREIGN = ("*.min.js", "*.min.css", "htmx*.js")


@cache
def files(*suffixes: str, folders: tuple[str, ...] = OURS) -> tuple[Path, ...]:
    """Our files with one of the suffixes, sorted; what others made and what caches hold is left out."""
    return tuple(sorted(path for folder in folders for path in _walk(ROOT / folder) if path.suffix in suffixes))


def _walk(folder: Path) -> Iterator[Path]:
    for path in folder.rglob("*"):
        inside = path.relative_to(ROOT)
        hidden = any(part.startswith(".") or part == "__pycache__" for part in inside.parts)
        if path.is_file() and not hidden and not any(path.match(pattern) for pattern in FOREIGN):
            yield path


@cache
def tree(path: Path) -> ast.Module:
    """The parsed source of a Python file."""
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def name(path: Path) -> str:
    """How a file is called in a law's message."""
    return path.relative_to(ROOT).as_posix()


def called(node: ast.Call) -> str:
    """The last name of what is called: "now" for datetime.now(...)."""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def dotted(node: ast.expr) -> str:
    """ "datetime.now" for that expression, "" for what is not a plain dotted name."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute) and (inner := dotted(node.value)):
        return f"{inner}.{node.attr}"
    return ""
