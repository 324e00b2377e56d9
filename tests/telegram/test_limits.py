"""Telegram's limits on, as Telegram has them: everything arrives, in order, and hardly a call is refused."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest

from api.context import Context
from api.messaging.outbox import BULK, REPLY, say_in_chat
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


def say(ctx: Context, native: str, text: str, lane: int) -> None:
    chat = ctx.session.query(Chat).filter_by(platform="telegram", native=native).one()
    say_in_chat(ctx, chat.id, Words(text), lane=lane)


def sends(world: TelegramWorld) -> list[int]:
    return [status for name, status in world.emulator.calls if name == "sendMessage"]


async def test_a_refusal_is_obeyed_by_all_that_is_said_in_the_chat(world: TelegramWorld) -> None:
    li: Any = await world.teacher("李老师")
    world.emulator.faults.flood("sendMessage", retry_after=30)
    await world.run(say, li.chat, "群发", BULK)
    await world.deliverers.drain()
    world.telegram.limits.chats.clear()  # another process, which was not refused
    for n in range(3):
        world.emulator.world.clock.advance(5)
        await world.run(say, li.chat, f"回复{n}", REPLY)
        await world.deliverers.drain()
    assert sends(world) == [429]
    assert await deliver_all(world) >= 14
    assert sends(world)[1:] == [200] * 4
    assert [m.text for m in li.messages()] == ["回复0", "回复1", "回复2", "群发"], "replies first"


async def test_a_press_is_answered_while_the_chat_waits(world: TelegramWorld) -> None:
    li: Any = await world.teacher("李老师")
    await li.say("你好")
    world.emulator.faults.flood("sendMessage", retry_after=30)
    await world.run(say, li.chat, "群发", BULK)
    await world.deliverers.drain()
    assert await li.press_action("run:nothing") is not None
    assert sends(world)[-1] == 429, "nothing else was tried"


async def test_the_topics_of_a_group_wait_together(world: TelegramWorld) -> None:
    host: Any = await world.teacher("沈老师")
    forum, other = [host.phone.create_group(name, world.bot, forum=True) for name in ("大群", "别的群")]
    places = [f"{chat.id}/{host.phone.create_topic(chat, '题').id}" for chat in (forum, forum, other)]
    for place in (*places, str(forum.id)):
        await host.say("大家好", room=place)
    await deliver_all(world)  # both groups are greeted after a moment
    greeted = len(sends(world))
    world.emulator.faults.flood("sendMessage", retry_after=30)
    await world.run(say, places[0], "一", BULK)
    await world.deliverers.drain()
    for place in (*places, str(forum.id)):
        await world.run(say, place, "二", BULK)
    await world.deliverers.drain()
    assert sends(world)[greeted:] == [429, 200] and [m.text for m in host.messages(places[2])] == ["二"]
    assert await deliver_all(world) >= 29
    assert [m.text for m in host.messages(places[0])] == ["一", "二"]
    assert [m.text for m in host.messages(places[1])] == ["二"]
    assert sends(world).count(429) == 1


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
