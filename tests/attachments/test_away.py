"""The database goes away while a file is fetched: the file is kept as soon as it is back, and its bytes stay. Who
fetches goes away: somebody else does it soon, and not before."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from api.attachments.fetching import settle_file
from api.attachments.service import keep_bytes
from api.context import Context
from bot.fetch import Fetchers
from bot.platforms.base import Elsewhere
from storage.attachments import Attachment
from storage.engine import StorageUnavailable
from tests.support.talk import a_world


@pytest.mark.parametrize("committed", [False, True], ids=["before the commit", "before its answer"])
async def test_a_fetched_file_is_not_fetched_for_nothing(
    committed: bool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.workers.RETRY_SECONDS", 0.01)
    async with a_world(database_url) as world:
        li = await world.teacher("李老师")
        file = await world.run(keep_bytes, "a.txt", "text/plain", b"abc", actor=li)
        transact, failures = world.runtime.transact, [1, 1]

        async def away(operation: Any, *args: Any, **named: Any) -> Any:
            if operation is not settle_file or not failures:
                return await transact(operation, *args, **named)
            failures.pop()
            if committed:
                await transact(operation, *args, **named)
            raise StorageUnavailable("away")

        monkeypatch.setattr(type(world.runtime), "transact", lambda _self, *args, **named: away(*args, **named))
        await world.fetchers.drain()
        assert not failures
        row = await transact(lambda ctx: ctx.session.get_one(Attachment, file.id))
        assert (row.state, row.attempts) == ("stored", 1)
        assert await world.runtime.blobs.get(row.blob_key) == b"abc"


async def test_who_is_still_at_it_is_left_alone(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.fetch.LEASE_SECONDS", 0.3)  # by the clock on the wall; the world's stands
    going_on, receive = asyncio.Event(), Fetchers._receive

    async def slowly(self: Fetchers, *args: Any) -> None:
        await going_on.wait()
        await receive(self, *args)

    monkeypatch.setattr(Fetchers, "_receive", slowly)
    async with a_world(database_url) as world:
        file = await world.run(keep_bytes, "a.txt", "text/plain", b"abc", actor=await world.teacher("李老师"))

        def look(ctx: Context) -> tuple[str, timedelta | None]:
            row = ctx.session.get_one(Attachment, file.id)
            return row.state, row.next_at - ctx.now if row.next_at else None

        fetching = world.runtime.spawn(world.fetchers.drain(), "fetching")
        async with asyncio.timeout(20):
            while (await world.run(look))[1] != timedelta(minutes=1):
                await asyncio.sleep(0.02)
            world.pass_time(seconds=50)
            while (await world.run(look))[1] != timedelta(minutes=1):
                await asyncio.sleep(0.02)
        going_on.set()
        await fetching
        assert await world.run(look) == ("stored", None)


async def test_a_store_that_is_away_costs_no_file_a_try(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_world(database_url) as world:
        li = await world.teacher("李老师")
        file = await world.run(keep_bytes, "a.txt", "text/plain", b"abc", actor=li)
        troubles: list[Exception] = [StorageUnavailable("away")] * 9 + [Elsewhere("not here"), TimeoutError()]
        put = type(world.runtime.blobs).put

        async def away(*args: Any) -> str:
            if troubles:
                raise troubles.pop(0)
            return await put(*args)

        monkeypatch.setattr(type(world.runtime.blobs), "put", away)
        for _ in range(12):
            await world.fetchers.drain()
            world.pass_time(minutes=61)
        assert troubles == []
        row = await world.run(lambda ctx: ctx.session.get_one(Attachment, file.id))
        assert (row.state, row.attempts, row.tries) == ("stored", 12, 2)
