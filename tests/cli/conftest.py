"""The program in a folder of its own."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.databases import Databases
from tests.support.program import Program


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    made = Program(tmp_path)
    yield made
    made.close()


@pytest.fixture
def migrated(program: Program, databases: Databases) -> Program:
    """The same with a database that is set up already, which saves seconds."""
    with databases.fresh("sqlite") as url:
        shutil.copy(url.removeprefix("sqlite:///"), program.folder / "gongfang.db")
    return program
