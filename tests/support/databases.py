"""Migrated databases for the tests: each kind is migrated once and then copied, one fresh copy per test."""

import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cached_property
from itertools import count
from pathlib import Path

import pytest

from storage.engine import Database
from storage.schema import upgrade
from tests.support.memory import fast_folder
from tests.support.postgres import create_database, drop_database, running_postgres

CHOICE = "GONGFANG_TEST_DB"
KINDS = ("sqlite", "postgres")
# What each value of $GONGFANG_TEST_DB means: kinds for every test, kinds for tests of storage and services.
CHOICES = {
    "sqlite": (("sqlite",), ("sqlite",)),
    "postgres": (("postgres",), ("postgres",)),
    "mixed": (("sqlite",), KINDS),
    "both": (KINDS, KINDS),
    "rest": (KINDS, KINDS),
}
QUICK = "mixed"  # what `make test` chooses; the choice "rest" leaves out what it runs
SLOW_MARKS = ("faults", "slow")


def kinds_for(path: Path, marked_both: bool) -> tuple[str, ...]:
    """The databases that a test in file `path` runs on, by $GONGFANG_TEST_DB (sqlite when not set)."""
    chosen = os.environ.get(CHOICE) or "sqlite"
    if chosen not in CHOICES:
        raise pytest.UsageError(f"{CHOICE}={chosen}: it is one of {', '.join(CHOICES)}")
    return _kinds(chosen, path, marked_both)


def is_left_out(item: pytest.Item) -> bool:
    """Whether a test belongs to `make test` and $GONGFANG_TEST_DB asks for the rest."""
    if os.environ.get(CHOICE) != "rest" or any(item.get_closest_marker(name) for name in SLOW_MARKS):
        return False
    called = getattr(item, "callspec", None)
    kind = called.params.get("database_kind") if called is not None else None
    both = item.get_closest_marker("both_databases") is not None
    return kind is None or kind in _kinds(QUICK, item.path, both)


def _kinds(chosen: str, path: Path, marked_both: bool) -> tuple[str, ...]:
    everything, deep = CHOICES[chosen]
    if marked_both:
        return KINDS
    return deep if path.name.startswith("test_service") or path.parent.name == "storage" else everything


class Databases:
    """Templates of both kinds, made when first asked for; `fresh` lends a copy, `empty` a database without tables."""

    def __init__(self) -> None:
        self._numbers = count(1)
        self._stack = ExitStack()
        self._folder = self._stack.enter_context(fast_folder())

    @contextmanager
    def fresh(self, kind: str) -> Iterator[str]:
        """The URL of a migrated and otherwise empty database, for as long as the block lasts."""
        if kind == "sqlite":
            with fast_folder() as folder:
                copy = shutil.copyfile(self._migrated_file, folder / "gongfang.db")
                yield f"sqlite:///{copy}"
        else:
            with self._created("migrated") as url:
                yield url

    @contextmanager
    def empty(self, kind: str) -> Iterator[str]:
        """The URL of a database without a single table, for tests of the migrations themselves."""
        if kind == "sqlite":
            with fast_folder() as folder:
                yield f"sqlite:///{folder / 'gongfang.db'}"
        else:
            with self._created("template1") as url:
                yield url

    def close(self) -> None:
        """Stop the server, if one was started, and remove the templates."""
        self._stack.close()

    @cached_property
    def _migrated_file(self) -> Path:
        file = self._folder / "migrated.db"
        _migrate(f"sqlite:///{file}")
        return file

    @cached_property
    def _server(self) -> str:
        server = self._stack.enter_context(running_postgres())
        _migrate(create_database(server, "migrated"))
        return server

    @contextmanager
    def _created(self, template: str) -> Iterator[str]:
        server, name = self._server, f"test_{next(self._numbers)}"
        yield create_database(server, name, template)
        drop_database(server, name)


def _migrate(url: str) -> None:
    database = Database(url)
    upgrade(database)
    database.close()
