"""Live messages: their edits keep a distance, only the latest waits, and they end (architecture.md, Sending)."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from api.context import Context
from api.messaging.delivering import Work
from api.messaging.outbox import edit_message, say_in_chat
from api.messaging.tree import Words
from storage.inbox import find_or_add_chat
from storage.messaging import Message
from tests.support.talk import NOW, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def a_live_message(world: World, kind: str) -> Message:
    """A message that was sent, in a private chat or a room, and may be edited."""

    def say(ctx: Context) -> Message:
        chat = find_or_add_chat(ctx.session, "paper", "", "c", kind, "", ctx.now)
        return say_in_chat(ctx, chat, Words("0"), live=True)

    message = await world.run(say)
    await world.settle()
    return message


async def edit(world: World, message: Message, text: str) -> None:
    await world.run(lambda ctx: edit_message(ctx, ctx.session.get_one(Message, message.id), Words(text)))


@pytest.mark.parametrize(
    ("kind", "asked", "shown"),
    [
        ("room", range(1, 61), [1, 16, 31, 46, 61]),
        ("private", range(1, 13), [1, 6, 11, 16]),
        # two in a moment, then nothing until the second of them was shown: still four a minute
        ("room", [1, 2, 17, 18, 33, 34, 49, 50], [1, 16, 31, 46, 61]),
        ("private", [1, 2, 7, 8], [1, 6, 11]),
        ("room", [1, 40], [1, 40]),
    ],
)
async def test_edits_keep_their_distance(world: World, kind: str, asked: Any, shown: list[int]) -> None:
    message = await a_live_message(world, kind)
    edits: list[int] = []
    send = world.paper.send

    async def watched(work: Work) -> Any:
        edits.append(int((world.runtime.now() - NOW).total_seconds()))
        return await send(work)

    world.paper.send = watched  # type: ignore[method-assign]
    for second in range(1, 81):
        world.set_time(NOW + timedelta(seconds=second))
        if second in asked:
            await edit(world, message, str(second))
        await world.deliverers.drain()
    assert edits == shown
    assert world.paper.chats["c"][0].text == str(max(asked)), "the latest is shown in the end"


async def test_a_live_message_ends_after_48_hours(world: World) -> None:
    message = await a_live_message(world, "room")
    [sheet] = world.paper.chats["c"]
    world.set_time(NOW + timedelta(hours=48))
    await edit(world, message, "the last one")
    await world.settle()
    assert sheet.text == "the last one"
    world.pass_time(minutes=1)
    await edit(world, message, "too late")
    await world.settle()
    assert sheet.text == "the last one"
