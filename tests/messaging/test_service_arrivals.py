"""Events as platforms should never send them are stored like any other: one must not stall the stream behind it."""

from collections.abc import AsyncIterator

import pytest

from api.context import Context
from api.messaging.receiving import Arrival, receive
from storage.messaging import Chat, Incoming
from tests.support.talk import World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def test_strange_arrivals_stall_nobody(world: World) -> None:
    raw = {"kind": "said", "sender": "u\0", "text": "一\0二\ud800", "name": "名\udfff"}
    long = "e" * 1000
    arrivals = [
        Arrival("a\0b", "c1", "room", raw, title="群\0名\ud83d" + "长" * 400),
        Arrival(long, "c1", "room", raw), Arrival(long + "2", "c1", "room", raw), Arrival(long, "c1", "room", raw),
    ]  # fmt: skip
    assert await world.run(receive, "paper", "", arrivals, ("offset", "4")) == 3, "the last is a repeat"

    def look(ctx: Context) -> tuple[str, list[str]]:
        return ctx.session.query(Chat).one().title, [row.raw["text"] for row in ctx.session.query(Incoming)]

    title, texts = await world.run(look)
    assert title.startswith("群名?长") and len(title) == 255
    assert texts == ["一二?"] * 3
    await world.handlers.drain()
    assert {state for (state,) in await world.run(lambda ctx: ctx.session.query(Incoming.state).all())} == {"done"}
