"""A county whose people call /v1."""

from collections.abc import AsyncIterator

import pytest

from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    """An empty world."""
    async with a_world(database_url) as made:
        yield made
