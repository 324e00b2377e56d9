"""Signals between processes of one PostgreSQL."""

import asyncio

import pytest

from api.config import Config
from api.ringing import keep_ringing
from api.runtime import Runtime
from storage.blobs import Blobs
from storage.engine import Database
from tests.support.databases import Databases


@pytest.fixture(scope="module")
def url(databases: Databases):
    with databases.empty("postgres") as url:
        yield url


async def ringing(url: str) -> Runtime:
    runtime = Runtime(Config(), Database(url), Blobs("memory:"))
    runtime.spawn(keep_ringing(runtime), "ringing")
    async with asyncio.timeout(10):
        while runtime.signals.relay is None:
            await asyncio.sleep(0.01)
    return runtime


async def test_what_one_process_wakes_wakes_in_the_others(url: str) -> None:
    one, other = await ringing(url), await ringing(url)
    waiter, elsewhere = other.signals.waiter("inbox"), other.signals.waiter("outbox")
    one.signals.waiter("inbox")
    for _ in range(50):
        one.signals.send("inbox")
    assert await waiter.wait(5)
    assert not await waiter.wait(0.2), "fifty signals at once are rung once"
    assert not await elsewhere.wait(0.01)
    await one.close()
    await other.close()


async def test_ones_own_ringing_does_not_come_back(url: str) -> None:
    one = await ringing(url)
    waiter = one.signals.waiter("inbox")
    one.signals.send("inbox")
    assert await waiter.wait(5)
    assert not await waiter.wait(0.2)
    await one.close()


async def test_who_cannot_be_heard_any_more_begins_anew(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.ringing.AGAIN", 0.05)
    one, other = await ringing(url), await ringing(url)
    waiter = other.signals.waiter("inbox")
    one.signals.send("inbox")
    assert await waiter.wait(5)
    killed = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_notify%%'"
    with one.database.transaction() as session:
        session.connection().exec_driver_sql(killed)
    async with asyncio.timeout(10):
        one.signals.send("inbox")
        while not await waiter.wait(0.1):
            one.signals.send("inbox")
    await one.close()
    await other.close()


async def test_a_lost_connection_is_made_again(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("api.ringing.AGAIN", 0.05)
    one, other = await ringing(url), await ringing(url)
    waiter = other.signals.waiter("inbox")
    killed = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE left(query, 6) = 'LISTEN'"
    with one.database.transaction() as session:
        session.connection().exec_driver_sql(killed)
    async with asyncio.timeout(10):
        while not await waiter.wait(0.1):
            one.signals.send("inbox")
    await one.close()
    await other.close()


async def test_one_that_stops_stops_nobody_else(url: str) -> None:
    one, other = await ringing(url), await ringing(url)
    mine, theirs = one.signals.waiter("stopping"), other.signals.waiter("stopping")
    one.stop()
    assert await mine.wait(5)
    assert not await theirs.wait(0.3), "its open pages stay"
    await one.close()
    await other.close()
