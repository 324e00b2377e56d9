"""A mistake of ours with one delivery: it is tried again, given up in time, and nothing else is taken for one."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from api.messaging.outbox import tell_person
from api.messaging.tree import Node, T, Words
from bot.platforms.base import Capabilities, Transient
from storage.messaging import REJECTED, UNREADABLE, Delivery
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def tell(world: World, say: Node, *failures: Any) -> Voice:
    """It is tried until all the failures are over."""
    li = await world.teacher("李老师")
    world.paper.failures = [*failures]
    await world.run(tell_person, li.person.id, say, lane=0)
    for _ in failures:
        await world.deliverers.drain()
        world.pass_time(minutes=60)
    await world.deliverers.drain()
    return li


async def states(world: World) -> list[tuple[str, str | None, str | None]]:
    return await world.run(
        lambda ctx: [(row.state, row.reason, row.error) for row in ctx.session.query(Delivery).order_by(Delivery.id)]
    )


async def test_what_failed_for_other_reasons_before_is_not_given_up(world: World) -> None:
    li = await tell(world, Words("好"), *[Transient("away")] * 5, RuntimeError("odd"))
    assert [sheet.text for sheet in li.sheets()] == ["好"]


async def test_what_fails_for_ever_is_given_up(world: World) -> None:
    world.paper.capabilities = Capabilities(idempotent=True)
    li = await tell(world, Words("好"), *[RuntimeError("odd")] * 3)
    assert li.sheets() == [] and world.deliverers.mistakes == {}
    assert await states(world) == [("dead", REJECTED, "RuntimeError: odd")]


async def test_a_database_that_cannot_now_is_no_mistake(world: World) -> None:
    """Of a platform that keeps its messages there."""

    class Deadlock(Exception):
        sqlstate = "40P01"

    li = await tell(world, Words("好"), *[OperationalError("", {}, Deadlock())] * 4)
    assert [sheet.text for sheet in li.sheets()] == ["好"]
    assert [state for state, *_ in await states(world)] == ["sent"]


async def test_what_cannot_be_put_into_words_says_so_and_nothing_of_it(world: World) -> None:
    await tell(world, T("“{missing}” is not there", other="秘密"))
    [(state, reason, error)] = await states(world)
    assert (state, reason) == ("dead", UNREADABLE) and error is not None and "秘密" not in error
