"""What the tests of communities stand on: a county on paper with two schools."""

from collections.abc import AsyncIterator

import pytest

from tests.support.county import County, a_county
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


@pytest.fixture
async def county(world: World) -> County:
    return await a_county(world)
