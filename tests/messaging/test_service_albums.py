"""Parts of an album become one row: gathered for a moment, each once, whoever was working on the chat meanwhile."""

from datetime import timedelta
from typing import Any

import pytest

from api.context import Context
from api.messaging.receiving import ALBUM_PAUSE, Arrival, finish_row, hold_row, lease_rows, receive
from storage.reach import Reach
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> Any:
    async with a_world(database_url) as world:
        yield world


def part(number: int) -> Arrival:
    return Arrival(f"e{number}", "c1", "room", {"n": number}, album="a")


async def take_in(world: World, *arrivals: Arrival) -> int:
    return await world.runtime.transact(receive, "paper", "", list(arrivals))


async def lease(world: World) -> list[Any]:
    return await world.runtime.transact(lease_rows, Reach(("paper",)), 10)


async def test_parts_are_one_row_a_moment_after_the_last(world: World) -> None:
    await take_in(world, part(1), part(2))
    assert await lease(world) == []
    world.pass_time(seconds=0.6)
    assert await take_in(world, part(3)) == 1
    world.pass_time(seconds=0.6)
    assert await lease(world) == [], "a new part begins the pause anew"
    world.pass_time(seconds=0.6)
    (row,) = await lease(world)
    assert [raw["n"] for raw in row.raw["parts"]] == [1, 2, 3]


async def test_a_repeated_part_changes_nothing(world: World) -> None:
    assert await take_in(world, part(1), part(2), part(1)) == 2
    assert await take_in(world, part(2)) == 0
    world.set_time(world.runtime.now() + ALBUM_PAUSE)
    (row,) = await lease(world)
    assert [raw["n"] for raw in row.raw["parts"]] == [1, 2]
    await world.runtime.transact(finish_row, row)
    assert await take_in(world, part(1), part(2)) == 0


async def test_what_comes_after_the_album_was_handled_stands_alone(world: World) -> None:
    await take_in(world, part(1))
    world.set_time(world.runtime.now() + ALBUM_PAUSE)
    (row,) = await lease(world)
    await world.runtime.transact(finish_row, row)
    assert (await take_in(world, part(2)), await take_in(world, part(2))) == (1, 0)
    (late,) = await lease(world)
    assert late.raw == {"n": 2}


async def test_whoever_works_on_the_album_already_loses_it(world: World) -> None:
    await take_in(world, part(1))
    world.set_time(world.runtime.now() + ALBUM_PAUSE)
    (row,) = await lease(world)
    await take_in(world, part(2))

    def held(ctx: Context) -> bool:
        return hold_row(ctx, row)

    assert not await world.runtime.transact(held)
    world.set_time(world.runtime.now() + ALBUM_PAUSE)
    (again,) = await lease(world)
    assert again.inbox_id == row.inbox_id and len(again.raw["parts"]) == 2


async def test_what_was_said_before_an_album_is_handled_before_it(world: World) -> None:
    said = Arrival("e0", "c1", "room", {"n": 0})
    await take_in(world, said, part(1))
    world.set_time(world.runtime.now() + timedelta(seconds=2))
    (row,) = await lease(world)
    assert row.raw == {"n": 0}
    album = await world.runtime.transact(finish_row, row)
    assert album is not None and [raw["n"] for raw in album.raw["parts"]] == [1]
