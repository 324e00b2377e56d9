"""A service that is told to stop finishes what it has in hand and leaves the rest to the next one at once."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from api.attachments.fetching import Fetched, lease_files, return_file, settle_file
from api.attachments.service import keep_file
from api.context import Context
from api.messaging.delivering import Outcome, Work, claim_work, return_work
from api.messaging.outbox import tell_person
from api.messaging.receiving import Arrival, hold_row, lease_rows, receive, return_row
from api.messaging.tree import T, Words
from bot.__main__ import Service
from bot.inbound import File
from bot.platforms.base import Platform
from bot.registry import Command, Feature
from bot.turn import Turn
from storage.attachments import Attachment
from storage.messaging import Chat, Delivery, Incoming
from storage.reach import Reach
from tests.support.talk import Voice, World, a_world, finish_work


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def arrive(world: World, who: Voice, *texts: str) -> None:
    """Messages that nobody has handled yet."""
    raws = [{"kind": "said", "sender": who.native, "name": who.name, "text": text} for text in texts]
    arrivals = [Arrival(f"{who.native}-{n}", who.chat, "private", raw) for n, raw in enumerate(raws)]
    await world.runtime.transact(receive, "paper", "", arrivals)


async def tell(world: World, who: Voice, *texts: str) -> None:
    """Messages that nobody has delivered yet."""
    assert who.person is not None
    for text in texts:
        await world.run(tell_person, who.person.id, Words(text))


async def keep(world: World, who: Voice) -> Attachment:
    """A file that nobody has fetched yet."""

    def add(ctx: Context) -> Attachment:
        chat = Chat(platform="paper", account="", native=who.chat, kind="private")
        return keep_file(ctx, File("document", "a.txt", "text/plain", 3, {"key": "k"}), chat)

    return await world.run(add, actor=who)


async def lease_all(world: World) -> tuple[list[Any], list[Any], list[Any]]:
    """What handlers, deliverers and fetchers would work on now."""
    run = world.runtime.transact
    waiting = await run(lease_rows, Reach(("paper",)), 9), await run(claim_work, Reach(("paper",)), 9, {})
    return *waiting, await run(lease_files, Reach(("paper",)), 9)


async def rows(world: World, table: Any) -> list[Any]:
    """All rows of a table, in order."""
    return await world.run(lambda ctx: ctx.session.query(table).order_by(table.id).all())


@asynccontextmanager
async def working(world: World, workers: Any, seconds: float = 20.0) -> AsyncIterator[None]:
    """Workers that are told to stop when the block ends, and after `seconds` are. What follows is another process."""
    task = world.runtime.spawn(workers.run(), "workers")
    try:
        yield
    finally:
        world.runtime.stop()
        await asyncio.wait([task], timeout=seconds)
        tasks = list(world.runtime.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        world.runtime.stopping = False


async def test_a_handler_finishes_its_row_and_leaves_the_next(world: World) -> None:
    li = await world.teacher("李老师")
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop(turn: Turn) -> None:
        world.runtime.stopping = True
        loop.call_soon_threadsafe(stopped.set)
        turn.say(Words("好"))

    await arrive(world, li, "停下", "停下")
    feature = Feature(commands=(Command("stop", ("停下",), T("what I can do for you"), stop),))
    async with working(world, World(world.runtime, world.paper, [feature]).handlers):
        await stopped.wait()
    assert [row.state for row in await rows(world, Incoming)] == ["done", "new"]
    [left] = await world.runtime.transact(lease_rows, Reach(("paper",)), 9)
    assert left.event_id.endswith("-1")
    assert len(await rows(world, Delivery)) == 1


async def test_a_delivery_is_finished_and_the_next_left_untried(world: World, monkeypatch: Any) -> None:
    li = await world.teacher("李老师")
    sending = asyncio.Event()
    send = world.paper.send

    async def slow(work: Work) -> Sequence[str]:
        sending.set()
        while not world.runtime.stopping:
            await asyncio.sleep(0.01)
        return await send(work)

    monkeypatch.setattr(world.paper, "send", slow)
    await tell(world, li, "一", "二")
    async with working(world, world.deliverers):
        await sending.wait()
    assert [sheet.text for sheet in li.sheets()] == ["一"]
    [left] = await world.runtime.transact(claim_work, Reach(("paper",)), 9, {})
    assert (left.tree, left.attempt, left.repeat) == (Words("二"), 1, False)


async def test_a_delivery_that_takes_too_long_is_left_as_perhaps_sent(world: World, monkeypatch: Any) -> None:
    li = await world.teacher("李老师")
    sending = asyncio.Event()

    async def endless(_work: Work) -> Sequence[str]:
        sending.set()
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(world.paper, "send", endless)
    await tell(world, li, "一")
    async with working(world, world.deliverers, 0.1):
        await sending.wait()
    [left] = await world.runtime.transact(claim_work, Reach(("paper",)), 9, {})
    assert (left.tree, left.attempt, left.repeat) == (Words("一"), 2, True)


async def test_a_file_that_takes_too_long_is_left(world: World, monkeypatch: Any) -> None:
    li = await world.teacher("李老师")
    fetching = asyncio.Event()

    async def endless(_file: File) -> AsyncIterator[bytes]:
        fetching.set()
        await asyncio.Event().wait()
        yield b""

    await keep(world, li)
    with monkeypatch.context() as patch:
        patch.setattr(world.paper, "fetch", endless)
        async with working(world, world.fetchers, 0.1):
            await fetching.wait()
    world.paper.files["k"] = b"abc"
    await world.fetchers.drain()
    assert [row.state for row in await rows(world, Attachment)] == ["stored"]


async def test_what_was_given_back_late_is_not_taken_from_who_has_it_now(world: World) -> None:
    li = await world.teacher("李老师")
    await arrive(world, li, "help")
    await tell(world, li, "一")
    await keep(world, li)
    run = world.runtime.transact
    [row], [work], [file] = await lease_all(world)
    world.pass_time(minutes=10)
    assert [len(each) for each in await lease_all(world)] == [1, 1, 1]
    await run(return_row, row)
    await run(return_work, work, False)
    await run(return_file, file)
    assert await lease_all(world) == ([], [], [])
    assert [delivery.pending for delivery in await rows(world, Delivery)] == [True]


async def test_who_gave_back_is_too_late(world: World) -> None:
    li = await world.teacher("李老师")
    await arrive(world, li, "help")
    await tell(world, li, "一")
    run = world.runtime.transact
    [row], [work] = await run(lease_rows, Reach(("paper",)), 9), await run(claim_work, Reach(("paper",)), 9, {})
    await run(return_row, row)
    await run(return_work, work, True)
    assert await run(hold_row, row) is None
    assert await run(finish_work, work, Outcome(error="network"), {}) is None
    assert len(await run(claim_work, Reach(("paper",)), 9, {})) == 1
    assert len(await run(lease_rows, Reach(("paper",)), 9)) == 1


@pytest.mark.parametrize("became", [Fetched("key", "document", "text/plain", 3), Fetched(retry_after=90.0)])
async def test_a_file_that_was_settled_is_not_due_at_once(became: Fetched, world: World) -> None:
    await keep(world, await world.teacher("李老师"))
    [file] = await world.runtime.transact(lease_files, Reach(("paper",)), 9)
    await world.runtime.transact(return_file, file)
    [file] = await world.runtime.transact(lease_files, Reach(("paper",)), 9)
    tries = await world.run(lambda ctx: ctx.session.get_one(Attachment, file.id).tries)
    assert tries == 1, "that a service stopped costs none"
    assert await world.runtime.transact(settle_file, file, became, ())
    await world.runtime.transact(return_file, file)
    assert await world.runtime.transact(lease_files, Reach(("paper",)), 9) == []


async def test_the_service_leaves_nothing_leased(world: World, monkeypatch: Any) -> None:
    """The whole service, with a send and a fetch that never end."""
    li, wang = await world.teacher("李老师"), await world.teacher("王老师")
    held = {"send": asyncio.Event(), "fetch": asyncio.Event()}

    async def endless_send(_work: Work) -> Sequence[str]:
        held["send"].set()
        await asyncio.Event().wait()
        return []

    async def endless_fetch(_file: File) -> AsyncIterator[bytes]:
        held["fetch"].set()
        await asyncio.Event().wait()
        yield b""

    def platforms(_runtime: Any) -> list[Platform]:
        return [world.paper]

    monkeypatch.setattr(world.paper, "send", endless_send)
    monkeypatch.setattr(world.paper, "fetch", endless_fetch)
    monkeypatch.setattr("bot.__main__.open_platforms", platforms)
    monkeypatch.setattr("bot.__main__.STOP_SECONDS", -0.9)
    await tell(world, li, "一")
    await keep(world, wang)
    runtime = world.runtime
    service = Service(runtime, "bot")
    running = runtime.spawn(service.run(), "service")
    runtime.tasks.discard(running)  # it ends the others
    async with asyncio.timeout(60):
        for each in held.values():
            await each.wait()
        service.stopping.set()
        await running
    async with a_world(runtime.database.url.render_as_string(hide_password=False)) as after:
        leased = [chat for chat in await rows(after, Chat) if chat.leased_until or chat.in_leased_until]
        assert not leased
        assert len(await after.runtime.transact(claim_work, Reach(("paper",)), 9, {})) == 1
        assert len(await after.runtime.transact(lease_files, Reach(("paper",)), 9)) == 1
