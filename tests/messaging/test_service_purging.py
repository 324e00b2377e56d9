"""What the clock forgets, in batches: answers to presses and to repeated requests, wrong codes of days ago."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import func, insert, select

from api.clock import run_job
from api.context import Context
from api.messaging.outbox import acknowledge, say_in_chat
from api.messaging.tree import Words
from api.people.tokens import SCOPES, create_token
from api.registry import JOBS
from storage import idempotency
from storage.inbox import find_or_add_chat
from storage.messaging import Delivery, Message
from storage.people import ClaimFailure
from tests.support.talk import NOW, World, a_world

FORGET = next(job for job in JOBS if job.name == "messaging.forget")
PURGE = next(job for job in JOBS if job.name == "people.purge")


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def count(world: World, table: type) -> int:
    return await world.run(lambda ctx: ctx.session.scalar(select(func.count()).select_from(table)))


async def test_answers_to_presses_are_forgotten_after_a_day(world: World) -> None:
    def press(ctx: Context) -> None:
        chat = find_or_add_chat(ctx.session, "paper", "", "c", "private", "", ctx.now)
        say_in_chat(ctx, chat, Words("to keep"))
        for number in range(600):
            acknowledge(ctx, chat, f"h{number}", Words("seen") if number % 2 else None)

    await world.run(press)
    await world.settle()
    world.pass_time(hours=23)
    await run_job(world.runtime, FORGET)
    assert await count(world, Delivery) == 601
    world.pass_time(hours=2)
    assert await run_job(world.runtime, FORGET) == 3, "in batches of at most 500, and once to see that nothing is left"
    assert (await count(world, Delivery), await count(world, Message)) == (1, 1)
    assert [sheet.text for sheet in world.paper.chats["c"]] == ["to keep"]


async def test_answers_to_repeats_are_forgotten_in_batches(world: World) -> None:
    li = await world.teacher("李老师")

    def answer(ctx: Context) -> None:
        token, _ = create_token(ctx, ctx.me, "x", list(SCOPES)[:1])
        for number in range(600):
            idempotency.take(ctx.session, token.id, f"k{number}", "mark", ctx.now - timedelta(hours=number > 0))

    await world.run(answer, actor=li)
    world.set_time(NOW + timedelta(hours=23, minutes=30))
    assert await run_job(world.runtime, FORGET) == 3
    assert await count(world, idempotency.Idempotent) == 1


async def test_wrong_codes_are_forgotten_in_batches(world: World) -> None:
    wrong = [{"who": f"identity:{number}", "at": NOW} for number in range(600)]
    await world.run(lambda ctx: ctx.session.execute(insert(ClaimFailure), wrong) and None)
    assert await run_job(world.runtime, PURGE) == 1
    world.pass_time(days=3)
    assert await run_job(world.runtime, PURGE) == 2
    assert await count(world, ClaimFailure) == 0
