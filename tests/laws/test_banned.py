"""What may stand in one place only, and what to do instead elsewhere."""

import ast
from collections.abc import Callable, Iterator

import pytest

from tests.laws.source import PRODUCT, called, dotted, files, name, tree

NOW = {"now", "utcnow", "today"}
STATEMENTS = {"select", "insert", "update", "delete", "text"}


def commits(module: ast.Module) -> Iterator[int]:
    """Lines that end a transaction."""
    yield from (node.lineno for node in _calls(module) if called(node) in ("commit", "rollback"))


def tasks(module: ast.Module) -> Iterator[int]:
    """Lines that start an asyncio task."""
    yield from (node.lineno for node in _calls(module) if called(node) in ("create_task", "ensure_future"))


def clocks(module: ast.Module) -> Iterator[int]:
    """Lines that ask the system what time it is."""
    yield from (node.lineno for node in _calls(module) if _asks_the_time(dotted(node.func)))


def statements(module: ast.Module) -> Iterator[int]:
    """Lines that bring SQL statements in."""
    for node in ast.walk(module):
        if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "sqlalchemy":
            yield from (node.lineno for alias in node.names if alias.name in STATEMENTS)
        elif isinstance(node, ast.Import):
            yield from (node.lineno for alias in node.names if alias.name.split(".")[0] == "sqlalchemy")


LAWS: list[tuple[str, Callable[[ast.Module], Iterator[int]], tuple[str, ...], str]] = [
    (
        "commit",
        commits,
        ("storage/engine.py",),
        "The transaction belongs to storage/engine.py: run the operation by runtime.transact (or Database.transaction "
        "in a command), let it raise to undo; a part that may fail alone goes into `with session.begin_nested():`.",
    ),
    (
        "create_task",
        tasks,
        ("api/runtime.py",),
        "Start it by Runtime.spawn (api/runtime.py): it keeps a reference, logs what fails and stops it at shutdown.",
    ),
    (
        "now",
        clocks,
        ("api/times.py",),
        "Operations use ctx.now; elsewhere api.times.utcnow(). Tests travel in time, and zones are never forgotten.",
    ),
    (
        "sql",
        statements,
        ("storage/",),
        "Write a named query in storage/<capability>.py and call it; api and bot know no SQL.",
    ),
]


@pytest.mark.parametrize(("law", "allowed", "advice"), [law[1:] for law in LAWS], ids=[law[0] for law in LAWS])
def test_only_its_owner_does_it(
    law: Callable[[ast.Module], Iterator[int]], allowed: tuple[str, ...], advice: str
) -> None:
    found = [
        f"{name(path)}:{line}"
        for path in files(".py", folders=PRODUCT)
        if not name(path).startswith(allowed)
        for line in law(tree(path))
    ]
    if found:
        pytest.fail("\n".join([advice, *found]), pytrace=False)


@pytest.mark.parametrize(
    ("law", "source"),
    [
        (commits, "session.commit()"),
        (commits, "async def f(s):\n    await s.rollback()"),
        (tasks, "import asyncio\nasyncio.create_task(f())"),
        (tasks, "group.create_task(f())"),
        (clocks, "datetime.now(UTC)"),
        (clocks, "import datetime\ndatetime.datetime.now()"),
        (clocks, "date.today()"),
        (statements, "from sqlalchemy import func, select"),
        (statements, "from sqlalchemy.dialects.sqlite import insert"),
        (statements, "import sqlalchemy as sa"),
    ],
)
def test_the_laws_see_what_they_forbid(law: Callable[[ast.Module], Iterator[int]], source: str) -> None:
    assert list(law(ast.parse(source)))


def _asks_the_time(function: str) -> bool:
    owner, _, method = function.rpartition(".")
    return method in NOW and owner.split(".")[-1] in ("datetime", "date")


def _calls(module: ast.Module) -> Iterator[ast.Call]:
    yield from (node for node in ast.walk(module) if isinstance(node, ast.Call))
