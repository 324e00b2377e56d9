"""Telegram's limits on, as Telegram has them: everything arrives, in order, and hardly a call is refused."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from api.context import Context
from api.messaging.outbox import BULK, say_in_chat
from api.messaging.tree import Words
from storage.messaging import Chat, Delivery
from tests.support.telegram import TelegramWorld, a_telegram_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[TelegramWorld]:
    """The emulator's clock is everybody's: tests skip what would be waited for."""
    async with a_telegram_world(database_url, limited=True) as world:
        clock = world.emulator.world.clock
        world.telegram.limits.clock = clock.time
        world.runtime.now = lambda: datetime.fromtimestamp(clock.time(), UTC)
        yield world


def queue(ctx: Context, native: str, count: int) -> None:
    chat = ctx.session.query(Chat).filter_by(platform="telegram", native=native).one()
    for n in range(count):
        say_in_chat(ctx, chat.id, Words(f"{n}"), lane=BULK)


def waiting(ctx: Context) -> int:
    return ctx.session.query(Delivery).filter_by(state="ready").count()


async def deliver_all(world: TelegramWorld) -> float:
    """Skip from second to second until nothing waits; returns how many went by."""
    clock = world.emulator.world.clock
    began = clock.time()
    await world.deliverers.drain()
    while await world.run(waiting):
        assert clock.time() - began < 600
        clock.advance(1)
        await world.deliverers.drain()
    return clock.time() - began


async def test_a_chat_and_a_group_get_everything_in_order(world: TelegramWorld) -> None:
    li: Any = await world.teacher("李老师")
    group = await world.room(await world.workshop(await world.region(), "识字工坊"))
    await world.run(queue, li.chat, 12)
    await world.run(queue, group, 45)
    seconds = await deliver_all(world)
    assert [m.text for m in li.messages()] == [str(n) for n in range(12)]
    li.where(group)
    assert [m.text for m in li.messages(group)] == [str(n) for n in range(45)]
    assert 110 < seconds < 240, "twenty a minute"
    assert world.emulator.limits.refused <= 3


async def test_a_refusal_is_obeyed_by_its_chat_alone(world: TelegramWorld) -> None:
    li, wang = await world.teacher("李老师"), await world.teacher("王老师")
    world.emulator.faults.flood("sendMessage", retry_after=30)
    await world.run(queue, li.chat, 1)
    await world.deliverers.drain()
    await world.run(queue, wang.chat, 1)
    await world.deliverers.drain()
    assert (len(li.sheets()), len(wang.sheets())) == (0, 1)
    assert await deliver_all(world) >= 29
    assert len(li.sheets()) == 1
