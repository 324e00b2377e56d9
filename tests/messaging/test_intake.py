"""What a webhook brings at the same moment is stored in one transaction; what needs more care, in one of its own."""

import asyncio
from typing import Any

import pytest

from api.context import Context
from api.messaging.receiving import Arrival, receive_together
from api.runtime import Runtime, StorageUnavailable
from bot import intake
from bot.intake import Intake
from storage.messaging import Chat, Incoming
from tests.support.databases import Databases
from tests.support.talk import World, a_world


def arrival(n: int, chat: str, **more: Any) -> Arrival:
    return Arrival(f"e{n}", chat, "private", {"kind": "said", "sender": chat, "text": str(n), "name": "老师"}, **more)


async def texts(world: World, chat: str) -> list[str]:
    def look(ctx: Context) -> list[str]:
        rows = ctx.session.query(Incoming).join(Chat, Chat.id == Incoming.chat_id).filter(Chat.native == chat)
        return [row.raw["text"] for row in rows.order_by(Incoming.id)]

    return await world.run(look)


@pytest.fixture
def together(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """(arrivals, stored together) of each shared transaction."""
    seen: list[tuple[int, int]] = []

    def counted(ctx: Context, platform: str, account: str, arrivals: list[Arrival]) -> list[bool]:
        stored = receive_together(ctx, platform, account, arrivals)
        seen.append((len(arrivals), sum(stored)))
        return stored

    monkeypatch.setattr(intake, "receive_together", counted)
    return seen


@pytest.mark.both_databases
async def test_a_crowd_is_stored_together_and_in_order(database_url: str, together: list[tuple[int, int]]) -> None:
    async with a_world(database_url) as world:
        taking = Intake(world.runtime, "paper", "")
        chats = [f"c{n}" for n in range(8)]
        await asyncio.gather(*[taking.take(arrival(n, chat)) for n, chat in enumerate(chats)])
        assert together == [(8, 0)], "new chats each need a transaction"
        await asyncio.gather(*[taking.take(arrival(n, chats[n % 8])) for n in range(8, 32)])
        assert together[1:] == [(24, 24)]
        await asyncio.gather(*[taking.take(arrival(n, chats[n % 8])) for n in range(24, 40)])
        assert await texts(world, "c3") == ["3", "11", "19", "27", "35"], "and a repeat changed nothing"
        await world.handlers.drain()
        assert {row for (row,) in await world.run(lambda ctx: ctx.session.query(Incoming.state).all())} == {"done"}


@pytest.mark.both_databases
async def test_renamed_returning_and_unreadable_ones_go_alone(
    database_url: str, together: list[tuple[int, int]]
) -> None:
    async with a_world(database_url) as world:
        taking = Intake(world.runtime, "paper", "")
        for n, chat in enumerate(["named", "gone", "plain"]):
            await taking.take(arrival(n, chat, title="三年级组"))
        await world.run(lambda ctx: ctx.session.query(Chat).filter(Chat.native == "gone").update({"state": "gone"}))
        together.clear()
        await asyncio.gather(
            taking.take(arrival(3, "named", title="四年级组")),
            taking.take(arrival(4, "gone")),
            taking.take(arrival(5, "plain", title="三年级组")),
            taking.take(arrival(6, "plain", dead="unreadable")),
        )
        assert together == [(4, 1)]
        found = await world.run(lambda ctx: {row.native: (row.title, row.state) for row in ctx.session.query(Chat)})
        assert found["named"] == ("四年级组", "active") and found["gone"][1] == "active"
        assert await texts(world, "plain") == ["2", "5", "6"]


@pytest.mark.both_databases
async def test_what_comes_after_something_that_goes_alone_waits_for_it(database_url: str) -> None:
    async with a_world(database_url) as world:
        taking = Intake(world.runtime, "paper", "")
        chats = [f"c{n}" for n in range(20)]
        await asyncio.gather(*[taking.take(arrival(n, chat)) for n, chat in enumerate(chats)])
        await asyncio.gather(*[
            taking.take(arrival(100 + 2 * n + part, chat, dead="" if part else "unreadable"))
            for n, chat in enumerate(chats) for part in (0, 1)
        ])  # fmt: skip

        async def pair(n: int, chat: str) -> None:
            first = asyncio.create_task(taking.take(arrival(200 + 2 * n, chat, dead="unreadable")))
            await asyncio.sleep(0.002 + 0.0003 * n)
            await asyncio.gather(first, taking.take(arrival(201 + 2 * n, chat)))

        await asyncio.gather(*[pair(n, chat) for n, chat in enumerate(chats)])
        for n, chat in enumerate(chats):
            numbers = [n, 100 + 2 * n, 101 + 2 * n, 200 + 2 * n, 201 + 2 * n]
            assert await texts(world, chat) == [str(number) for number in numbers]


async def test_a_chat_that_somebody_holds_keeps_nobody_waiting(
    databases: Databases, together: list[tuple[int, int]]
) -> None:
    with databases.fresh("postgres") as url:
        async with a_world(url) as world:
            taking = Intake(world.runtime, "paper", "")
            for n, chat in enumerate(["busy", "free"]):
                await taking.take(arrival(n, chat))
            together.clear()
            with world.runtime.database.transaction() as session:
                session.query(Chat).filter(Chat.native == "busy").with_for_update().one()
                waiting = [asyncio.create_task(taking.take(arrival(n, "busy"))) for n in (2, 3)]
                async with asyncio.timeout(5):
                    await taking.take(arrival(4, "free"))
                waiting.append(asyncio.create_task(taking.take(arrival(5, "busy"))))
                async with asyncio.timeout(5):
                    await taking.take(arrival(6, "free"))
                assert together == [(3, 1), (1, 1)] and not any(one.done() for one in waiting)
            await asyncio.gather(*waiting)
            assert await texts(world, "busy") == ["0", "2", "3", "5"]
            assert not taking.queues


async def test_without_a_database_everybody_is_told(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with a_world(database_url) as world:
        taking, tried = Intake(world.runtime, "paper", ""), []

        async def away(self: Runtime, operation: Any, *args: Any, **named: Any) -> Any:
            tried.append(operation)
            raise StorageUnavailable("away")

        monkeypatch.setattr(Runtime, "transact", away)
        ended = await asyncio.gather(*[taking.take(arrival(n, f"c{n}")) for n in range(5)], return_exceptions=True)
        assert {type(one) for one in ended} == {StorageUnavailable}
        assert len(tried) == 1, "asked once: each would wait for it again"
