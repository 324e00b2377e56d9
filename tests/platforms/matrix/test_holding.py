"""Several processes on one PostgreSQL: one of them serves the account, and another follows when it is gone."""

import asyncio
from collections.abc import Iterator

import pytest

from api.messaging.tree import Words
from api.runtime import Runtime
from bot.platforms.base import Transient
from storage.blobs import Blobs
from storage.engine import Database
from tests.platforms.matrix.test_sending import speak
from tests.support.databases import Databases
from tests.support.matrix import MatrixWorld, a_matrix_world, config_for
from tests.support.synapse import Synapse


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    with databases.fresh("postgres") as url:
        yield url


def another(world: MatrixWorld, synapse: Synapse, url: str) -> MatrixWorld:
    """Another process with the same configuration."""
    runtime = Runtime(config_for(synapse, world.bot), Database(url), Blobs("memory:"), now=world.runtime.now)
    return MatrixWorld(runtime, synapse, world.bot)


async def test_one_process_serves_an_account_at_a_time(url: str, synapse: Synapse) -> None:
    async with a_matrix_world(url, synapse) as world:
        li = await world.somebody()
        room = await world.chat_with(li)
        other = another(world, synapse, url)
        with pytest.raises(Transient, match="another process"):
            await other.matrix.start()
        await world.matrix.connection.release()
        await other.matrix.start()
        assert other.matrix.connection.device_id
        await li.say(room, "帮助")
        await other.pump()
        assert "!help" in (await li.shown(room))[-1]["content"]["body"]
        await other.close()
        await other.runtime.close()


async def test_a_process_that_stops_lets_another_follow_at_once(url: str, synapse: Synapse) -> None:
    async with a_matrix_world(url, synapse) as world:
        receiving = world.runtime.spawn(world.matrix.receive(), "receive")
        await asyncio.sleep(0.2)
        receiving.cancel()
        await asyncio.wait([receiving], timeout=10)
        other = another(world, synapse, url)
        await other.matrix.start()
        await other.close()
        await other.runtime.close()


async def test_who_fell_silent_is_followed_and_keeps_nothing_more(url: str, synapse: Synapse) -> None:
    async with a_matrix_world(url, synapse) as world:
        li = await world.somebody()
        room = await world.chat_with(li)
        world.pass_time(minutes=2)
        other = another(world, synapse, url)
        await other.matrix.start()
        await li.say(room, "帮助")
        with pytest.raises(Exception, match="another process"):
            await world.matrix.syncing.step()
        world.matrix.connection.taken()
        await world.run(speak, room, Words("由谁来说"))
        await world.deliverers.drain()
        assert len(await li.shown(room)) == 2, "the greeting and the question: whoever is not in charge says nothing"
        await other.pump()
        other.pass_time(minutes=5)
        await other.settle()
        said = [message["content"]["body"] for message in await li.shown(room)]
        assert "由谁来说" in said and any("!help" in text for text in said)
        await other.close()
        await other.runtime.close()
