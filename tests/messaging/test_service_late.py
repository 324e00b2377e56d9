"""What could not be told for want of a private chat: who wants one is known, and it is told once there is one."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from api.context import Context
from api.matrix.conversations import begin_conversation, give_up, list_wanted, put_off
from api.messaging.outbox import BULK, PERSONAL, REPLY, tell_person
from api.messaging.tree import Words
from storage.messaging import Chat, Delivery, Message
from storage.people import Identity, Person
from tests.support.talk import World, a_world

NATIVE = "@li:example.org"


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


async def li(world: World, **columns: Any) -> int:
    """Somebody with one account on Matrix and no chat; their id."""

    def add(ctx: Context) -> int:
        person = Person(name="李梅", privacy_version=3, created_at=ctx.now)
        ctx.session.add(person)
        ctx.session.flush()
        row = Identity(platform="matrix", native=NATIVE, person_id=person.id, created_at=ctx.now, **columns)
        ctx.session.add(row)
        return person.id

    return await world.run(add)


async def tell(world: World, person_id: int, text: str, **how: Any) -> None:
    def say(ctx: Context) -> None:
        tell_person(ctx, person_id, Words(text), **how)

    await world.run(say)
    await world.settle()


async def wanted(world: World, limit: int = 9) -> list[str]:
    return [one.native for one in await world.run(list_wanted, limit)]


async def pid(world: World) -> str:
    return await world.run(lambda ctx: ctx.session.query(Identity).filter_by(native=NATIVE).one().pid)


async def begin(world: World) -> bool:
    begun: bool = await world.run(begin_conversation, "@bot:example.org", await pid(world), "!room", {"direct": True})
    return begun


async def states(world: World) -> dict[str, tuple[str, int]]:
    def read(ctx: Context) -> dict[str, tuple[str, int]]:
        rows = ctx.session.query(Delivery, Message).join(Message, Message.id == Delivery.message_id)
        return {message.tree: (delivery.state, delivery.lane) for delivery, message in rows}

    return await world.run(read)


async def test_who_cannot_be_told_wants_a_chat(world: World) -> None:
    person_id = await li(world)
    assert await wanted(world) == []
    await tell(world, person_id, "later", not_before=world.runtime.now() + timedelta(hours=1))
    assert await wanted(world) == [], "nothing is due yet"
    world.pass_time(hours=1)
    await world.settle()
    assert await wanted(world) == [NATIVE]
    assert await begin(world) and await wanted(world) == []
    assert (await states(world))["later"] == ("ready", PERSONAL)


async def test_what_waited_is_told_unless_it_is_too_old(world: World) -> None:
    person_id = await li(world)
    await tell(world, person_id, "old")
    world.pass_time(days=6)
    await tell(world, person_id, "over", expires_at=world.runtime.now() + timedelta(hours=30))
    await tell(world, person_id, "answer", lane=REPLY)
    await tell(world, person_id, "push", lane=BULK)
    world.pass_time(days=1, hours=8)
    assert await begin(world)
    assert await states(world) == {
        "old": ("unreachable", PERSONAL), "over": ("unreachable", PERSONAL), "answer": ("ready", PERSONAL),
        "push": ("ready", BULK),
    }  # fmt: skip


@pytest.mark.parametrize("how", [{"state": "gone"}, {"chat_id": 7}])
async def test_who_left_or_has_one_is_not_asked(world: World, how: dict[str, Any]) -> None:
    await tell(world, await li(world, **how), "x")
    assert await wanted(world) == []


async def test_put_off_and_given_up(world: World) -> None:
    person_id = await li(world)
    await tell(world, person_id, "x")
    await world.run(put_off, await pid(world), 60)
    assert await wanted(world) == []
    world.pass_time(seconds=61)
    assert await wanted(world) == [NATIVE]
    await world.run(give_up, await pid(world))
    await tell(world, person_id, "y")
    assert await wanted(world) == []


async def test_a_chat_for_nobody_is_of_no_use(world: World) -> None:
    person_id = await li(world)
    await tell(world, person_id, "x")

    def part(ctx: Context) -> None:
        ctx.session.query(Identity).filter_by(native=NATIVE).one().person_id = None

    await world.run(part)
    assert await wanted(world) == [] and not await begin(world)
    assert await world.run(lambda ctx: ctx.session.query(Chat).filter_by(native="!room").count()) == 0


async def test_who_is_at_home_elsewhere_by_now_needs_none(world: World) -> None:
    person_id = await li(world)
    await tell(world, person_id, "x")
    wang = await world.teacher("王刚")

    def move(ctx: Context) -> None:
        chat_id = ctx.session.query(Identity).filter_by(native=wang.native).one().chat_id
        ctx.session.get_one(Person, person_id).home_chat_id = chat_id

    await world.run(move)
    assert await wanted(world) == []
