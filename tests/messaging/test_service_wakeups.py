"""On PostgreSQL two transactions meet at one chat: what the second of them brings is not overlooked by the first."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy.orm import Session

from api.context import Context
from api.messaging.receiving import Arrival, finish_row, hold_row, lease_rows, pass_over, receive, receive_together
from storage import votes
from storage.messaging import Incoming
from storage.reach import Reach
from tests.support.databases import Databases
from tests.support.talk import World, a_world


@pytest.fixture
async def world(databases: Databases) -> AsyncIterator[World]:
    with databases.fresh("postgres") as url:
        async with a_world(url) as world:
            yield world


def arrival(n: int, **more: str) -> Arrival:
    return Arrival(f"e{n}", "c", "private", {"kind": "said", "sender": "c", "text": str(n), "name": "老师"}, **more)


@contextmanager
def a_transaction(world: World) -> Iterator[Context]:
    """One that is open until the block ends."""
    with Session(world.runtime.database.engine, expire_on_commit=False) as session, session.begin():
        yield world.runtime.context(session)


@pytest.mark.parametrize("store", [receive, receive_together])
async def test_an_arrival_while_a_row_is_passed_over(world: World, store: object) -> None:
    await world.run(receive, "paper", "", [arrival(0)])
    [row] = await world.run(lease_rows, Reach(("paper",)), 9)
    with a_transaction(world) as ctx:
        store(ctx, "paper", "", [arrival(1)])  # type: ignore[operator]
        passing = asyncio.create_task(world.runtime.transact(pass_over, row, "done"))
        done, _ = await asyncio.wait([passing], timeout=0.3)
        assert not done, "it waits for the chat"
    following = await asyncio.wait_for(passing, 5)
    assert following is not None and following.event_id == "e1"


async def test_a_vote_that_may_go_on_while_a_row_is_finished(world: World) -> None:
    await world.run(receive, "paper", "", [arrival(0), arrival(1, state="waiting_poll")])
    await world.run(
        lambda ctx: ctx.session.query(Incoming).filter(Incoming.state == "waiting_poll").update({"reason": "P"})
    )
    [row] = await world.run(lease_rows, Reach(("paper",)), 9)

    def free(ctx: Context) -> None:
        votes._free(ctx.session, votes._waiting().where(votes._is("paper", "", "P")), ctx.now)

    with a_transaction(world) as ctx:
        assert hold_row(ctx, row)
        assert finish_row(ctx, row) is None
        freeing = asyncio.create_task(world.runtime.transact(free))
        done, _ = await asyncio.wait([freeing], timeout=0.3)
        assert not done, "it waits for the chat"
    await asyncio.wait_for(freeing, 5)
    assert [row.event_id for row in await world.run(lease_rows, Reach(("paper",)), 9)] == ["e1"]


async def test_a_row_that_was_erased_meanwhile(world: World) -> None:
    await world.run(receive, "paper", "", [arrival(0)])
    [row] = await world.run(lease_rows, Reach(("paper",)), 9)
    await world.run(lambda ctx: ctx.session.query(Incoming).delete())
    assert await world.run(pass_over, row, "done") is None
