"""The contract's rows run on every platform that declares what they need."""

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from tests.platforms.driver import Driver
from tests.platforms.drivers import DRIVERS, driven


def needs(*capabilities: str) -> Callable[[Any], Any]:
    """A row for platforms that declare all of these capabilities; "no buttons" asks for their absence."""

    def mark(row: Any) -> Any:
        row.needs = capabilities
        return row

    return mark


def able(kind: type[Driver], needed: str) -> bool:
    """Whether a driver's platform declares a capability."""
    absent = needed.startswith("no ")
    return bool(getattr(kind.capabilities, needed.removeprefix("no "))) is not absent


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One run of a row per platform that is able to."""
    if "platform_name" in metafunc.fixturenames:
        needed = getattr(metafunc.function, "needs", ())
        names = [name for name, kind in DRIVERS.items() if all(able(kind, need) for need in needed)]
        metafunc.parametrize("platform_name", names)


@pytest.fixture
async def driver(platform_name: str, database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Driver]:
    async with driven(platform_name, database_url, request.getfixturevalue) as driver:
        yield driver
