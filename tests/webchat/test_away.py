"""Open pages while the database is away or its disk is full: they are told what there is, and nobody is cut off."""

import asyncio
from typing import Any

import pytest

from api.communities.tree import ensure_web_room
from api.runtime import Runtime
from bot.platforms.web import live
from storage.engine import StorageUnavailable
from tests.support.browser import Drawn, WebWorld


@pytest.fixture(autouse=True)
def hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "RECHECK_SECONDS", 0.5)
    monkeypatch.setattr(live, "LOOK_SECONDS", 0.3)


async def test_a_page_that_opens_while_the_disk_is_full_is_told_what_there_is(
    world: WebWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    workshop = await world.workshop(await world.region(), "数学坊")
    await world.run(ensure_web_room, workshop)
    browsers = []
    for name in ("李", "王"):
        voice = await world.teacher(name)
        await world.join(voice, workshop)
        browsers.append(await world.browser(voice))
        await browsers[-1].open("/web")
    speaker, reader = browsers
    transact, greetings = Runtime.transact, 0

    async def full(runtime: Runtime, operation: Any, *args: Any, **named: Any) -> Any:
        nonlocal greetings
        if operation is live._greet:
            greetings += 1
            if greetings < 3:
                raise StorageUnavailable("database or disk is full")
        return await transact(runtime, operation, *args, **named)

    monkeypatch.setattr(Runtime, "transact", full)
    await speaker.say("先说的", "数学坊")
    async with reader.listen() as stream:
        assert stream.status == 200
        assert Drawn((await stream.next("post"))[1]).text == "先说的"
        await speaker.say("后说的", "数学坊")
        assert Drawn((await stream.next("post"))[1]).text == "后说的"
        async with asyncio.timeout(10):
            while greetings < 3:
                await asyncio.sleep(0.05)
        await asyncio.sleep(3 * live.RECHECK_SECONDS)
        assert greetings == 3, "until it is heard, and not again"


async def test_a_page_that_opens_while_the_database_is_away_is_told_so(
    world: WebWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await world.browser(await world.teacher("李"))

    async def away(runtime: Runtime, operation: Any, *args: Any, **named: Any) -> Any:
        raise StorageUnavailable("away")

    with monkeypatch.context() as patch:
        patch.setattr(Runtime, "read", away)
        async with browser.listen() as stream:
            assert stream.status == 503
