"""Somebody with two accounts: answered where they spoke, told things where they are at home."""

from collections.abc import AsyncIterator

import pytest

from api.context import Context
from api.messaging.outbox import tell_person
from api.messaging.tree import T, Words
from bot.registry import Command, Feature
from bot.turn import Turn
from storage.messaging import Chat, Delivery
from storage.people import Identity, Person
from tests.support.talk import Voice, World, a_world


def answer(turn: Turn) -> None:
    turn.whisper(Words("只有你看得到"))


FEATURE = Feature(commands=(Command("mine", ("我的",), T("what I can do for you"), answer),))


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url, features=(FEATURE,)) as world:
        yield world


@pytest.fixture
async def room(world: World) -> str:
    return await world.room(await world.workshop(await world.region(), "识字工坊"))


@pytest.fixture
async def phone(world: World) -> Voice:
    """The account that its person spoke from last, in private: they are at home there."""
    return await world.teacher("李老师")


@pytest.fixture
async def desk(world: World, phone: Voice) -> Voice:
    """Their other account."""
    other = await world.teacher("李老师", bound=False)

    def bind(ctx: Context) -> None:
        assert phone.person is not None
        ctx.session.query(Identity).filter_by(native=other.native).one().person_id = phone.person.id

    await world.run(bind)
    other.person = phone.person
    return other


async def test_a_room_is_answered_privately_on_the_account_that_spoke(phone: Voice, desk: Voice, room: str) -> None:
    await desk.say("我的", room=room)
    desk.expect("只有你看得到")
    phone.expect_nothing()
    desk.expect_nothing(room=room)
    await phone.say("我的", room=room)
    phone.expect("只有你看得到")
    desk.expect_nothing()


async def test_to_speak_in_a_room_does_not_move_the_home(world: World, phone: Voice, desk: Voice, room: str) -> None:
    await desk.say("我的", room=room)
    desk.unread()
    await world.run(tell_person, phone.person.id, Words("通知"))  # type: ignore[union-attr]
    await world.settle()
    phone.expect("通知")
    desk.expect_nothing()


async def test_an_account_that_never_wrote_privately_is_answered_at_home(
    world: World, phone: Voice, desk: Voice, room: str
) -> None:
    def forget(ctx: Context) -> None:
        ctx.session.query(Identity).filter_by(native=desk.native).one().chat_id = None

    await world.run(forget)
    await desk.say("我的", room=room)
    phone.expect("只有你看得到")
    desk.expect_nothing()


@pytest.mark.parametrize("known", [True, False], ids=["known", "found out by sending"])
async def test_a_private_chat_that_is_over_is_answered_at_home(
    world: World, phone: Voice, desk: Voice, room: str, known: bool
) -> None:
    world.paper.gone.add(desk.chat)
    if known:
        await world.run(lose, desk.chat)
    await desk.say("我的", room=room)
    phone.expect("只有你看得到")
    assert await world.run(states) == ["sent"], "one answer, once"


def lose(ctx: Context, native: str) -> None:
    ctx.session.query(Chat).filter_by(native=native).one().state = "gone"


def states(ctx: Context) -> list[str]:
    return [delivery.state for delivery in ctx.session.query(Delivery)]


async def test_who_loses_the_only_account_that_spoke_is_not_answered_elsewhere(
    world: World, phone: Voice, room: str
) -> None:
    world.paper.gone.add(phone.chat)
    await phone.say("我的", room=room)
    assert await world.run(states) == ["unreachable"]
    assert await world.run(lambda ctx: [person.home_chat_id for person in ctx.session.query(Person)]) == [None]
    phone.expect_nothing(room=room)
