"""Chats that live on under another id: their room and what waits for them go along, whatever was heard first."""

from collections.abc import AsyncIterator

import pytest

from api.context import Context
from api.messaging.delivering import Outcome, claim_work
from api.messaging.outbox import say_in_chat, tell_person
from api.messaging.places import come_from, lose_chat, move_chat
from api.messaging.receiving import Arrival, receive
from api.messaging.tree import Words
from storage.inbox import find_or_add_chat
from storage.messaging import Chat, Delivery
from storage.people import Identity, Person, choose_home
from storage.reach import Reach
from storage.rooms import Room
from tests.support.talk import World, a_world, finish_work


@pytest.fixture
async def world(database_url: str) -> AsyncIterator[World]:
    async with a_world(database_url) as world:
        yield world


def find(ctx: Context, native: str) -> Chat:
    return ctx.session.query(Chat).filter_by(native=native).one()


def state(ctx: Context) -> tuple[list[str], list[str], dict[str, str]]:
    """Where the rooms are, where what is ready goes, and what became of the chats."""
    rooms = ctx.session.query(Chat.native).join(Room, Room.chat_id == Chat.id)
    ready = ctx.session.query(Chat.native).join(Delivery, Delivery.chat_id == Chat.id).filter(Delivery.state == "ready")
    chats = {chat.native: chat.state for chat in ctx.session.query(Chat)}
    return [row[0] for row in rooms], [row[0] for row in ready], chats


async def a_room(world: World) -> str:
    return await world.room(await world.workshop(await world.region(), "识字工坊"))


async def appear(world: World, native: str) -> None:
    await world.run(receive, "paper", "", [Arrival("first", native, "room", {"kind": "said", "sender": "u"})])


@pytest.mark.parametrize("known", [False, True], ids=["new", "heard of"])
async def test_a_send_that_is_told_where_the_chat_went(world: World, known: bool) -> None:
    old = await a_room(world)
    if known:
        await appear(world, "new")
    await world.run(lambda ctx: say_in_chat(ctx, find(ctx, old).id, Words("好")))
    (work,) = await world.run(claim_work, Reach(("paper",)), 9, {})
    assert await world.run(finish_work, work, Outcome(moved_to="new"), {}) is None, "nothing more to the old id"
    rooms, ready, chats = await world.run(state)
    assert (rooms, ready, chats["new"]) == (["new"], ["new"], "active")
    (again,) = await world.run(claim_work, Reach(("paper",)), 9, {})
    assert again.chat.native == "new"


@pytest.mark.parametrize("from_new", [False, True])
async def test_both_chats_tell_and_it_happens_once(world: World, from_new: bool) -> None:
    old = await a_room(world)
    await appear(world, "new")

    def told_by_old(ctx: Context) -> None:
        move_chat(ctx, find(ctx, old), "new")

    def told_by_new(ctx: Context) -> None:
        come_from(ctx, find(ctx, "new"), old)

    for told in (told_by_new, told_by_old) if from_new else (told_by_old, told_by_new):
        await world.run(told)
    rooms, _, chats = await world.run(state)
    assert (rooms, chats) == (["new"], {old: "gone", "new": "active"})


async def test_a_chat_that_has_a_room_keeps_it(world: World) -> None:
    old, new = await a_room(world), await world.room(await world.workshop(await world.region("东县"), "数学坊"))
    await world.run(lambda ctx: say_in_chat(ctx, find(ctx, old).id, Words("只给识字工坊")))
    await world.run(lambda ctx: move_chat(ctx, find(ctx, old), new) and None)
    rooms, ready, chats = await world.run(state)
    assert set(rooms) == {old, new} and chats[old] == "gone"
    assert ready == [], "what was meant for one community is not said in another's room"


async def test_a_chat_that_one_has_moved_away_from_is_no_loss(world: World) -> None:
    li = await world.teacher("李老师")

    def lose(ctx: Context, name: str) -> tuple[str, bool]:
        identity = ctx.session.query(Identity).one()
        assert identity.chat_id is not None and li.person is not None
        old = ctx.session.get_one(Chat, identity.chat_id)
        if name == "old":  # they speak to another of our bots now
            new = Chat(platform="paper", account="2", native="new", kind="private", identity_id=identity.id,
                       created_at=ctx.now)  # fmt: skip
            ctx.session.add(new)
            ctx.session.flush()
            identity.chat_id = new.id
            choose_home(ctx.session, li.person.id)
        lose_chat(ctx, old)
        ctx.session.flush()
        person = ctx.session.get_one(Person, li.person.id)
        ctx.session.refresh(person)
        return identity.state, person.home_chat_id is not None

    assert await world.run(lose, "old") == ("active", True)
    assert await world.run(lose, "new") == ("gone", False)


@pytest.mark.parametrize("whose", ["theirs", "nobody's"])
async def test_what_waits_for_somebody_does_not_come_back_to_a_chat_that_is_gone(world: World, whose: str) -> None:
    """Also where their account and the chat do not know of each other."""
    li = await world.teacher("李老师")

    def confuse(ctx: Context) -> None:
        assert li.person is not None
        if whose == "theirs":
            ctx.session.query(Identity).one().chat_id = None
        else:
            ctx.session.query(Chat).one().identity_id = None
        tell_person(ctx, li.person.id, Words("在吗"))

    def lose(ctx: Context) -> list[str]:
        works = claim_work(ctx, Reach(("paper",)), 9, {})
        for work in works:
            finish_work(ctx, work, Outcome(gone=True), {})
        return [work.kind for work in works]

    await world.run(confuse)
    assert [await world.run(lose) for _ in range(3)] == [["send"], [], []]
    assert await world.run(lambda ctx: ctx.session.query(Delivery.state).scalar()) == "unreachable"


async def test_a_home_that_was_chosen_stays_when_another_account_is_lost(world: World) -> None:
    li = await world.teacher("李老师")

    def lose(ctx: Context) -> tuple[bool, str]:
        assert li.person is not None
        person = ctx.session.get_one(Person, li.person.id)
        person.home_chosen = True
        other = Chat(platform="paper", account="2", native="other", kind="private", created_at=ctx.now)
        ctx.session.add(other)
        ctx.session.flush()
        second = Identity(platform="paper", native="second", person_id=person.id, chat_id=other.id, created_at=ctx.now)
        ctx.session.add(second)
        ctx.session.flush()
        other.identity_id = second.id
        lose_chat(ctx, other)
        ctx.session.refresh(person)
        return person.home_chosen, second.state

    assert await world.run(lose) == (True, "gone")


async def test_places_that_lead_to_each_other_are_not_followed_for_ever(world: World) -> None:
    def say(ctx: Context) -> None:
        for native in ("a", "b"):
            say_in_chat(ctx, find_or_add_chat(ctx.session, "paper", "", native, "room", "", ctx.now), Words(native))

    def send(ctx: Context) -> int:
        works = claim_work(ctx, Reach(("paper",)), 9, {})
        for work in works:
            finish_work(ctx, work, Outcome(moved_to="b" if work.chat.native == "a" else "a"), {})
        return len(works)

    await world.run(say)
    assert sum([await world.run(send) for _ in range(50)]) < 20
    world.pass_time(hours=1)
    assert await world.run(send), "but they are not forgotten"
