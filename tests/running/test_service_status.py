"""What `gongfang status` reads from the database: queues, what was done lately, what was lost, who is here."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from api.beating import MISSED, keep_beating, machine
from api.context import Context
from api.messaging.outbox import say_in_chat
from api.messaging.receiving import Arrival, receive
from api.messaging.tree import Words
from api.status import Status, take_stock
from bot.platforms.base import Rejected
from storage import stock
from storage.matrix import MatrixDevice
from storage.messaging import Chat, Cursor
from storage.readers import READER
from tests.support.talk import Voice, World, a_world


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def status(world: World) -> Status:
    return await world.runtime.read(take_stock, system=True)


async def say(world: World, voice: Voice, **how: object) -> None:
    def work(ctx: Context) -> None:
        chat = ctx.session.query(Chat).filter_by(native=voice.chat).one()
        say_in_chat(ctx, chat.id, Words("好"), **how)  # type: ignore[arg-type]

    await world.run(work)


async def test_an_idle_service(world: World) -> None:
    found = await status(world)
    assert (found.inbox, found.outbox, found.handled, found.sent, found.lost) == ([], [], {}, {}, {})
    assert (found.unhandled, found.processes, found.claims) == (0, [], [])
    assert found.database_bytes > 100_000


async def test_what_was_done_lately_and_what_waits(world: World) -> None:
    li = await world.teacher("李老师")
    await li.say("帮助")
    world.paper.failures.append(Rejected("no"))
    await say(world, li)
    await world.settle()
    await world.runtime.transact(receive, "paper", "", [Arrival("odd", li.chat, "private", {"garbage": True})])
    await world.settle()
    await say(world, li, lane=2, not_before=world.runtime.now() + timedelta(hours=9))
    await world.runtime.transact(receive, "paper", "", [Arrival("next", li.chat, "private", {})])
    world.pass_time(minutes=2)
    found = await status(world)
    assert [(one.platform, one.due, found.now - one.oldest) for one in found.inbox] == [
        ("paper", 1, timedelta(minutes=2)),
    ]  # fmt: skip
    assert [(one.platform, one.lane, one.due, one.later) for one in found.outbox] == [("paper", 2, 0, 1)]
    assert (found.handled, found.sent, found.lost, found.unhandled) == ({"paper": 2}, {"paper": 1}, {"dead": 1}, 1)
    world.pass_time(minutes=4)
    found = await status(world)
    assert (found.handled, found.sent, found.lost) == ({}, {}, {"dead": 1}), "lately is over, what is lost stays lost"


async def test_who_reads_alone(world: World) -> None:
    def claim(ctx: Context) -> None:
        until, account = ctx.now + timedelta(minutes=1), "@bot:example.org"
        ctx.session.add(Cursor(platform="telegram", account="42", name=READER, value=f"who {until.isoformat()}"))
        ctx.session.add(MatrixDevice(
            account=account, device_id="D", token="", holder="who", held_until=until, created_at=ctx.now
        ))  # fmt: skip

    await world.run(claim)
    found = await status(world)
    assert {(one.platform, one.account) for one in found.claims} == {
        ("telegram", "42"), ("matrix", "@bot:example.org"),
    }  # fmt: skip
    world.pass_time(minutes=5)
    assert (await status(world)).claims == [], "claims run out"


async def test_a_process_says_that_it_is_here_until_it_ends(world: World) -> None:
    runtime = world.runtime
    began = runtime.ticked_at = runtime.now()
    beating = asyncio.ensure_future(keep_beating(runtime, "worker", "http://127.0.0.1:9101"))
    async with asyncio.timeout(10):
        while not (found := await status(world)).processes:
            await asyncio.sleep(0.02)
    (one,) = found.running
    assert one.name.startswith(f"{machine()}:")
    assert one[1:] == ("worker", "http://127.0.0.1:9101", began, began, began)
    world.pass_time(seconds=MISSED.total_seconds() + 1)
    found = await status(world)
    assert (len(found.processes), found.running) == (1, []), "it was not seen since"
    runtime.stop()
    await asyncio.wait_for(beating, 10)
    assert (await status(world)).processes == []


async def test_what_waited_since_long_ago_counts_when_it_is_sent(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in a push to more people than are looked at."""
    monkeypatch.setattr(stock, "NEWEST", 2)
    li = await world.teacher("李老师")
    later = world.runtime.now() + timedelta(hours=9)
    await say(world, li)
    for _ in range(3):
        await say(world, li, not_before=later)
    await world.settle()
    assert (await status(world)).sent == {"paper": 1}
