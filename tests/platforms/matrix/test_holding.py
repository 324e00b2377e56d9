"""Several processes on one PostgreSQL: one of them serves the account, and another follows when it is gone."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import timedelta

import psycopg
import pytest

from api.context import Context
from api.matrix.service import Taken, keep_device, keep_keys, take_device
from api.messaging.tree import Words
from api.runtime import Runtime
from bot.platforms.base import Elsewhere, Transient
from bot.platforms.matrix.connection import Connection
from storage.blobs import Blobs
from storage.engine import Database
from storage.locks import LOCKED
from storage.matrix import MatrixDevice
from storage.messaging import Chat
from tests.platforms.matrix.test_sending import speak
from tests.support.databases import Databases
from tests.support.matrix import MatrixWorld, a_matrix_world, config_for
from tests.support.synapse import Synapse


@pytest.fixture
def url(databases: Databases) -> Iterator[str]:
    with databases.fresh("postgres") as url:
        yield url


@asynccontextmanager
async def another(world: MatrixWorld, synapse: Synapse, url: str) -> AsyncIterator[MatrixWorld]:
    """Another process with the same configuration."""
    runtime = Runtime(config_for(synapse, world.bot), Database(url), Blobs("memory:"), now=world.runtime.now)
    made = MatrixWorld(runtime, synapse, world.bot)
    try:
        yield made
    finally:
        await made.close()
        await runtime.close()


def cut_the_lock(url: str) -> None:
    """The connection that holds the lock breaks; all others live on."""
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as connection:
        found = connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        ).fetchall()
    assert len(found) == 1


async def test_one_process_serves_an_account_at_a_time(url: str, synapse: Synapse) -> None:
    async with a_matrix_world(url, synapse) as world, another(world, synapse, url) as other:
        li = await world.somebody()
        room = await world.chat_with(li)
        with pytest.raises(Elsewhere):
            await other.matrix.start()
        world.pass_time(minutes=5)
        with pytest.raises(Elsewhere):
            await other.matrix.start()
        await world.matrix.connection.release()
        await other.matrix.start()
        assert other.matrix.connection.device_id
        await li.say(room, "帮助")
        await other.pump()
        assert "!help" in (await li.shown(room))[-1]["content"]["body"]


async def test_who_is_not_in_charge_any_more_when_it_signs_in_waits_for_another_term(world: MatrixWorld) -> None:
    await world.run(take_device, world.matrix.account, f"{LOCKED}somebody else")
    world.matrix.connection.signed_out()
    with pytest.raises(Elsewhere):
        await world.matrix.start()
    await world.matrix.start()
    assert world.matrix.connection.home.token


async def test_a_process_that_stops_lets_another_follow_at_once(url: str, synapse: Synapse) -> None:
    async with a_matrix_world(url, synapse) as world, another(world, synapse, url) as other:
        receiving = world.runtime.spawn(world.matrix.receive(), "receive")
        await asyncio.sleep(0.2)
        receiving.cancel()
        await asyncio.wait([receiving], timeout=10)
        await other.matrix.start()


async def test_who_lost_the_lock_is_followed_and_keeps_nothing_more(url: str, synapse: Synapse) -> None:
    async with a_matrix_world(url, synapse) as world, another(world, synapse, url) as other:
        li = await world.somebody()
        room = await world.chat_with(li)
        connection = world.matrix.connection
        holder, secrecy = connection.holder, connection.secrecy
        receiving = world.runtime.spawn(world.matrix.receive(), "receive")
        await asyncio.sleep(0.2)
        await asyncio.to_thread(cut_the_lock, url)
        await asyncio.wait([receiving], timeout=5)
        assert receiving.done() and receiving.exception() is None, "it stops reading by itself"
        await other.matrix.start()
        await li.say(room, "帮助")
        with pytest.raises(Taken):
            await world.runtime.transact(keep_keys, world.matrix.account, holder, {("olm", "x"): "1"})
        with pytest.raises(Taken):
            await world.runtime.transact(keep_device, world.matrix.account, holder, "ANOTHER", "token")
        secrecy.keyring.put("olm", "x", 1)
        with pytest.raises(Taken):
            await secrecy.flush()
        with pytest.raises(Elsewhere):
            await world.matrix.syncing.step()
        await world.run(speak, room, Words("由谁来说"))
        await world.deliverers.drain()
        assert len(await li.shown(room)) == 2, "the greeting and the question: whoever is not in charge says nothing"
        await other.pump()
        other.pass_time(minutes=5)
        await other.settle()
        said = [message["content"]["body"] for message in await li.shown(room)]
        assert "由谁来说" in said and any("!help" in text for text in said)


async def test_what_its_owner_had_in_hand_is_due_at_once(url: str, synapse: Synapse) -> None:
    def lease_all(ctx: Context) -> None:
        until = ctx.now + timedelta(minutes=1)
        ctx.session.query(Chat).update({"in_leased_until": until, "leased_until": until})

    def leased(ctx: Context) -> int:
        held = Chat.in_leased_until.is_not(None) | Chat.leased_until.is_not(None)
        return ctx.session.query(Chat).filter(held).count()

    async with a_matrix_world(url, synapse) as world, another(world, synapse, url) as other:
        await world.chat_with(await world.somebody())
        await world.run(lease_all)
        assert await world.run(leased)
        await world.matrix.connection.owner.release()  # as if it had been killed: nothing is written
        await other.matrix.start()
        assert await world.run(leased) == 0


async def test_a_process_of_the_version_before_is_waited_for(url: str, synapse: Synapse) -> None:
    def held_without_a_lock(ctx: Context) -> None:
        device = ctx.session.query(MatrixDevice).one()
        device.holder, device.held_until = "0123456789abcdef01234567", ctx.now + timedelta(seconds=60)

    async with a_matrix_world(url, synapse) as world, another(world, synapse, url) as other:
        await world.matrix.connection.release()
        await world.run(held_without_a_lock)
        with pytest.raises(Elsewhere, match="older version"):
            await other.matrix.start()
        other.pass_time(seconds=61)
        await other.matrix.start()
        held_until = await world.run(lambda ctx: ctx.session.query(MatrixDevice).one().held_until)
        assert held_until > other.runtime.now() + timedelta(seconds=30), "and is kept away by the row"


async def test_who_is_followed_while_it_signs_in_leaves_the_account(
    url: str, synapse: Synapse, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with a_matrix_world(url, synapse) as world, another(world, synapse, url) as other:
        connection = world.matrix.connection
        sign_in = Connection._sign_in

        async def followed_meanwhile(self: Connection) -> None:
            await asyncio.to_thread(cut_the_lock, url)
            await other.matrix.start()
            await sign_in(self)

        connection.signed_out()
        with monkeypatch.context() as patch:
            patch.setattr(Connection, "_sign_in", lambda self: (
                followed_meanwhile(self) if self is connection else sign_in(self)))  # fmt: skip
            with pytest.raises((Elsewhere, Transient)):
                await connection.open()
        assert not connection.owner.holder
        assert other.matrix.connection.holder == other.matrix.connection.owner.holder != ""
