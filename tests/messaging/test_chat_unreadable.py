"""What cannot be read stalls nobody."""

from collections.abc import AsyncIterator

import pytest

from api.messaging.receiving import Arrival, lease_rows, receive
from storage.reach import Reach
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_an_unreadable_event_is_put_away_and_the_next_is_heard(world: World) -> None:
    li = await world.teacher("李老师")
    broken = Arrival("broken", li.chat, "private", {"garbage": True})
    await world.runtime.transact(receive, "paper", "", [broken])
    await li.say("帮助")
    li.expect("/help")


async def test_what_came_from_a_platform_that_is_off_waits(world: World) -> None:
    arrival = Arrival("e-elsewhere", "c-elsewhere", "private", {"kind": "said", "sender": "x", "text": "帮助"})
    await world.runtime.transact(receive, "elsewhere", "", [arrival])
    li = await world.teacher("李老师")
    await li.say("帮助")
    li.expect("/help")
    assert len(await world.runtime.transact(lease_rows, Reach(("elsewhere",)), 9)) == 1
