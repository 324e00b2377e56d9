"""A stream that only one process may read: the term of its reader ends when the next one begins, and not before."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from api.context import Context
from api.messaging.receiving import Arrival, Taken, begin_to_read, read_on, receive
from storage.messaging import Cursor, Incoming
from tests.support.talk import World, a_world

MINE = ("telegram", "7")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


def held_without_a_lock(ctx: Context) -> None:
    """As version 0.3 wrote it."""
    until = ctx.now + timedelta(seconds=60)
    ctx.session.merge(Cursor(platform="telegram", account="7", name="reader", value=f"0123abcd {until.isoformat()}"))


async def test_whoever_begins_ends_the_term_before(world: World) -> None:
    await world.run(begin_to_read, *MINE, "lock:a")
    await world.run(begin_to_read, "telegram", "8", "lock:z")
    await world.run(read_on, *MINE, "lock:a")
    await world.run(begin_to_read, *MINE, "lock:b")
    with pytest.raises(Taken):
        await world.run(read_on, *MINE, "lock:a")
    await world.run(read_on, *MINE, "lock:b")
    world.pass_time(minutes=5)
    await world.run(read_on, *MINE, "lock:b")
    await world.run(read_on, "telegram", "8", "lock:z")


async def test_what_a_late_reader_brings_is_not_kept(world: World) -> None:
    arrival = Arrival("1", "5", "private", {"update_id": 1})
    await world.run(begin_to_read, *MINE, "lock:a")
    await world.run(begin_to_read, *MINE, "lock:b")
    with pytest.raises(Taken):
        await world.run(receive, *MINE, [arrival], ("offset", "2"), "lock:a")
    assert await world.run(lambda ctx: ctx.session.query(Incoming).count()) == 0
    assert await world.run(receive, *MINE, [arrival], ("offset", "2"), "lock:b") == 1


async def test_a_process_of_the_version_before_is_waited_for(world: World) -> None:
    await world.run(held_without_a_lock)
    with pytest.raises(Taken, match="older version"):
        await world.run(begin_to_read, *MINE, "lock:a")
    world.pass_time(seconds=61)
    await world.run(begin_to_read, *MINE, "lock:a")
    end = (await world.run(lambda ctx: ctx.session.query(Cursor).filter_by(name="reader").one().value)).split()[1]
    assert end > (world.runtime.now() + timedelta(seconds=30)).isoformat(), "and is kept away by the row"
