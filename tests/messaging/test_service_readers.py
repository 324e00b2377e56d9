"""A stream that only one process may read has one reader at a time."""

from collections.abc import AsyncIterator

import pytest

from api.messaging.receiving import read_alone
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_one_reader_until_its_claim_runs_out(world: World) -> None:
    async def may(holder: str, seconds: float = 60, account: str = "7") -> bool:
        return await world.run(read_alone, "telegram", account, holder, seconds)

    assert await may("a") and await may("a")
    assert not await may("b")
    assert await may("b", account="8"), "another bot"
    world.pass_time(seconds=50)
    assert await may("a")
    world.pass_time(seconds=50)
    assert not await may("b"), "it was renewed"
    world.pass_time(seconds=11)
    assert await may("b") and not await may("a")
    assert await may("b", 0) and await may("a"), "given back"
