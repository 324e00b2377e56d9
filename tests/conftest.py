"""What every test stands on: closed doors, and a fresh migrated database for those that ask for one."""

import gc
from collections.abc import Iterator

import pytest

from tests.laws.source import tree
from tests.support.databases import Databases, is_left_out, kinds_for
from tests.support.network import close_the_doors
from tests.support.synapse import Synapse, running_synapse

LONGEST = (
    "tests/faults/", "tests/benchmarks/", "tests/fuzz/", "tests/http/test_openapi", "tests/e2e/", "tests/platforms/",
    "tests/running/", "tests/telegram/",
)  # fmt: skip


# some 5,000 tests make much and keep little: looking for garbage every 700 objects is a fifth of their time
gc.set_threshold(20_000, 20, 50)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests that need a database once per kind that $GONGFANG_TEST_DB (or their marker) asks for."""
    if "database_kind" in metafunc.fixturenames:
        both = metafunc.definition.get_closest_marker("both_databases") is not None
        metafunc.parametrize("database_kind", kinds_for(metafunc.definition.path, both), scope="session")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Begin with the files that take longest, or they run at the end while other processes have nothing to do."""
    left_out = [item for item in items if is_left_out(item)]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]
    items.sort(key=lambda item: next((n for n, part in enumerate(LONGEST) if part in item.nodeid), len(LONGEST)))


@pytest.fixture(scope="session")
def databases() -> Iterator[Databases]:
    """Where fresh databases come from; for tests that need several, or need one by hand."""
    made = Databases()
    yield made
    made.close()


@pytest.fixture(scope="session")
def synapse() -> Iterator[Synapse]:
    """A Matrix homeserver without limits, for everybody who asks for one."""
    with running_synapse() as server:
        yield server


@pytest.fixture
def database_url(database_kind: str, databases: Databases) -> Iterator[str]:
    """A migrated, empty database of the test's own (SQLite or PostgreSQL, see database_kind)."""
    with databases.fresh(database_kind) as url:
        yield url


@pytest.fixture
def empty_database_url(database_kind: str, databases: Databases) -> Iterator[str]:
    """A database without tables, for tests of the migrations."""
    with databases.empty(database_kind) as url:
        yield url


@pytest.fixture(scope="session", autouse=True)
def closed_doors() -> Iterator[None]:
    """No test opens a connection that leaves this machine."""
    with pytest.MonkeyPatch.context() as patch:
        close_the_doors(patch)
        yield


@pytest.fixture(scope="module", autouse=True)
def parsed_files_are_forgotten() -> Iterator[None]:
    """What a law parses is kept for its file only: all of ours, parsed, are a gigabyte, and whoever looks for garbage
    would look through it during all tests that follow."""
    yield
    tree.cache_clear()
