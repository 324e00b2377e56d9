"""A workshop that has quizzes."""

from collections.abc import AsyncIterator

import pytest

from tests.support.quizzing import Quizzing, quizzing_in
from tests.support.talk import a_world


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Quizzing]:
    async with a_world(database_url) as world:
        yield await quizzing_in(world)
