"""A county with browsers."""

from collections.abc import AsyncIterator

import pytest

from tests.support.browser import WebWorld, a_web_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[WebWorld]:
    async with a_web_world(database_url) as world:
        yield world
